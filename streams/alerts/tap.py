"""The tap `alerts`: matches every enriched article against the standing searches (docs/explanation/alerts.md)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from streams.alerts.alert_metrics import MatchMetrics
from streams.alerts.follower import SearchFollower, follow_searches
from streams.alerts.matching import SearchMatcher
from streams.alerts.records import ArticleMatches
from streams.alerts.store import MATCHES, Writer, alert_specs, partition_of
from streams.errors import Rejected
from streams.kafka.clients import create_topics, open_producer, translate_errors
from streams.records import Article
from streams.search.source_scope import SourceScope
from streams.settings import Settings
from streams.sources.watch.follower import DirectoryFollower
from streams.stage import Context, Tap
from streams.topics import Topic


class AlertMatcher:
    """Writes the matches of each batch of articles to `alerts.matches`.

    Args:
        settings: of the process.
        metrics: of the tap.
    """

    def __init__(self, settings: Settings, metrics: MatchMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._matcher = SearchMatcher(SourceScope(lambda: None), partition_of)
        self._stack = AsyncExitStack()
        self._opened: tuple[SearchFollower, Writer] | None = None
        self._lock = asyncio.Lock()

    async def write(self, records: Sequence[Article], /) -> list[Rejected | None]:
        """Match a batch; when this returns, Kafka has its matches.

        Raises:
            Retryable: Kafka is unavailable.
        """
        async with self._lock:
            follower, writer = await self._open()
            try:
                changed = await follower.refresh()
                self._matcher.update(changed, follower.directory.searches)
                started = time.perf_counter()
                # The event loop also keeps the connection to Kafka alive.
                matches = await asyncio.to_thread(_match, self._matcher, records)
                self._metrics.seconds.inc(time.perf_counter() - started)
                with translate_errors(self._settings):
                    sent = ((found.searches[0].search, found.article, found) for found in matches)
                    await writer.send(MATCHES, sent)
            except BaseException:
                # Cancelled too: the follower may have read changes that the matcher never got, and the thread may
                # still use the matcher. The next batch begins with new ones.
                await self._release()
                raise
        self._metrics.count(len(records), sum(len(found.searches) for found in matches), self._matcher)
        return [None] * len(records)

    async def check(self) -> None:
        """Check that the standing searches were read.

        Raises:
            Retryable: Kafka is unavailable.
        """
        async with self._lock:
            await self._open()

    async def close(self) -> None:
        """Close the clients."""
        async with self._lock:
            await self._release()

    async def _open(self) -> tuple[SearchFollower, Writer]:
        if self._opened is None:
            await create_topics(self._settings, alert_specs(self._settings))
            stack = AsyncExitStack()
            try:
                follower = await stack.enter_async_context(follow_searches(self._settings))
                producer = await stack.enter_async_context(open_producer(self._settings))
                sources = DirectoryFollower(self._settings)
                sources.start()
                stack.push_async_callback(sources.close)
                await sources.wait()
                matcher = SearchMatcher(SourceScope(sources.read), partition_of)
                matcher.update(await follower.refresh(), follower.directory.searches)
            except BaseException:
                await stack.aclose()
                raise
            self._matcher, self._stack = matcher, stack
            self._opened = follower, Writer(self._settings, producer)
        return self._opened

    async def _release(self) -> None:
        self._opened = None
        await self._stack.aclose()


def _match(matcher: SearchMatcher, records: Sequence[Article]) -> list[ArticleMatches]:
    return [match for article in records for match in matcher.match(article)]


def build(context: Context) -> AlertMatcher:
    """Make the sink."""
    return AlertMatcher(context.settings, MatchMetrics(context.metrics.registry))


TAP = Tap("alerts", version="1", accepts=Article, build=build, reads=Topic.ENRICHED)
