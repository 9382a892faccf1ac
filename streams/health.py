"""Is this worker alive, ready, and how far behind is it? Served over HTTP beside its metrics.

/livez fails when a partition has had work waiting for a minute and nothing was finished: Faust's own check only logs.
/readyz fails until Kafka assigned partitions and tables are read back, and while Elasticsearch is away.
/metrics is for Prometheus.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

import psutil
from aiohttp import web
from faust.exceptions import ConsumerNotStarted
from faust.tables.manager import TableManager
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.logs import FAUST_LOGGER, get_logger
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topics import topic_name

if TYPE_CHECKING:
    from streams.worker import WorkerApp

log = get_logger(__name__)

STALL_SECONDS = 60.0
MEASURE_SECONDS = 1.0


class WorkerHealth:
    """Reads the state of a worker app; changes nothing in it.

    Args:
        app: the worker.
        stall_seconds: work waits this long without progress before the worker counts as stalled.
    """

    def __init__(self, app: WorkerApp, stall_seconds: float = STALL_SECONDS) -> None:
        self.app = app
        self.stall_seconds = stall_seconds
        self._stuck_since: dict[tuple[str, int], tuple[int, float]] = {}

    def lag(self) -> dict[tuple[str, int], int]:
        """Records waiting, by stage and partition of this worker."""
        return {place: end - done for place, (done, end) in self._positions().items()}

    def lag_seconds(self, now: float) -> dict[tuple[str, int], float]:
        """Age of the oldest record waiting, by stage and partition of this worker.

        Kafka does not say when a record that was not read yet has come, so while none is in hand this is the age of the
        last one finished: never less than the truth. A partition of which nothing was read yet is left out.

        Args:
            now: seconds since the epoch, the clock of Kafka's timestamps.
        """
        ages = {}
        for (stage, partition), waiting in self.lag().items():
            since = self.app.runners[stage].waits_since.get(partition)
            if waiting == 0:
                ages[stage, partition] = 0.0
            elif since is not None:
                ages[stage, partition] = max(0.0, now - since)
        return ages

    def _positions(self) -> dict[tuple[str, int], tuple[int, int]]:
        """(next offset to finish, end of the partition) by stage and partition."""
        positions: dict[tuple[str, int], tuple[int, int]] = {}
        assignment = self._assignment()
        if assignment is None or self.app.rebalancing:
            return positions
        consumer: Any = self.app.consumer
        runners = {topic_name(r.stage.reads, self.app.settings): r for r in self.app.runners.values()}
        for tp in assignment:
            if (runner := runners.get(tp.topic)) is not None and (end := consumer.highwater(tp)) is not None:
                done = max(runner.done.get(tp.partition, 0), consumer._committed_offset.get(tp) or 0)
                positions[runner.stage.name, tp.partition] = (min(done, end), end)
        return positions

    def _assignment(self) -> set[Any] | None:
        """This worker's partitions; None while Kafka was not reached yet."""
        if getattr(self.app, "_consumer", None) is None:  # the property `consumer` would make one
            return None
        try:
            return set(self.app.consumer.assignment())
        except ConsumerNotStarted:
            return None

    def observe(self, now: float) -> None:
        """Note which partitions have work waiting and do not move; called once a second.

        Args:
            now: a monotonic clock, seconds.
        """
        stuck: dict[tuple[str, int], tuple[int, float]] = {}
        for place, (done, end) in self._positions().items():
            if end > done:
                before, since = self._stuck_since.get(place, (done, now))
                stuck[place] = (done, since if before == done else now)
        self._stuck_since = stuck

    def stalled(self, now: float) -> list[str]:
        """Stages with work waiting that have finished nothing for too long.

        A stage that waits for the outside world is not stalled: a restart would not help it, and /readyz tells.
        """
        waiting = self.waiting()
        return sorted(
            {
                stage
                for (stage, _), (_, since) in self._stuck_since.items()
                if stage not in waiting and now - since > self.stall_seconds
            }
        )

    def not_ready(self) -> list[str]:
        """What still keeps this worker from working; empty when it is ready."""
        faults = []
        if self._assignment() is None:
            faults.append("Kafka: not connected")
        elif self.app.rebalancing:
            faults.append("Kafka: partitions are being assigned")
        elif not cast(TableManager, self.app.tables).recovery.completed.is_set():
            faults.append("tables: being read back")
        return faults + [f"{name}: waiting for the outside world" for name in self.waiting()]

    def waiting(self) -> list[str]:
        """Stages that wait for a broker or server right now."""
        return sorted(name for name, runner in self.app.runners.items() if runner.waiting)


class HealthServer(Service):
    """The worker's HTTP server, and the timer that measures lag and event loop delay."""

    logger = FAUST_LOGGER

    def __init__(self, health: WorkerHealth, settings: Settings, metrics: Metrics, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.health = health
        self.settings = settings
        self.metrics = metrics
        self._runner: web.AppRunner | None = None

    async def on_start(self) -> None:
        site = web.Application()
        site.add_routes(
            [web.get("/livez", self._livez), web.get("/readyz", self._readyz), web.get("/metrics", self._metrics)]
        )
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        address = (self.settings.worker_host, self.settings.worker_port)
        try:
            await web.TCPSite(self._runner, *address).start()
        except OSError:
            # A second worker on one machine is normal; its metrics then live on a port of the system's choice.
            await web.TCPSite(self._runner, address[0], 0).start()
        host, port = self._runner.addresses[0][:2]
        log.info("metrics and health", url=f"http://{host}:{port}/metrics")

    async def on_stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @Service.task
    async def _measure(self) -> None:
        while not self.should_stop:
            due = time.perf_counter() + MEASURE_SECONDS
            await asyncio.sleep(MEASURE_SECONDS)
            self.metrics.loop_delay.observe(max(0.0, time.perf_counter() - due))
            self.health.observe(time.monotonic())
            self._publish()

    def _publish(self) -> None:
        for gauge in (self.metrics.lag, self.metrics.lag_seconds):
            gauge.clear()  # of partitions that were taken away
        for (stage, partition), lag in self.health.lag().items():
            self.metrics.lag.labels(stage, str(partition)).set(lag)
        for (stage, partition), age in self.health.lag_seconds(time.time()).items():
            self.metrics.lag_seconds.labels(stage, str(partition)).set(age)
        self.metrics.state_free.set(psutil.disk_usage(str(self.settings.state_dir)).free)

    async def _livez(self, _: web.Request) -> web.Response:
        stalled = self.health.stalled(time.monotonic())
        return _answer([f"{stage}: no progress for {self.health.stall_seconds:.0f} s" for stage in stalled])

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self.health.not_ready())

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(faults: list[str]) -> web.Response:
    return web.json_response({"ok": not faults, "faults": faults}, status=503 if faults else 200)
