"""The two compacted topics of the directory: `sources` and `sources.state`, each under the source's name.

While a visit sends items, what it has sent is stored in `sources.state` under the name with `/visit` behind it: a few
bytes for each item instead of the whole state, which has the hashes of up to 2,000 items.

Kafka is their only home: `rasd watch` keeps nothing on its disk, so any machine can take over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.partitioner import murmur2
from pydantic import BaseModel, ValidationError

from streams.kafka.clients import (
    create_topics,
    missing_topics,
    open_producer,
    open_reader,
    read_to_end,
    translate_errors,
)
from streams.kafka.producer import LastingProducer
from streams.observability.logs import get_logger
from streams.settings import MIB, Settings
from streams.sources.watch.directory import Backfill, Progress, WatchedSource, Watching, with_progress
from streams.topics import TopicSpec, topic_name

log = get_logger(__name__)

SOURCES = "sources"
STATE = "sources.state"
# The number cannot be changed later: a source's two records must lie in partitions of the same number, and a partition
# is what a process takes over whole. Sixteen processes can share the sources.
PARTITIONS = 16
VISIT = "/visit"
BACKFILL = "/backfill"
POKE = "/poke"

M = TypeVar("M", bound=BaseModel)


def directory_specs(settings: Settings) -> list[TopicSpec]:
    """Return the configuration of the two topics: compacted, so that the last record of each source is kept."""
    config = {
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0.1",
        "segment.ms": str(6 * 3600 * 1000),
        # The state of a backfill has a hash of each finished list: 2 MB for the most it takes.
        "max.message.bytes": str(32 * MIB),
    }
    return [TopicSpec(topic_name(t, settings), PARTITIONS, settings.replication, config) for t in (SOURCES, STATE)]


@dataclass(slots=True)
class Directory:
    """All sources and the states of their watching, by name.

    Attributes:
        sources, states: by name.
        visits: what visits have sent since the states were stored, by name with `VISIT`.
        backfills: the last backfill of each source, by name with `BACKFILL`.
        changes: number of records about sources that were taken over; collections may then have changed.
    """

    sources: dict[str, WatchedSource] = field(default_factory=dict)
    states: dict[str, Watching] = field(default_factory=dict)
    visits: dict[str, Progress] = field(default_factory=dict)
    backfills: dict[str, Backfill] = field(default_factory=dict)
    changes: int = 0

    def take(self, record: ConsumerRecord, settings: Settings) -> str | None:
        """Take a record of either topic over.

        Returns:
            As `apply`.
        """
        if is_poke(record):
            return None
        if record.topic == topic_name(SOURCES, settings):
            self.changes += 1
            return apply(self.sources, WatchedSource, record)
        key = record.key or b""
        if key.endswith(BACKFILL.encode()):
            name = apply(self.backfills, Backfill, record)
            return name.removesuffix(BACKFILL) if name else None
        if key.endswith(VISIT.encode()):
            return self._take_progress(record)
        earlier = self.states.get(key.decode("utf-8", "replace"))
        name = apply(self.states, Watching, record)
        if name is None:
            return None
        if earlier is not None and name in self.states and self.states[name].epoch < earlier.epoch:
            self.states[name] = earlier
        else:
            self.visits.pop(f"{name}{VISIT}", None)  # the state is newer, and has it
        return name

    def _take_progress(self, record: ConsumerRecord) -> str | None:
        found: dict[str, Progress] = {}
        key = apply(found, Progress, record)
        if key is None:
            return None
        name = key.removesuffix(VISIT)
        if key not in found:
            self.visits.pop(key, None)
        elif found[key].epoch >= (self.states[name].epoch if name in self.states else 0):
            self.visits[key] = found[key]
        return name

    def state(self, name: str) -> Watching:
        """Return the state of a source; an empty one before its first visit, and after a change of its address."""
        state = self.states.get(name) or Watching()
        source = self.sources.get(name)
        if source is not None and state.source_url not in {None, source.url}:
            state = Watching(epoch=state.epoch)
        progress = self.visits.get(f"{name}{VISIT}")
        if progress is None or (source is not None and progress.source_url != source.url):
            return state
        return with_progress(state, progress)


async def read_directory(settings: Settings) -> Directory:
    """Read both topics to their ends.

    Raises:
        Retryable: no broker can be reached.
    """
    await create_topics(settings, directory_specs(settings))
    return await _read(settings)


async def read_existing(settings: Settings) -> Directory:
    """Read both topics to their ends; the directory is empty if there are none.

    Raises:
        Retryable: no broker can be reached.
    """
    if await missing_topics(settings, [topic_name(topic, settings) for topic in (SOURCES, STATE)]):
        return Directory()
    return await _read(settings)


async def _read(settings: Settings) -> Directory:
    directory = Directory()
    async with open_reader(settings) as reader:
        with translate_errors(settings):
            tps = await begin(reader, settings, range(PARTITIONS))
            async for record in read_to_end(reader, tps):
                directory.take(record, settings)
    return directory


async def begin(reader: AIOKafkaConsumer, settings: Settings, partitions: Iterable[int]) -> list[TopicPartition]:
    """Assign these partitions of both topics to a reader, from their beginnings.

    Returns:
        The partitions, those of `sources` first.
    """
    numbers = list(partitions)
    tps = [TopicPartition(topic_name(topic, settings), number) for topic in (SOURCES, STATE) for number in numbers]
    reader.assign(tps)
    await reader.seek_to_beginning(*tps)
    return tps


def is_poke(record: ConsumerRecord) -> bool:
    """Return whether a record says what a hub told of a source, rather than anything of the directory."""
    return (record.key or b"").endswith(POKE.encode())


def apply(found: dict[str, M], model: type[M], record: ConsumerRecord) -> str | None:
    """Take one record of a compacted topic over: store it, or delete what it had stored.

    Returns:
        The name of the source; None if the record cannot be read. It is then logged and left out.
    """
    name = (record.key or b"").decode("utf-8", "replace")
    if record.value is None:
        found.pop(name, None)
        return name
    try:
        found[name] = model.model_validate_json(record.value)
    except ValidationError as error:
        place = f"{record.topic} {record.partition} {record.offset}"
        log.warning("unreadable record of the directory", record=place, source=name, cause=str(error))
        return None
    return name


async def save_sources(settings: Settings, sources: Iterable[WatchedSource], removed: Iterable[str] = ()) -> None:
    """Store sources, and delete others with the state of their watching.

    Raises:
        Retryable: no broker can be reached.
    """
    await create_topics(settings, directory_specs(settings))
    async with open_producer(settings) as producer:
        with translate_errors(settings):
            for source in sources:
                await send(producer, topic_name(SOURCES, settings), source.name, source)
            for name in removed:
                await send(producer, topic_name(SOURCES, settings), name, None)
                await send(producer, topic_name(SOURCES, settings), name, None, POKE)
                await send(producer, topic_name(STATE, settings), name, None)
                for suffix in (VISIT, BACKFILL):
                    await send(producer, topic_name(STATE, settings), name, None, suffix)


async def send(producer: LastingProducer, topic: str, name: str, value: BaseModel | None, suffix: str = "") -> None:
    """Send one record of the directory and wait for its acknowledgement.

    Args:
        producer: of the process.
        topic: one of the two.
        name: name of the source, which decides on the partition.
        value: the record; None deletes.
        suffix: `VISIT` for the progress of a visit, `BACKFILL` for a backfill, `POKE` for what a hub said.

    Raises:
        KafkaError, OSError, TimeoutError: the broker does not acknowledge it.
    """
    data = None if value is None else value.model_dump_json(exclude_defaults=True).encode()
    await producer.send_and_wait(topic, data, key=f"{name}{suffix}".encode(), partition=partition_of(name))


def partition_of(name: str) -> int:
    """Return the partition of both topics that a source's records lie in, as Kafka's default partitioner chooses it."""
    return int(murmur2(name.encode()) & 0x7FFFFFFF) % PARTITIONS
