"""Does the API's process still do its work? What a restart would mend makes it dead; a server that is away does not.

Whoever asks over HTTP learns that the event loop turns. What happens beside requests is looked at here: the live feed
has to move while there are articles, and the servers have to be asked, else their metrics and alerts stand still.
"""

from __future__ import annotations

import asyncio
import time

from streams.api.cluster_monitor import ClusterMonitor
from streams.api.feed import LiveFeed
from streams.observability.metrics import Metrics
from streams.observability.stall_detector import StallDetector

MEASURE_SECONDS = 1.0
STALL_SECONDS = 60.0
# A round of questions ends after `streams.api.cluster_monitor.ROUND_SECONDS` whatever the servers do.
WATCH_SECONDS = 120.0


class ApiHealth:
    """Measures the event loop, and looks at what runs beside the requests.

    Args:
        feed: the live feed.
        watch: knows, independently of the feed's own connection, where Kafka's partitions end.
        metrics: gets the event loop's delay and the feed's lag.
    """

    def __init__(self, feed: LiveFeed, watch: ClusterMonitor, metrics: Metrics) -> None:
        self._feed = feed
        self._watch = watch
        self._metrics = metrics
        self._progress: StallDetector[int] = StallDetector()
        self._started = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to measure, once a second."""
        self._task = asyncio.create_task(self._measure())

    async def close(self) -> None:
        """Stop measuring."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _measure(self) -> None:
        while True:
            due = time.perf_counter() + MEASURE_SECONDS
            await asyncio.sleep(MEASURE_SECONDS)
            self._metrics.loop_delay.observe(max(0.0, time.perf_counter() - due))
            self.observe(time.monotonic())

    def observe(self, now: float) -> None:
        """Note where the feed is.

        Args:
            now: a monotonic clock, seconds.
        """
        # Nothing is known of the ends while Kafka is away, and then nobody is behind.
        ends, read = self._watch.live_ends, self._feed.positions
        self._metrics.live_lag.set(sum(max(0, end - read.get(partition, end)) for partition, end in ends.items()))
        self._progress.observe({partition: (read.get(partition, 0), end) for partition, end in ends.items()}, now)

    def faults(self, now: float) -> list[str]:
        """Why a restart would help; empty when it would not."""
        faults = []
        if stuck := self._progress.stuck(now, STALL_SECONDS):
            partitions = ", ".join(map(str, sorted(stuck)))
            faults.append(f"live feed: no progress for {STALL_SECONDS:.0f} s in partition {partitions}")
        if now - max(self._watch.asked_at, self._started) > WATCH_SECONDS:
            faults.append(f"servers: not asked how they are for {WATCH_SECONDS:.0f} s")
        return faults
