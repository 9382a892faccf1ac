"""The topics of standing searches, and reading and writing them. Kafka is their only home.

| topic | key | holds |
|---|---|---|
| `alerts.searches` | id of the search | standing searches |
| `alerts.matches` | id of the article | for each article, the searches of the partition that match it |
| `alerts.state` | id of the search, and `id/story` | what the searches remember |
| `alerts` | id of the alert | alerts that are due: the outbox |
| `alerts.deliveries` | id of the delivery | which alert reached which target |

All but the first have PARTITIONS partitions, and everything about one search lies in the same number of each.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from aiokafka import ConsumerRecord, TopicPartition
from pydantic import BaseModel, ValidationError

from streams.alerts.records import Alert, Delivery, Judged, StoryState, Tally
from streams.alerts.standing_search import StandingSearch
from streams.errors import OperatorError
from streams.kafka.clients import create_topics, open_producer, open_reader, read_to_end, translate_errors
from streams.kafka.producer import LastingProducer
from streams.observability.logs import get_logger
from streams.settings import MIB, Settings
from streams.topics import DAY_MS, TopicSpec, topic_name

log = get_logger(__name__)

SEARCHES = "alerts.searches"
MATCHES = "alerts.matches"
STATE = "alerts.state"
ALERTS = "alerts"
DELIVERIES = "alerts.deliveries"
# Cannot be changed later, as a search's records lie in partitions of the same number. Sixteen processes can share them.
PARTITIONS = 16
#: Days for which alerts and their deliveries are kept.
KEPT_DAYS = 30

M = TypeVar("M", bound=BaseModel)


def alert_specs(settings: Settings) -> list[TopicSpec]:
    """Return the configuration of the topics."""
    compact = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1", "segment.ms": str(6 * 3600 * 1000)}
    kept = compact | {"cleanup.policy": "compact,delete", "retention.ms": str(KEPT_DAYS * DAY_MS)}
    configs = {
        SEARCHES: compact,
        MATCHES: {"retention.ms": str(7 * DAY_MS)},
        STATE: compact,
        ALERTS: kept,
        DELIVERIES: kept,
    }
    return [
        TopicSpec(
            topic_name(topic, settings),
            1 if topic == SEARCHES else PARTITIONS,
            settings.replication,
            {"max.message.bytes": str(32 * MIB), **config},
        )
        for topic, config in configs.items()
    ]


def partition_of(search_id: str) -> int:
    """Return the partition of everything about a search."""
    return zlib.crc32(search_id.encode()) % PARTITIONS


@dataclass(slots=True)
class Directory:
    """Standing searches by id.

    Attributes:
        searches: those that can be read.
        unreadable: ids of those that cannot, for example of a newer release; they do not count as removed.
    """

    searches: dict[str, StandingSearch] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)

    def take(self, record: ConsumerRecord) -> str:
        """Take one record over, and return the id of its search. One that cannot be read is logged and left out."""
        key = (record.key or b"").decode("utf-8", "replace")
        found = read_record(StandingSearch, record)
        self.unreadable.discard(key)
        if found is not None:
            self.searches[key] = found
            return key
        self.searches.pop(key, None)
        if record.value is not None:
            self.unreadable.add(key)
        return key

    def of(self, owner: str | None) -> list[StandingSearch]:
        """Return the searches of an owner, or all if None, by name."""
        found = [search for search in self.searches.values() if owner is None or search.owner == owner]
        return sorted(found, key=lambda search: (search.name, search.id))

    def find(self, name: str, owner: str | None = None) -> StandingSearch:
        """Return a search by its id, the beginning of its id, or its name.

        Raises:
            OperatorError: there is none, or several.
        """
        own = self.of(owner)
        found = [s for s in own if s.id == name] or [s for s in own if s.name == name]
        found = found or [s for s in own if len(name) >= 4 and s.id.startswith(name)]
        if not found:
            raise OperatorError(f"there is no standing search {name}", hint="rasd alerts list", status=2)
        if len(found) > 1:
            ids = ", ".join(search.id for search in found)
            raise OperatorError(f"several standing searches are called {name}: {ids}", hint="give the id", status=2)
        return found[0]


def read_record(model: type[M], record: ConsumerRecord) -> M | None:
    """Read a record; None if it was deleted, or cannot be read, which is logged."""
    if record.value is None:
        return None
    try:
        return model.model_validate_json(record.value)
    except ValidationError as error:
        where = f"{record.topic} {record.partition} {record.offset}"
        log.warning("unreadable record of standing searches", record=where, cause=str(error))
        return None


async def read_directory(settings: Settings) -> Directory:
    """Read all standing searches.

    Raises:
        Retryable: no broker can be reached.
    """
    await create_topics(settings, alert_specs(settings))
    directory = Directory()
    async with open_reader(settings) as reader:
        with translate_errors(settings):
            tp = TopicPartition(topic_name(SEARCHES, settings), 0)
            reader.assign([tp])
            await reader.seek_to_beginning(tp)
            async for record in read_to_end(reader, [tp]):
                directory.take(record)
    return directory


async def read_partitions(
    settings: Settings, topic: str, numbers: Iterable[int], take: Callable[[ConsumerRecord], None]
) -> dict[int, int]:
    """Read partitions of a topic from their beginnings to their ends.

    Returns:
        The offsets behind what was read.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_reader(settings) as reader:
        with translate_errors(settings):
            tps = [TopicPartition(topic_name(topic, settings), number) for number in numbers]
            if not tps:
                return {}
            reader.assign(tps)
            await reader.seek_to_beginning(*tps)
            async for record in read_to_end(reader, tps):
                take(record)
            return {tp.partition: await reader.position(tp) for tp in tps}


@dataclass(slots=True)
class Outbox:
    """Alerts and their deliveries, by id."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)

    def take_alert(self, record: ConsumerRecord) -> None:
        """Take a record of `alerts` over."""
        _put(self.alerts, Alert, record)

    def take_delivery(self, record: ConsumerRecord) -> None:
        """Take a record of `alerts.deliveries` over."""
        _put(self.deliveries, Delivery, record)


async def read_outbox(settings: Settings, partitions: Iterable[int] = range(PARTITIONS)) -> Outbox:
    """Read the alerts and deliveries of these partitions.

    Raises:
        Retryable: no broker can be reached.
    """
    await create_topics(settings, alert_specs(settings))
    outbox, numbers = Outbox(), list(partitions)
    await read_partitions(settings, ALERTS, numbers, outbox.take_alert)
    await read_partitions(settings, DELIVERIES, numbers, outbox.take_delivery)
    return outbox


@dataclass(slots=True)
class Remembered:
    """The state of the searches of some partitions: by search, and stories also by key."""

    judged: dict[str, Judged] = field(default_factory=dict)
    stories: dict[str, dict[str, StoryState]] = field(default_factory=dict)

    def take(self, record: ConsumerRecord) -> None:
        """Take a record of `alerts.state` over."""
        search, parted, story = (record.key or b"").decode("utf-8", "replace").partition("/")
        if not parted:
            _put(self.judged, Judged, record)
            return
        found = read_record(StoryState, record)
        own = self.stories.setdefault(search, {})
        if found is None:
            own.pop(story, None)
        else:
            own[story] = found

    def of(self, search: str) -> tuple[Tally | None, dict[str, StoryState]]:
        """Return what a search remembers: its tally, and its stories by key."""
        judged, stories = self.judged.get(search), dict(self.stories.get(search, {}))
        if judged is None:
            return None, stories
        # The process may have died before it wrote each of them under its own key.
        return judged.tally, stories | {state.key: state for state in judged.stories}

    def searches(self) -> set[str]:
        """Return the ids of all searches that remember anything."""
        return set(self.judged) | set(self.stories)


def _put(found: dict[str, M], model: type[M], record: ConsumerRecord) -> None:
    key = (record.key or b"").decode("utf-8", "replace")
    value = read_record(model, record)
    if value is None:
        found.pop(key, None)
    else:
        found[key] = value


class Writer:
    """Sends records, and waits for all of them at once.

    Args:
        settings: names of topics.
        producer: a started producer.
    """

    def __init__(self, settings: Settings, producer: LastingProducer) -> None:
        self._settings = settings
        self._producer = producer

    async def send(self, topic: str, records: Iterable[tuple[str, str, BaseModel | None]]) -> None:
        """Write records of one topic, and wait until Kafka has them.

        Args:
            topic: one of the topics that are divided by search.
            records: for each, its search, its key, and its value or None to delete it.

        Raises:
            KafkaError, OSError, TimeoutError: the broker does not acknowledge them.
        """
        name = topic_name(topic, self._settings)
        sent = [
            await self._producer.send(
                name,
                None if value is None else value.model_dump_json(exclude_none=True).encode(),
                key=key.encode(),
                partition=partition_of(search),
            )
            for search, key, value in records
        ]
        for future in sent:
            await future


async def save_search(settings: Settings, search: StandingSearch) -> None:
    """Store a standing search.

    Raises:
        Retryable: no broker can be reached.
    """
    await _write_search(settings, search.id, search.to_json())


async def remove_search(settings: Settings, search_id: str) -> None:
    """Delete a standing search. Whoever delivers its alerts deletes what is remembered of it.

    Raises:
        Retryable: no broker can be reached.
    """
    await _write_search(settings, search_id, None)


async def _write_search(settings: Settings, search_id: str, data: bytes | None) -> None:
    await create_topics(settings, alert_specs(settings))
    async with open_producer(settings) as producer:
        with translate_errors(settings):
            await producer.send_and_wait(topic_name(SEARCHES, settings), data, key=search_id.encode())


@asynccontextmanager
async def open_writer(settings: Settings) -> AsyncIterator[Writer]:
    """Open a producer for the topics.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_producer(settings) as producer:
        yield Writer(settings, producer)
