"""A producer that outlasts a failure of aiokafka's own.

aiokafka (0.14) sends from one task. When an unexpected error ends that task, no other is begun, and every later record
is refused with the same error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.observability.logs import get_logger

log = get_logger(__name__)


def ended_by(producer: AIOKafkaProducer) -> BaseException | None:
    """Return the error that has ended a producer's task; None while it works, or when it was closed."""
    task: asyncio.Task[None] | None = producer._sender.sender_task
    if task is None or not task.done() or task.cancelled():
        return None
    return task.exception()


class LastingProducer:
    """Sends records by a producer of aiokafka, and by a new one once that has ended by an error.

    Records that the ended one had not sent fail with its error, as if the broker had not acknowledged them.

    Args:
        open_one: makes and starts a producer; closes what it made if it fails.
        close_one: closes a producer.
    """

    def __init__(
        self,
        open_one: Callable[[], Awaitable[AIOKafkaProducer]],
        close_one: Callable[[AIOKafkaProducer], Awaitable[None]],
    ) -> None:
        self._open_one = open_one
        self._close_one = close_one
        self._producer: AIOKafkaProducer = None
        self._renewing = asyncio.Lock()

    async def start(self) -> None:
        """Open the first producer. Raises like `open_one`."""
        self._producer = await self._open_one()

    async def stop(self) -> None:
        """Close the producer, if one is open."""
        if self._producer is not None:
            await self._close_one(self._producer)

    async def send(self, topic: str, value: bytes | None = None, **options: Any) -> asyncio.Future[Any]:
        """Hand a record over, and return a future of its metadata once the broker has it.

        Args:
            topic: its name.
            value: of the record.
            options: those of `AIOKafkaProducer.send`.

        Raises:
            KafkaError, OSError, TimeoutError: the broker is unavailable, or the record is too large.
        """
        sent: asyncio.Future[Any] = await (await self._working()).send(topic, value, **options)
        return sent

    async def send_and_wait(self, topic: str, value: bytes | None = None, **options: Any) -> Any:
        """Send a record and return its metadata. Takes and raises what `send` does."""
        return await (await self.send(topic, value, **options))

    async def _working(self) -> AIOKafkaProducer:
        if ended_by(self._producer) is not None:
            async with self._renewing:
                if (error := ended_by(self._producer)) is not None:  # it may have been renewed meanwhile
                    log.warning("a Kafka producer has ended; a new one is opened", cause=repr(error))
                    ended, self._producer = self._producer, await self._open_one()
                    await self._close_one(ended)
        return self._producer
