"""Articles that come in over HTTP: acknowledged only when Kafka has them."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from pydantic import BaseModel, Field

from streams.api.streaming import ConcurrencyLimit
from streams.errors import Reason, Rejected, Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS, open_producer
from streams.observability.logs import get_logger
from streams.observability.tracing import open_tracing
from streams.records import RawArticle
from streams.settings import Settings
from streams.topics import Topic, topic_name

log = get_logger(__name__)

# Each holds a page in memory, and a broker that is away lets them pile up.
MAX_WAITING = 32


class Receipt(BaseModel):
    """Where Kafka keeps the record."""

    topic: str
    partition: int
    offset: int = Field(description="With topic and partition: the record's address.")


@dataclass(frozen=True, slots=True)
class _Line:
    """A producer, and what closes it."""

    producer: AIOKafkaProducer
    resources: AsyncExitStack


class Intake:
    """Sends raw articles to Kafka; connects when the first one comes, so that the API starts without a broker.

    Attributes:
        pending: limits the articles that are on their way at once.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pending = ConcurrencyLimit(MAX_WAITING, "articles are on their way")
        self._tracing = open_tracing(settings)
        self._topic = topic_name(Topic.RAW, settings)
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, raw: RawArticle, data: bytes, parent: str | None = None) -> Receipt:
        """Hand over one record; returns when all replicas have it.

        Args:
            raw: the record.
            data: the same as it came in; this goes to Kafka, so that a dead letter shows what was sent.
            parent: the caller's `traceparent`, whose trace goes on here.

        Raises:
            Retryable: no broker confirms it in time. It may have arrived all the same; sending it again is harmless,
                as the same article has the same id.
            Rejected: it is larger than Kafka takes.
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
        """Send what is buffered and close the connections."""
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

        A producer that numbers its records has a hole in the numbers once one expired, and a broker that came back may
        refuse all that follow. Closing waits until what it still holds is delivered or expired (30 s), so nobody waits
        for it here.
        """
        if self._line is line:
            self._line = None
            task = asyncio.create_task(line.resources.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a line to Kafka did not close cleanly", cause=str(error))
