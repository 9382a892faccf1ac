"""Follows articles.enriched and sends each article to the readers (connected clients) whose search it matches.

One consumer serves all readers, so Kafka's load does not grow with them. A reader's position in the stream is the
vector of the next offsets of all partitions, and is the id of every event. A reader that reconnects with an id first
gets what it missed from a consumer of its own, up to the shared consumer's position, and then joins the shared one: it
misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.api.events import Kind, LiveEvent, Vector, write_vector
from streams.api.limits import ConcurrencyLimit
from streams.errors import RasdError, Rejected, Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS, end_task, open_reader
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics
from streams.records import Article, decode
from streams.retry import Backoff
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters
from streams.search.source_scope import SourceScope
from streams.settings import Settings
from streams.topics import Topic, topic_name

log = get_logger(__name__)

# A reader that falls this many events behind is disconnected; it can resume from Kafka with its last event id.
QUEUE_EVENTS = 500
# The same in bytes of articles, for large ones.
QUEUE_BYTES = 32 * 1024 * 1024
# Readers that catch up at the same time; each needs a consumer.
MAX_REPLAYS = 8
# A reader that lets a replay wait this long in total has to continue later, as others wait for its consumer.
REPLAY_WAIT_SECONDS = 30.0
POLL_MS = 200
# Interval of checks for new partitions.
PARTITIONS_SECONDS = 10.0


@dataclass(eq=False, slots=True)
class Reader:
    """A reader served by the shared consumer.

    Attributes:
        queue: events not sent yet; None ends the stream.
        cut: whether it gets no events beyond those in its queue.
        waiting_bytes: size of the articles in its queue.
    """

    queue: asyncio.Queue[LiveEvent | None] = field(default_factory=lambda: asyncio.Queue(maxsize=QUEUE_EVENTS))
    cut: bool = False
    waiting_bytes: int = 0

    def offer(self, event: LiveEvent) -> None:
        """Queue an event; if the queue is full, cut the reader off."""
        if self.cut or self.queue.full() or (self.waiting_bytes and self.waiting_bytes + len(event.data) > QUEUE_BYTES):
            self.cut = True
        else:
            self.waiting_bytes += len(event.data)
            self.queue.put_nowait(event)

    def end(self) -> None:
        """Cut the reader off after the events in its queue."""
        self.cut = True
        if not self.queue.full():
            self.queue.put_nowait(None)


class LiveFeed:
    """The shared consumer and its readers.

    Args:
        settings: broker and topic names.
        metrics: for the number of readers.
        scope: the directory of sources, for readers of collections; by default it is unknown.
    """

    def __init__(self, settings: Settings, metrics: Metrics, scope: SourceScope | None = None) -> None:
        self.settings = settings
        self.scope = scope or SourceScope(lambda: None)
        self.metrics = metrics
        self.topic = topic_name(Topic.ENRICHED, settings)
        self.positions: Vector = {}
        # Readers with the same search share a matcher, so that a search followed by a thousand readers is matched once.
        self._readers: dict[Filters, tuple[LiveMatcher, set[Reader]]] = {}
        self._places = ConcurrencyLimit(
            settings.api_live_readers,
            "clients are connected",
            metrics.api_limited.labels("live").inc,
            settings.api_live_per_client,
        )
        self._ended = False
        self._replays = asyncio.Semaphore(MAX_REPLAYS)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start following the topic; waits for Kafka as long as necessary."""
        self._task = asyncio.create_task(self._follow_forever())

    def end(self) -> None:
        """End all readers after the events in their queues, and accept no new ones."""
        self._ended = True
        self._end_readers()

    async def close(self) -> None:
        """Stop following, and end all readers."""
        await end_task(self._task)
        self.end()

    async def _follow_forever(self) -> None:
        backoff = Backoff(self.settings.retry_first, self.settings.retry_most)
        waiting = False
        while True:
            try:
                async with open_reader(self.settings) as consumer:
                    partitions = await self._seek(consumer, await _partitions(consumer, self.topic))
                    if waiting:
                        log.info("the live feed continues", topic=self.topic)
                    backoff.reset()
                    waiting = False
                    await self._follow(consumer, partitions)
            except (RasdError, *UNAVAILABLE_ERRORS) as error:
                if not waiting:
                    log.warning("the live feed waits for Kafka", topic=self.topic, cause=str(error))
                    waiting = True
            except Exception:
                # A bug. Connected readers miss nothing once the feed recovers; /livez fails if it persists.
                log.exception("the live feed failed; retrying", topic=self.topic)
            await backoff.wait()

    async def _follow(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        while True:
            await self._poll(consumer)
            if loop.time() - asked >= PARTITIONS_SECONDS:
                found = await _partitions(consumer, self.topic)
                if found != partitions:
                    log.info("the live feed follows other partitions", topic=self.topic, partitions=len(found))
                    partitions = await self._seek(consumer, found)
                asked = loop.time()

    async def _seek(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
        consumer.assign(partitions)
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        # The feed starts at the end of the topic. A partition found later is new, and is read from its beginning.
        unknown = begins if self.positions else ends
        positions = {p.partition: self.positions.get(p.partition, unknown[p]) for p in partitions}
        if any(not begins[p] <= positions[p.partition] <= ends[p] for p in partitions):
            # Kafka deleted records that were not read yet, or the topic was created again. Readers reconnect with their
            # last id and get a `gap` event.
            log.warning("the live feed has missed articles", topic=self.topic)
            positions = {p.partition: min(max(positions[p.partition], begins[p]), ends[p]) for p in partitions}
            self._end_readers()
        self.positions = positions
        for tp in partitions:
            # After an interruption the feed resumes at its position, so that connected readers miss nothing.
            consumer.seek(tp, positions[tp.partition])
        return partitions

    async def _poll(self, consumer: AIOKafkaConsumer) -> None:
        for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
            for record in records:
                self.positions[tp.partition] = record.offset + 1
                if self._readers:
                    self._publish(record)
                    # Many readers and a burst of articles must not delay the searches on this event loop.
                    await asyncio.sleep(0)

    def _publish(self, record: ConsumerRecord) -> None:
        text = _text(record)
        if text is None:
            return
        event = LiveEvent(Kind.ARTICLE, write_vector(self.positions), record.value)
        for matcher, readers in self._readers.values():
            if matcher.matches(text):
                for reader in readers:
                    reader.offer(event)

    def _end_readers(self) -> None:
        for _, readers in self._readers.values():
            for reader in readers:
                reader.end()

    @contextmanager
    def _joined(self, filters: Filters) -> Iterator[Reader]:
        """Let a new reader have the matching articles while the context is open."""
        reader = Reader()
        if filters not in self._readers:
            self._readers[filters] = (LiveMatcher(filters, self.scope), set())
        readers = self._readers[filters][1]
        readers.add(reader)
        self.metrics.live_clients.inc()
        try:
            yield reader
        finally:
            readers.remove(reader)
            if not readers:
                del self._readers[filters]
            self.metrics.live_clients.dec()

    async def read(
        self, filters: Filters, since: Vector | None, heartbeat: float, client: str = ""
    ) -> AsyncGenerator[LiveEvent]:
        """Yield all matching articles from now on, or after an earlier event.

        Ends when the reader is too slow; it can resume from the last event it received.

        Args:
            filters: which articles.
            since: vector of the event to resume after; None to start now.
            heartbeat: seconds without an event after which one without data is yielded.
            client: who reads, for the limit of one client.

        Raises:
            Retryable: Kafka was not reached yet, there are too many readers, or the server is stopping.
            TooManyRequests: this client has too many readers.
            UnknownCollectionError: a collection has no source.
        """
        self.scope.resolve(filters)
        if self._ended:
            raise Retryable("the server is stopping")
        if not self.positions:
            raise Retryable(f"the live feed has not reached Kafka at {self.settings.kafka_bootstrap} yet")
        with self._places.slot(client), self._joined(filters) as reader:
            # No other task runs between joining and this line, so the queue gets exactly the records from `start` on.
            start = dict(self.positions)
            yield LiveEvent(Kind.HELLO, write_vector(start if since is None else since))
            if since is not None:
                async with aclosing(self._missed(LiveMatcher(filters, self.scope), since, start, heartbeat)) as missed:
                    async for event in missed:
                        yield event
                        if event.kind is Kind.DROPPED:
                            return
            async with aclosing(self._current(reader, heartbeat)) as current:
                async for event in current:
                    yield event

    async def _current(self, reader: Reader, heartbeat: float) -> AsyncGenerator[LiveEvent]:
        while not (reader.cut and reader.queue.empty()):
            try:
                async with asyncio.timeout(heartbeat):
                    event = await reader.queue.get()
            except TimeoutError:
                # An article may have arrived at the moment of the timeout; the positions are then past it.
                if reader.queue.empty():
                    yield LiveEvent(Kind.HERE, write_vector(self.positions))
                continue
            if event is None:
                return
            reader.waiting_bytes -= len(event.data)
            yield event
        yield LiveEvent(Kind.DROPPED, None)

    async def _missed(
        self, matcher: LiveMatcher, since: Vector, until: Vector, heartbeat: float
    ) -> AsyncGenerator[LiveEvent]:
        """Yield the matching articles between two vectors, read again from Kafka."""
        if all(since.get(partition) == offset for partition, offset in until.items()):
            return
        loop = asyncio.get_running_loop()
        async with self._replays, open_reader(self.settings) as consumer:
            partitions = [TopicPartition(self.topic, partition) for partition in until]
            consumer.assign(partitions)
            begins = await consumer.beginning_offsets(partitions)
            at = {p.partition: since.get(p.partition, begins[p]) for p in partitions}
            if any(not begins[p] <= at[p.partition] <= until[p.partition] for p in partitions):
                at = {p.partition: min(max(at[p.partition], begins[p]), until[p.partition]) for p in partitions}
                yield LiveEvent(Kind.GAP, write_vector(at))
            for tp in partitions:
                consumer.seek(tp, at[tp.partition])
            sent_at = loop.time()
            waited = 0.0
            while behind := [tp for tp in partitions if at[tp.partition] < until[tp.partition]]:
                for tp, records in (await consumer.getmany(*behind, timeout_ms=POLL_MS)).items():
                    for record in records:
                        if record.offset >= until[tp.partition]:
                            break
                        at[tp.partition] = record.offset + 1
                        text = _text(record)
                        if text is not None and matcher.matches(text):
                            begun = loop.time()
                            yield LiveEvent(Kind.ARTICLE, write_vector(at), record.value)
                            sent_at = loop.time()
                            waited += sent_at - begun
                            if waited > REPLAY_WAIT_SECONDS:
                                yield LiveEvent(Kind.DROPPED, None)
                                return
                        await asyncio.sleep(0)
                for tp in behind:
                    # The position also advances past offsets without a record (aborted, compacted).
                    reached = await consumer.position(tp)
                    at[tp.partition] = max(at[tp.partition], min(reached, until[tp.partition]))
                if loop.time() - sent_at >= heartbeat:
                    yield LiveEvent(Kind.HERE, write_vector(at))
                    sent_at = loop.time()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """Return the topic's partitions.

    Raises:
        Retryable: the topic does not exist yet.
    """
    consumer._client.add_topic(topic)  # a consumer without subscription fetches no topic's metadata
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
