"""The clusterer finds the same clusters whatever the order, the crashes and the replays."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.dedupe.clusterer import Clusterer, ClustererConfig
from streams.records import Fingerprint, FingerprintedArticle
from tests.support.tables import Crashed, FragileTable, JsonTable
from tests.unit.dedupe.conftest import START, Maker, random_words

NOW = START.timestamp() + 1e7
HOUR = 60.0


def stream(make: Maker) -> list[FingerprintedArticle]:
    """Four stories with cuts, edits and extensions of each, and some that stand alone; one every five minutes."""
    bodies: dict[str, list[str]] = {}
    for story in range(4):
        text, tail = random_words(100 + story, 120), random_words(200 + story, 90)
        bodies[f"s{story}-wire"] = text
        bodies[f"s{story}-cut"] = text[:60]
        bodies[f"s{story}-long"] = text + tail
        bodies[f"s{story}-tail"] = text[70:] + tail[:60]
        bodies[f"s{story}-same"] = text
    bodies |= {f"alone{n}": random_words(300 + n, 80) for n in range(4)}
    order = sorted(bodies, key=lambda name: random.Random(name).random())
    return [make(name, " ".join(bodies[name]), minutes=5 * at) for at, name in enumerate(order)]


def clusters(table: MutableMapping[str, Any]) -> dict[str, str]:
    """The canonical article of each, from the state alone."""
    return {article_id: record["in"][0] or article_id for article_id, record in table.items()}


def run(articles: list[FingerprintedArticle], table: MutableMapping[str, Any] | None = None) -> dict[str, Any]:
    table = {} if table is None else table
    clusterer = Clusterer(table, ClustererConfig())
    for article in articles:
        clusterer.assign(article, NOW)
    return dict(table)


def test_copies_of_a_story_meet(make: Maker) -> None:
    """Without the half-relatives, each story is one cluster."""
    found = clusters(run([article for article in stream(make) if not article.id.endswith("tail")]))
    for story in range(4):
        assert len({canonical for name, canonical in found.items() if name.startswith(f"s{story}-")}) == 1
    assert all(found[f"alone{n}"] == f"alone{n}" for n in range(4))


def test_with_more_copies_than_candidates_each_joins_the_canonical_one(make: Maker) -> None:
    text = random_words(1, 120)
    bodies = [text if number % 2 else text[:70] for number in range(60)]
    articles = [make(f"a{at:02}", " ".join(words), minutes=at) for at, words in enumerate([text, *bodies])]
    clusterer = Clusterer({}, ClustererConfig())
    found = [clusterer.assign(article, NOW) for article in articles]
    assert {cluster.canonical_id for cluster in found} == {"a00"}
    relations = [cluster.relation for cluster in found]
    assert relations == ["first", *("exact" if number % 2 else "contains" for number in range(60))]


def test_articles_share_a_key_as_they_would_find_each_other(make: Maker) -> None:
    text = random_words(1, 120)
    index = Clusterer({}, ClustererConfig())._index
    one, same, cut, other = (
        make(name, " ".join(words)).fingerprint
        for name, words in (("a", text), ("b", text), ("c", text[:70]), ("d", random_words(2, 120)))
    )
    assert index.share_key(one, same)
    assert index.share_key(one, cut), "some bands are enough"
    assert not index.share_key(one, other)
    strange = one.model_copy(update={"algorithm": "other/9"})
    assert not index.share_key(one, strange)
    assert index.share_key(strange, strange), "the exact hash is a key of any algorithm"


def test_the_first_copy_is_canonical_and_sizes_count(make: Maker) -> None:
    clusterer = Clusterer({}, ClustererConfig())
    text = random_words(1, 120)
    answers = [
        clusterer.assign(make(name, " ".join(body), minutes=at), NOW)
        for at, (name, body) in enumerate([("a", text), ("b", text), ("c", text[:70])])
    ]
    assert [a.id for a in answers] == ["a", "a", "a"]
    assert [a.relation for a in answers] == ["first", "exact", "contains"]
    assert [a.size for a in answers] == [1, 2, 3]
    assert clusterer.moves() == []


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_arrival_does_not_matter(make: Maker, seed: int) -> None:
    """Every order gives the same clusters, and who listens to answers and moves knows them without the state."""
    articles = stream(make)
    expected = clusters(run(articles))
    random.Random(seed).shuffle(articles)
    table: dict[str, Any] = {}
    clusterer = Clusterer(table, ClustererConfig())
    heard: dict[str, str] = {}
    for article in articles:
        heard[article.id] = clusterer.assign(article, NOW).id
        heard.update((move.id, move.cluster.id) for move in clusterer.moves())
    assert clusters(table) == expected
    assert heard == expected


def test_a_late_first_copy_takes_the_cluster_over(make: Maker) -> None:
    text = random_words(1, 120)
    early, first, second = (make(name, " ".join(text), minutes=at) for name, at in (("e", 0), ("f", 5), ("g", 9)))
    clusterer = Clusterer({}, ClustererConfig())
    assert [clusterer.assign(a, NOW).id for a in (first, second)] == ["f", "f"]
    answer = clusterer.assign(early, NOW)
    assert (answer.id, answer.relation, answer.size) == ("e", "first", 3)
    moves = {move.id: move.cluster for move in clusterer.moves()}
    assert {name: cluster.id for name, cluster in moves.items()} == {"f": "e", "g": "e"}
    assert {cluster.size for cluster in moves.values()} == {3}
    assert clusterer.assign(make("h", " ".join(text), minutes=20), NOW).size == 4


def test_each_article_that_is_decided_again_is_reported_as_progress(make: Maker) -> None:
    """A worker whose event loop stands still is restarted; one that decides a thousand articles again is not."""
    text = " ".join(random_words(1, 120))
    reports: list[None] = []
    clusterer = Clusterer({}, ClustererConfig(), progress=lambda: reports.append(None))
    for at in range(1, 11):
        clusterer.assign(make(f"f{at}", text, minutes=at), NOW)
    assert reports == []
    clusterer.assign(make("e", text, minutes=0), NOW)
    assert len(reports) == len(clusterer.moves()) == 10


def test_a_replay_changes_nothing_and_gets_the_same_answers(make: Maker) -> None:
    articles = stream(make)
    random.Random(3).shuffle(articles)
    table: dict[str, Any] = {}
    clusterer = Clusterer(table, ClustererConfig())
    for article in articles:
        clusterer.assign(article, NOW)
    before = json.dumps(table, sort_keys=True)
    heard = {}
    for article in articles:
        heard[article.id] = clusterer.assign(article, NOW + 500).id
        heard.update((move.id, move.cluster.id) for move in clusterer.moves())
    assert json.dumps(table, sort_keys=True) == before
    assert heard == clusters(table)


def test_fields_of_a_later_release_are_no_edit_and_not_stored(make: Maker) -> None:
    articles = stream(make)
    expected = run(articles)
    later = [
        article.model_copy(
            update={"fingerprint": Fingerprint.model_validate(article.fingerprint.model_dump() | {"since_9_9": [1, 2]})}
        )
        for article in articles
    ]
    table = JsonTable()
    run(later, table)
    assert dict(table) == expected
    # After a restart, an article is compared with what is stored of it.
    run(later, table)
    assert dict(table) == expected


def test_an_article_fetched_again_is_no_other_article(make: Maker) -> None:
    articles = stream(make)
    table: dict[str, Any] = {}
    clusterer = Clusterer(table, ClustererConfig())
    for article in articles:
        clusterer.assign(article, NOW)
    before = json.dumps(table, sort_keys=True)
    for article in articles:
        hour = article.fingerprint.hour
        assert hour is not None
        fingerprint = article.fingerprint.model_copy(update={"hour": hour + 20})
        clusterer.assign(article.model_copy(update={"fingerprint": fingerprint}), NOW)
    assert json.dumps(table, sort_keys=True) == before


def test_an_old_article_sent_again_does_not_undo_later_decisions(make: Maker) -> None:
    text = " ".join(random_words(1, 120))
    table: dict[str, Any] = {}
    clusterer = Clusterer(table, ClustererConfig())
    late, later, last = (make(name, text, minutes=at) for name, at in (("g", 9), ("f", 5), ("e", 0)))
    for article in (late, later, last):
        clusterer.assign(article, NOW)
    assert clusterer.assign(later, NOW).id == "e"
    assert {move.cluster.id for move in clusterer.moves()} == {"e"}
    assert clusters(table) == {"e": "e", "f": "e", "g": "e"}


@pytest.mark.parametrize("seed", range(4))
def test_a_crash_before_any_write_is_made_good_by_the_replay(make: Maker, seed: int) -> None:
    articles = stream(make)
    expected = clusters(run(articles))
    random.Random(seed).shuffle(articles)
    for writes in range(1, 3 * len(articles), 3):
        table = FragileTable()
        table.writes_left = writes
        clusterer, done = Clusterer(table, ClustererConfig()), 0
        try:
            for article in articles:
                clusterer.assign(article, NOW)
                done += 1
        except Crashed:
            table.writes_left = 10**9
            clusterer = Clusterer(table, ClustererConfig())
            for article in articles[max(0, done - 2) :]:
                clusterer.assign(article, NOW)
        assert clusters(table) == expected


def test_the_order_of_the_table_does_not_matter(make: Maker) -> None:
    articles = stream(make)
    table = run(articles[:18])
    results = []
    for seed in range(5):
        items = list(table.items())
        random.Random(seed).shuffle(items)
        results.append(run(articles[18:], dict(items)))
    assert all(result == results[0] for result in results)


def test_the_window_forgets(make: Maker) -> None:
    text = " ".join(random_words(1, 120))
    table: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    clusterer = Clusterer(table, ClustererConfig(), lambda event: counts.update([event]))
    clusterer.assign(make("old", text), NOW)
    assert clusterer.assign(make("in", text, minutes=72 * HOUR), NOW).id == "old"
    assert clusterer.assign(make("out", text, minutes=72 * HOUR + 1), NOW).relation == "first"
    assert clusterer.assign(make("later", text, minutes=73 * HOUR), NOW).id == "out"
    clusterer.assign(make("far", "نص آخر", minutes=200 * HOUR), NOW)
    for at in range(5):
        clusterer.assign(make(f"far{at}", " ".join(random_words(50 + at, 40)), minutes=200 * HOUR), NOW)
    assert set(table) == {"far", *(f"far{at}" for at in range(5))}
    assert counts["forgotten"] == 4


def test_a_clock_ahead_of_ours_does_not_empty_the_window(make: Maker) -> None:
    text = " ".join(random_words(1, 120))
    clusterer = Clusterer({}, ClustererConfig())
    now = START.timestamp() + 3600
    clusterer.assign(make("a", text), now)
    clusterer.assign(make("mad", " ".join(random_words(2, 60)), minutes=10_000 * HOUR), now)
    assert clusterer.assign(make("b", text, minutes=61), now + 60).id == "a"


def test_another_algorithm_is_kept_apart_and_counted(make: Maker) -> None:
    text = " ".join(random_words(1, 120))
    counts: Counter[str] = Counter()
    clusterer = Clusterer({}, ClustererConfig(), lambda event: counts.update([event]))
    clusterer.assign(make("a", text), NOW)

    def other(name: str, minutes: float) -> FingerprintedArticle:
        article = make(name, text, minutes=minutes)
        strange = Fingerprint(algorithm="other/9", exact=article.fingerprint.exact, signature="??", sketch="??")
        return article.model_copy(update={"fingerprint": strange})

    assert clusterer.assign(other("b", 1), NOW).relation == "first"
    assert clusterer.assign(other("c", 2), NOW).id == "b"
    assert clusterer.assign(make("d", text, minutes=3), NOW).id == "a"
    assert counts["other_algorithm"] == 2


def test_a_full_posting_is_counted_and_answers_alike_after_a_rebuild(make: Maker) -> None:
    text = " ".join(random_words(1, 120))
    counts: Counter[str] = Counter()
    table: dict[str, Any] = {}
    clusterer = Clusterer(table, ClustererConfig(most_postings=5), lambda event: counts.update([event]))
    for at in range(9):
        assert clusterer.assign(make(f"a{at}", text, minutes=at), NOW).id == "a0"
    assert counts["posting_capped"] > 0
    rebuilt = Clusterer(dict(reversed(table.items())), ClustererConfig(most_postings=5))
    assert rebuilt.assign(make("b", text, minutes=20), NOW) == clusterer.assign(make("b", text, minutes=20), NOW)


def test_an_edited_member_is_decided_anew_in_its_old_place(make: Maker) -> None:
    text, other = " ".join(random_words(1, 120)), " ".join(random_words(2, 120))
    table: dict[str, Any] = {}
    clusterer = Clusterer(table, ClustererConfig())
    for name, body, at in (("a", text, 0), ("b", text, 1), ("c", other, 2)):
        clusterer.assign(make(name, body, minutes=at), NOW)
    edited = clusterer.assign(make("b", other, minutes=50), NOW)
    assert (edited.id, edited.relation) == ("b", "first")
    assert {move.id: move.cluster.id for move in clusterer.moves()} == {"c": "b"}
    assert clusters(table) == {"a": "a", "b": "b", "c": "b"}
    assert clusterer.assign(make("d", text, minutes=60), NOW).size == 2


def test_an_edited_canonical_article_keeps_its_copies(make: Maker) -> None:
    text, other = " ".join(random_words(1, 120)), " ".join(random_words(2, 120))
    table: dict[str, Any] = {}
    clusterer = Clusterer(table, ClustererConfig())
    for name, at in (("a", 0), ("b", 1)):
        clusterer.assign(make(name, text, minutes=at), NOW)
    assert clusterer.assign(make("a", other, minutes=50), NOW).relation == "first"
    assert clusters(table) == {"a": "a", "b": "a"}
    assert clusters(run([], dict(table))) == clusters(table)


def test_the_state_of_an_article_is_small_json(make: Maker) -> None:
    table = run([make("0123456789abcdef0123456789abcdef", " ".join(random_words(1, 180)))])
    size = sum(len(key) + len(json.dumps(record, separators=(",", ":"))) for key, record in table.items())
    assert size <= 1024


def test_copies_follow_an_edited_canonical_article_that_is_overtaken(make: Maker) -> None:
    """Only their cluster shows that they are affected: they share no key with either of the two."""
    text, other = " ".join(random_words(1, 120)), " ".join(random_words(2, 120))
    table: dict[str, Any] = {}
    clusterer = Clusterer(table, ClustererConfig())
    for name, body, at in (("b", text, 5), ("c", text, 6), ("b", other, 5)):
        clusterer.assign(make(name, body, minutes=at), NOW)
    assert clusters(table) == {"b": "b", "c": "b"}
    clusterer.assign(make("a", other), NOW)
    assert {move.id: move.cluster.id for move in clusterer.moves()} == {"b": "a", "c": "c"}
    assert clusters(table) == {"a": "a", "b": "a", "c": "c"}


def test_a_late_original_takes_over_more_copies_than_are_looked_at(make: Maker) -> None:
    text = random_words(1, 120)
    counts: Counter[str] = Counter()
    table: dict[str, Any] = {}
    config = ClustererConfig(most_candidates=4, most_postings=6)
    clusterer = Clusterer(table, config, lambda event: counts.update([event]))
    for at in range(20):
        clusterer.assign(make(f"c{at:02}", " ".join([*text, *random_words(at, 3)]), minutes=9 + at), NOW)
    assert set(clusters(table).values()) == {"c00"}
    assert counts["candidates_capped"] > 0
    clusterer.assign(make("late", " ".join(text)), NOW)
    assert set(clusters(table).values()) == {"late"}
    assert len(clusterer.moves()) == 20


def test_work_on_a_late_article_is_bounded_and_the_bound_is_counted(make: Maker) -> None:
    text = " ".join(random_words(1, 120))
    counts: Counter[str] = Counter()
    clusterer = Clusterer({}, ClustererConfig(most_redecided=3), lambda event: counts.update([event]))
    for at in range(9):
        clusterer.assign(make(f"c{at}", text, minutes=9 + at), NOW)
    assert clusterer.assign(make("late", text), NOW).relation == "first"
    assert len(clusterer.moves()) == 3
    assert counts["moves_capped"] == 1
