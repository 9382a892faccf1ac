"""Is this worker alive, ready, and how far behind is it? Served over HTTP beside its metrics.

/livez fails when a partition has had work waiting for a minute and nothing was finished (Faust's own check only logs),
and when partitions are being assigned, or tables read back, for five minutes without a step forward.
/readyz fails until Kafka assigned partitions and tables are read back, and while Kafka or Elasticsearch is away, also
when there is nothing to do.
/metrics is for Prometheus.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol, cast

import psutil
from aiohttp import web
from faust.exceptions import ConsumerNotStarted
from faust.tables.manager import TableManager
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.engine.runner import StageRunner
from streams.errors import Retryable
from streams.kafka.clients import missing_topics
from streams.observability.health_checks import find_fault, measure_loop_delay
from streams.observability.logs import FAUST_LOGGER, get_logger
from streams.observability.metrics import Metrics
from streams.observability.stall_detector import StallDetector
from streams.settings import Settings
from streams.stage import SinkStage
from streams.topics import topic_name

log = get_logger(__name__)

STALL_SECONDS = 60.0
# A group waits for its slowest member for a minute, perhaps more than once; a table being read back moves all the time.
ASSIGNMENT_SECONDS = 300.0
ASK_SECONDS = 10.0
LOST_ROUNDS = 3  # a broker that has just come back may not know its topics yet


class WatchedWorker(Protocol):
    """What health reads of a worker's Faust app (`streams.engine.faust.worker_app`), and the one flag that it sets.

    Attributes:
        runners: the stages that the worker runs, by name.
        steps: how often a stage that computes for long reported progress.
        rebalancing: partitions are being assigned, or tables read back.
        stopping: the worker was told to stop.
        topics_lost: Kafka does not have the topics any more; set by health.
    """

    settings: Settings
    runners: dict[str, StageRunner]
    steps: int
    rebalancing: bool
    stopping: bool
    topics_lost: bool

    @property
    def consumer(self) -> Any:
        """Return Faust's consumer; makes one when there is none yet."""
        ...

    @property
    def tables(self) -> Any:
        """Return Faust's table manager."""
        ...

    @property
    def crashed(self) -> bool:
        """Return whether a service of the app has failed."""
        ...

    async def crash(self, reason: BaseException) -> None:
        """Stop the app because of a failure."""
        ...


class WorkerHealth:
    """Reads the state of a worker app; changes nothing in it.

    Args:
        app: the worker.
        stall_seconds: work waits this long without progress before the worker counts as stalled.
    """

    def __init__(self, app: WatchedWorker, stall_seconds: float = STALL_SECONDS) -> None:
        self.app = app
        self.stall_seconds = stall_seconds
        self.servers = Servers(app)
        self._work: StallDetector[tuple[str, int]] = StallDetector()
        self._assigning: StallDetector[str] = StallDetector()

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
        for runner in self.app.runners.values():
            topic = topic_name(runner.wired.reads, self.app.settings)
            for tp in assignment:
                if tp.topic == topic and (end := consumer.highwater(tp)) is not None:
                    done = max(runner.done.get(tp.partition, 0), consumer._committed_offset.get(tp) or 0)
                    positions[runner.wired.name, tp.partition] = (min(done, end), end)
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
        positions = self._positions()
        # A stage in the thread moves while whoever computes there does.
        steps = {place: self.app.steps if self.app.runners[place[0]].computing else 0 for place in positions}
        self._work.observe({at: (done + steps[at], end + steps[at]) for at, (done, end) in positions.items()}, now)
        self._assigning.observe(self._assignment_progress(), now)

    def _assignment_progress(self) -> dict[str, tuple[int, int]]:
        """While partitions are being assigned, as Faust says until tables are read back: how far the tables are."""
        if not self.app.rebalancing or self.servers.faults:
            return {}  # without Kafka nobody gets partitions, and a restart would not help
        offsets = cast(TableManager, self.app.tables).recovery.active_offsets.values()
        read = sum(offset or 0 for offset in offsets)
        return {"partitions": (read, read + 1)}

    def stalled(self, now: float) -> list[str]:
        """Stages with work waiting that have finished nothing for too long.

        A stage that waits for the outside world is not stalled: a restart would not help it, and /readyz tells.
        """
        waiting = self.waiting()
        stuck = {stage for stage, _ in self._work.stuck(now, self.stall_seconds)}
        return sorted(stuck - set(waiting))

    def not_alive(self, now: float) -> list[str]:
        """Why a restart would help; empty when it would not."""
        faults = [f"{stage}: no progress for {self.stall_seconds:.0f} s" for stage in self.stalled(now)]
        if self._assigning.stuck(now, ASSIGNMENT_SECONDS):
            faults.append(f"partitions: neither assigned nor tables read back for {ASSIGNMENT_SECONDS:.0f} s")
        return faults

    def connected(self) -> bool:
        """Whether Kafka was reached, and the topics were there."""
        return self._assignment() is not None

    def not_ready(self) -> list[str]:
        """What still keeps this worker from working; empty when it is ready."""
        faults = []
        if self.app.stopping or self.app.crashed:
            faults.append("worker: is ending")
        if self._assignment() is None:
            faults.append("Kafka: not connected")
        elif self.app.rebalancing:
            faults.append("Kafka: partitions are being assigned")
        elif not cast(TableManager, self.app.tables).recovery.completed.is_set():
            faults.append("tables: being read back")
        return faults + self.servers.faults + [f"{name}: waiting for the outside world" for name in self.waiting()]

    def waiting(self) -> list[str]:
        """Stages that wait for a broker or server right now."""
        return sorted(name for name, runner in self.app.runners.items() if runner.waiting)


class TopicsLostError(RuntimeError):
    """Kafka does not have the topics any more that it had when this worker began."""


class Servers:
    """Asks Kafka, and the stores of this worker's sinks, whether they answer: an idle stage would not notice.

    Attributes:
        faults: what the last round found, one line each.
        lost: topics that Kafka did not have in any of the last rounds, `LOST_ROUNDS` at least.
    """

    def __init__(self, app: WatchedWorker) -> None:
        self.app = app
        self.faults = ["Kafka and Elasticsearch: not asked yet"]
        self.lost: list[str] = []
        self._rounds_without = 0

    async def ask(self) -> None:
        """One round."""
        stores = [r.function.check() for r in self.app.runners.values() if isinstance(r.stage, SinkStage)]
        # Whatever a check raises, the worker goes on, and is not ready.
        found = await asyncio.gather(*(find_fault(check, Exception) for check in (self._ask_kafka(), *stores)))
        self.faults = list(dict.fromkeys(fault for fault in found if fault is not None))

    async def _ask_kafka(self) -> None:
        read = {topic_name(runner.wired.reads, self.app.settings) for runner in self.app.runners.values()}
        missing = await missing_topics(self.app.settings, sorted(read))
        self._rounds_without = self._rounds_without + 1 if missing else 0
        self.lost = missing if self._rounds_without >= LOST_ROUNDS else []
        if missing:
            raise Retryable(f"Kafka: there is no topic {missing[0]}")


class HealthServer(Service):
    """The worker's HTTP server, and the timers that measure lag and event loop delay and ask the servers."""

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
            await measure_loop_delay(self.metrics.loop_delay)
            self.health.observe(time.monotonic())
            self._publish()

    @Service.task
    async def _ask(self) -> None:
        while not self.should_stop:
            await self.health.servers.ask()
            if self.health.servers.lost and self.health.connected():
                # Kafka came back without its data. It gives nobody partitions of what it does not have; whoever begins
                # anew makes the topics first.
                self.health.app.topics_lost = True
                await self.health.app.crash(TopicsLostError(f"Kafka has lost {', '.join(self.health.servers.lost)}"))
                return
            await self.sleep(ASK_SECONDS)

    def _publish(self) -> None:
        for gauge in (self.metrics.lag, self.metrics.lag_seconds):
            gauge.clear()  # of partitions that were taken away
        for (stage, partition), lag in self.health.lag().items():
            self.metrics.lag.labels(stage, str(partition)).set(lag)
        for (stage, partition), age in self.health.lag_seconds(time.time()).items():
            self.metrics.lag_seconds.labels(stage, str(partition)).set(age)
        self.metrics.state_free.set(psutil.disk_usage(str(self.settings.state_dir)).free)

    async def _livez(self, _: web.Request) -> web.Response:
        return _answer(self.health.not_alive(time.monotonic()))

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self.health.not_ready())

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(faults: list[str]) -> web.Response:
    return web.json_response({"ok": not faults, "faults": faults}, status=503 if faults else 200)
