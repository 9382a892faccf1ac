"""Sends items to articles.raw, or to articles.dlq."""

from __future__ import annotations

from aiokafka.errors import MessageSizeTooLargeError

from streams.errors import Reason, Rejected
from streams.kafka.dead_letters import Origin, failure_headers
from streams.kafka.producer import LastingProducer
from streams.settings import Settings
from streams.sources.base import Item
from streams.topics import Topic, topic_name

STAGE = "watch"


async def send_item(producer: LastingProducer, settings: Settings, item: Item) -> Rejected | None:
    """Send an item, and wait for Kafka's acknowledgement.

    Returns:
        None if it went to articles.raw, else why it became a dead letter.

    Raises:
        KafkaError, OSError, TimeoutError: the broker does not acknowledge it.
    """
    raw = topic_name(Topic.RAW, settings)
    failure = item.failure
    if failure is None and item.raw is not None:
        try:
            await producer.send_and_wait(raw, item.data, key=item.raw.url.encode())
        except MessageSizeTooLargeError:
            failure = Rejected(Reason.TOO_LARGE, f"{len(item.data)} bytes, over RASD_MAX_MESSAGE_BYTES")
        else:
            return None
    assert failure is not None  # noqa: S101  (an item has a record or a failure)
    headers = failure_headers(STAGE, failure, Origin(topic=raw, location=item.location))
    letter = item.data if failure.reason is not Reason.TOO_LARGE else item.location.encode()
    await producer.send_and_wait(topic_name(Topic.DLQ, settings), letter, headers=headers)
    return failure
