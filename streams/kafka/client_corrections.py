"""Corrections of aiokafka's clients (0.14), for a broker that is away.

They ask for metadata without a pause while Kafka cannot answer. And uvloop raises RuntimeError when a connection is
written to that it has closed and that nobody has told aiokafka about yet: the producer takes that for a defect of its
own, ends, and sends nothing any more; the task that keeps the metadata ends likewise.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaConnectionError

# While Kafka is away, or lacks a topic, aiokafka's consumer and producer ask for metadata without a pause: more than a
# thousand requests a second, which keep both the process and the broker busy. The pause is aiokafka's own default
# back-off.
METADATA_PAUSE_SECONDS = 0.1


def correct_client(client: Any) -> None:
    """Correct an `AIOKafkaClient` as this module says, before it is started.

    It waits `METADATA_PAUSE_SECONDS` between two requests for metadata, the first of which is not delayed. Its
    connections raise `KafkaConnectionError` when they turn out to be closed.
    """
    _pace_metadata(client)
    connection_of = client._get_conn

    async def corrected(*args: Any, **options: Any) -> Any:
        connection = await connection_of(*args, **options)
        if connection is not None and "send" not in vars(connection):
            connection.send = _reporting_loss(connection, connection.send)
        return connection

    client._get_conn = corrected


def _reporting_loss(connection: Any, send: Callable[..., Any]) -> Callable[..., Any]:
    def reporting(*args: Any, **options: Any) -> Any:
        try:
            return send(*args, **options)
        except RuntimeError as error:  # uvloop's «the handler is closed»; asyncio raises ConnectionError
            connection.close(reason=CloseReason.CONNECTION_BROKEN, exc=error)
            raise KafkaConnectionError(f"Connection at {connection.host}:{connection.port} broken: {error}") from error

    return reporting


def _pace_metadata(client: Any) -> None:
    update = client._metadata_update
    earliest = 0.0

    async def paced(*args: Any) -> Any:
        nonlocal earliest
        await asyncio.sleep(max(0.0, earliest - time.monotonic()))
        try:
            return await update(*args)
        finally:
            earliest = time.monotonic() + METADATA_PAUSE_SECONDS

    client._metadata_update = paced
