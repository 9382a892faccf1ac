"""Clients that ask a broker for metadata pause between two requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.errors import Retryable
from streams.kafka import clients, metadata_pace
from streams.settings import Settings


class Client:
    """Stands in for aiokafka's client: answers at once, as a broker does that lacks the topic."""

    def __init__(self) -> None:
        self.requests: list[tuple[Any, ...]] = []

    async def _metadata_update(self, *args: Any) -> bool:
        self.requests.append(args)
        return False


async def test_requests_for_metadata_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr("time.monotonic", lambda: 50.0)
    client = Client()
    metadata_pace.pace_metadata(client)
    assert [await client._metadata_update("cluster", "topics") for _ in range(3)] == [False] * 3
    assert client.requests == [("cluster", "topics")] * 3
    assert slept == pytest.approx([0.0, metadata_pace.METADATA_PAUSE_SECONDS, metadata_pace.METADATA_PAUSE_SECONDS])


async def test_every_client_that_is_opened_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    paced: list[Any] = []
    settings = Settings(_env_file=None)
    refused = Retryable("no broker")

    async def refuse(_: Settings, start: Any) -> None:
        start.close()
        raise refused

    monkeypatch.setattr(clients, "pace_metadata", paced.append)
    monkeypatch.setattr(clients, "_reach", refuse)
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
    assert len(made) == 3 and paced == made
