"""The tap between two batches: what it has read of the searches is what the matcher knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from streams.alerts import tap
from streams.alerts.alert_metrics import MatchMetrics
from streams.alerts.records import ArticleMatches
from streams.alerts.store import Directory
from streams.settings import Settings
from tests.support.alert_records import BEGIN, standing_search
from tests.support.articles import article


class Kafka:
    """The topics of the searches and the matches.

    Attributes:
        log: the searches, in the order in which they were stored.
        sent: matches.
        held: while set, whoever has read a search waits before telling of it.
        read: set when somebody waits so.
    """

    def __init__(self) -> None:
        self.log = [standing_search()]
        self.sent: list[ArticleMatches] = []
        self.held = self.opened = 0
        self.read = asyncio.Event()

    @asynccontextmanager
    async def follow(self, _: Settings) -> AsyncIterator[Any]:
        directory, at = Directory(), 0
        self.opened += 1

        async def refresh() -> set[str]:
            nonlocal at
            new, at = self.log[at:], len(self.log)
            directory.searches |= {search.id: search for search in new}
            if self.held:
                self.held -= 1
                self.read.set()
                await asyncio.Event().wait()
            return {search.id for search in new}

        yield SimpleNamespace(refresh=refresh, directory=directory)

    @asynccontextmanager
    async def producer(self, _: Settings) -> AsyncIterator[Any]:
        yield self

    async def send(self, _topic: str, records: Iterable[tuple[str, str, ArticleMatches]]) -> None:
        self.sent += [found for _, _, found in records]


class Sources:
    """The watched sources, of which there are none."""

    def __init__(self, _: Settings) -> None:
        self.read = lambda: None

    def start(self) -> None:
        """Nothing is followed."""

    async def wait(self) -> None:
        """Everything is read."""

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_batch_that_is_broken_off_leaves_no_search_unmatched(monkeypatch: pytest.MonkeyPatch) -> None:
    async def create(*_: object) -> None:
        """The topics exist."""

    kafka = Kafka()
    monkeypatch.setattr(tap, "create_topics", create)
    monkeypatch.setattr(tap, "follow_searches", kafka.follow)
    monkeypatch.setattr(tap, "open_producer", kafka.producer)
    monkeypatch.setattr(tap, "DirectoryFollower", Sources)
    monkeypatch.setattr(tap, "Writer", lambda _, producer: producer)
    matcher = tap.AlertMatcher(Settings(_env_file=None), MatchMetrics(CollectorRegistry()))
    batch = [article(title="ارتفاع منسوب السد", ingested_at=BEGIN)]
    await matcher.check()

    added = standing_search().model_copy(update={"id": "111111111111"})
    kafka.log.append(added)
    kafka.held = 1
    first = asyncio.create_task(matcher.write(batch))
    await kafka.read.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert kafka.sent == []

    assert await matcher.write(batch) == [None]
    assert {match.search for found in kafka.sent for match in found.each()} == {search.id for search in kafka.log}
    assert kafka.opened == 2
    await matcher.close()
