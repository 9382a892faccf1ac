"""The query API and the live feed, over HTTP, on real Kafka and Elasticsearch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from aiokafka import TopicPartition
from elasticsearch import AsyncElasticsearch
from pydantic import HttpUrl

from streams.api.app import create_api
from streams.api.feed import read_vector
from streams.kafka import open_producer, open_reader, wait_for_topics
from streams.records import Article, RawArticle, decode
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.pipeline.search.conftest import store
from tests.support.articles import article, raw_record
from tests.support.processes import free_port


async def _answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Poll until it holds."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110  (what is waited for lives behind HTTP)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The API on a port of its own, ready."""
    port = free_port()
    config = uvicorn.Config(create_api(settings), port=port, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        try:
            await _until(lambda: _answers(http))
            yield http
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def api(settings: Settings, client: AsyncElasticsearch) -> AsyncIterator[httpx.AsyncClient]:
    """The API with its topics."""
    await wait_for_topics(settings)
    async with _serving(settings) as http:
        yield http


@dataclass
class Event:
    """One Server-Sent Event; id and kind as far as given."""

    id: str = ""
    kind: str = "message"
    data: list[str] = field(default_factory=list)


async def _events(response: httpx.Response) -> AsyncIterator[Event]:
    """Read a stream as a browser does; marks without data are given, too."""
    event = Event()
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if not line:
            yield event
            event = Event()
        elif name == "id":
            event.id = value
        elif name == "event":
            event.kind = value
        elif name == "data":
            event.data.append(value)


async def _take(
    http: httpx.AsyncClient, count: int, last_event_id: str | None = None, **params: Any
) -> tuple[list[str], str]:
    """Ids of the next `count` articles of the live feed, and the id of its last event."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    found: list[str] = []
    last = ""
    async with asyncio.timeout(30), http.stream("GET", "/live", params=params, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async for event in _events(response):
            last = event.id or last
            if event.kind == "article":
                found.append(Article.model_validate_json("".join(event.data)).id)
            if len(found) == count:
                break
    return found, last


async def _live_position(http: httpx.AsyncClient) -> str:
    """Where the live feed stands now; waits until it has reached Kafka."""
    found: list[str] = []

    async def reached() -> bool:
        async with http.stream("GET", "/live") as response:
            if response.status_code == 200:
                found.append((await anext(_events(response))).id)
        return bool(found)

    await _until(reached)
    return found[0]


async def _publish(settings: Settings, articles: Sequence[Article]) -> None:
    async with open_producer(settings) as producer:
        topic = topic_name(Topic.ENRICHED, settings)
        for entry in articles:
            await producer.send_and_wait(topic, entry.to_json(), key=entry.id.encode())


async def test_an_accepted_article_is_in_kafka(settings: Settings, api: httpx.AsyncClient) -> None:
    answer = await api.post("/articles", json=raw_record(url="https://a.example.com/7", title="عنوان"))
    assert answer.status_code == 202
    receipt = answer.json()
    async with open_reader(settings) as reader:
        place = TopicPartition(receipt["topic"], receipt["partition"])
        reader.assign([place])
        reader.seek(place, receipt["offset"])
        record = await asyncio.wait_for(reader.getone(place), 20)
    raw = decode(RawArticle, record.value)
    assert (raw.url, raw.title) == ("https://a.example.com/7", "عنوان")
    assert record.key == b"https://a.example.com/7"


async def test_searching_reading_and_counting(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    cluster = {"id": "c1", "relation": "near", "score": 1, "canonical_id": "a1"}
    place = {
        "name": "بيروت",
        "country": "LB",
        "kind": "city",
        "lat": 33.9,
        "lon": 35.5,
        "confidence": 1,
        "mentions": [],
    }
    fields = {"cluster": cluster, "places": [place], "geo": [{"lat": 33.9, "lon": 35.5}]}
    await store(settings, client, [article(**fields), article(**fields, id="a2", source="alufuq")])
    page = (await api.get("/search", params={"q": "«معرض الكتاب»", "copies": 3, "place": "بيروت"})).json()
    assert (page["total"], page["hits"][0]["stories"]) == (2, 2)
    one = (await api.get("/articles/a1")).json()
    assert (one["article"]["source"], one["copies_total"], one["copies"][0]["id"]) == ("almina", 1, "a2")
    assert (await api.get("/articles/a9")).status_code == 404
    facets = (await api.get("/facets", params={"q": "الكتاب"})).json()["facets"]
    assert facets["countries"] == [{"value": "LB", "articles": 2}]
    steps = (await api.get("/timeline", params={"interval": "hour"})).json()["steps"]
    assert steps == [{"start": "2024-02-03T04:00:00.000Z", "articles": 2, "stories": 1}]
    (feature,) = (await api.get("/map", params={"zoom": 5})).json()["features"]
    assert feature["properties"]["articles"] == 2
    west, south, east, north = feature["properties"]["bbox"]
    assert west < 35.5 < east
    assert south < 33.9 < north


async def test_a_live_reader_gets_what_matches_and_nothing_else(settings: Settings, api: httpx.AsyncClient) -> None:
    start = await _live_position(api)
    reading = asyncio.create_task(_take(api, 2, last_event_id=start, q="زلزال أو فيضان", language="ar"))
    quake = article(id="q1", title="زلزال يضرب المدينة")
    await _publish(settings, [article(id="n1"), quake, article(id="n2", title="زلزال", language="fr")])
    await _publish(settings, [article(id="q2", body="حذرت السلطات من الفيضانات.")])
    found, _ = await reading
    assert sorted(found) == ["q1", "q2"]


async def test_a_reader_who_comes_back_misses_nothing_and_gets_nothing_twice(
    settings: Settings, api: httpx.AsyncClient
) -> None:
    start = await _live_position(api)
    await _publish(settings, [article(id=f"n{number}") for number in range(60)])
    seen: list[str] = []
    last = start
    for step in range(6):
        found, last = await _take(api, 10, last_event_id=last)
        seen += found
        if step == 2:
            # Written while nobody listens, and again while the reader catches up.
            await _publish(settings, [article(id=f"m{number}") for number in range(30)])
    rest = asyncio.create_task(_take(api, 40, last_event_id=last))
    await _publish(settings, [article(id=f"l{number}") for number in range(10)])
    seen += (await rest)[0]
    expected = {f"n{n}" for n in range(60)} | {f"m{n}" for n in range(30)} | {f"l{n}" for n in range(10)}
    assert len(seen) == 100
    assert set(seen) == expected


async def test_what_kafka_never_had_is_told_as_a_gap(settings: Settings, api: httpx.AsyncClient) -> None:
    start = read_vector(await _live_position(api))
    beyond = ",".join(f"{partition}:{offset + 1000}" for partition, offset in start.items())
    async with asyncio.timeout(30), api.stream("GET", "/live", headers={"Last-Event-ID": beyond}) as response:
        async for event in _events(response):
            if event.kind == "gap":
                assert read_vector(event.id) == start
                return
    raise AssertionError("no gap was told")


async def test_a_record_that_is_no_article_does_not_end_the_feed(settings: Settings, api: httpx.AsyncClient) -> None:
    start = await _live_position(api)
    async with open_producer(settings) as producer:
        for partition in range(settings.partitions):
            await producer.send_and_wait(topic_name(Topic.ENRICHED, settings), b"{", partition=partition)
    await _publish(settings, [article(id="after")])
    assert (await _take(api, 1, last_event_id=start))[0] == ["after"]


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


class Line:
    """A line to a server that can be cut and mended: a TCP forwarder."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self._server: asyncio.Server | None = None
        self._open: list[asyncio.StreamWriter] = []

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()
        self._open.clear()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._open += [writer, there_writer]
        await asyncio.gather(_pipe(reader, there_writer), _pipe(there_reader, writer))


async def test_it_recovers_when_elasticsearch_comes_back(settings: Settings, client: AsyncElasticsearch) -> None:
    port = settings.elasticsearch_url.port
    assert port is not None
    line = Line(port)
    await line.mend()
    await wait_for_topics(settings)
    await store(settings, client, [article()])
    behind = settings.model_copy(update={"elasticsearch_url": HttpUrl(f"http://127.0.0.1:{line.port}")})
    async with _serving(behind) as http:
        assert (await http.get("/search")).json()["total"] == 1
        await line.cut()
        away = await http.get("/search")
        assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
        assert json.loads(away.content)["detail"].startswith("no Elasticsearch at")
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/livez")).status_code == 200
        await line.mend()
        assert (await http.get("/search")).json()["total"] == 1
        assert (await http.get("/readyz")).status_code == 200
    await line.cut()
