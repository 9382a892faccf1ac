"""The dead letters: records that no stage can use, kept byte for byte with their reason and origin.

Headers follow Kafka Connect's dead-letter queue where it has a name for the thing, so that its tools read them; the
rest begins with `rasd.`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer, ConsumerRecord

from streams.errors import Reason, Rejected
from streams.kafka.clients import open_reader
from streams.settings import Settings
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

Headers = list[tuple[str, bytes]]


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


async def read_all(settings: Settings) -> AsyncIterator[DeadLetter]:
    """Every dead letter there is at the time of the call, partition by partition in order.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_reader(settings, topic_name(Topic.DLQ, settings)) as reader:
        ends = await reader.end_offsets(reader.assignment())
        begins = await reader.beginning_offsets(reader.assignment())
        left = {tp for tp, end in ends.items() if end > begins[tp]}
        while left:
            for tp, records in (await reader.getmany(timeout_ms=500)).items():
                for record in records:
                    if record.offset < ends[tp]:
                        yield parse(record)
            for tp in list(left):
                if await reader.position(tp) >= ends[tp]:
                    left.discard(tp)


async def replay(producer: AIOKafkaProducer, letters: Iterable[DeadLetter]) -> int:
    """Send the original bytes back to the topic that they came from; returns how many.

    Later stages write by id, so a replay that was not needed changes nothing.
    """
    deliveries = [
        await producer.send(
            letter.origin.topic,
            letter.value,
            key=letter.key,
            headers=[(_REPLAYED, letter.position.encode())],
        )
        for letter in letters
    ]
    for delivery in deliveries:
        await delivery
    return len(deliveries)
