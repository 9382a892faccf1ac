"""Answers of the server as readers get them."""

from typing import Any

import pytest

from streams.records import Article
from streams.search.hits import read_folds, read_page, read_story
from streams.search.request import MAX_FOLDED, SearchRequest, read_cursor, write_cursor
from tests.support.articles import article


def _hit(number: int, **fields: Any) -> dict[str, Any]:
    source = article(id=f"a{number}").model_dump(mode="json") | {"facets": {"fold": "x"}}
    return {"_source": source, "_score": 1.5, "sort": [1.5, 1700000000000 - number, f"a{number}"]} | fields


def _answer(*hits: dict[str, Any], total: int = 3) -> dict[str, Any]:
    return {"took": 4, "timed_out": False, "hits": {"total": {"value": total, "relation": "eq"}, "hits": list(hits)}}


def test_hits_are_marked_and_the_terms_of_the_index_are_left_out() -> None:
    hit = _hit(1)
    hit["_source"] |= {"forms": {"title": "معرض"}, "families": {"title": "معرض"}}
    (shown,) = read_page(_answer(hit), SearchRequest(q="المعرض", fold=False)).hits
    title = shown.highlights.title
    assert title is not None
    assert [title.text[start:end] for start, end in title.marks] == ["معرض"]
    assert not {"forms", "families"} & set(shown.article.model_dump())


def test_the_next_page_begins_after_the_last_hit() -> None:
    request = SearchRequest(q="كتاب", size=2, fold=False)
    page = read_page(_answer(_hit(1), _hit(2)), request)
    assert page.next is not None
    assert read_cursor(page.next) == [1.5, 1699999999998, "a2"]
    assert read_page(_answer(_hit(3)), request).next is None


def test_folded_pages_count_on_and_stop_at_the_limit() -> None:
    request = SearchRequest(q="كتاب", size=2, cursor=write_cursor(4))
    page = read_page(_answer(_hit(1), _hit(2)), request)
    assert page.next is not None
    assert read_cursor(page.next) == 6
    last = SearchRequest(q="كتاب", size=2, cursor=write_cursor(MAX_FOLDED - 2))
    assert read_page(_answer(_hit(1), _hit(2)), last).next is None


def test_copies_are_listed_without_the_hit_itself_and_helpers_are_left_out() -> None:
    outlines = [
        {
            "id": f"a{n}",
            "url": f"https://b.example.com/{n}",
            "source": "b",
            "ingested_at": f"2024-02-0{n}T00:00:00Z",
            "cluster": {"relation": "near"},
        }
        for n in (2, 1, 3)
    ]
    copies = {"hits": {"hits": [{"_source": outline} for outline in outlines]}}
    stories = {
        "took": 2,
        "timed_out": False,
        "aggregations": {"stories": {"buckets": [{"key": "c1", "doc_count": 7, "copies": copies}]}},
    }
    answer = _answer(_hit(1, fields={"facets.fold": ["c1"]}), _hit(9, fields={"facets.fold": ["gone meanwhile"]}))
    assert read_folds(answer) == ["c1", "gone meanwhile"]
    page = read_page(answer, SearchRequest(copies=2), stories)
    hit, other = page.hits
    assert hit.stories == 7
    assert [(copy.id, copy.relation) for copy in hit.copies] == [("a2", "near"), ("a3", "near")]
    assert [copy.id for copy in read_page(answer, SearchRequest(copies=1), stories).hits[0].copies] == ["a2"]
    assert (other.stories, other.copies, other.first) == (1, [], None)
    assert "facets" not in hit.article.model_dump()
    assert page.took_ms == 6
    assert read_page(answer, SearchRequest(), stories | {"timed_out": True}).partial


def _in_story(article_id: str, came: str, canonical: str) -> dict[str, Any]:
    cluster = {"id": "a1", "canonical_id": "a1", "relation": "first" if article_id == canonical else "near", "score": 1}
    made = article(id=article_id, source=f"outlet of {article_id}", ingested_at=came, cluster=cluster)
    return {"_source": made.model_dump(mode="json"), "fields": {"facets.fold": ["a1"]}}


def test_a_hit_that_is_a_copy_tells_who_was_first_and_a_first_one_tells_itself() -> None:
    copy = _in_story("a2", "2024-02-03T05:00:00Z", "a1")
    first = _in_story("a1", "2024-02-03T04:00:00Z", "a1")
    stories = {"took": 1, "aggregations": {"stories": {"buckets": [{"key": "a1", "doc_count": 2}]}}}
    answer, firsts = _answer(copy), _answer(first)
    shown = read_page(answer, SearchRequest(), stories, firsts).hits[0].first
    assert shown is not None
    assert (shown.id, shown.source, shown.ingested_at) == ("a1", "outlet of a1", "2024-02-03T04:00:00Z")
    own = read_page(firsts, SearchRequest(), stories).hits[0].first
    assert own is not None
    assert own.id == "a1"
    assert read_page(answer, SearchRequest(), stories, firsts | {"timed_out": True}).partial


def test_the_first_of_a_story_may_be_the_article_itself_and_times_are_compared_as_times() -> None:
    mine = article(id="a2", ingested_at="2024-02-03T04:00:00.500Z", source="alufuq")
    later = _answer(_in_story("a1", "2024-02-03T04:00:01Z", "a1"), total=1)
    earlier = _answer(_in_story("a1", "2024-02-03T04:00:00Z", "a1"), total=1)
    assert read_story(mine, later, 5).first.source == "alufuq"
    story = read_story(mine, earlier, 0)
    assert (story.first.id, story.copies, story.total) == ("a1", [], 1)


def _appearing(article_id: str, published: str | None, fetched: str | None, came: str) -> Article:
    cluster = {"id": "a1", "canonical_id": "a1", "relation": "near", "score": 1}
    return article(id=article_id, published_at=published, fetched_at=fetched, ingested_at=came, cluster=cluster)


@pytest.mark.parametrize(
    ("mine", "other", "first", "sure"),
    [
        # An earlier publication wins over an earlier arrival.
        (("2024-02-03T08:00:00Z", None), ("2024-02-03T06:00:00Z", None), "other", True),
        # Where a time of publication is unknown, that of fetching counts, and the answer is unsure.
        (("2024-02-03T08:00:00Z", None), (None, "2024-02-03T06:00:00Z"), "other", False),
        ((None, "2024-02-03T06:30:00Z"), ("2024-02-03T08:00:00Z", None), "mine", False),
        # A clock that runs ahead does not make an article late.
        (("2024-02-03T08:00:00Z", None), ("2099-01-01T00:00:00Z", None), "mine", True),
        ((None, None), (None, None), "mine", False),
    ],
)
def test_the_first_of_a_story_is_the_first_published(
    mine: tuple[str | None, str | None], other: tuple[str | None, str | None], first: str, sure: bool
) -> None:
    one = _appearing("mine", *mine, "2024-02-03T10:00:00Z")
    copy = _appearing("other", *other, "2024-02-03T11:00:00Z")
    story = read_story(one, _answer({"_source": copy.model_dump(mode="json")}, total=1), 5)
    assert (story.first.id, story.first_is_sure) == (first, sure)
