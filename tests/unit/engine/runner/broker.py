"""A broker and events in place of Kafka and Faust, and what is read off a runner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from streams.engine.runner import StageRunner
from streams.observability.metrics import Metrics
from streams.observability.spans import Headers
from streams.pipeline import Link, WiredStage
from streams.records import Article
from streams.settings import Settings
from streams.stage import MapStage
from streams.topics import Topic
from tests.support.articles import article

SETTINGS = Settings(_env_file=None, retry_first=0.001, retry_most=0.002)
THREAD = ThreadPoolExecutor(max_workers=1)


class Event:
    """One Faust event that remembers whether it was acknowledged."""

    def __init__(self, value: bytes, offset: int = 0) -> None:
        self.message = SimpleNamespace(
            value=value,
            key=b"k",
            topic="articles.clean",
            partition=0,
            offset=offset,
            timestamp=1_700_000_000.0,
            headers=[("traceparent", b"00-a-b-01")],
        )
        self.acked = False

    def ack(self) -> bool:
        self.acked = True
        return True


@dataclass
class Broker:
    """Takes records; each fault is raised once, in order, by the send or by the delivery."""

    sent: list[tuple[str, bytes | None, bytes, Headers | None]] = field(default_factory=list)
    send_faults: list[Exception | None] = field(default_factory=list)
    delivery_faults: list[Exception | None] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def send(self, topic: str, key: bytes | None, value: bytes, headers: Headers | None) -> Awaitable[Any]:
        if self.send_faults and (fault := self.send_faults.pop(0)):
            raise fault
        fault = self.delivery_faults.pop(0) if self.delivery_faults else None

        async def delivery() -> None:
            if self.hold is not None:
                await self.hold.wait()
            if fault:
                raise fault
            self.sent.append((topic, key, value, headers))

        return delivery()


def map_runner(function: Any, broker: Broker, **fields: Any) -> StageRunner:
    stage = MapStage("toy", "7", accepts=Article, build=lambda _: function, **fields)
    wired = WiredStage(stage, Link("toy", reads=Topic.CLEAN, writes=Topic.TAGGED))
    return StageRunner(wired, function, send=broker.send, thread=THREAD, settings=SETTINGS, metrics=Metrics())


def events(*ids: str) -> list[Event]:
    return [Event(article(id=name).to_json(), offset) for offset, name in enumerate(ids)]


def value(runner: StageRunner, name: str, **labels: str) -> float:
    return runner.metrics.registry.get_sample_value(name, labels) or 0.0


def headers(parcel: tuple[str, bytes | None, bytes, Headers | None]) -> dict[str, str]:
    return {name: value.decode() for name, value in parcel[3] or []}
