"""Dead letters: records that a stage could not use, kept byte for byte with their reason and origin.

Headers have the names of Kafka Connect's dead-letter queue where it defines one, so that its tools can read them. The
names of the others begin with `rasd.`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from streams.errors import OperatorError, Reason, Rejected
from streams.kafka.clients import open_admin, open_reader, translate_errors
from streams.kafka.letter_parts import Part, join, read_part
from streams.kafka.producer import LastingProducer
from streams.kafka.tolerant_reads import read_batch
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

# A letter may have 128 MiB (RASD_MAX_MESSAGE_BYTES), so only a few are read at once.
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
    """One record of articles.dlq, or several that are parts of one letter.

    Attributes:
        partition, offset: its position in articles.dlq; of several records, that of the first one read.
        timestamp: time at which it was written, in UTC.
        stage: name of the stage or source that rejected it.
        reason: a `Reason`, or "unknown".
        message: the error, in one line.
        origin: where the record came from.
        key, value: the original bytes.
        trace: id of its OpenTelemetry trace, if it was traced.
        part: which part of a letter it is; None for a whole letter.
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
    part: Part | None = None

    @property
    def position(self) -> str:
        """Its position in articles.dlq as `rasd dlq show` expects it: partition:offset."""
        return f"{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class RecentLetters:
    """How many dead letters were written lately.

    Attributes:
        stages: number by stage or source.
        complete: whether all were counted.
    """

    stages: Mapping[str, int]
    complete: bool


@dataclass(frozen=True, slots=True)
class FoundLetters:
    """Dead letters that were looked for.

    Attributes:
        letters: the newest first, without their values.
        complete: whether all letters were looked through.
    """

    letters: Sequence[DeadLetter]
    complete: bool


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
        else (Reason.POISON, f"{type(error).__name__}: {_text(error)}")
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
    # A message may quote half a surrogate pair of the record.
    return [(name, value.encode(errors="backslashreplace")) for name, value in pairs]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception of a plugin
        return "an error that cannot be printed"


def _number(text: str | None) -> int:
    """Read a number of a header; -1 if it is missing, or another program wrote something else there."""
    try:
        return int(text or "")
    except ValueError:
        return -1


def parse(record: ConsumerRecord) -> DeadLetter:
    """Parse a record of articles.dlq. Missing headers become "unknown", empty or -1."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        timestamp=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        stage=headers.get(_STAGE, "unknown"),
        reason=headers.get(_REASON, "unknown"),
        message=headers.get(_MESSAGE, ""),
        origin=Origin(
            topic=headers.get(_TOPIC, ""),
            partition=_number(headers.get(_PARTITION)),
            offset=_number(headers.get(_OFFSET)),
            location=headers.get(_ORIGIN),
        ),
        key=record.key,
        value=record.value or b"",
        trace=_trace(headers.get(_TRACE, "")),
        part=read_part(headers),
    )


def _trace(parent: str) -> str | None:
    """Return the trace id of a `traceparent`: version-trace-span-flags (W3C Trace Context)."""
    parts = parent.split("-")
    return parts[1] if len(parts) >= 4 else None


# The letter that a part belongs to: the same one after a crash between two parts, when all of them are written again.
_Whole = tuple[str, str, Origin]


@dataclass(slots=True)
class _Joiner:
    """Parts of letters that are still incomplete."""

    waiting: dict[_Whole, dict[int, DeadLetter]] = field(default_factory=dict)

    def add(self, letter: DeadLetter) -> DeadLetter | None:
        """Return the letter that this record completes, or None."""
        part = letter.part
        if part is None:
            return letter
        parts = self.waiting.setdefault(_whole(letter, part), {})
        parts.setdefault(part.number, letter)
        if len(parts) < part.count:
            return None
        del self.waiting[_whole(letter, part)]
        first = min(parts.values(), key=lambda each: each.offset)
        try:
            key, value = join(part, [parts[number].value for number in sorted(parts)])
        except ValueError as error:
            raise OperatorError(f"the dead letter at {first.position} is damaged: {error}") from error
        return replace(first, key=key, value=value, part=None)


def _whole(letter: DeadLetter, part: Part) -> _Whole:
    return letter.stage, part.sha256, letter.origin


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

    @property
    def begins(self) -> Mapping[TopicPartition, int]:
        """The first offset kept, by partition."""
        return self._begins

    @property
    def ends(self) -> Mapping[TopicPartition, int]:
        """The next offset to be written, by partition."""
        return self._ends

    async def read(self, since: Mapping[TopicPartition, int] | None = None) -> AsyncIterator[DeadLetter]:
        """Yield all letters, each partition in order, with a few in memory at a time.

        Args:
            since: first offset by partition; partitions that it lacks are read from their beginning.

        A letter in parts is left out while parts of it are missing: a worker that died between two parts writes all of
        them again.
        """
        async for letter in self._read_from({tp: (since or {}).get(tp, begin) for tp, begin in self._begins.items()}):
            yield letter

    async def _read_from(
        self, starts: Mapping[TopicPartition, int], only: _Whole | None = None
    ) -> AsyncIterator[DeadLetter]:
        """Yield letters from these offsets on; with `only`, just the letter that these parts make up."""
        left = [tp for tp, start in starts.items() if self._ends[tp] > start]
        self._reader.assign(left)
        for tp in left:
            self._reader.seek(tp, starts[tp])
        joiner = _Joiner()
        while left:
            for tp, records in (
                await self._reader.getmany(*left, timeout_ms=POLL_MS, max_records=POLL_RECORDS)
            ).items():
                for record in records:
                    if record.offset >= self._ends[tp]:
                        continue
                    letter = parse(record)
                    if only is not None and (letter.part is None or _whole(letter, letter.part) != only):
                        continue
                    if (joined := joiner.add(letter)) is not None:
                        yield joined
            # The position, not the offset of the last record: transactions and deletion leave offsets without a record,
            # even at the end.
            left = [tp for tp in left if await self._reader.position(tp) < self._ends[tp]]

    async def find(self, position: str) -> DeadLetter:
        """Read one letter, without reading others, unless it is in parts.

        Args:
            position: partition:offset; of a letter in parts, that of any part.

        Raises:
            OperatorError: the position is invalid, there is no letter at it, or parts of the letter are missing.
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
            return letter if letter.part is None else await self._whole_of(letter, letter.part, tp)
        raise _missing(position, "Kafka has deleted it" if offset < begin else "Kafka keeps no record there")

    async def _whole_of(self, letter: DeadLetter, part: Part, tp: TopicPartition) -> DeadLetter:
        # Most often it is the first part, as `rasd dlq list` prints it, and the others follow.
        for start in (letter.offset, self._begins[tp]):
            async for found in self._read_from({tp: start}, _whole(letter, part)):
                return found
        raise _missing(letter.position, f"it is part {part.number} of {part.count}, and others are missing")

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


async def replay(producer: LastingProducer, letters: AsyncIterable[DeadLetter]) -> int:
    """Send the original bytes of dead letters back to their topics.

    At most `REPLAY_LETTERS` letters, or slightly more than `REPLAY_BYTES`, are in memory at a time. Documents are
    written by id, so an unnecessary replay changes nothing.

    A letter with the reason `unreadable` is a whole batch: the records in it are sent, if this reader can read them.
    The other letters of that batch hold nothing.

    Returns:
        The number of records sent.

    Raises:
        KafkaError: a record was not delivered.
        OperatorError: some letters are larger than Kafka accepts, or still cannot be read; all others were sent.
    """
    number = waiting = 0
    too_large: list[str] = []
    unreadable: list[str] = []
    deliveries: list[tuple[str, Awaitable[Any]]] = []
    async for letter in letters:
        headers = [(_REPLAYED, letter.position.encode())]
        for key, value in _originals(letter, unreadable):
            try:
                delivery = await producer.send(letter.origin.topic, value, key=key, headers=headers)
            except MessageSizeTooLargeError:
                too_large.append(letter.position)
                continue
            deliveries.append((letter.position, delivery))
            waiting += len(value or b"")
            if len(deliveries) >= REPLAY_LETTERS or waiting >= REPLAY_BYTES:
                number += await _delivered(deliveries, too_large)
                deliveries, waiting = [], 0
    number += await _delivered(deliveries, too_large)
    if too_large:
        raise OperatorError(
            f"{number} records sent back; larger than their topics take: {', '.join(too_large)}",
            hint="raise RASD_MAX_MESSAGE_BYTES and max.message.bytes of the topic, or print one with rasd dlq show",
        )
    if unreadable:
        raise OperatorError(
            f"{number} records sent back; batches that still cannot be read: {', '.join(unreadable)}",
            hint="rasd dlq show prints the bytes of a batch, as Kafka has them",
        )
    return number


def _originals(letter: DeadLetter, unreadable: list[str]) -> list[tuple[bytes | None, bytes | None]]:
    """Return key and value of what to send back for a letter; add its position to `unreadable` if it cannot be read."""
    if letter.reason != Reason.UNREADABLE:
        return [(letter.key, letter.value)]
    if not letter.value:
        return []
    try:
        return read_batch(letter.value)
    except Exception:  # whatever a codec raises on damaged data
        unreadable.append(letter.position)
        return []


async def _delivered(deliveries: Sequence[tuple[str, Awaitable[Any]]], too_large: list[str]) -> int:
    """Wait for deliveries and return how many succeeded; add the positions of the others to `too_large`."""
    refused = len(too_large)
    for position, delivery in deliveries:
        try:
            await delivery
        except MessageSizeTooLargeError:
            too_large.append(position)
    return len(deliveries) - (len(too_large) - refused)


async def count_recent(settings: Settings, since: datetime, most: int) -> RecentLetters:
    """Count the dead letters of the last time by stage, among the `most` newest ones.

    Args:
        settings: settings of the process.
        since: earliest time at which they were written.
        most: number of records to read; more are not counted.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
    """
    counts: Counter[str] = Counter()
    async with open_dead_letters(settings) as letters:
        starts, cut = _newest(letters, most)
        oldest = datetime.max.replace(tzinfo=UTC)
        async for letter in letters.read(starts):
            oldest = min(oldest, letter.timestamp)
            if letter.timestamp >= since:
                counts[letter.stage] += 1
    return RecentLetters(dict(counts), complete=not cut or oldest < since)


async def find_letters(settings: Settings, keys: AbstractSet[bytes], most: int) -> FoundLetters:
    """Return the dead letters with one of these keys among the `most` newest ones.

    Args:
        settings: settings of the process.
        keys: URLs of pages, as letters of articles.raw have them, or ids of articles.
        most: number of records to read.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
    """
    found = []
    async with open_dead_letters(settings) as letters:
        starts, cut = _newest(letters, most)
        async for letter in letters.read(starts):
            if letter.key in keys:
                found.append(replace(letter, value=b""))
    return FoundLetters(sorted(found, key=lambda one: one.timestamp, reverse=True), complete=not cut)


def _newest(letters: DeadLetters, most: int) -> tuple[dict[TopicPartition, int], bool]:
    """Return from which offset of each partition on there are `most` letters in all, and whether that omits any."""
    each = max(1, most // max(1, len(letters.ends)))
    starts = {tp: max(letters.begins[tp], end - each) for tp, end in letters.ends.items()}
    return starts, any(start > letters.begins[tp] for tp, start in starts.items())
