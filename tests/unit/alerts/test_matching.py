"""Candidates: no search that an article matches is left out, whatever it asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alerts.matching import SearchMatcher
from streams.alerts.records import MOST_SEARCHES, ArticleMatches, Match, match_article
from streams.records import Article
from streams.search.highlight import _marked, _pieces, highlight
from streams.search.live.candidates import FIRST_CHOICE, Candidates
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters
from streams.search.source_scope import SourceScope
from tests.support.alert_records import BEGIN, standing_search
from tests.support.articles import article

WORDS = ["سد", "السدود", "المياه", "وزير", "النهر", "في", "من", "كوفيد-19", "أبو بكر", "القاهرة", "2026", "NATO"]
NAMES = ["سمير الحلبي", "نادر الصباغ", "وزارة الري", "هيئة المياه"]


def arrived(**fields: Any) -> Article:
    return article(ingested_at=BEGIN + timedelta(minutes=1), **fields)


words = st.sampled_from(WORDS)
operands = st.one_of(
    words,
    st.builds('"{} {}"'.format, words, words),
    st.builds("-{}".format, words),
    st.builds("{} أو {}".format, words, words),
    st.builds("={}".format, words),
    st.sampled_from(["سد*", "title:سد", "source:almina", "source:annahr", "سد* أو وزير"]),
)
names = st.lists(st.sampled_from(NAMES), max_size=2)
searches = st.fixed_dictionaries(
    {},
    optional={
        "q": st.lists(operands, max_size=6).map(" ".join),
        "person": names,
        "organisation": names,
        "source": st.lists(st.sampled_from(["almina", "annahr"]), max_size=2),
        "country": st.lists(st.sampled_from(["EG", "SY"]), max_size=2),
        "language": st.sampled_from([[], ["ar"], ["fr"]]),
        "cluster": st.sampled_from([None, "c1"]),
    },
)


@st.composite
def articles(draw: st.DrawFn) -> Article:
    title, body = (" ".join(draw(st.lists(words, min_size=1, max_size=8))) for _ in range(2))
    persons = draw(st.lists(st.sampled_from(NAMES), max_size=2))
    text = " ".join([body, *persons])
    entities = [
        {"text": n, "type": kind, "start": text.index(n), "end": text.index(n) + len(n), "score": 1.0, "name": n}
        for n, kind in zip(persons, draw(st.permutations(["PER", "ORG"])), strict=False)
    ]
    country = draw(st.sampled_from([None, "EG", "SY"]))
    place = {"name": "القاهرة", "country": country, "kind": "city", "lat": 30.0, "lon": 31.2, "confidence": 1.0}
    cluster = {"id": "c1", "relation": "first", "score": 1.0, "canonical_id": "c1"}
    return arrived(
        title=title,
        body=text,
        source=draw(st.sampled_from(["almina", "annahr"])),
        entities=entities,
        places=[place | {"mentions": []}] if country else [],
        cluster=draw(st.sampled_from([None, cluster])),
    )


@given(st.lists(searches, min_size=1, max_size=6), articles())
def test_candidates_hold_every_search_that_matches(given_searches: list[dict[str, Any]], found: Article) -> None:
    text = ArticleText(found)
    candidates = Candidates()
    matchers = {str(n): LiveMatcher(Filters.model_validate(given)) for n, given in enumerate(given_searches)}
    for key, matcher in matchers.items():
        candidates.put(key, matcher)
    matching = {key for key, matcher in matchers.items() if matcher.matches(text)}
    assert matching <= candidates.of(text)
    for key in matchers:
        candidates.remove(key)
    assert candidates.of(text) == set() and len(candidates) == 0


@pytest.mark.parametrize("missing", range(4))
def test_a_search_of_which_one_word_may_be_missing_is_a_candidate_without_it(missing: int) -> None:
    chosen = ["زلزال", "الساحل", "الميناء", "الوزير"]
    candidates = Candidates()
    candidates.put("of four", LiveMatcher(Filters(q=" ".join(chosen))))
    del chosen[missing]
    found = ArticleText(arrived(title=None, body=" ".join(chosen)))
    assert LiveMatcher(Filters(q="زلزال الساحل الميناء الوزير")).matches(found)
    assert candidates.of(found) == {"of four"}


def test_a_search_is_tried_only_on_articles_with_its_words() -> None:
    matcher = SearchMatcher(SourceScope(lambda: None))
    for number in range(100):
        matcher.put(standing_search(filters={"q": f"موضوع{number} سد"}))
    matcher.put(standing_search(filters={"q": "المعرض"}))
    assert len(matcher.match(arrived())) == 1
    assert matcher.tried == 1


def test_anchors_move_from_frequent_terms_to_rare_ones() -> None:
    candidates = Candidates()
    candidates.put("rare", LiveMatcher(Filters(q='"المجلس المحلي" "نص"')))
    common = ArticleText(arrived(title=None, body="اجتمع المجلس المحلي"))
    before = dict(candidates._postings)
    for _ in range(FIRST_CHOICE):
        assert candidates.of(common) == set(), "it has only one of the groups"
    assert set(before) & set(candidates._postings) == set()
    assert candidates.of(ArticleText(arrived(title=None, body="نص المجلس المحلي"))) == {"rare"}


def test_articles_that_came_before_the_search_or_are_too_old_do_not_match() -> None:
    matcher = SearchMatcher(SourceScope(lambda: None))
    matcher.put(standing_search(filters={"q": "المعرض"}, max_age_hours=24))
    assert len(matcher.match(arrived())) == 1
    assert matcher.match(article(ingested_at=BEGIN - timedelta(seconds=1))) == []
    assert matcher.match(arrived(published_at=BEGIN - timedelta(hours=25))) == []
    paused = standing_search(filters={"q": "المعرض"}, paused=True)
    matcher.put(paused)
    assert len(matcher) == 1


@given(searches, articles())
def test_a_match_shows_what_a_hit_of_the_index_shows(given_search: dict[str, Any], found: Article) -> None:
    search = standing_search(filters=given_search | {"language": ["ar"]})
    matcher, text = LiveMatcher(search.filters), ArticleText(found)
    shown = match_article(search, matcher, text)
    hit = highlight(found, matcher.wanted)
    assert (shown.headline, shown.excerpts) == (hit.title, tuple(hit.body))
    assert Match.model_validate_json(shown.model_dump_json(exclude_none=True)) == shown


@given(st.lists(searches, min_size=1, max_size=6), articles())
def test_what_searches_share_of_an_article_changes_none_of_their_matches(
    given_searches: list[dict[str, Any]], found: Article
) -> None:
    matcher = SearchMatcher(SourceScope(lambda: None), lambda search: int(search[1:]) % 2)
    kept = {}
    for number, given_search in enumerate(given_searches):
        when = {"kind": ("story", "new-name", "change")[number % 3]}
        search = standing_search(filters=given_search | {"language": ["ar"]}, when=when)
        kept[f"s{number}"] = search.model_copy(update={"id": f"s{number}"})
        matcher.put(kept[f"s{number}"])
    written = [together.model_dump_json(exclude_none=True) for together in matcher.match(found)]
    read = [ArticleMatches.model_validate_json(record) for record in written]
    assert all(len({int(match.search[1:]) % 2 for match in together.each()}) == 1 for together in read)
    for match in (match for together in read for match in together.each()):
        clear_highlights()
        search = kept[match.search]
        alone = match_article(search, LiveMatcher(search.filters), ArticleText(found.model_copy(deep=True)))
        assert match.model_dump_json(exclude_none=True) == alone.model_dump_json(exclude_none=True)
        assert (match.article, match.title, match.outlet) == (found.id, found.title, found.source)
        assert match.sentences == (tuple(found.body.split("\n")) if search.when.kind == "change" else ())
        named = [*(f"person {e.name}" for e in found.entities if e.type == "PER"), *(p.name for p in found.places)]
        assert len(match.names) >= len(set(named)) if search.when.kind == "new-name" else match.names == ()


def clear_highlights() -> None:
    """Forget the pieces of texts that were marked before."""
    _marked.cache_clear()
    _pieces.cache_clear()


def test_many_matches_of_an_article_are_several_records() -> None:
    matcher = SearchMatcher(SourceScope(lambda: None))
    ids = set()
    for number in range(MOST_SEARCHES + 1):
        search = standing_search(name=f"{number}", filters={"q": "المعرض"}).model_copy(update={"id": f"s{number}"})
        ids.add(search.id)
        matcher.put(search)
    records = matcher.match(arrived())
    assert [len(record.searches) for record in records] == [MOST_SEARCHES, 1]
    assert {match.search for record in records for match in record.each()} == ids
    assert all(len(record.excerpts) == 1 for record in records), "what they share is there once"


def test_a_match_shows_the_matching_words_in_their_sentence() -> None:
    search = standing_search(filters={"q": "المعارض النشر"})
    found = match_article(search, LiveMatcher(search.filters), ArticleText(arrived()))
    (piece,) = found.excerpts
    assert [piece.text[start:end] for start, end in piece.marks] == ["معرض", "نشر"]
