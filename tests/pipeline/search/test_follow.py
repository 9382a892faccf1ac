"""A search that goes on, on real servers."""

from __future__ import annotations

import asyncio

from elasticsearch import AsyncElasticsearch

from streams.kafka.clients import create_topics, open_producer
from streams.records import Article
from streams.search.live.follow import follow
from streams.search.request import SearchRequest
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.pipeline.search.conftest import store
from tests.support.articles import article

CLUSTER = {"id": "c1", "relation": "near", "score": 1, "canonical_id": "a1"}


async def test_stored_hits_come_first_and_then_each_new_one_once(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    topic = topic_name(Topic.ENRICHED, settings)
    await create_topics(settings)
    old = article(id="old", published_at="2024-02-01T00:00:00Z")
    newer = article(id="newer", published_at="2024-02-02T00:00:00Z", cluster=CLUSTER)
    await store(settings, client, [newer, old])
    async with open_producer(settings) as producer:

        async def send(*articles: Article) -> None:
            for one in articles:
                await producer.send_and_wait(topic, one.model_dump_json().encode(), partition=0)

        # Enriched before the search began: one that the index has, one that it does not have yet.
        await send(newer, article(id="on its way"))
        hits = follow(settings, SearchRequest(q="المعرض"))
        async with asyncio.timeout(60):
            assert [(await anext(hits)).article.id for _ in range(3)] == ["old", "newer", "on its way"]
            await send(
                article(id="sport", title="مباراة", body="فاز الفريق."),
                old,
                article(id="copy", cluster=CLUSTER),
                article(id="live", title="معارض الكتب"),
            )
            live = await anext(hits)
        assert live.article.id == "live"
        assert live.score is None
        assert live.highlights.title is not None
        assert live.highlights.title.marks == [(0, 5)]
        await hits.aclose()


async def test_it_may_begin_before_there_is_anything(settings: Settings, client: AsyncElasticsearch) -> None:
    hits = follow(settings, SearchRequest())
    async with asyncio.timeout(60):
        first = asyncio.ensure_future(anext(hits))
        await create_topics(settings)
        async with open_producer(settings) as producer:
            await producer.send_and_wait(topic_name(Topic.ENRICHED, settings), article().model_dump_json().encode())
        assert (await first).article == article()
    await hits.aclose()
