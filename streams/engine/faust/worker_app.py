"""The Faust app of one worker: its settings, its start and stop."""

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

from streams.engine.faust.tables import ConfirmedTable, claim_folder
from streams.engine.faust.transport import PromptTransport
from streams.engine.faust.worker_health import HealthServer, WorkerHealth
from streams.engine.runner import StageRunner
from streams.kafka.clients import wait_for_topics
from streams.observability.logs import FAUST_LOGGER, get_logger
from streams.observability.metrics import Metrics
from streams.observability.tracing import Headers, open_tracing
from streams.security import kafka_password, kafka_tls
from streams.settings import MIB, Settings
from streams.topics import TopicSpec

log = get_logger(__name__)

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
        drop_outlived_tables(self)
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
        try:
            delivery: Awaitable[Any] = await self.producer.send(topic, key, value, None, None, headers)
        except ProducerSendError as error:
            # The runner knows Kafka's errors and not Faust's, which wraps them.
            if isinstance(error.__cause__, KafkaError):
                raise error.__cause__ from None
            raise KafkaError(str(error)) from error
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


def drop_outlived_tables(app: WorkerApp) -> None:
    """Delete this worker's copy of tables that Kafka has lost, so that the next start begins with what Kafka has.

    Faust refuses to start with a copy that is known to be ahead of its changelog, each time.
    """
    ahead = isinstance(cast(TableManager, app.tables).recovery.crash_reason, ConsistencyError)
    folder = Path(app.conf.tabledir)
    if (ahead or app.topics_lost) and folder.exists():
        log.warning("Kafka has lost what tables were made of; they begin anew", folder=str(folder))
        shutil.rmtree(folder)
