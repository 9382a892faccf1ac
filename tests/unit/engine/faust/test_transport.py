"""The worker's Kafka transport: what it corrects in the clients that Faust opens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streams.engine.faust import transport


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
    transport.pace_metadata(client)
    assert [await client._metadata_update("cluster", "topics") for _ in range(3)] == [False] * 3
    assert client.requests == [("cluster", "topics")] * 3
    assert slept == pytest.approx([0.0, transport.METADATA_PAUSE_SECONDS, transport.METADATA_PAUSE_SECONDS])
