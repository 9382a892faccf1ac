"""Run stages on batches from Kafka without losing a record. No other module acknowledges records.

Faust acknowledges an event when the loop body ends, even if it failed, and before Kafka has what was sent. The runner
therefore takes batches without acknowledgement (`noack_take`), applies the stage, waits until Kafka has confirmed all
results and dead letters, and only then acknowledges the events. A crash before that repeats the batch, which is
harmless because documents are written by id and version.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from streams.engine.apply import Outgoing, apply, encode
from streams.engine.sink_writes import SinkWriter
from streams.engine.suspects import DEATHS, Suspects
from streams.errors import OperatorError, Reason, Rejected, RestartNeeded, Retryable
from streams.kafka.dead_letters import Origin, failure_headers
from streams.kafka.letter_parts import is_part, split
from streams.kafka.tolerant_reads import Nothing, Unreadable
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics, at_zero
from streams.observability.tracing import Headers, Tracing, Untraced
from streams.pipeline import WiredStage
from streams.records import Record, decode
from streams.retry import Backoff
from streams.settings import Settings
from streams.stage import Arrival, BatchFunction, MapFunction, MapStage, Original, PipelineRecord, Sink, SinkStage
from streams.topics import Topic, topic_name

log = get_logger(__name__)

T = TypeVar("T")
# So often a batch is tried again after an error that nothing else handles; then the worker restarts.
_MOST_DEFECTS = 5
# topic, key, value, headers: a record to send
Parcel = tuple[str, bytes | None, bytes, Headers | None]

# Applies a map stage without tables to bytes and Kafka's times of records, outside of this process. Blocks.
Compute = Callable[[Sequence[tuple[bytes, float]]], list[Outgoing]]

# Raises if events are not the next ones of their partitions.
Check = Callable[[Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class InHand:
    """A record that a stage has taken and not finished.

    Attributes:
        topic, partition, offset: where Kafka has it.
        key: the article's id, in articles.raw the page's URL; empty if it has none.
        since: when the stage took it, seconds since the epoch.
    """

    topic: str
    partition: int
    offset: int
    key: str
    since: float

    def __str__(self) -> str:
        """Name it in a message: `articles.raw 2:17 (https://x.example/1), taken at 2026-11-30T06:00:00+00:00`."""
        taken = datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds")
        return f"{self.topic} {self.partition}:{self.offset}{f' ({self.key})' if self.key else ''}, taken at {taken}"


class ConfirmableTable(Protocol):
    """A table whose changes can be awaited."""

    async def confirm(self) -> None:
        """Wait until Kafka has every change.

        Raises:
            Retryable: Kafka did not accept a change; call again after a wait.
        """
        ...


class Send(Protocol):
    """A function that hands a record to the producer. The inner awaitable waits for its delivery."""

    def __call__(
        self, topic: str, key: bytes | None, value: bytes, headers: Headers | None
    ) -> Awaitable[Awaitable[Any]]: ...


class StageRunner:
    """The runner of one stage on a stream of Faust events.

    Args:
        wired: the stage and its topics.
        function: what `wired.stage.build` returned; None if `compute` is given.
        send: hands a record to the producer.
        thread: executor of map stages without tables. All stages of a worker share one thread, as they share one
            process that computes.
        settings: settings of the process.
        metrics: metrics of the process.
        tables: tables that the stage writes. Kafka must confirm their changes before results are passed on.
        writing_for: context manager inside which table writes are attributed to an event.
        tracing: creates a span for each record.
        check: called with each batch before the stage processes it.
        compute: applies a map stage without tables in another process (`StageProcess`). If None, its function runs in
            the thread, and nothing limits the time and memory of a record.
        suspects: the records that may have ended the worker before; shared by its stages.

    Attributes:
        waiting: whether a broker or server is unavailable.
        computing: whether a batch is in the thread or queued for it.
        writer: writes to the sink; None for a map stage.
        done: next offset to finish, by partition.
        in_hand: the first record of the batch that is being processed, by partition.
        waits_since: Kafka's timestamp of the oldest record being processed, otherwise of the last one finished, by
            partition, in seconds since the epoch.
    """

    def __init__(
        self,
        wired: WiredStage,
        function: MapFunction | BatchFunction | Sink | None,
        *,
        send: Send,
        thread: Executor,
        settings: Settings,
        metrics: Metrics,
        tables: Sequence[ConfirmableTable] = (),
        writing_for: Callable[[Any], AbstractContextManager[None]] = nullcontext,
        tracing: Tracing | None = None,
        check: Check | None = None,
        compute: Compute | None = None,
        suspects: Suspects | None = None,
    ) -> None:
        self.wired = wired
        self.stage = wired.stage
        self.function: Any = function
        self.send = send
        self.settings = settings
        self.metrics = metrics
        self.tables = tables
        self.writing_for = writing_for
        self.tracing: Tracing = tracing if tracing is not None else Untraced()
        self.check = check
        self.compute = compute
        self.suspects = suspects if suspects is not None else Suspects()
        self.writer: SinkWriter | None = None
        if isinstance(wired.stage, SinkStage):
            self.writer = SinkWriter(wired.stage, cast(Sink, function), settings)
        self.waiting = False
        self.computing = False
        self.done: dict[int, int] = {}
        self.in_hand: dict[int, InHand] = {}
        self.waits_since: dict[int, float] = {}
        metrics.start_at_zero(wired.name)
        metrics.stage_topic.labels(wired.name, wired.reads).set(1)
        at_zero(metrics.deleted_unread, [wired.name], [wired.reads])
        self._thread = thread
        self._dlq = topic_name(Topic.DLQ, settings)

    async def consume(self, stream: Any) -> None:
        """Process batches until the stream ends. This is the function of the Faust agent."""
        async for events in stream.noack_take(self.batch_size, within=self.settings.batch_seconds):
            if self.check is not None:
                await self.check(events)
            await self.handle(events)

    async def close(self) -> None:
        """Release the stage's connections."""
        if isinstance(self.stage, SinkStage):
            await self.function.close()

    @property
    def batch_size(self) -> int:
        """Maximum number of records in a batch. For a sink, enough to fill its bulk requests."""
        if isinstance(self.stage, SinkStage):
            return max(self.settings.batch_size, self.settings.bulk_documents * self.settings.bulk_in_flight)
        return self.settings.batch_size

    async def handle(self, events: Sequence[Any]) -> None:
        """Process one batch, and return once every event is acknowledged.

        Args:
            events: Faust events, each partition in order.

        Raises:
            RestartNeeded: waiting would not help. No event of the batch is acknowledged.
        """
        messages = [event.message for event in events]
        for part in self.suspects.groups(messages):
            try:
                await self._handle_group(events[part])
            except RestartNeeded:
                raise
            except Exception:
                # A defect of this class. The worker restarts, and must not come to the same records for ever.
                self.suspects.blame(messages[part])
                raise
            self.suspects.acquit(messages[part])

    async def _handle_group(self, events: Sequence[Any]) -> None:
        records = [event for event in events if not isinstance(event.message.value, Nothing)]
        if records:
            await self._handle_records(records)
        for event in events:
            event.ack()
            self.done[event.message.partition] = event.message.offset + 1

    async def _handle_records(self, events: Sequence[Any]) -> None:
        name = self.stage.name
        self.metrics.records_in.labels(name).inc(len(events))
        self.metrics.batch_records.labels(name).observe(len(events))
        timed = [event for event in events if not isinstance(event.message.value, Unreadable)]
        for event in reversed(timed):
            self.waits_since[event.message.partition] = event.message.timestamp
            self.in_hand[event.message.partition] = _in_hand(event.message)
        spans = [self._span(event) for event in events]
        refusals = [self._refusal(event) for event in events]
        usable = [event for event, refusal in zip(events, refusals, strict=True) if refusal is None]
        worked = iter(await self._until_done(lambda: self._work_marked(usable)) if usable else [])
        outcomes = [next(worked) if refusal is None else Outgoing(failure=refusal) for refusal in refusals]
        parcels = [
            [
                (topic, key, value, [*(headers or ()), *self.tracing.headers(span)] or None)
                for topic, key, value, headers in self._parcels(event, outcome)
            ]
            for event, outcome, span in zip(events, outcomes, spans, strict=True)
        ]
        await self._deliver(events, parcels, outcomes)
        self._account(events, outcomes)
        for span, outcome in zip(spans, outcomes, strict=True):
            self.tracing.end(span, outcome.failure)
        self.in_hand.clear()
        for event in timed:
            self.waits_since[event.message.partition] = event.message.timestamp

    def _span(self, event: Any) -> Any:
        message = event.message
        return self.tracing.begin(
            self.stage.name,
            message.headers,
            messaging__destination__name=message.topic,
            messaging__destination__partition__id=str(message.partition),
            messaging__kafka__offset=message.offset,
        )

    def _refusal(self, event: Any) -> Rejected | None:
        """Return why a record becomes a dead letter without being tried, or None."""
        message = event.message
        if isinstance(message.value, Unreadable):
            return Rejected(Reason.UNREADABLE, message.value.cause)
        if self.suspects.is_guilty(message):
            return Rejected(Reason.CRASHED, f"{self.stage.name}: the worker ended {DEATHS} times on it alone")
        return None

    async def _work_marked(self, events: Sequence[Any]) -> list[Outgoing]:
        async with self.suspects.in_hand(self.stage.name, [event.message for event in events]):
            return await self._work(events)

    async def _work(self, events: Sequence[Any]) -> list[Outgoing]:
        if isinstance(self.stage, SinkStage):
            return await self._sink(self.stage, events)
        if self.stage.stateful:
            return await self._map_with_tables(self.stage, events)
        self.computing = True
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._map, self.stage, events)
        finally:
            self.computing = False

    def _map(self, stage: MapStage, events: Sequence[Any]) -> list[Outgoing]:
        if self.compute is not None:
            return self.compute([(_value(event), event.message.timestamp) for event in events])
        arrived = [(_value(event), _arrival(event)) for event in events]
        outcomes = apply(stage, self.function, arrived, self.metrics)
        return [encode(self.wired, outcome, self.settings) for outcome in outcomes]

    async def _map_with_tables(self, stage: MapStage, events: Sequence[Any]) -> list[Outgoing]:
        outcomes: list[Outgoing] = []
        for event in events:
            with self.writing_for(event):
                (outcome,) = apply(stage, self.function, [(_value(event), _arrival(event))], self.metrics)
            outcomes.append(encode(self.wired, outcome, self.settings))
            self.suspects.steps += 1
        for table in self.tables:
            await table.confirm()
        return outcomes

    async def _sink(self, stage: SinkStage, events: Sequence[Any]) -> list[Outgoing]:
        outcomes: list[Outgoing] = []
        records: list[PipelineRecord | Original] = []
        for event in events:
            try:
                records.append(self._sink_record(stage, event))
                outcomes.append(Outgoing())
            except Exception as failure:  # as in `apply`
                outcomes.append(Outgoing(failure=failure))
        assert self.writer is not None  # noqa: S101  (it is made for sink stages)
        started = time.perf_counter()
        verdicts = iter(await self.writer.write(records) if records else [])
        seconds = (time.perf_counter() - started) / max(len(records), 1)
        for outcome in outcomes:
            if outcome.failure is None:
                outcome.failure = next(verdicts)
                self.metrics.stage_seconds.labels(stage.name).observe(seconds)
        return outcomes

    def _sink_record(self, stage: SinkStage, event: Any) -> PipelineRecord | Original:
        """Decode a record for a sink, or leave it as it is for one that wants that.

        Raises:
            Rejected: it cannot be decoded.
        """
        if issubclass(stage.accepts, Record):
            return decode(stage.accepts, _value(event))
        message = event.message
        where = (self.wired.reads, message.partition, message.offset)
        return Original(*where, message.timestamp, message.key, _value(event))

    def _parcels(self, event: Any, outcome: Outgoing) -> list[Parcel]:
        if outcome.failure is not None:
            return [self._dead_letter(event, outcome.failure)]
        return [(topic, key, value, None) for topic, key, value in outcome.results]

    def _dead_letter(self, event: Any, failure: Exception) -> Parcel:
        message = event.message
        origin = Origin(topic=message.topic, partition=message.partition, offset=message.offset)
        context = {"stage": self.stage.name, "topic": message.topic, "offset": f"{message.partition}:{message.offset}"}
        if isinstance(failure, Rejected):
            log.info("dead letter", reason=failure.reason.value, detail=failure.detail, **context)
        else:
            log.error("a stage failed on a record", exc_info=failure, **context)
        return (self._dlq, message.key, _value(event), failure_headers(self.stage.name, failure, origin))

    async def _deliver(
        self, events: Sequence[Any], parcels: Sequence[Sequence[Parcel]], outcomes: Sequence[Outgoing]
    ) -> None:
        """Send all records and wait for their delivery.

        A result that is too large for Kafka becomes a dead letter, and a dead letter that is, several parts.
        """
        waiting = [(index, parcel) for index, group in enumerate(parcels) for parcel in group]

        async def attempt() -> None:
            nonlocal waiting
            waiting, error = await self._send_all(events, waiting, outcomes)
            if error is not None:
                raise Retryable(f"Kafka does not accept records: {error!r}") from error

        await self._until_done(attempt)

    async def _send_all(
        self, events: Sequence[Any], waiting: Sequence[tuple[int, Parcel]], outcomes: Sequence[Outgoing]
    ) -> tuple[list[tuple[int, Parcel]], Exception | None]:
        """Try to send records once; return those that are still to be sent, in order, and the last error.

        Behind a record that was not delivered, those of the same key are sent again even if they were: the last one
        that a reader sees of an article must be the newest.
        """
        errors: dict[int, Exception] = {}
        under_way: dict[int, Awaitable[Any]] = {}
        for at, (_, parcel) in enumerate(waiting):
            try:
                under_way[at] = await self.send(*parcel)
            except (KafkaError, OSError) as error:
                errors[at] = error
        for at, delivery in under_way.items():
            try:
                await delivery
            except (KafkaError, OSError) as error:
                errors[at] = error
        left: list[tuple[int, Parcel]] = []
        overtaken: set[tuple[str, bytes]] = set()
        for at, (index, parcel) in enumerate(waiting):
            topic, key, *_ = parcel
            if at in errors:
                again = self._again(events, index, parcel, errors[at], outcomes)
                left += again
                overtaken |= {(to, of) for _, (to, of, *_) in again if of is not None and to != self._dlq}
            elif key is not None and (topic, key) in overtaken:
                left.append((index, parcel))
        return left, next(reversed(errors.values()), None)

    def _again(
        self, events: Sequence[Any], index: int, parcel: Parcel, error: Exception, outcomes: Sequence[Outgoing]
    ) -> list[tuple[int, Parcel]]:
        """Return what to send in place of a parcel that was not delivered."""
        topic, key, value, headers = parcel
        if not _too_large(error) or is_part(headers):
            return [(index, parcel)]
        # It was alone in its batch: several records share at most 1 MiB (producer_max_batch_size), and every topic
        # takes that much.
        if topic == self._dlq:
            return [(index, (topic, *part)) for part in split(key, value, headers)]
        failure = Rejected(Reason.TOO_LARGE, f"{len(value)} bytes for {topic}")
        outcomes[index].failure = failure
        return [(index, self._dead_letter(events[index], failure))]

    async def _until_done(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Call `attempt` until it succeeds, with back-off; log once that it waits, and once that it continues."""
        backoff = Backoff(self.settings.retry_first, self.settings.retry_most)
        defects = 0
        try:
            while True:
                try:
                    result = await attempt()
                except (Retryable, OperatorError) as error:
                    # An OperatorError means that a server rejects our credentials, which can be fixed there.
                    self.metrics.retries.labels(self.stage.name).inc()
                    if not self.waiting:
                        log.warning("waiting", stage=self.stage.name, cause=str(error), **_hint(error))
                        self.waiting = True
                except RestartNeeded:
                    raise  # waiting would not help, a restart of the worker does
                except Exception:
                    # A defect of the runner; `apply` handles those of map stages, `SinkWriter` those of sinks. Nothing
                    # is acknowledged, so nothing is lost. A restart may help; if it does not, the records are to blame.
                    defects += 1
                    log.exception("the stage runner failed; retrying", stage=self.stage.name)
                    if defects == _MOST_DEFECTS:
                        raise
                else:
                    if self.waiting:
                        log.info("continuing", stage=self.stage.name)
                    return result
                await backoff.wait()
        finally:
            self.waiting = False

    def _account(self, events: Sequence[Any], outcomes: Sequence[Outgoing]) -> None:
        name = self.stage.name
        for event, outcome in zip(events, outcomes, strict=True):
            if outcome.failure is None:
                self.metrics.articles.labels(name, "ok").inc()
                self.metrics.records_out.labels(name).inc(len(outcome.results))
            else:
                rejected = isinstance(outcome.failure, Rejected)
                reason = outcome.failure.reason if isinstance(outcome.failure, Rejected) else Reason.POISON
                self.metrics.articles.labels(name, "rejected" if rejected else "poison").inc()
                self.metrics.dead_letters.labels(name, reason.value).inc()
            if logging.getLogger(__name__).isEnabledFor(logging.DEBUG):
                self._debug(event, outcome)

    def _debug(self, event: Any, outcome: Outgoing) -> None:
        message = event.message
        failure = outcome.failure
        result = "ok" if failure is None else failure.reason.value if isinstance(failure, Rejected) else "poison"
        log.debug(
            "done",
            stage=self.stage.name,
            outcome=result,
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            key=(message.key or b"").decode(errors="replace"),  # an article's id, or a page's URL
            articles=[key.decode(errors="replace") for _, key, _ in outcome.results],
        )


def _value(event: Any) -> bytes:
    return event.message.value or b""


def _arrival(event: Any) -> Arrival:
    return Arrival(timestamp=event.message.timestamp)


def _in_hand(message: Any) -> InHand:
    key = (message.key or b"").decode(errors="replace")
    return InHand(message.topic, message.partition, message.offset, key, time.time())


def _hint(error: Exception) -> dict[str, str]:
    return {"hint": error.hint} if isinstance(error, OperatorError) and error.hint else {}


def _too_large(error: BaseException) -> bool:
    return isinstance(error, MessageSizeTooLargeError) or isinstance(error.__cause__, MessageSizeTooLargeError)
