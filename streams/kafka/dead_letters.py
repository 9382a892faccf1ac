"""Dead letters: records that a stage could not use, kept byte for byte with their reason and origin.

Headers have the names of Kafka Connect's dead-letter queue where it defines one, so that its tools can read them. The
names of the others begin with `rasd.`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from streams.errors import OperatorError, Reason, Rejected
from streams.kafka.clients import open_admin, open_reader, translate_errors
from streams.observability.spans import Headers
from streams.settings import MIB, Settings
from streams.topics import Topic, topic_name

_TOPIC = "__connect.errors.topic"
_PARTITION = "__connect.errors.partition"
_OFFSET = "__connect.errors.offset"
_STAGE = "__connect.errors.stage"
_CLASS = "__connect.errors.exception.class.name"
_MESSAGE = "__connect.errors.exception.message"
_REASON = "rasd.reason"
_ORIGIN = "rasd.origin"
_TRACE = "traceparent"
_REPLAYED = "rasd.replayed_from"
_MAX_MESSAGE = 2000

# A letter may have 50 MB, so only a few are read at once.
POLL_RECORDS = 10
POLL_MS = 500
# Limits of what a replay sends before it waits for confirmation.
REPLAY_LETTERS = 500
REPLAY_BYTES = 8 * MIB


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record came from.

    Attributes:
        topic: topic that it was read from, or, if a source rejected it, the topic that it was meant for.
        partition, offset: its position in the topic; -1 if a source rejected it.
        location: file and line of a record that a source rejected.
    """

    topic: str
    partition: int = -1
    offset: int = -1
    location: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record of articles.dlq.

    Attributes:
        partition, offset: its position in articles.dlq.
        timestamp: time at which it was written, in UTC.
        stage: name of the stage or source that rejected it.
        reason: a `Reason`, or "unknown".
        message: the error, in one line.
        origin: where the record came from.
        key, value: the original bytes.
        trace: id of its OpenTelemetry trace, if it was traced.
    """

    partition: int
    offset: int
    timestamp: datetime
    stage: str
    reason: str
    message: str
    origin: Origin
    key: bytes | None
    value: bytes
    trace: str | None = None

    @property
    def position(self) -> str:
        """Its position in articles.dlq as `rasd dlq show` expects it: partition:offset."""
        return f"{self.partition}:{self.offset}"


def failure_headers(stage: str, error: BaseException, origin: Origin) -> Headers:
    """Return the headers of a dead letter.

    Args:
        stage: name of the stage or source.
        error: the failure. If it is not `Rejected`, the reason is `poison`.
        origin: where the record came from.
    """
    reason, message = (
        (error.reason, error.detail)
        if isinstance(error, Rejected)
        else (Reason.POISON, f"{type(error).__name__}: {error}")
    )
    pairs = [
        (_TOPIC, origin.topic),
        (_PARTITION, str(origin.partition)),
        (_OFFSET, str(origin.offset)),
        (_STAGE, stage),
        (_CLASS, f"{type(error).__module__}.{type(error).__qualname__}"),
        (_MESSAGE, message[:_MAX_MESSAGE]),
        (_REASON, reason.value),
    ]
    if origin.location is not None:
        pairs.append((_ORIGIN, origin.location))
    return [(name, value.encode()) for name, value in pairs]


def parse(record: ConsumerRecord) -> DeadLetter:
    """Parse a record of articles.dlq. Missing headers become "unknown", empty or -1."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        timestamp=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        stage=headers.get(_STAGE, "unknown"),
        reason=headers.get(_REASON, "unknown"),
        message=headers.get(_MESSAGE, ""),
        origin=Origin(
            topic=headers.get(_TOPIC, ""),
            partition=int(headers.get(_PARTITION, "-1")),
            offset=int(headers.get(_OFFSET, "-1")),
            location=headers.get(_ORIGIN),
        ),
        key=record.key,
        value=record.value or b"",
        trace=_trace(headers.get(_TRACE, "")),
    )


def _trace(parent: str) -> str | None:
    """Return the trace id of a `traceparent`: version-trace-span-flags (W3C Trace Context)."""
    parts = parent.split("-")
    return parts[1] if len(parts) >= 4 else None


class DeadLetters:
    """The content of articles.dlq at the time when it was opened.

    Args:
        reader: a consumer without a group and without an assignment.
        begins, ends: first offset kept and next offset to be written, by partition; empty if the topic does not exist.
    """

    def __init__(
        self, reader: AIOKafkaConsumer, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> None:
        self._reader = reader
        self._begins = begins
        self._ends = ends

    @property
    def exist(self) -> bool:
        """Whether the topic exists; it may be empty."""
        return bool(self._ends)

    async def read(self) -> AsyncIterator[DeadLetter]:
        """Yield all letters, each partition in order, with a few in memory at a time."""
        left = [tp for tp, end in self._ends.items() if end > self._begins[tp]]
        self._reader.assign(left)
        for tp in left:
            self._reader.seek(tp, self._begins[tp])
        while left:
            for tp, records in (
                await self._reader.getmany(*left, timeout_ms=POLL_MS, max_records=POLL_RECORDS)
            ).items():
                for record in records:
                    if record.offset < self._ends[tp]:
                        yield parse(record)
            # The position, not the offset of the last record: transactions and deletion leave offsets without a record,
            # even at the end.
            left = [tp for tp in left if await self._reader.position(tp) < self._ends[tp]]

    async def find(self, position: str) -> DeadLetter:
        """Read one letter, without reading others.

        Args:
            position: partition:offset.

        Raises:
            OperatorError: the position is invalid, or there is no letter at it.
        """
        match = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,18})", position)
        if match is None:
            raise OperatorError(
                f"{position} is not a position",
                hint="positions are partition:offset, as rasd dlq list prints them",
                status=2,
            )
        partition, offset = map(int, match.groups())
        if not self.exist:
            raise _missing(position, "there are none yet")
        tp = next((tp for tp in self._ends if tp.partition == partition), None)
        if tp is None:
            raise _missing(position, f"the topic has {len(self._ends)} partitions, counted from 0")
        begin, end = self._begins[tp], self._ends[tp]
        if begin == end:
            raise _missing(position, f"partition {partition} is empty")
        if offset >= end:
            raise _missing(position, f"partition {partition} ends at {partition}:{end - 1}")
        if offset >= begin and (letter := await self._read_one(tp, offset)) is not None:
            return letter
        raise _missing(position, "Kafka has deleted it" if offset < begin else "Kafka keeps no record there")

    async def _read_one(self, tp: TopicPartition, offset: int) -> DeadLetter | None:
        self._reader.assign([tp])
        self._reader.seek(tp, offset)
        while await self._reader.position(tp) <= offset:
            for records in (await self._reader.getmany(tp, timeout_ms=POLL_MS, max_records=1)).values():
                for record in records:
                    return parse(record) if record.offset == offset else None
        return None


def _missing(position: str, why: str) -> OperatorError:
    return OperatorError(f"no dead letter at {position}: {why}", hint="rasd dlq list")


@asynccontextmanager
async def open_dead_letters(settings: Settings) -> AsyncIterator[DeadLetters]:
    """Open articles.dlq. If it does not exist, it is not created.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
    """
    name = topic_name(Topic.DLQ, settings)
    async with open_admin(settings) as admin, open_reader(settings) as reader:
        with translate_errors(settings):
            # All topics, as a broker may create a topic that is requested by name (auto.create.topics.enable).
            described = await admin.describe_topics()
            found = [topic["partitions"] for topic in described if topic["topic"] == name]
            partitions = [TopicPartition(name, p["partition"]) for p in chain.from_iterable(found)]
            begins, ends = await reader.beginning_offsets(partitions), await reader.end_offsets(partitions)
        yield DeadLetters(reader, begins, {tp: ends[tp] for tp in sorted(ends)})


async def read_all(settings: Settings) -> AsyncIterator[DeadLetter]:
    """Yield all dead letters that exist at the time of the call, each partition in order.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
    """
    async with open_dead_letters(settings) as letters:
        async for letter in letters.read():
            yield letter


async def replay(producer: AIOKafkaProducer, letters: AsyncIterable[DeadLetter]) -> int:
    """Send the original bytes of dead letters back to their topics.

    At most `REPLAY_LETTERS` letters, or slightly more than `REPLAY_BYTES`, are in memory at a time. Documents are
    written by id, so an unnecessary replay changes nothing.

    Returns:
        The number of letters sent.

    Raises:
        KafkaError: a letter was not delivered.
    """
    number = waiting = 0
    deliveries: list[Awaitable[Any]] = []
    async for letter in letters:
        headers = [(_REPLAYED, letter.position.encode())]
        deliveries.append(await producer.send(letter.origin.topic, letter.value, key=letter.key, headers=headers))
        number += 1
        waiting += len(letter.value)
        if len(deliveries) >= REPLAY_LETTERS or waiting >= REPLAY_BYTES:
            await _delivered(deliveries)
            deliveries, waiting = [], 0
    await _delivered(deliveries)
    return number


async def _delivered(deliveries: Sequence[Awaitable[Any]]) -> None:
    for delivery in deliveries:
        await delivery
