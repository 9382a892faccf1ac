"""The dead letters: records that no stage can use, kept byte for byte with their reason and origin.

Headers follow Kafka Connect's dead-letter queue where it has a name for the thing, so that its tools read them; the
rest begins with `rasd.`.
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

# A letter may have 50 MB, so few are taken from the consumer at once.
POLL_RECORDS = 10
POLL_MS = 500
# What a replay sends before it waits for the confirmation of all of it.
REPLAY_LETTERS = 500
REPLAY_BYTES = 8 * MIB


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record was read.

    Attributes:
        topic: the topic, or the topic it was meant for when a source refused it.
        partition, offset: where in it; -1 when the record never got there.
        location: file and line, for a record that a source refused.
    """

    topic: str
    partition: int = -1
    offset: int = -1
    location: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record of articles.dlq.

    Attributes:
        trace: id of its trace, if it was traced.
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
        """Its address in articles.dlq, as `rasd dlq show` takes it: partition:offset."""
        return f"{self.partition}:{self.offset}"


def failure_headers(stage: str, error: BaseException, origin: Origin) -> Headers:
    """Headers that say why and whence. A failure that is no `Rejected` has the reason `poison`."""
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
    """Read a record of articles.dlq; headers that are missing read as unknown."""
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
    """The trace's id in a `traceparent`: version, trace, span and flags, parted by dashes (W3C Trace Context)."""
    parts = parent.split("-")
    return parts[1] if len(parts) >= 4 else None


class DeadLetters:
    """Read articles.dlq as far as it was written when it was opened.

    Args:
        reader: a consumer outside every group, without an assignment.
        begins, ends: the first offset that is kept and the next one to be written, by partition; empty when there is no
            topic.
    """

    def __init__(
        self, reader: AIOKafkaConsumer, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> None:
        self._reader = reader
        self._begins = begins
        self._ends = ends

    @property
    def exist(self) -> bool:
        """There is a topic of dead letters; it may be empty."""
        return bool(self._ends)

    async def read(self) -> AsyncIterator[DeadLetter]:
        """Read all letters, each partition in order; a few are in memory at a time."""
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
            # Not the last record's offset: markers of transactions and deletion leave offsets without a record, also at
            # the end.
            left = [tp for tp in left if await self._reader.position(tp) < self._ends[tp]]

    async def find(self, position: str) -> DeadLetter:
        """Read one letter, and no other.

        Args:
            position: partition:offset.

        Raises:
            OperatorError: it is no position, or there is no letter at it.
        """
        match = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,18})", position)
        if match is None:
            raise OperatorError(
                f"{position} is no position",
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
    """Open articles.dlq, which need not exist; it is not created.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
    """
    name = topic_name(Topic.DLQ, settings)
    async with open_admin(settings) as admin, open_reader(settings) as reader:
        with translate_errors(settings):
            # Of all topics, as a broker may create a topic that it is asked for by name (auto.create.topics.enable).
            described = await admin.describe_topics()
            found = [topic["partitions"] for topic in described if topic["topic"] == name]
            partitions = [TopicPartition(name, p["partition"]) for p in chain.from_iterable(found)]
            begins, ends = await reader.beginning_offsets(partitions), await reader.end_offsets(partitions)
        yield DeadLetters(reader, begins, {tp: ends[tp] for tp in sorted(ends)})


async def read_all(settings: Settings) -> AsyncIterator[DeadLetter]:
    """Read every dead letter there is at the time of the call, each partition in order.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
    """
    async with open_dead_letters(settings) as letters:
        async for letter in letters.read():
            yield letter


async def replay(producer: AIOKafkaProducer, letters: AsyncIterable[DeadLetter]) -> int:
    """Send the original bytes back to the topic that they came from; returns how many.

    At most `REPLAY_LETTERS` letters, or little more than `REPLAY_BYTES`, are in memory at a time. Later stages write by
    id, so a replay that was not needed changes nothing.
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
