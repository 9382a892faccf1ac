"""Read the offsets of topics and of the workers' group, and add partitions to topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from streams.errors import OperatorError
from streams.kafka.clients import describe_topics, open_admin, open_reader, retry_until_visible, translate_errors
from streams.settings import Settings
from streams.topics import Topic, TopicSpec, topic_name, topic_specs


@dataclass(frozen=True, slots=True)
class TopicState:
    """The state of one topic in Kafka.

    Attributes:
        topic: name without RASD_TOPIC_PREFIX.
        begins, ends: first offset kept and next offset to be written, by partition.
        committed: offset committed by the workers' group, by partition; omitted where there is none.
        lacking: number of under-replicated partitions.
    """

    topic: str
    begins: Mapping[int, int]
    ends: Mapping[int, int]
    committed: Mapping[int, int]
    lacking: int

    @property
    def end(self) -> int:
        """Number of records ever written."""
        return sum(self.ends.values())

    @property
    def kept(self) -> int:
        """Number of records that the topic holds."""
        return self.end - sum(self.begins.values())

    @property
    def waiting(self) -> int:
        """Number of records that the workers have not finished; 0 for the dead letters, which no stage reads."""
        if self.topic == Topic.DLQ:
            return 0
        done = {p: max(begin, self.committed.get(p, 0)) for p, begin in self.begins.items()}
        return sum(max(0, end - done[p]) for p, end in self.ends.items())


async def read_topics(
    settings: Settings, topics: Sequence[str], admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer
) -> dict[str, TopicState]:
    """Return the state of those of the topics that exist, in their order.

    Raises:
        KafkaError, OSError, TimeoutError: the broker is unavailable; see `translate_errors`.
    """
    described = await admin.describe_topics([topic_name(topic, settings) for topic in topics])
    partitions = {found["topic"]: found["partitions"] for found in described if found["error_code"] == 0}
    all_partitions = [TopicPartition(name, p["partition"]) for name, group in partitions.items() for p in group]
    begins, ends = await reader.beginning_offsets(all_partitions), await reader.end_offsets(all_partitions)
    committed = await admin.list_consumer_group_offsets(settings.app_id)
    states = {}
    for topic in topics:
        name = topic_name(topic, settings)
        own = [tp for tp in all_partitions if tp.topic == name]
        if own:
            states[topic] = TopicState(
                topic,
                begins={p.partition: begins[p] for p in own},
                ends={p.partition: ends[p] for p in own},
                committed={p.partition: committed[p].offset for p in own if p in committed},
                lacking=sum(len(p["isr"]) < len(p["replicas"]) for p in partitions[name]),
            )
    return states


async def topic_states(settings: Settings, topics: Sequence[str]) -> dict[str, TopicState]:
    """Return the state of those of the topics that exist, in their order.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
    """
    async with open_admin(settings) as admin, open_reader(settings) as reader:
        with translate_errors(settings):
            return await retry_until_visible(lambda: read_topics(settings, topics, admin, reader))


async def grow(settings: Settings, partitions: int, extra: Sequence[TopicSpec] = ()) -> dict[str, int]:
    """Add partitions to the topics that workers share.

    Args:
        settings: settings of the process.
        partitions: new number of partitions of each topic.
        extra: topics of plugins, which get as many partitions.

    Returns:
        The former number of partitions of each topic that grew.

    Raises:
        OperatorError: workers are running, a topic does not exist, or one already has more partitions.
        Retryable: no broker can be reached, or it is still starting.
    """
    # Topics that have one partition, whatever the settings say, keep it.
    built_in = topic_specs(settings.model_copy(update={"partitions": 2}))
    shared = [spec.name for spec in built_in if spec.partitions == 2] + [spec.name for spec in extra]
    async with open_admin(settings) as admin:
        with translate_errors(settings):
            (group,) = await retry_until_visible(lambda: admin.describe_consumer_groups([settings.app_id]))
            if members := len(group.groups[0][5]):
                raise OperatorError(
                    f"workers of the application {settings.app_id} are running: {members}", hint="stop them first"
                )
            had = {found["topic"]: len(found["partitions"]) for found in await describe_topics(admin, shared)}
            if larger := [name for name, number in had.items() if number > partitions]:
                raise OperatorError(
                    f"topic {larger[0]} has {had[larger[0]]} partitions; Kafka cannot remove any", status=2
                )
            grown = {name: number for name, number in had.items() if number < partitions}
            if grown:
                await admin.create_partitions({name: NewPartitions(partitions) for name in grown})
    return grown
