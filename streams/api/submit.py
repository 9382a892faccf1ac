"""Sends articles submitted over HTTP to Kafka, and acknowledges them only once Kafka has."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiokafka.errors import MessageSizeTooLargeError
from pydantic import BaseModel, Field

from streams.api.limits import ConcurrencyLimit
from streams.errors import Reason, Rejected, Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS, open_producer
from streams.kafka.producer import LastingProducer
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics
from streams.observability.tracing import open_tracing
from streams.records import RawArticle
from streams.settings import Settings
from streams.topics import Topic, topic_name

log = get_logger(__name__)

# Each holds a page in memory, and they pile up while Kafka is unavailable.
MAX_WAITING = 32


class Receipt(BaseModel):
    """Position of the record in Kafka."""

    topic: str
    partition: int
    offset: int = Field(description="Offset within the partition.")


@dataclass(frozen=True, slots=True)
class _Line:
    """A producer, and the exit stack that closes it."""

    producer: LastingProducer
    resources: AsyncExitStack


class Intake:
    """Sends raw articles to Kafka. Connects on the first one, so that the API starts without a broker.

    Args:
        settings: broker, topic and timeouts.
        metrics: counts refused articles.

    Attributes:
        pending: limits the articles that are being sent at once; one client may take half of it.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.pending = ConcurrencyLimit(
            MAX_WAITING, "articles are being sent", metrics.api_limited.labels("articles").inc, MAX_WAITING // 2
        )
        self._tracing = open_tracing(settings)
        self._topic = topic_name(Topic.RAW, settings)
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, raw: RawArticle, data: bytes, parent: str | None = None) -> Receipt:
        """Send one record; return once all in-sync replicas have it.

        Args:
            raw: the record.
            data: its bytes as received. They are sent unchanged, so that a dead letter shows what was submitted.
            parent: the client's `traceparent` header, whose trace is continued.

        Raises:
            Retryable: no broker acknowledges it in time. It may have arrived; sending it again is safe, as the same
                article has the same id.
            Rejected: it exceeds the maximum message size.
        """
        line = await self._connected()
        received = {"traceparent": parent.encode()} if parent else None
        span = self._tracing.begin("hand in", received, messaging__destination__name=self._topic)
        try:
            async with asyncio.timeout(self.settings.kafka_connect_timeout):
                headers = self._tracing.headers(span)
                delivery = await line.producer.send(self._topic, data, key=raw.url.encode(), headers=headers)
                metadata = await delivery
        except MessageSizeTooLargeError as error:
            detail = f"the record exceeds {self.settings.max_message_bytes} bytes"
            raise Rejected(Reason.TOO_LARGE, detail) from error
        except UNAVAILABLE_ERRORS as error:
            self._give_up(line)
            raise Retryable(f"Kafka at {self.settings.kafka_bootstrap} did not confirm the article") from error
        finally:
            self._tracing.end(span, sys.exception())
        return Receipt(topic=metadata.topic, partition=metadata.partition, offset=metadata.offset)

    async def close(self) -> None:
        """Flush buffered records and close the connections."""
        if self._line is not None:
            self._give_up(self._line)
        if self._closing:
            await asyncio.wait(self._closing)
        await asyncio.to_thread(self._tracing.close)

    async def _connected(self) -> _Line:
        async with self._connecting:
            if self._line is None:
                resources = AsyncExitStack()
                producer = await resources.enter_async_context(open_producer(self.settings))
                self._line = _Line(producer, resources)
            return self._line

    def _give_up(self, line: _Line) -> None:
        """Let the next article open a new line.

        An idempotent producer has a gap in its sequence numbers once a record expired, and a broker that is back may
        reject all that follow. Closing takes until buffered records are delivered or expired (30 s), so it runs in the
        background.
        """
        if self._line is line:
            self._line = None
            task = asyncio.create_task(line.resources.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a producer did not close cleanly", cause=str(error))
