"""Follows articles.enriched and hands each article to the readers whose search it matches.

One consumer serves all readers, so Kafka's load does not grow with them. A reader's place in the stream is the vector
of the next offsets of all partitions; it is the id of every event. A reader that comes back with one gets what it
missed from a consumer of its own, up to where the common one stands, and then goes on with it: nothing is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.errors import Rejected, Retryable
from streams.kafka import AWAY, open_reader
from streams.logs import get_logger
from streams.metrics import Metrics
from streams.records import Article, decode
from streams.search.match import ArticleText, Matcher
from streams.settings import Settings
from streams.topics import Topic, topic_name

log = get_logger(__name__)

# A reader that lags this many events behind is cut off; it resumes from Kafka with its last event id.
QUEUE_EVENTS = 500
MAX_READERS = 1000
# Readers that catch up at once; each holds a consumer.
MAX_REPLAYS = 8
POLL_MS = 200

Vector = dict[int, int]


def write_vector(vector: Mapping[int, int]) -> str:
    """Next offsets as an event id: `0:12,1:40`."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(vector.items()))


def read_vector(text: str) -> Vector:
    """Undo `write_vector`.

    Raises:
        ValueError: it is not of that form.
    """
    vector: Vector = {}
    for part in text.split(","):
        partition, separator, offset = part.partition(":")
        numbers = partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()
        if not (separator and numbers and len(part) <= 32) or int(partition) in vector:
            raise ValueError("is no event id of this feed")
        vector[int(partition)] = int(offset)
    return vector


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One article for one reader, or a mark of where the reader stands (no data).

    Attributes:
        vector: where the reader stands after it.
        data: the article's JSON as it stands in Kafka, or None.
        gap: true for the notice that articles are missing: Kafka has deleted them since, or never had them.
    """

    vector: str
    data: bytes | None
    gap: bool = False


@dataclass(eq=False, slots=True)
class Reader:
    """A reader who is served by the common consumer."""

    matcher: Matcher
    queue: asyncio.Queue[tuple[int, int, LiveEvent]] = field(
        default_factory=lambda: asyncio.Queue(maxsize=QUEUE_EVENTS)
    )
    overflowed: bool = False

    def offer(self, partition: int, offset: int, event: LiveEvent) -> None:
        """Put an event into its queue, or note that it does not keep up."""
        if self.overflowed or self.queue.full():
            self.overflowed = True
        else:
            self.queue.put_nowait((partition, offset, event))


class LiveFeed:
    """The common consumer and its readers.

    Args:
        settings: broker and topic names.
        metrics: counts readers.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.topic = topic_name(Topic.ENRICHED, settings)
        self.positions: Vector = {}
        self._readers: set[Reader] = set()
        self._replays = asyncio.Semaphore(MAX_REPLAYS)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow the topic, waiting for Kafka as long as it takes."""
        self._task = asyncio.create_task(self._follow_forever())

    async def close(self) -> None:
        """Stop following. Readers end by themselves."""
        while self._task is not None and not self._task.done():
            # Once is not enough: aiokafka takes a cancellation that meets it while it closes for the end of its own.
            self._task.cancel()
            await asyncio.wait([self._task], timeout=0.5)

    async def _follow_forever(self) -> None:
        delay = self.settings.retry_first
        waiting = False
        while True:
            try:
                async with open_reader(self.settings) as consumer:
                    await self._seek(consumer)
                    if waiting:
                        log.info("the live feed goes on", topic=self.topic)
                    delay, waiting = self.settings.retry_first, False
                    while True:
                        await self._poll(consumer)
            except (Retryable, *AWAY) as error:
                if not waiting:
                    log.warning("the live feed waits for Kafka", topic=self.topic, cause=str(error))
                    waiting = True
                await asyncio.sleep(delay)
                delay = min(delay * 2, self.settings.retry_most)

    async def _seek(self, consumer: AIOKafkaConsumer) -> None:
        places = await _partitions(consumer, self.topic)
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place in places:
            # After a break the feed goes on where it was, so that readers who stayed miss nothing.
            consumer.seek(place, self.positions.setdefault(place.partition, ends[place]))

    async def _poll(self, consumer: AIOKafkaConsumer) -> None:
        for place, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
            for record in records:
                self.positions[place.partition] = record.offset + 1
                if self._readers:
                    self._publish(place, record)
            # Many readers and a burst of articles must not hold up the searches that share this event loop.
            await asyncio.sleep(0)

    def _publish(self, place: TopicPartition, record: ConsumerRecord) -> None:
        text = _text(record)
        if text is None:
            return
        event = LiveEvent(write_vector(self.positions), record.value)
        for reader in self._readers:
            if reader.matcher.matches(text):
                reader.offer(place.partition, record.offset, event)

    async def read(self, matcher: Matcher, since: Vector | None, heartbeat: float) -> AsyncGenerator[LiveEvent]:
        """All articles that match, from now on or from `since` on.

        It ends when the reader does not keep up; it can resume from the last event it got.

        Args:
            matcher: what to look for.
            since: vector of an earlier event.
            heartbeat: seconds after which an event without data tells where the reader stands.

        Raises:
            Retryable: Kafka was not reached yet, or there are too many readers.
        """
        if not self.positions:
            raise Retryable(f"the live feed has not reached Kafka at {self.settings.kafka_bootstrap} yet")
        if len(self._readers) >= MAX_READERS:
            raise Retryable(f"{MAX_READERS} readers are being served already")
        reader = Reader(matcher)
        self._readers.add(reader)
        self.metrics.live_clients.set(len(self._readers))
        try:
            # No other task runs between joining and this line: what is not below `start` comes through the queue.
            start = dict(self.positions)
            yield LiveEvent(write_vector(start if since is None else since), None)
            if since is not None:
                async with aclosing(self._missed(matcher, since, start)) as missed:
                    async for event in missed:
                        yield event
            async with aclosing(self._current(reader, start, heartbeat)) as current:
                async for event in current:
                    yield event
        finally:
            self._readers.discard(reader)
            self.metrics.live_clients.set(len(self._readers))

    async def _current(self, reader: Reader, start: Vector, heartbeat: float) -> AsyncGenerator[LiveEvent]:
        while True:
            try:
                async with asyncio.timeout(heartbeat):
                    partition, offset, event = await reader.queue.get()
            except TimeoutError:
                yield LiveEvent(write_vector(self.positions), None)
                continue
            if offset >= start.get(partition, 0):
                yield event
            if reader.overflowed and reader.queue.empty():
                return

    async def _missed(self, matcher: Matcher, since: Vector, until: Vector) -> AsyncGenerator[LiveEvent]:
        """What was written between two vectors, read once more from Kafka."""
        async with self._replays, open_reader(self.settings) as consumer:
            places = [TopicPartition(self.topic, partition) for partition in until]
            consumer.assign(places)
            begins = await consumer.beginning_offsets(places)
            at = {p.partition: since.get(p.partition, begins[p]) for p in places}
            if any(not begins[p] <= at[p.partition] <= until[p.partition] for p in places):
                at = {p.partition: min(max(at[p.partition], begins[p]), until[p.partition]) for p in places}
                yield LiveEvent(write_vector(at), None, gap=True)
            for place in places:
                consumer.seek(place, at[place.partition])
            while behind := [place for place in places if at[place.partition] < until[place.partition]]:
                for place, records in (await consumer.getmany(*behind, timeout_ms=POLL_MS)).items():
                    for record in records:
                        if record.offset >= until[place.partition]:
                            break
                        at[place.partition] = record.offset + 1
                        text = _text(record)
                        if text is not None and matcher.matches(text):
                            yield LiveEvent(write_vector(at), record.value)
                for place in behind:
                    # Positions move past records that hold no article of ours (aborted, compacted) as well.
                    reached = await consumer.position(place)
                    at[place.partition] = max(at[place.partition], min(reached, until[place.partition]))


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """The topic's partitions.

    Raises:
        Retryable: the topic is not there yet.
    """
    consumer._client.add_topic(topic)  # as a consumer without subscription, it asks for the metadata of no topic
    await consumer._client.force_metadata_update()
    partitions = consumer.partitions_for_topic(topic)
    if not partitions:
        raise Retryable(f"there is no topic {topic} yet")
    return [TopicPartition(topic, partition) for partition in sorted(partitions)]


def _text(record: ConsumerRecord) -> ArticleText | None:
    try:
        return ArticleText(decode(Article, record.value))
    except Rejected as error:
        # The index stage reads the same record and dead-letters it.
        log.warning(
            "the live feed skips a record",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            cause=str(error),
        )
        return None
