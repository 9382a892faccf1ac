"""Set a consumer group back to a moment, so that stages read their topics again: after a stage changed or was fixed."""

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
    """Set where the workers of this application (`app_id`) begin: at a moment, or at the end of what they write anew.

    A topic that one of the stages writes anew is read from its end on: anything older in it is the result of the
    former version, and would replace the new one. A topic that another stage has written, such as the moves of
    articles whose cluster changed, is read from the moment on.

    Args:
        reads: topics that the stages read, in pipeline order.
        rewritten: topics that they write.
        since: the first record that is read again is the first that came at this time or later.

    Returns:
        How many records each topic has to be read again.

    Raises:
        OperatorError: workers of this application run, or a topic is not there.
        Retryable: no broker can be reached.
    """
    topics = [topic_name(topic, settings) for topic in reads]
    partitions = await _partitions(settings, topics)
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=settings.app_id, enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        anew = {topic_name(topic, settings) for topic in rewritten}
        kept = [tp for tp in partitions if tp.topic not in anew]
        found = await consumer.offsets_for_times(dict.fromkeys(kept, int(since.timestamp() * 1000)))
        begins = ends | {tp: at.offset for tp, at in found.items() if at is not None}
        await consumer.commit(begins)
    except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError) as error:
        raise OperatorError(
            f"workers of the application {settings.app_id} run, and Kafka keeps their offsets",
            hint="stop them first, or take another name: RASD_APP_ID",
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
