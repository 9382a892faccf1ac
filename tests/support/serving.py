"""The query API on a port of its own, its Server-Sent Events, and lines that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from streams.api.app import create_api
from streams.api.server import Server, listen
from streams.kafka.clients import open_producer
from streams.observability.metrics import Metrics
from streams.records import Article
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.processes import free_port


async def answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Poll until it holds."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110  (what is waited for lives behind HTTP)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def in_process(api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An API without a port; its answers come whole, so it is not for the live feed."""
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url="http://localhost") as client,
    ):
        yield client


@asynccontextmanager
async def serving(settings: Settings, *, ready: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """The API on a port of its own, ready unless it has no servers to get ready."""
    listening = listen("127.0.0.1", 0)
    metrics = Metrics()
    server = Server(create_api(settings, metrics), settings, metrics)
    server.config.timeout_graceful_shutdown = 1
    task = asyncio.create_task(server.serve(sockets=[listening]))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=30) as http:
        try:
            if ready:
                await until(lambda: answers(http))
            yield http
        finally:
            server.should_exit = True
            await task


@dataclass
class Event:
    """One Server-Sent Event; id and kind as far as given."""

    id: str = ""
    kind: str = "message"
    data: list[str] = field(default_factory=list)


async def events(response: httpx.Response) -> AsyncIterator[Event]:
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


async def live_position(http: httpx.AsyncClient) -> str:
    """Where the live feed stands now; waits until it has reached Kafka."""
    found: list[str] = []

    async def reached() -> bool:
        async with http.stream("GET", "/live") as response:
            if response.status_code == 200:
                found.append((await anext(events(response))).id)
        return bool(found)

    await until(reached)
    return found[0]


async def take(
    http: httpx.AsyncClient, count: int, last_event_id: str | None = None, **params: Any
) -> tuple[list[str], str]:
    """Ids of the next `count` articles of the live feed, and the id of its last event."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    found: list[str] = []
    last = ""
    async with asyncio.timeout(30), http.stream("GET", "/live", params=params, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async for event in events(response):
            last = event.id or last
            if event.kind == "article":
                found.append(Article.model_validate_json("".join(event.data)).id)
            if len(found) == count:
                break
    return found, last


async def publish(settings: Settings, articles: Sequence[Article]) -> None:
    async with open_producer(settings) as producer:
        topic = topic_name(Topic.ENRICHED, settings)
        for entry in articles:
            await producer.send_and_wait(topic, entry.to_json(), key=entry.id.encode())


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
