"""Read the offsets of topics and of the workers' group, and add partitions to topics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import KafkaError

from streams.errors import OperatorError
from streams.kafka.clients import describe_topics, open_admin, open_reader, retry_until_visible, translate_errors
from streams.kafka.first_records import FIRST_BYTES, FirstRecord, FirstRecords, find_first_records
from streams.kafka.topic_config import TopicConfig, read_configs
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
        retention: seconds that a record is kept, infinite without a limit; None if Kafka does not tell us.
        firsts: the first waiting record, by partition; without partitions where none waits.
    """

    topic: str
    begins: Mapping[int, int]
    ends: Mapping[int, int]
    committed: Mapping[int, int]
    lacking: int
    retention: float | None = None
    firsts: Mapping[int, FirstRecord] = field(default_factory=dict)

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
        return sum(self.ends[p] - first for p, first in self.first_waiting.items())

    @property
    def first_waiting(self) -> dict[int, int]:
        """Offset of the first waiting record, by partition; without partitions where none waits."""
        if self.topic == Topic.DLQ:
            return {}
        first = {
            p: max(begin, self.committed.get(p, 0), (self.firsts[p].empty_until or 0) if p in self.firsts else 0)
            for p, begin in self.begins.items()
        }
        return {p: offset for p, offset in first.items() if offset < self.ends[p]}

    @property
    def oldest(self) -> float | None:
        """Kafka's time of the oldest waiting record, seconds since the epoch.

        None if none waits, or if it could not be read in a partition where one does.
        """
        waiting = self.first_waiting
        times = [first.time for p, first in self.firsts.items() if p in waiting and first.time is not None]
        return min(times) if times and len(times) == len(waiting) else None

    @property
    def deleted_unread(self) -> dict[int, int]:
        """Number of records that Kafka deleted before the workers read them, by partition; without those where it is 0.

        Only until a worker reads on behind them. A group that has committed nothing begins with the oldest record.
        """
        gaps = {p: begin - self.committed.get(p, begin) for p, begin in self.begins.items()}
        return {} if self.topic == Topic.DLQ else {p: gap for p, gap in gaps.items() if gap > 0}

    def retention_left(self, now: float) -> float | None:
        """Seconds until retention may delete a record that waits; if none waits, one that arrives now.

        Negative where it may do so at any moment. None if it is not known.

        Args:
            now: seconds since the epoch.
        """
        oldest = self.oldest
        if self.retention is None or (oldest is None and self.waiting):
            return None
        return self.retention if oldest is None else oldest + self.retention - now


async def read_topics(
    settings: Settings,
    topics: Sequence[str],
    admin: AIOKafkaAdminClient,
    reader: AIOKafkaConsumer,
    known: FirstRecords | None = None,
) -> dict[str, TopicState]:
    """Return the state of those of the topics that exist, in their order.

    Args:
        settings: settings of the process.
        topics: names without RASD_TOPIC_PREFIX.
        admin: an admin client.
        reader: a consumer without a group; it is assigned the partitions with waiting records.
        known: kept by the caller from one call to the next, so that a record that still waits is not read again.

    Raises:
        KafkaError, OSError, TimeoutError: the broker is unavailable; see `translate_errors`.
    """
    described = await admin.describe_topics([topic_name(topic, settings) for topic in topics])
    partitions = {found["topic"]: found["partitions"] for found in described if found["error_code"] == 0}
    all_partitions = [TopicPartition(name, p["partition"]) for name, group in partitions.items() for p in group]
    begins, ends = await reader.beginning_offsets(all_partitions), await reader.end_offsets(all_partitions)
    committed = await admin.list_consumer_group_offsets(settings.app_id)
    done = {tp: at.offset for tp, at in committed.items() if at.offset >= 0}
    retention = await _retention(admin, list(partitions))
    states = {}
    for topic in topics:
        name = topic_name(topic, settings)
        own = [tp for tp in all_partitions if tp.topic == name]
        if own:
            states[topic] = TopicState(
                topic,
                begins={p.partition: begins[p] for p in own},
                ends={p.partition: ends[p] for p in own},
                committed={p.partition: done[p] for p in own if p in done},
                lacking=sum(len(p["isr"]) < len(p["replicas"]) for p in partitions[name]),
                retention=retention.get(name),
            )
    firsts = await _first_records(settings, states, reader, {} if known is None else known)
    return {topic: replace(state, firsts=firsts[topic]) for topic, state in states.items()}


async def _retention(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, float]:
    """Seconds that the topics keep a record; empty if we may not ask."""
    try:
        configs = await read_configs(admin, names)
    except KafkaError as error:
        if error.retriable:
            raise
        return {}
    return {name: _retention_seconds(config) for name, config in configs.items()}


def _retention_seconds(config: TopicConfig) -> float:
    milliseconds = int(config.values["retention.ms"] or -1)
    expires = "delete" in (config.values["cleanup.policy"] or "")
    return milliseconds / 1000 if expires and milliseconds >= 0 else math.inf


async def _first_records(
    settings: Settings, states: Mapping[str, TopicState], reader: AIOKafkaConsumer, known: FirstRecords
) -> dict[str, dict[int, FirstRecord]]:
    """The first waiting record of each partition where one waits, by topic."""
    wanted = {
        TopicPartition(topic_name(topic, settings), partition): offset
        for topic, state in states.items()
        for partition, offset in state.first_waiting.items()
    }
    ends = {
        TopicPartition(topic_name(topic, settings), partition): end
        for topic, state in states.items()
        for partition, end in state.ends.items()
    }
    found = await find_first_records(reader, wanted, ends, known)
    return {
        topic: {tp.partition: first for tp, first in found.items() if tp.topic == topic_name(topic, settings)}
        for topic in states
    }


async def topic_states(settings: Settings, topics: Sequence[str]) -> dict[str, TopicState]:
    """Return the state of those of the topics that exist, in their order.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
    """
    async with open_admin(settings) as admin, open_reader(settings, fetch_bytes=FIRST_BYTES) as reader:
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
