"""The API while Kafka and Elasticsearch are really stopped, and after they came back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from elasticsearch import AsyncElasticsearch

from deploy.local import stack as native
from streams.kafka.clients import wait_for_topics
from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article, raw_record
from tests.support.serving import events, publish, serving, take, until


@contextmanager
def _stopped(settings: Settings, service: str) -> Iterator[None]:
    native.stop_service(settings, service)
    try:
        yield
    finally:
        native.start_service(settings, service)


def _says_to_come_back(answer: httpx.Response) -> bool:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


async def _faults(http: httpx.AsyncClient) -> list[str]:
    return [fault.split(" at ")[0] for fault in (await http.get("/readyz")).json()["faults"]]


async def test_without_kafka_articles_are_refused_and_searches_go_on(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    await wait_for_topics(settings)
    await store(settings, client, [article()])

    async def accepted() -> bool:
        return (await http.post("/articles", json=raw_record())).status_code == 202

    async with serving(settings.model_copy(update={"kafka_connect_timeout": 2.0})) as http:
        assert await accepted()
        async with http.stream("GET", "/live") as response:
            stream = events(response)
            start = (await anext(stream)).id
            with _stopped(settings, "kafka"):
                assert _says_to_come_back(await http.post("/articles", json=raw_record()))
                # Once more: the failed connection is dropped, and a new one cannot be opened.
                assert _says_to_come_back(await http.post("/articles", json=raw_record()))
                assert await _faults(http) == ["no Kafka"]
                assert (await http.get("/livez")).status_code == 200
                assert (await http.get("/search")).json()["total"] == 1
            await until(accepted)
            assert await _faults(http) == []
            # Readers who stayed and readers who come back get what follows.
            await publish(settings, [article(id="after")])
            async with asyncio.timeout(60):
                async for event in stream:
                    if event.kind == "article":
                        break
            assert (await take(http, 1, last_event_id=start))[0] == ["after"]


async def test_without_elasticsearch_searches_are_refused_and_articles_are_taken(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    await wait_for_topics(settings)
    await store(settings, client, [article()])

    async def found() -> bool:
        answer = await http.get("/search")
        return answer.status_code == 200 and answer.json()["total"] == 1

    async with serving(settings.model_copy(update={"retry_first": 0.05})) as http:
        assert await found()
        with _stopped(settings, "elasticsearch"):
            for path in ("/search", "/facets", "/timeline", "/map", "/articles/a1", "/export"):
                assert _says_to_come_back(await http.get(path))
            assert await _faults(http) == ["no Elasticsearch"]
            assert (await http.post("/articles", json=raw_record())).status_code == 202
        await until(found)
        assert (await http.get("/export")).text.count("\n") == 2
        assert await _faults(http) == []
