"""A worker: a Faust app whose agents are stage runners. Only this module, `tables` and `transport` know Faust."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import Signals
from typing import Any, cast

import faust
import uvloop
from faust.auth import SASLCredentials, SSLCredentials
from faust.exceptions import ConsistencyError
from faust.tables.manager import TableManager
from faust.transport.drivers.aiokafka import Transport
from faust.types import TP

from streams.engine.faust.tables import ConfirmedTable, claim_folder
from streams.engine.faust.transport import PromptTransport
from streams.engine.faust.worker_health import HealthServer, WorkerHealth
from streams.engine.runner import StageRunner
from streams.kafka.clients import committed_offset, first_offset, wait_for_topics
from streams.observability.logs import FAUST_LOGGER, get_logger
from streams.observability.metrics import Metrics
from streams.observability.tracing import Headers, open_tracing
from streams.pipeline import WiredStage, load_pipeline, tap_settings
from streams.security import kafka_password, kafka_tls
from streams.settings import MIB, Settings
from streams.stage import MapStage, StatefulFunction
from streams.topics import LOOKUP_PARTITIONS, TopicSpec, topic_name

log = get_logger(__name__)

SWITCH_SECONDS = 0.0005
# A worker that crashed, or was told to stop, has so long to do so in good order. Less than the grace in `deploy/`.
STOP_SECONDS = 20.0


class _Worker(faust.Worker):
    """Faust's process wrapper, which else replaces our logging by its own (`faust -A streams.app worker`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"override_logging": False, "redirect_stdouts": False})
        self.spinner = None  # its terminal codes would stand before a line of the log, which then is no JSON

    def _schedule_shutdown(self, signal: Signals) -> None:
        cast(WorkerApp, self.app).told_to_stop()
        super()._schedule_shutdown(signal)


class _RebalanceSensor(faust.Sensor):
    """How long records stood still when partitions moved.

    The rest of what Faust's sensors count the runner knows better: they see an event as done when its loop body ends.
    """

    logger = FAUST_LOGGER

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics

    def on_rebalance_start(self, app: Any) -> dict[str, float]:  # noqa: ARG002  (Faust's signature)
        return {"since": time.perf_counter()}

    def on_rebalance_end(self, app: Any, state: dict[str, float]) -> None:  # noqa: ARG002
        """Partitions are assigned, tables read back, and records flow again."""
        self._metrics.rebalance_seconds.observe(time.perf_counter() - state["since"])


class WorkerApp(faust.App):
    """The Faust app of one worker.

    Attributes:
        runners: the stages that this worker runs, by name.
        thread: the one in which they compute.
        steps: how often a stage that computes for long told of progress.
        confirmed_tables: the tables of all of them.
        assigned_at: when partitions were last assigned, on the performance counter.
        topics_lost: Kafka does not have the topics any more.
        stopping: it was told to stop; nothing that fails from then on makes it start again.
        force_exit: ends this process, or takes its place; called, from another thread, when it should end and does not.
    """

    logger = FAUST_LOGGER

    def __init__(self, settings: Settings, metrics: Metrics, topics: Sequence[TopicSpec] = ()) -> None:
        self.settings = settings
        self.metrics = metrics
        self.tracing = open_tracing(settings)
        self.runners: dict[str, StageRunner] = {}
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stages")
        self.steps = 0
        self.extra_topics = list(topics)
        self.assigned_at = time.perf_counter()
        self.topics_lost = False
        self.stopping = False
        self.force_exit: Callable[[], object] | None = None
        self._hurry: threading.Timer | None = None
        super().__init__(
            settings.app_id,
            broker=[f"kafka://{server.strip()}" for server in settings.kafka_bootstrap.split(",")],
            broker_credentials=_credentials(settings),
            datadir=str(claim_folder(settings.state_dir / settings.app_id)),
            store="rocksdb://",
            Table=ConfirmedTable,
            Worker=_Worker,
            web_enabled=False,  # our own /metrics, /livez and /readyz instead (streams.engine.faust.worker_health)
            topic_disable_leader=True,
            topic_allow_declare=False,
            topic_partitions=settings.partitions,
            topic_replication_factor=settings.replication,
            broker_max_poll_records=1000,
            broker_session_timeout=settings.session_timeout,
            broker_heartbeat_interval=settings.session_timeout / 6,
            broker_commit_interval=1.0,
            producer_acks=-1,
            producer_linger=0.005,
            producer_max_batch_size=MIB,
            producer_max_request_size=settings.max_message_bytes,
            consumer_max_fetch_size=4 * MIB,
            stream_buffer_maxsize=4096,
            stream_recovery_delay=0.0,
        )
        self.sensors.add(_RebalanceSensor(metrics))
        self.health = WorkerHealth(self)
        self.on_partitions_assigned.connect(self._note_assignment)

    async def _note_assignment(self, *_: Any, **__: Any) -> None:
        self.assigned_at = time.perf_counter()

    def _crash(self, reason: BaseException) -> None:
        """Some service has failed. Faust stops all of them."""
        if not self._stopped.is_set():
            self._end_in_time()
        super()._crash(reason)

    def told_to_stop(self) -> None:
        """A signal came."""
        log.info("the worker stops")
        self.stopping = True
        self._end_in_time()

    def _end_in_time(self) -> None:
        """Give it `STOP_SECONDS`: one of Faust's services that waits in vain can hold up the others for ever."""
        if self.force_exit is not None and self._hurry is None:
            self._hurry = threading.Timer(STOP_SECONDS, self._end_at_once, [self.force_exit])
            self._hurry.daemon = True
            self._hurry.start()

    def ended(self) -> None:
        """It has ended by itself."""
        if self._hurry is not None:
            self._hurry.cancel()

    def _end_at_once(self, force_exit: Callable[[], object]) -> None:
        # Nothing is lost by it: what was not acknowledged is done again, as after a kill -9.
        log.warning("the worker does not end by itself, and is ended", seconds=STOP_SECONDS)
        _drop_outlived_tables(self)
        force_exit()

    def _new_transport(self) -> Transport:
        return PromptTransport(self.conf.broker_consumer, self)

    async def on_start(self) -> None:
        """Answer health checks first, then wait for Kafka and its topics, then consume."""
        await self.add_runtime_dependency(HealthServer(self.health, self.settings, self.metrics))
        if (await self.wait(wait_for_topics(self.settings, self.extra_topics))).stopped:
            return  # told to stop while Kafka was still away
        await super().on_start()

    async def on_stop(self) -> None:
        """Stop consuming, then let go of what the stages hold."""
        await super().on_stop()
        self.thread.shutdown(wait=False, cancel_futures=True)
        for runner in self.runners.values():
            await runner.close()
        await asyncio.to_thread(self.tracing.close)

    async def send_record(self, topic: str, key: bytes | None, value: bytes, headers: Headers | None) -> Awaitable[Any]:
        """Give a record to the producer; awaiting the result waits for its delivery.

        Faust's own `Topic.send` costs twice as much a record and acknowledges too early.
        """
        delivery: Awaitable[Any] = await self.producer.send(topic, key, value, None, None, headers)
        return delivery


def _credentials(settings: Settings) -> SASLCredentials | SSLCredentials | None:
    """What `streams.security.kafka_options` says, in Faust's words."""
    tls = kafka_tls(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        return SASLCredentials(
            username=settings.kafka_user,
            password=kafka_password(settings),
            ssl_context=tls,
            mechanism=settings.kafka_sasl_mechanism,
        )
    return SSLCredentials(tls) if tls is not None else None


class RecordsPassedOverError(RuntimeError):
    """A stage was given a record, and not the ones before it in its partition."""


class Continuity:
    """Sees to it that a stage is given every record of its partitions, from the committed offset on.

    Faust, when it drops a record, waits for it to be acknowledged for ever, or takes it as done. Ending the worker
    instead loses nothing: it starts anew at what is committed.
    """

    def __init__(self, app: WorkerApp) -> None:
        self._app = app
        self._next: dict[TP, int] = {}

    async def check(self, events: Sequence[Any]) -> None:
        """Look at the next records of a stage before it works on them.

        Raises:
            RecordsPassedOverError: Kafka has records between the last one given, or committed, and these.
        """
        consumer: Any = self._app.consumer
        for event in events:
            tp, offset = event.message.tp, event.message.offset
            expected = max(self._next.get(tp, 0), consumer._committed_offset[tp] or 0)
            if offset > expected:  # transactions and deletion leave holes too
                settings = self._app.settings
                expected = max(expected, await committed_offset(settings, tp.topic, tp.partition))
                first = await first_offset(settings, tp.topic, tp.partition, min(expected, offset))
                if first < offset:
                    error = RecordsPassedOverError(f"{tp.topic} {tp.partition}: {first} to {offset - 1} did not come")
                    await self._app.crash(error)
                    raise error
            self._next[tp] = offset + 1


class WorkerContext:
    """What stages of a worker are built with."""

    def __init__(self, app: WorkerApp) -> None:
        self._app = app
        self.tables: list[ConfirmedTable] = []

    @property
    def settings(self) -> Settings:
        return self._app.settings

    @property
    def metrics(self) -> Metrics:
        return self._app.metrics

    def table(self, name: str) -> MutableMapping[str, Any]:
        """A table whose changelog has as many partitions as the look-up topic."""
        app = self._app
        table = cast(ConfirmedTable, app.Table(name, partitions=LOOKUP_PARTITIONS, key_type=str))
        self.tables.append(table)
        window_ms = int(self.settings.dedupe_window_hours * 3600 * 1000)
        app.extra_topics.append(
            TopicSpec(
                name=f"{app.conf.id}-{name}-changelog",
                partitions=LOOKUP_PARTITIONS,
                replication=self.settings.replication,
                config={"cleanup.policy": "compact,delete", "retention.ms": str(2 * window_ms)},
            )
        )
        return cast("MutableMapping[str, Any]", table)

    def progress(self) -> None:
        """Count a step of a stage that computes for long."""
        self._app.steps += 1


def create_worker(settings: Settings, metrics: Metrics | None = None, tap: str | None = None) -> WorkerApp:
    """Make a worker app with an agent for each stage in `settings.stages`, or for one tap alone.

    Args:
        tap: its name; it gets a consumer group of its own.

    Raises:
        OperatorError: there is no such stage or tap, or it cannot be loaded.
    """
    pipeline = load_pipeline()
    if tap is None:
        wired = pipeline.load(settings.stages)
    else:
        wired = (pipeline.load_tap(tap),)
        settings = tap_settings(settings, tap)
    app = WorkerApp(settings, metrics if metrics is not None else Metrics(), pipeline.added_topics(settings))
    for each in wired:
        _add_agent(app, each)
    return app


def _add_agent(app: WorkerApp, wired: WiredStage) -> None:
    context = WorkerContext(app)
    stage = wired.stage
    function = stage.build(context)
    runner = StageRunner(
        wired,
        function,
        send=app.send_record,
        thread=app.thread,
        settings=app.settings,
        metrics=app.metrics,
        tables=context.tables,
        tracing=app.tracing,
        check=Continuity(app).check,
    )
    if isinstance(stage, MapStage) and stage.stateful:
        _rebuild_on_recovery(app, context.tables, cast(StatefulFunction, function))
    source = app.topic(
        topic_name(wired.reads, app.settings),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
    )
    app.agent(source, name=stage.name)(runner.consume)
    app.runners[stage.name] = runner


def _rebuild_on_recovery(app: WorkerApp, tables: list[ConfirmedTable], function: StatefulFunction) -> None:
    async def rebuild() -> None:
        function.recovered()
        app.metrics.recovery_seconds.set(time.perf_counter() - app.assigned_at)

    for table in tables:
        table.on_recover(rebuild)


def run_worker(
    settings: Settings,
    metrics: Metrics | None = None,
    start_again: Callable[[], object] | None = None,
    tap: str | None = None,
) -> int:
    """Run a worker until it is told to stop; returns its exit status, 0 when it was.

    Faust ends the process when a commit fails or a service crashes; `rasd worker` then starts it again.

    Args:
        start_again: puts a fresh worker in the place of one that crashed and does not end. Without it nothing ends one
            that does not end by itself.
        tap: run this tap instead of the stages.
    """
    # Stages compute in threads. At Python's 5 ms a switch, a call of the event loop that lets go of the interpreter (a
    # socket, RocksDB) may wait that long for each of them. What this gains was not measured by itself.
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    app = create_worker(settings, metrics, tap)
    if start_again is not None:
        app.force_exit = lambda: os._exit(0) if app.stopping else start_again()
    log.info("worker starts", stages=list(app.runners), kafka=settings.kafka_bootstrap, app=app.settings.app_id)
    worker = app.Worker(quiet=True, daemon=True, blocking_timeout=0)
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        if app.stopping:
            return 0
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        app.ended()
        _drop_outlived_tables(app)
    return 0


def _drop_outlived_tables(app: WorkerApp) -> None:
    """Delete this worker's copy of tables that Kafka has lost, so that the next start begins with what Kafka has.

    Faust refuses to start with a copy that is known to be ahead of its changelog, each time.
    """
    ahead = isinstance(cast(TableManager, app.tables).recovery.crash_reason, ConsistencyError)
    folder = Path(app.conf.tabledir)
    if (ahead or app.topics_lost) and folder.exists():
        log.warning("Kafka has lost what tables were made of; they begin anew", folder=str(folder))
        shutil.rmtree(folder)
