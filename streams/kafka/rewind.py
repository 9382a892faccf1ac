"""Rewind a consumer group, so that stages read their topics again after one of them was changed or fixed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalGenerationError, UnknownMemberIdError

from streams.errors import OperatorError, Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS, client_options, describe_topics, open_admin
from streams.settings import Settings
from streams.topics import topic_name


async def rewind(
    settings: Settings, reads: Sequence[str], rewritten: Collection[str], since: datetime
) -> dict[str, int]:
    """Set the committed offsets of the workers' consumer group (`app_id`).

    A topic that one of these stages writes is read from its end: older records are results of the former version and
    would replace the new ones. Any other topic is read from the given time.

    Args:
        settings: settings of the process.
        reads: topics that the stages read, in pipeline order.
        rewritten: topics that the stages write.
        since: time of the first record to read again.

    Returns:
        The number of records to read again, by topic.

    Raises:
        OperatorError: workers of this application are running, or a topic does not exist.
        Retryable: no broker can be reached.
    """
    topics = [topic_name(topic, settings) for topic in reads]
    partitions = await _partitions(settings, topics)
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=settings.app_id, enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        own = {topic_name(topic, settings) for topic in rewritten}
        kept = [tp for tp in partitions if tp.topic not in own]
        found = await consumer.offsets_for_times(dict.fromkeys(kept, int(since.timestamp() * 1000)))
        begins = ends | {tp: at.offset for tp, at in found.items() if at is not None}
        await consumer.commit(begins)
    except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError) as error:
        raise OperatorError(
            f"workers of the application {settings.app_id} are running, so their offsets cannot be set",
            hint="stop them first, or use another RASD_APP_ID",
        ) from error
    except UNAVAILABLE_ERRORS as error:
        raise Retryable(f"Kafka at {settings.kafka_bootstrap}: {error}") from error
    finally:
        await consumer.stop()
    return {topic: sum(ends[p] - begins[p] for p in partitions if p.topic == topic) for topic in topics}


async def _partitions(settings: Settings, topics: Sequence[str]) -> list[TopicPartition]:
    async with open_admin(settings) as admin:
        described = await describe_topics(admin, topics)
    return [TopicPartition(found["topic"], p["partition"]) for found in described for p in found["partitions"]]
