"""Articles that come in over HTTP: acknowledged only when Kafka has them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from pydantic import BaseModel, Field

from streams.errors import Reason, Rejected, Retryable
from streams.kafka import AWAY, open_producer
from streams.records import RawArticle
from streams.settings import Settings
from streams.topics import Topic, topic_name


class Receipt(BaseModel):
    """Where Kafka keeps the record."""

    topic: str
    partition: int
    offset: int = Field(description="With topic and partition: the record's address.")


class Intake:
    """Sends raw articles to Kafka; connects when the first one comes, so that the API starts without a broker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._topic = topic_name(Topic.RAW, settings)
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._resources = AsyncExitStack()

    async def send(self, raw: RawArticle, data: bytes) -> Receipt:
        """Hand over one record; returns when all replicas have it.

        Args:
            raw: the record.
            data: the same as it came in; this goes to Kafka, so that a dead letter shows what was sent.

        Raises:
            Retryable: no broker confirms it in time. It may have arrived all the same; sending it again is harmless,
                as the same article has the same id.
            Rejected: it is larger than Kafka takes.
        """
        producer = await self._connected()
        try:
            async with asyncio.timeout(self.settings.kafka_connect_timeout):
                delivery = await producer.send(self._topic, data, key=raw.url.encode())
                metadata = await delivery
        except MessageSizeTooLargeError as error:
            detail = f"the record exceeds {self.settings.max_message_bytes} bytes"
            raise Rejected(Reason.TOO_LARGE, detail) from error
        except AWAY as error:
            raise Retryable(f"Kafka at {self.settings.kafka_bootstrap} did not confirm the article") from error
        return Receipt(topic=metadata.topic, partition=metadata.partition, offset=metadata.offset)

    async def close(self) -> None:
        """Send what is buffered and close the connections."""
        await self._resources.aclose()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                self._producer = await self._resources.enter_async_context(open_producer(self.settings))
            return self._producer
