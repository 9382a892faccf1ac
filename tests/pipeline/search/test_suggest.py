"""Misspelt queries on the real Elasticsearch: what is suggested, and that nothing is applied."""

from __future__ import annotations

import pytest
from elasticsearch import AsyncElasticsearch

from benchmarks.search.typos import composed, same
from streams.search.request import SearchRequest
from streams.search.service import Searcher
from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article

PAIRS = [pair for pairs in composed().values() for pair in pairs]
# Right words that are close to others; one article has each.
RARE = ("كوربين", "الظلال", "منظومة", "السلاطين", "القارة", "زمرد")
SENTENCES = ("ورد في التقرير {} مرة أخرى.", "كتبت الصحيفة عن {} أمس.", "قال الخبر إن {} كان موضوع الجلسة.")


@pytest.fixture
async def filled(settings: Settings, client: AsyncElasticsearch, searcher: Searcher) -> Searcher:
    """Each right query stands in three articles, each rare word in one."""
    texts = [sentence.format(right.strip("«»").removesuffix(" -رياضة")) for _, right in PAIRS for sentence in SENTENCES]
    texts += [SENTENCES[0].format(word) for word in RARE]
    await store(
        settings,
        client,
        [article(id=f"s{number}", title="نشرة", body=text) for number, text in enumerate(texts)],
    )
    return searcher


async def test_misspelt_queries_are_corrected_and_right_ones_left_alone(filled: Searcher) -> None:
    first, wrong = [], []
    for typed, right in PAIRS:
        page = await filled.search(SearchRequest(q=typed, fold=False))
        found = page.did_you_mean
        assert [one.total for one in found] == [
            (await filled.search(SearchRequest(q=one.q, fold=False, suggest=False))).total for one in found
        ]
        if found and same(found[0].q, right):
            first.append(typed)
        else:
            wrong.append((typed, right, [one.q for one in found]))
    assert len(PAIRS) >= 60
    assert len(first) >= 0.95 * len(PAIRS), wrong
    offered = {word: (await filled.search(SearchRequest(q=word))).did_you_mean for word in RARE}
    assert not any(offered.values()), offered


async def test_a_suggestion_is_printed_as_articles_print_it_keeps_the_query_and_is_not_applied(
    filled: Searcher,
) -> None:
    page = await filled.search(SearchRequest(q="مسوول -رياضة"))
    assert (page.total, page.hits) == (0, [])
    assert [one.q for one in page.did_you_mean] == ["مسؤول -رياضة"]
    assert (await filled.search(SearchRequest(q="مسوول -رياضة", suggest=False))).did_you_mean == []
    none_there = SearchRequest(q="مسوول", language=["fr"])
    assert (await filled.search(none_there)).did_you_mean == [], "the corrected query finds nothing with this filter"
    enough = await filled.search(SearchRequest(q="التقرير"))
    assert enough.did_you_mean == []
