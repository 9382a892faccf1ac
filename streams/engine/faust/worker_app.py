"""The Faust app of one worker: its configuration, start and stop."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import Signals
from typing import Any, cast

import faust
from aiokafka.errors import KafkaError
from faust.auth import SASLCredentials, SSLCredentials
from faust.exceptions import ConsistencyError, ProducerSendError
from faust.tables.manager import TableManager
from faust.transport.drivers.aiokafka import Transport
from faust.types import TP

from streams.engine.faust.tables import ConfirmedTable, claim_folder
from streams.engine.faust.transport import PromptTransport
from streams.engine.faust.worker_health import HealthServer, WorkerHealth
from streams.engine.runner import StageRunner
from streams.engine.stage_process import StageProcess
from streams.engine.suspects import Suspects
from streams.errors import RestartNeeded
from streams.kafka.clients import wait_for_topics
from streams.observability.logs import FAUST_LOGGER, get_logger
from streams.observability.metrics import Metrics
from streams.observability.tracing import Headers, open_tracing
from streams.security import kafka_password, kafka_tls
from streams.settings import MIB, Settings
from streams.topics import TopicSpec

log = get_logger(__name__)

# Graceful-shutdown timeout, after a signal or a crash. Shorter than the grace periods in `deploy/`.
STOP_SECONDS = 20.0


class _Worker(faust.Worker):
    """Faust's process wrapper, without its own logging setup, which `faust -A streams.app worker` would use."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"override_logging": False, "redirect_stdouts": False})
        self.spinner = None  # its terminal codes would make log lines invalid JSON

    def _schedule_shutdown(self, signal: Signals) -> None:
        cast(WorkerApp, self.app).note_stop_signal()
        super()._schedule_shutdown(signal)


class _RebalanceSensor(faust.Sensor):
    """A sensor that measures how long rebalances hold up records.

    The other values that Faust's sensors offer are left to the runner: to Faust, an event is done when the loop body
    ends.
    """

    logger = FAUST_LOGGER

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics

    def on_rebalance_start(self, app: Any) -> dict[str, float]:  # noqa: ARG002  (Faust's signature)
        return {"since": time.perf_counter()}

    def on_rebalance_end(self, app: Any, state: dict[str, float]) -> None:  # noqa: ARG002
        """Record the duration, once partitions are assigned and tables are restored."""
        self._metrics.rebalance_seconds.observe(time.perf_counter() - state["since"])


class WorkerApp(faust.App):
    """The Faust app of one worker.

    Args:
        settings: settings of the worker.
        metrics: metrics of the worker.
        topics: topics of plugins, created with the built-in ones.
        stage_process: the process that computes map stages; closed with the app.

    Attributes:
        runners: the runners of this worker's stages, by stage name.
        thread: executor with one thread, which waits for the stage process.
        extra_topics: topics of plugins and tables, created with the built-in ones.
        assigned_at: time of the last assignment of partitions (`time.perf_counter`).
        topics_lost: whether Kafka lost the topics that this worker reads.
        settled: set unless tables are being restored, from when partitions were given up until the new ones are ready.
        revoking: set while partitions are being given up, which Faust does when the records in hand are finished.
        stopping: whether a stop signal arrived. From then on no failure restarts the worker.
        force_exit: ends or replaces this process; called from another thread when the worker does not stop in time.
        suspects: the records that the worker has in hand, and those that may have ended it before.
    """

    logger = FAUST_LOGGER

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        topics: Sequence[TopicSpec] = (),
        stage_process: StageProcess | None = None,
    ) -> None:
        self.stage_process = stage_process
        self.settings = settings
        self.metrics = metrics
        self.tracing = open_tracing(settings)
        self.runners: dict[str, StageRunner] = {}
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stages")
        self._steps = 0
        self.extra_topics = list(topics)
        self.assigned_at = time.perf_counter()
        self.topics_lost = False
        self.settled = asyncio.Event()
        self.settled.set()
        self.revoking = asyncio.Event()
        self.stopping = False
        self.force_exit: Callable[[], object] | None = None
        self._exit_timer: threading.Timer | None = None
        folder = claim_folder(settings.state_dir / settings.app_id)
        self.suspects = Suspects(folder)
        super().__init__(
            settings.app_id,
            broker=[f"kafka://{server.strip()}" for server in settings.kafka_bootstrap.split(",")],
            broker_credentials=_credentials(settings),
            datadir=str(folder),
            store="rocksdb://",
            Table=ConfirmedTable,
            Worker=_Worker,
            web_enabled=False,  # replaced by /metrics, /livez and /readyz (streams.engine.faust.worker_health)
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

    @property
    def steps(self) -> int:
        """A number that grows while stages that compute for long make progress."""
        return self._steps + (0 if self.stage_process is None else self.stage_process.steps)

    @property
    def stage_process_id(self) -> int | None:
        """The id of the process in which map stages compute, None while there is none."""
        return None if self.stage_process is None else self.stage_process.pid

    def note_progress(self) -> None:
        """Count a progress report of a stage that computes in this process."""
        self._steps += 1
        self.suspects.steps += 1

    async def _note_assignment(self, *_: Any, **__: Any) -> None:
        self.assigned_at = time.perf_counter()

    async def _on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish the records in hand, for which the tables are still complete, then give partitions up."""
        self.revoking.set()
        try:
            await super()._on_partitions_revoked(revoked)
        finally:
            self.settled.clear()
            self.revoking.clear()

    async def until_settled(self) -> None:
        """Wait until tables are restored.

        Raises:
            RestartNeeded: partitions are to be given up before. Faust would wait for the records in hand, and these for
                the tables.
        """
        waits = [asyncio.ensure_future(event.wait()) for event in (self.settled, self.revoking)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        if not self.settled.is_set():
            raise RestartNeeded("partitions are given up while tables are being restored for records in hand")

    def on_rebalance_end(self) -> None:
        """Note that tables are restored and records flow."""
        super().on_rebalance_end()
        self.settled.set()

    def _crash(self, reason: BaseException) -> None:
        """Start the exit timer when a service has failed. Faust then stops all services."""
        if not self._stopped.is_set():
            self._start_exit_timer()
        super()._crash(reason)

    def note_stop_signal(self) -> None:
        """Mark the worker as stopping, and start the exit timer."""
        log.info("worker stops")
        self.stopping = True
        self._start_exit_timer()

    def _start_exit_timer(self) -> None:
        """Force the exit after `STOP_SECONDS`, as a service of Faust that hangs keeps the others from stopping."""
        if self.force_exit is not None and self._exit_timer is None:
            self._exit_timer = threading.Timer(STOP_SECONDS, self._exit_now, [self.force_exit])
            self._exit_timer.daemon = True
            self._exit_timer.start()

    def cancel_forced_exit(self) -> None:
        """Cancel the exit timer, once the worker has stopped."""
        if self._exit_timer is not None:
            self._exit_timer.cancel()

    def _exit_now(self, force_exit: Callable[[], object]) -> None:
        # Nothing is lost: records that were not acknowledged are processed again, as after a kill -9.
        log.warning("the worker did not stop in time; forcing its exit", seconds=STOP_SECONDS)
        delete_stale_tables(self)
        self.suspects.forgive()
        force_exit()

    def _new_transport(self) -> Transport:
        return PromptTransport(self.conf.broker_consumer, self)

    async def on_start(self) -> None:
        """Start the health server, wait for Kafka and its topics, then start consuming."""
        await self.add_runtime_dependency(HealthServer(self.health, self.settings, self.metrics))
        if (await self.wait(wait_for_topics(self.settings, self.extra_topics))).stopped:
            return  # a signal arrived while Kafka was unavailable
        await super().on_start()

    async def on_stop(self) -> None:
        """Stop consuming, then release the connections of the stages."""
        await super().on_stop()
        self.thread.shutdown(wait=False, cancel_futures=True)
        if self.stage_process is not None:
            self.stage_process.close()
        for runner in self.runners.values():
            await runner.close()
        await asyncio.to_thread(self.tracing.close)

    async def send_record(self, topic: str, key: bytes | None, value: bytes, headers: Headers | None) -> Awaitable[Any]:
        """Hand a record to the producer.

        Faust's own `Topic.send` takes twice as long per record and acknowledges too early.

        Returns:
            An awaitable that waits for the delivery.

        Raises:
            KafkaError: the producer does not accept the record.
        """
        try:
            delivery: Awaitable[Any] = await self.producer.send(topic, key, value, None, None, headers)
        except ProducerSendError as error:
            # Faust wraps Kafka's errors. The runner handles only Kafka's.
            if isinstance(error.__cause__, KafkaError):
                raise error.__cause__ from None
            raise KafkaError(str(error)) from error
        return delivery


def _credentials(settings: Settings) -> SASLCredentials | SSLCredentials | None:
    """Return Faust's equivalent of `streams.security.kafka_options`."""
    tls = kafka_tls(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        return SASLCredentials(
            username=settings.kafka_user,
            password=kafka_password(settings),
            ssl_context=tls,
            mechanism=settings.kafka_sasl_mechanism,
        )
    return SSLCredentials(tls) if tls is not None else None


def delete_stale_tables(app: WorkerApp) -> None:
    """Delete this worker's local tables if Kafka lost their changelogs or the topics.

    Otherwise Faust would refuse every start, because the local tables are ahead of their changelogs.
    """
    ahead = isinstance(cast(TableManager, app.tables).recovery.crash_reason, ConsistencyError)
    folder = Path(app.conf.tabledir)
    if (ahead or app.topics_lost) and folder.exists():
        log.warning("Kafka has lost the data behind the tables; deleting the local copies", folder=str(folder))
        shutil.rmtree(folder)
