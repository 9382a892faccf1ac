"""Liveness of the API's process: it is dead if a restart would help, and not because a server is unavailable.

A response on /livez shows that the event loop runs. The background tasks are checked here: the live feed must advance
while there are articles, and Kafka and Elasticsearch must be polled, or their metrics and alerts go stale.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from streams.api.cluster_monitor import ClusterMonitor
from streams.api.feed import LiveFeed
from streams.observability.health_checks import measure_loop_delay
from streams.observability.metrics import Metrics
from streams.observability.stall_detector import StallDetector

STALL_SECONDS = 60.0
# A poll ends within `streams.api.cluster_monitor.ROUND_SECONDS`, whatever the servers do.
WATCH_SECONDS = 120.0


class SharedCheck:
    """A check of a server that runs once at a time, so that a flood of probes does not become one of connections.

    Args:
        check: returns a coroutine that returns the fault, or None.
    """

    def __init__(self, check: Callable[[], Coroutine[Any, Any, str | None]]) -> None:
        self._check = check
        self._task: asyncio.Task[str | None] | None = None

    async def fault(self) -> str | None:
        """Return what is wrong with the server, or None."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._check())
        # A prober that leaves must not end the check for the others.
        return await asyncio.shield(self._task)


class ApiHealth:
    """Measures the event loop's delay and detects background tasks that make no progress.

    Args:
        feed: the live feed.
        watch: knows the partitions' end offsets, over a connection other than the feed's.
        metrics: for the event loop's delay and the feed's lag.
    """

    def __init__(self, feed: LiveFeed, watch: ClusterMonitor, metrics: Metrics) -> None:
        self._feed = feed
        self._watch = watch
        self._metrics = metrics
        self._progress: StallDetector[int] = StallDetector()
        self._started = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start measuring, once a second."""
        self._task = asyncio.create_task(self._measure())

    async def close(self) -> None:
        """Stop measuring."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _measure(self) -> None:
        while True:
            await measure_loop_delay(self._metrics.loop_delay)
            self.observe(time.monotonic())

    def observe(self, now: float) -> None:
        """Record the feed's positions.

        Args:
            now: monotonic time in seconds.
        """
        # While Kafka is unavailable the end offsets are unknown, and the feed does not count as behind.
        ends, read = self._watch.live_ends, self._feed.positions
        self._metrics.live_lag.set(sum(max(0, end - read.get(partition, end)) for partition, end in ends.items()))
        self._progress.observe({partition: (read.get(partition, 0), end) for partition, end in ends.items()}, now)

    @property
    def warnings(self) -> list[str]:
        """Topics of which Kafka may soon delete unprocessed records, one line each."""
        return self._watch.warnings

    def faults(self, now: float) -> list[str]:
        """Return the faults that a restart would repair.

        Args:
            now: monotonic time in seconds.
        """
        faults = []
        if stuck := self._progress.stuck(now, STALL_SECONDS):
            partitions = ", ".join(map(str, sorted(stuck)))
            faults.append(f"live feed: no progress for {STALL_SECONDS:.0f} s in partition {partitions}")
        if now - max(self._watch.asked_at, self._started) > WATCH_SECONDS:
            faults.append(f"servers: not polled for {WATCH_SECONDS:.0f} s")
        return faults
