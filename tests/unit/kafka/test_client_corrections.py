"""Clients that ask a broker for metadata pause between two requests, and survive connections that are gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from streams.errors import Retryable
from streams.kafka import client_corrections, clients
from streams.settings import Settings


class Client:
    """Stands in for aiokafka's client: answers at once, as a broker does that lacks the topic."""

    def __init__(self) -> None:
        self.requests: list[tuple[Any, ...]] = []
        self.connections: dict[int, Connection] = {}

    async def _metadata_update(self, *args: Any) -> bool:
        self.requests.append(args)
        return False

    async def _get_conn(self, node_id: int) -> Any:
        return self.connections.get(node_id)


class Connection:
    """Stands in for aiokafka's connection whose socket uvloop has closed."""

    host, port = "broker.example", 9092

    def __init__(self) -> None:
        self.closed: list[Any] = []

    def send(self, *_: Any) -> Any:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    def close(self, **why: Any) -> None:
        self.closed.append(why)


async def test_requests_for_metadata_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr("time.monotonic", lambda: 50.0)
    client = Client()
    client_corrections.correct_client(client)
    assert [await client._metadata_update("cluster", "topics") for _ in range(3)] == [False] * 3
    assert client.requests == [("cluster", "topics")] * 3
    pause = client_corrections.METADATA_PAUSE_SECONDS
    assert slept == pytest.approx([0.0, pause, pause])


async def test_a_connection_that_is_gone_is_an_error_of_kafka() -> None:
    client = Client()
    client.connections[1] = connection = Connection()
    client_corrections.correct_client(client)
    assert await client._get_conn(2) is None
    for _ in range(2):
        found = await client._get_conn(1)
        with pytest.raises(KafkaConnectionError, match=r"broker\.example:9092 broken.*handler is closed"):
            found.send(b"a request")
    assert len(connection.closed) == 2


async def test_every_client_that_is_opened_is_corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    corrected: list[Any] = []
    settings = Settings(_env_file=None)

    async def refuse(*_: object) -> str:
        raise KafkaConnectionError("no broker")

    async def refusal(*_: object) -> str:
        return "refused"

    monkeypatch.setattr(clients, "correct_client", corrected.append)
    monkeypatch.setattr(clients, "_cause", refusal)
    for kind in (AIOKafkaConsumer, AIOKafkaProducer):
        monkeypatch.setattr(kind, "start", refuse)
    made: list[Any] = []
    for kind, attribute in ((AIOKafkaConsumer, "_client"), (AIOKafkaProducer, "client")):
        begin = kind.__init__

        def note(self: Any, *args: Any, _begin: Any = begin, _attribute: str = attribute, **options: Any) -> None:
            _begin(self, *args, **options)
            made.append(getattr(self, _attribute))

        monkeypatch.setattr(kind, "__init__", note)
    for opened in (clients.open_reader(settings), clients.open_producer(settings)):
        with pytest.raises(Retryable):
            async with opened:
                pass
    await clients.open_member(settings, "a group").stop()
    assert len(made) == 3 and corrected == made
