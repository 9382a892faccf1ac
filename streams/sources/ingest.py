"""Sends records to articles.raw; unreadable ones go to articles.dlq with their location."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from streams.errors import OperatorError, Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS, create_topics, open_producer
from streams.kafka.dead_letters import Origin, failure_headers
from streams.kafka.producer import LastingProducer
from streams.observability.tracing import Tracing, open_tracing
from streams.settings import Settings
from streams.sources.base import Item
from streams.topics import Topic, topic_name

STAGE = "ingest"
_IN_FLIGHT = 2000


@dataclass(slots=True)
class IngestReport:
    """Counts of one run of `ingest`.

    Attributes:
        sent: records sent to articles.raw.
        refused: unreadable records sent to articles.dlq.
        unsent: records too large to send.
        damaged: files, or parts of them, that could not be read and of which there is nothing to keep.
    """

    sent: int = 0
    refused: int = 0
    unsent: int = 0
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class SentRecord:
    """A record that Kafka has.

    Attributes:
        location: where it was read.
        url: its address.
        partition, offset: its position in articles.raw.
    """

    location: str
    url: str
    partition: int
    offset: int


async def ingest(
    items: Iterable[Item] | AsyncIterable[Item],
    settings: Settings,
    on_item: Callable[[Item], None],
    on_fault: Callable[[Item, str], None],
    on_sent: Callable[[SentRecord], None] | None = None,
) -> IngestReport:
    """Send all items, and return once Kafka has acknowledged every one.

    Args:
        items: the records.
        settings: broker, topics and limits.
        on_item: called with each item after it was passed to the producer.
        on_fault: called with each item that is unreadable, too large or passed over, and the reason.
        on_sent: called with each record that Kafka has acknowledged.

    Raises:
        Retryable: no broker can be reached, or it stopped answering midway. Sending the same items again is safe.
    """
    report = IngestReport()
    tracing = open_tracing(settings)
    await create_topics(settings)
    async with open_producer(settings) as producer:
        in_flight: deque[tuple[Awaitable[Any], tuple[str, str] | None]] = deque()

        async def acknowledge() -> None:
            delivery, record = in_flight.popleft()
            metadata = await delivery
            if on_sent is not None and record is not None:
                on_sent(SentRecord(*record, partition=metadata.partition, offset=metadata.offset))

        try:
            async for item in _each(items):
                delivery = await _send(producer, item, settings, report, on_fault, tracing=tracing)
                if delivery is not None:
                    in_flight.append((delivery, (item.location, item.raw.url) if item.raw is not None else None))
                on_item(item)
                while len(in_flight) > _IN_FLIGHT or (in_flight and _done(in_flight[0][0])):
                    await acknowledge()
            while in_flight:
                await acknowledge()
        except UNAVAILABLE_ERRORS as error:
            raise Retryable(
                f"Kafka at {settings.kafka_bootstrap} stopped answering after {report.sent} records: {error}"
            ) from error
        finally:
            await asyncio.to_thread(tracing.close)
    return report


async def _each(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[Item]:
    """Iterate over a source's items.

    Raises:
        OperatorError: the source failed with an error of the operating system or the network, which would pass for one
            of Kafka otherwise.
    """
    try:
        if isinstance(items, AsyncIterable):
            async for item in items:
                yield item
        else:
            for item in items:
                yield item
    except OSError as error:
        raise OperatorError(f"the source cannot be read any further: {error}") from error


def _done(delivery: Awaitable[Any]) -> bool:
    return isinstance(delivery, asyncio.Future) and delivery.done()


async def _send(
    producer: LastingProducer,
    item: Item,
    settings: Settings,
    report: IngestReport,
    on_fault: Callable[[Item, str], None],
    *,
    tracing: Tracing,
) -> Awaitable[Any] | None:
    raw = topic_name(Topic.RAW, settings)
    try:
        if item.failure is None and item.raw is not None:
            span = tracing.begin("ingest", None, messaging__destination__name=raw)
            headers = tracing.headers(span)
            delivery: Awaitable[Any] = await producer.send(raw, item.data, key=item.raw.url.encode(), headers=headers)
            tracing.end(span)
            report.sent += 1
            return delivery
        if item.skipped is not None:
            on_fault(item, item.skipped)
            return None
        failure = item.failure
        assert failure is not None  # noqa: S101  (an item has one or the other)
        if not item.data:
            report.damaged += 1
            on_fault(item, f"{failure.detail} ({failure.reason.value})")
            return None
        on_fault(item, f"{failure.detail} ({failure.reason.value}; kept in {topic_name(Topic.DLQ, settings)})")
        headers = failure_headers(STAGE, failure, Origin(topic=raw, location=item.location))
        delivery = await producer.send(topic_name(Topic.DLQ, settings), item.data, headers=headers)
    except MessageSizeTooLargeError:
        report.unsent += 1
        on_fault(item, f"not sent: {len(item.data)} bytes, over RASD_MAX_MESSAGE_BYTES ({settings.max_message_bytes})")
        return None
    except KafkaError as error:
        raise Retryable(f"Kafka at {settings.kafka_bootstrap} refuses a record: {error}") from error
    report.refused += 1
    return delivery
