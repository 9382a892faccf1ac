"""Serve the health and metrics of a worker over HTTP: /livez, /readyz, /metrics.

/livez fails when a partition has records waiting and none was finished for a minute (Faust's own check only logs this),
and when assigning partitions or restoring tables makes no progress for five minutes.
/readyz fails until partitions are assigned and tables restored, and while Kafka or Elasticsearch is unavailable, even
if no records are waiting. It warns, without failing, when Kafka may soon delete records that are not read yet.
/metrics is for Prometheus.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, cast

import psutil
from aiohttp import web
from faust.exceptions import ConsumerNotStarted
from faust.tables.manager import TableManager
from faust.types import TP
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.engine.runner import StageRunner
from streams.engine.sink_writes import CHECK_SECONDS
from streams.engine.suspects import Suspects
from streams.errors import RasdError, Retryable
from streams.kafka.clients import missing_topics
from streams.kafka.retention import DeletedUnread, UnreadWatch
from streams.observability.health_checks import find_fault, measure_loop_delay
from streams.observability.logs import FAUST_LOGGER, get_logger
from streams.observability.metrics import Metrics
from streams.observability.operations_site import open_site
from streams.observability.stall_detector import StallDetector
from streams.settings import Settings
from streams.stage import SinkStage
from streams.topics import topic_name

log = get_logger(__name__)

STALL_SECONDS = 60.0
# A group waits up to a minute for its slowest member, perhaps repeatedly. Restoring a table makes steady progress.
ASSIGNMENT_SECONDS = 300.0
CHECK_INTERVAL_SECONDS = 10.0
# Between two checks while a server is unavailable, so that the worker is ready soon after it is there again.
RECHECK_SECONDS = 2.0
UNREAD_SECONDS = 60.0
LOST_SECONDS = 20.0  # a broker that has just restarted may not know its topics yet


class WatchedWorker(Protocol):
    """The part of `streams.engine.faust.worker_app.WorkerApp` that the health checks use.

    Attributes:
        settings: settings of the worker.
        metrics: metrics of the worker.
        runners: the runners of the worker's stages, by stage name.
        rebalancing: whether partitions are being assigned or tables restored.
        stopping: whether a stop signal arrived.
        topics_lost: whether Kafka lost the topics that the worker reads; set by `HealthServer`.
        suspects: the records that the worker has in hand; `HealthServer` tells it that the event loop runs.
    """

    settings: Settings
    metrics: Metrics
    runners: dict[str, StageRunner]
    rebalancing: bool
    stopping: bool
    topics_lost: bool
    suspects: Suspects

    @property
    def steps(self) -> int:
        """Return a number that grows while stages that compute for long make progress."""
        ...

    @property
    def stage_process_id(self) -> int | None:
        """Return the id of the process in which map stages compute, None while there is none."""
        ...

    @property
    def consumer(self) -> Any:
        """Return Faust's consumer, which is created on first access."""
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
    """The lag, liveness and readiness of a worker, derived from the state of its app.

    Args:
        app: the worker's app.
        stall_seconds: time without progress, in seconds, after which a stage with waiting records is stalled; if None,
            a minute, or longer if the limit for a record (`record_seconds`) is.

    Attributes:
        servers: the checks of Kafka and of the sinks' stores.
        deleted: the count of records that were deleted before they were read.
        unread: what retention does to the records that are not read yet.
    """

    def __init__(self, app: WatchedWorker, stall_seconds: float | None = None) -> None:
        self.app = app
        # A record that takes too long is ended by the stage process, and tried a second time.
        self.stall_seconds = stall_seconds or max(STALL_SECONDS, 2 * app.settings.record_seconds)
        self.servers = ServerChecks(app)
        self.deleted = DeletedUnread(app.metrics)
        self.unread = UnreadWatch(app.settings, self.deleted)
        self._rounds = 0
        self._work: StallDetector[tuple[str, int]] = StallDetector()
        self._assigning: StallDetector[str] = StallDetector()

    def lag(self) -> dict[tuple[str, int], int]:
        """Return the number of waiting records, by stage and partition of this worker."""
        return {key: end - done for key, (done, end) in self._positions().items()}

    def lag_seconds(self, now: float) -> dict[tuple[str, int], float]:
        """Return the age of the oldest waiting record in seconds, by stage and partition of this worker.

        The timestamp of a record is not known before it is read. While no record is being processed, the age of the
        last one finished is returned instead, an upper bound. Partitions that nothing was read from yet are omitted.

        Args:
            now: seconds since the epoch, as in Kafka's timestamps.
        """
        ages = {}
        for (stage, partition), waiting in self.lag().items():
            since = self.app.runners[stage].waits_since.get(partition)
            if waiting == 0:
                ages[stage, partition] = 0.0
            elif since is not None:
                ages[stage, partition] = max(0.0, now - since)
        return ages

    def count_deleted(self) -> None:
        """Count the records of this worker's partitions that Kafka deleted unread, by its last answer."""
        for stage, partition in self._positions():
            runner = self.app.runners[stage]
            done = self._finished(runner, partition)
            self.unread.count_deleted(stage, runner.wired.reads, partition, done)

    def _finished(self, runner: StageRunner, partition: int) -> int:
        """Return the next offset to finish, as far as this worker or its group has finished any."""
        topic = topic_name(runner.wired.reads, self.app.settings)
        committed = self.app.consumer._committed_offset.get(TP(topic, partition)) or 0
        return max(runner.done.get(partition, 0), committed)

    def _positions(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Return (next offset to finish, end of the partition), by stage and partition."""
        positions: dict[tuple[str, int], tuple[int, int]] = {}
        assignment = self._assignment()
        if assignment is None or self.app.rebalancing:
            return positions
        consumer: Any = self.app.consumer
        for runner in self.app.runners.values():
            topic = topic_name(runner.wired.reads, self.app.settings)
            for tp in assignment:
                if tp.topic == topic and (end := consumer.highwater(tp)) is not None:
                    done = max(
                        self._finished(runner, tp.partition),
                        # Else records that Kafka no longer has would wait for ever, and the stage would seem stalled.
                        self.unread.starts_at(runner.wired.reads, tp.partition),
                    )
                    positions[runner.wired.name, tp.partition] = (min(done, end), end)
        return positions

    def _assignment(self) -> set[Any] | None:
        """Return this worker's partitions, or None before Kafka was reached."""
        if getattr(self.app, "_consumer", None) is None:  # the property `consumer` would create one
            return None
        try:
            return set(self.app.consumer.assignment())
        except ConsumerNotStarted:
            return None

    def observe(self, now: float) -> None:
        """Record the progress of all partitions; called once a second.

        Args:
            now: seconds of a monotonic clock.
        """
        positions = self._positions()
        self._rounds += 1
        steps = {key: self._steps(self.app.runners[key[0]]) for key in positions}
        self._work.observe({key: (done + steps[key], end + steps[key]) for key, (done, end) in positions.items()}, now)
        self._assigning.observe(self._assignment_progress(), now)

    def _steps(self, runner: StageRunner) -> int:
        """Return a number that grows while something else sees to it that the stage does not stand for ever."""
        if runner.computing:
            # All map stages share one process, so progress of the one that computes counts for those queued behind it.
            return self.app.steps
        return self._rounds if runner.writer is not None and runner.writer.limited else 0

    def _assignment_progress(self) -> dict[str, tuple[int, int]]:
        """Return how far tables are restored, while Faust assigns partitions or restores tables; else nothing."""
        if not self.app.rebalancing or self.servers.faults:
            return {}  # without Kafka no partitions are assigned, and a restart would not help
        offsets = cast(TableManager, self.app.tables).recovery.active_offsets.values()
        read = sum(offset or 0 for offset in offsets)
        return {"partitions": (read, read + 1)}

    def stalled(self, now: float) -> list[str]:
        """Return the stages that have records waiting and finished none for `stall_seconds`.

        A stage that waits for a server is not stalled: a restart would not help, and /readyz reports it.

        Args:
            now: seconds of a monotonic clock.
        """
        waiting = self.waiting()
        stuck = {stage for stage, _ in self._work.stuck(now, self.stall_seconds)}
        return sorted(stuck - set(waiting))

    def not_alive(self, now: float) -> list[str]:
        """Return the reasons why a restart would help; none if the worker is alive.

        Args:
            now: seconds of a monotonic clock.
        """
        faults = [
            f"{stage}: no progress for {self.stall_seconds:.0f} s{self._standing(stage, now)}"
            for stage in self.stalled(now)
        ]
        if self._assigning.stuck(now, ASSIGNMENT_SECONDS):
            faults.append(f"partitions: neither assigned nor tables read back for {ASSIGNMENT_SECONDS:.0f} s")
        return faults

    def _standing(self, stage: str, now: float) -> str:
        """Name the record that stands first in a partition of a stalled stage."""
        runner = self.app.runners[stage]
        stuck = [partition for name, partition in self._work.stuck(now, self.stall_seconds) if name == stage]
        taken = [runner.in_hand[partition] for partition in stuck if partition in runner.in_hand]
        if taken:
            return f"; first stands {min(taken, key=lambda each: each.since)}"
        topic = topic_name(runner.wired.reads, self.app.settings)
        offsets = {partition: done for (name, partition), (done, _) in self._positions().items() if name == stage}
        waiting = [f"{topic} {partition}:{offsets[partition]}" for partition in sorted(stuck) if partition in offsets]
        return f"; first stands {waiting[0]}, not taken yet" if waiting else ""

    async def ask_unread(self) -> None:
        """Ask Kafka what retention does to the unread records; without an answer, what was known stays."""
        topics = list(dict.fromkeys(runner.wired.reads for runner in self.app.runners.values()))
        with suppress(RasdError):  # /readyz says so (`ServerChecks`)
            await self.unread.ask(topics)

    def connected(self) -> bool:
        """Return whether Kafka was reached and had the topics."""
        return self._assignment() is not None

    def not_ready(self) -> list[str]:
        """Return the reasons why this worker cannot process records; none if it is ready."""
        faults = []
        if self.app.stopping or self.app.crashed:
            faults.append("worker: stopping")
        if self._assignment() is None:
            faults.append("Kafka: not connected")
        elif self.app.rebalancing:
            faults.append("Kafka: partitions are being assigned")
        elif not cast(TableManager, self.app.tables).recovery.completed.is_set():
            faults.append("tables: being read back")
        return faults + self.servers.faults + [f"{name}: waiting for a server" for name in self.waiting()]

    def waiting(self) -> list[str]:
        """Return the stages that wait for a broker or server."""
        return sorted(name for name, runner in self.app.runners.items() if runner.waiting)


class TopicsLostError(RuntimeError):
    """Kafka no longer has topics that it had when this worker started."""


class ServerChecks:
    """The checks whether Kafka and the stores of this worker's sinks respond, which an idle stage would not notice.

    Args:
        app: the worker's app.

    Attributes:
        faults: faults found by the last round of checks, one line each.
        lost: topics that the last round found missing, if Kafka answered without them for `LOST_SECONDS`.
    """

    def __init__(self, app: WatchedWorker, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self.faults = ["servers: not checked yet"]
        self.lost: list[str] = []
        self._clock = clock
        self._missing_since: float | None = None

    async def check(self) -> None:
        """Check all servers once, and store the faults."""
        stores = [_check_store(r) for r in self.app.runners.values() if isinstance(r.stage, SinkStage)]
        # Any exception makes the worker not ready, and does not stop it.
        found = await asyncio.gather(*(find_fault(check, Exception) for check in (self._check_kafka(), *stores)))
        self.faults = list(dict.fromkeys(fault for fault in found if fault is not None))

    async def _check_kafka(self) -> None:
        read = {topic_name(runner.wired.reads, self.app.settings) for runner in self.app.runners.values()}
        since, self._missing_since = self._missing_since, None
        missing = await missing_topics(self.app.settings, sorted(read))
        now = self._clock()
        since = now if since is None else since
        self.lost = missing if now - since >= LOST_SECONDS else []
        if missing:
            self._missing_since = since
            raise Retryable(f"Kafka: there is no topic {missing[0]}")


async def _check_store(runner: StageRunner) -> None:
    """Ask the store of a sink, which may be a plugin's: for `CHECK_SECONDS` at most, and whatever it raises.

    Raises:
        Retryable: it does not answer in time.
    """
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await runner.function.check()
    except TimeoutError as error:
        raise Retryable(f"{runner.stage.name}: its store does not answer within {CHECK_SECONDS:.0f} s") from error


class StageProcessUse:
    """What the process in which map stages compute takes of the machine, which /metrics counts beside the worker.

    Args:
        metrics: metrics of the worker.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._process: psutil.Process | None = None
        self._counted = 0.0

    def measure(self, pid: int | None) -> None:
        """Record the memory, and add the processor time since the last call.

        Args:
            pid: id of the process; None while there is none.
        """
        memory = 0
        with suppress(psutil.Error):
            if pid is not None and (self._process is None or self._process.pid != pid):
                self._process, self._counted = psutil.Process(pid), 0.0
            if pid is not None and self._process is not None:
                with self._process.oneshot():
                    times = self._process.cpu_times()
                    memory = self._process.memory_info().rss
                self._metrics.stage_process_cpu.inc(max(0.0, times.user + times.system - self._counted))
                self._counted = times.user + times.system
        self._metrics.stage_process_memory.set(memory)


class HealthServer(Service):
    """The worker's HTTP server, with timers that measure lag and event loop delay and check the servers."""

    logger = FAUST_LOGGER

    def __init__(self, health: WorkerHealth, settings: Settings, metrics: Metrics, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.health = health
        self.settings = settings
        self.metrics = metrics
        self._runner: web.AppRunner | None = None
        self._stage_process = StageProcessUse(metrics)

    async def on_start(self) -> None:
        handlers = {"/livez": self._livez, "/readyz": self._readyz, "/metrics": self._metrics}
        self._runner, url = await open_site(handlers, self.settings.worker_host, self.settings.worker_port)
        log.info("metrics and health", url=f"{url}/metrics")

    async def on_stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @Service.task
    async def _measure(self) -> None:
        while not self.should_stop:
            await measure_loop_delay(self.metrics.loop_delay)
            self.health.app.suspects.beat()
            self.health.observe(time.monotonic())
            self.health.count_deleted()
            self._publish()

    @Service.task
    async def _check_servers(self) -> None:
        while not self.should_stop:
            await self.health.servers.check()
            if self.health.servers.lost and self.health.connected():
                # Kafka restarted without its data, and assigns no partitions of topics that are missing. A worker
                # creates them when it starts.
                self.health.app.topics_lost = True
                await self.health.app.crash(TopicsLostError(f"Kafka has lost {', '.join(self.health.servers.lost)}"))
                return
            await self.sleep(RECHECK_SECONDS if self.health.servers.faults else CHECK_INTERVAL_SECONDS)

    @Service.task
    async def _watch_unread(self) -> None:
        while not self.should_stop:
            try:
                await self.health.ask_unread()
            except Exception:  # a bug; it must not stop the worker
                log.exception("reading what waits in the topics failed; retrying")
            await self.sleep(UNREAD_SECONDS)

    def _publish(self) -> None:
        for gauge in (self.metrics.lag, self.metrics.lag_seconds):
            gauge.clear()  # removes partitions that are no longer assigned
        for (stage, partition), lag in self.health.lag().items():
            self.metrics.lag.labels(stage, str(partition)).set(lag)
        for (stage, partition), age in self.health.lag_seconds(time.time()).items():
            self.metrics.lag_seconds.labels(stage, str(partition)).set(age)
        self._stage_process.measure(self.health.app.stage_process_id)
        with suppress(FileNotFoundError):  # someone deleted it; the tables say so themselves
            self.metrics.set_state_free(psutil.disk_usage(str(self.settings.state_dir)).free)

    async def _livez(self, _: web.Request) -> web.Response:
        return _answer(self.health.not_alive(time.monotonic()))

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self.health.not_ready(), self.health.unread.warnings)

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(faults: list[str], warnings: Sequence[str] = ()) -> web.Response:
    body = {"ok": not faults, "faults": faults, "warnings": list(warnings)}
    return web.json_response(body, status=503 if faults else 200)
