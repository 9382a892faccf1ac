"""The service `rasd watch`: visits the sources of its partitions when they are due.

Several processes share the sources by the consumer group `<RASD_APP_ID>-watch` on the topic `sources`: a source's state
lies in the partition of the same number of `sources.state`, and whoever is assigned the partition reads both from their
beginnings, then visits its sources. Nothing is kept anywhere else.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import Retryable
from streams.kafka.clients import (
    UNAVAILABLE_ERRORS,
    end_task,
    open_member,
    open_producer,
    open_reader,
    read_to_end,
    restart_while_unavailable,
)
from streams.kafka.producer import LastingProducer
from streams.observability.logs import get_logger
from streams.settings import Settings
from streams.sources.base import Item
from streams.sources.watch.directory import Progress, WatchedSource, Watching, with_progress
from streams.sources.watch.health import judge
from streams.sources.watch.membership import Membership
from streams.sources.watch.refusals import Refusals, follow_refusals
from streams.sources.watch.schedule import Limits, failed
from streams.sources.watch.sending import send_item
from streams.sources.watch.store import POKE, SOURCES, STATE, VISIT, Directory, apply, begin, is_poke, send
from streams.sources.watch.visit import Visitor
from streams.sources.watch.watch_metrics import WatchMetrics
from streams.sources.watch.web import Fault, FetchError, Web, open_web
from streams.sources.watch.websub import Callback, Poke
from streams.topics import topic_name

log = get_logger(__name__)

_POLL_MS = 300
# Judging thousands of sources takes some hundredths of a second.
_PUBLISH_SECONDS = 5.0
# Hubs may tell of every article of a burst; the list is not read more often for it.
POKED_APART = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Lease:
    """A subscription that a hub confirmed.

    Attributes:
        until: its end.
        topic: the feed that it is for.
        hub: the hub that was asked; None if it confirmed before the visit that asked it was stored.
    """

    until: datetime
    topic: str | None
    hub: str | None


class Watcher:
    """The sources of this process, and their visits.

    Args:
        settings: of the process.
        web: the HTTP client.
        producer: for articles.raw, articles.dlq and the states.
        metrics: of the process.
        refusals: the pages that cleaning refused.

    Attributes:
        sources, states: of the assigned partitions, by name.
        assigned: numbers of the assigned partitions, as they were read back.
        membership: in the group that shares the sources; None where nothing else watches.
    """

    def __init__(
        self, settings: Settings, web: Web, producer: LastingProducer, metrics: WatchMetrics, refusals: Refusals
    ) -> None:
        self._settings = settings
        self._producer = producer
        self._metrics = metrics
        self._refusals = refusals
        self.sources: dict[str, WatchedSource] = {}
        self.states: dict[str, Watching] = {}
        self.assigned: set[int] = set()
        self.membership: Membership | None = None
        self._partition: dict[str, int] = {}
        self._due: list[tuple[datetime, str]] = []
        self._planned: dict[str, datetime] = {}
        self._poked: set[str] = set()
        self._leases: dict[str, Lease] = {}
        self._visits: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._visitor = Visitor(
            web=web,
            send=self._send,
            save=self._save,
            keep=self._keep,
            now=lambda: datetime.now(UTC),
            limits=Limits(settings.watch_interval, settings.watch_interval_most),
            draw=random.Random(),  # noqa: S311  (jitter)
            refused=refusals.take,
            callback=Callback.of(settings),
            confirmed=self._confirmed,
        )

    async def take_over(self, partitions: Iterable[int]) -> dict[int, int]:
        """Read the sources of newly assigned partitions and their states, and begin to visit them.

        Returns:
            For each partition the offset in the topic `sources` from which changes follow.

        Raises:
            Retryable: no broker can be reached.
        """
        numbers = sorted(set(partitions) - self.assigned)
        found = Directory()
        lies_in: dict[str, int] = {}
        async with open_reader(self._settings) as reader:
            tps = await begin(reader, self._settings, numbers)
            async for record in read_to_end(reader, tps):
                if (name := found.take(record, self._settings)) is not None:
                    lies_in[name] = record.partition
            offsets = {tp.partition: await reader.position(tp) for tp in tps[: len(numbers)]}
        self.assigned |= set(numbers)
        for name, source in found.sources.items():
            state = found.state(name)
            self.states[name] = state.model_copy(update={"epoch": state.epoch + 1})
            self.put(source, lies_in[name])
        return offsets

    async def give_up(self, partitions: Iterable[int]) -> None:
        """End the visits to the sources of partitions, and forget these."""
        gone = set(partitions)
        self.assigned -= gone
        names = [name for name, partition in self._partition.items() if partition in gone]
        visits = [self._visits[name] for name in names if name in self._visits]
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        for name in names:
            self._forget(name)

    def put(self, source: WatchedSource, partition: int) -> None:
        """Add a source, or take over a change of it."""
        earlier = self.sources.get(source.name)
        self.sources[source.name] = source
        self._partition[source.name] = partition
        if earlier is None:
            self._refusals.begin(source.name)
        if earlier is None or earlier != source:
            changed = earlier is not None
            self._plan(source.name, None if changed else self._state(source.name).next_visit)

    def poke(self, name: str, poke: Poke) -> None:
        """Take over what a hub said about a source: that a subscription is confirmed, or that the list has changed."""
        if name not in self.sources:
            return
        if poke.lease is not None:
            self._leases[name] = Lease(poke.at + timedelta(seconds=poke.lease), poke.topic, self._state(name).hub)
        elif name in self._visits:
            self._poked.add(name)  # the list may have changed after it was read
        else:
            last = self._state(name).last_visit
            self._plan(name, max(datetime.now(UTC), last + POKED_APART) if last is not None else None)

    def remove(self, name: str) -> None:
        """Stop visiting a source."""
        if (visit := self._visits.get(name)) is not None:
            visit.cancel()
        self._forget(name)

    async def run(self) -> None:
        """Start visits when they are due, until cancelled."""
        try:
            while True:
                wait = self._start_due(datetime.now(UTC))
                self._wake.clear()
                # Not wait_for, which in Python 3.11 loses a cancellation that comes together with the event.
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
        finally:
            for visit in self._visits.values():
                visit.cancel()
            await asyncio.gather(*self._visits.values(), return_exceptions=True)

    def count_verdicts(self) -> None:
        """Publish how many sources have which verdict."""
        now = datetime.now(UTC)
        verdicts = {name: judge(source, self._state(name), now).verdict for name, source in self.sources.items()}
        self._metrics.publish(Counter(verdicts.values()), verdicts)

    def _state(self, name: str) -> Watching:
        state, source = self.states.get(name), self.sources.get(name)
        # A visit under way may store a state of an earlier address.
        fits = state is not None and (source is None or state.source_url in {None, source.url})
        if state is not None and not fits:
            return Watching(epoch=state.epoch)
        return state or Watching()

    def _plan(self, name: str, moment: datetime | None) -> None:
        planned = moment or datetime.now(UTC)
        # What was planned for the source before is void; its entry is passed over when it comes up.
        self._planned[name] = planned
        heapq.heappush(self._due, (planned, name))
        self._wake.set()

    def _start_due(self, now: datetime) -> float:
        """Start all visits that are due, and return the seconds until the next one."""
        while self._due and self._due[0][0] <= now:
            moment, name = heapq.heappop(self._due)
            source = self.sources.get(name)
            if moment != self._planned.get(name):
                continue
            if source is not None and not source.paused and name not in self._visits:
                visit = asyncio.create_task(self._visit(source), name=f"visit {name}")
                self._visits[name] = visit
                visit.add_done_callback(partial(self._ended, name))
        return min(60.0, (self._due[0][0] - now).total_seconds()) if self._due else 60.0

    def _ended(self, name: str, visit: asyncio.Task[None] | None) -> None:
        if self._visits.get(name) is visit:
            del self._visits[name]

    async def _visit(self, source: WatchedSource) -> None:
        """Visit a source, and plan the next visit."""
        before = self._leased(source.name, self._state(source.name))
        try:
            after = await self._visitor.visit(source, before)
        except (Retryable, *UNAVAILABLE_ERRORS) as error:
            # Kafka: what was acknowledged is in `states`, and the rest is read again.
            log.warning("a visit was broken off", source=source.name, cause=str(error))
            await asyncio.sleep(self._settings.retry_first)
            after = self._state(source.name).model_copy(update={"next_visit": None})
        except Exception as error:
            log.exception("a visit failed by a defect", source=source.name)
            fault = FetchError(Fault.FORMAT, f"a defect of Rasd: {type(error).__name__}: {error}")
            after = failed(self._state(source.name), fault, datetime.now(UTC), self._visitor.draw)
        after = self._leased(source.name, after)
        self.states[source.name] = after
        self._metrics.visited(before, after)
        if after.failures:
            log.warning("visit failed", source=source.name, failures=after.failures, cause=after.fault)
        # Before the next one is planned, which may be due at once.
        self._ended(source.name, asyncio.current_task())
        if source.name in self.sources:
            poked = source.name in self._poked
            self._poked.discard(source.name)
            self._plan(source.name, datetime.now(UTC) + POKED_APART if poked else after.next_visit)

    async def _confirmed(self) -> None:
        if self.membership is not None:
            await self.membership.confirmed()

    async def _send(self, item: Item) -> None:
        """Send an item, and wait for Kafka's acknowledgement.

        Raises:
            KafkaError, OSError, TimeoutError: the broker does not acknowledge it.
        """
        failure = await send_item(self._producer, self._settings, item)
        if failure is not None:
            self._metrics.dead_letters.labels(failure.reason.value).inc()
        elif item.raw is not None:
            self._metrics.sent(item.raw.published_at, datetime.now(UTC))

    async def _save(self, name: str, state: Watching) -> None:
        """Store a state. A source that was removed or given up meanwhile keeps what its new owner stores.

        Raises:
            KafkaError, OSError, TimeoutError: the broker does not acknowledge it.
        """
        if name not in self.sources:
            return
        state = self._leased(name, state)
        # Before it is stored: what was sent is not sent again by this process if Kafka takes the item, but not this.
        self.states[name] = state
        await send(self._producer, topic_name(STATE, self._settings), name, state)

    def _leased(self, name: str, state: Watching) -> Watching:
        """Return the state with the subscription that its hub confirmed for its feed since it was made."""
        lease = self._leases.get(name)
        if lease is None or lease.topic != state.hub_topic or lease.hub not in {None, state.hub}:
            return state
        self._leases[name] = replace(lease, hub=state.hub)
        return state.model_copy(update={"hub_until": lease.until})

    async def _keep(self, name: str, progress: Progress) -> None:
        """Store what a visit has sent so far. Raises like `_save`."""
        if name not in self.sources:
            return
        self.states[name] = with_progress(self._state(name), progress)
        await send(self._producer, topic_name(STATE, self._settings), name, progress, VISIT)

    def _forget(self, name: str) -> None:
        self.sources.pop(name, None)
        self._refusals.end(name)
        self.states.pop(name, None)
        self._partition.pop(name, None)
        self._planned.pop(name, None)
        self._leases.pop(name, None)
        self._poked.discard(name)


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]
    """Takes partitions over from the group, and gives them up.

    Attributes:
        fault: why partitions could not be taken over. The consumer only logs what its listener raises, and would go on
            with partitions whose sources nobody visits.
    """

    def __init__(self, watcher: Watcher, consumer: AIOKafkaConsumer) -> None:
        self._watcher = watcher
        self._consumer = consumer
        self.fault: Exception | None = None

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._watcher.give_up(tp.partition for tp in revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        topics = {tp.partition: tp for tp in assigned}
        try:
            for number, offset in (await self._watcher.take_over(topics)).items():
                self._consumer.seek(topics[number], offset)
        except Exception as fault:
            self.fault = fault
            raise


async def follow_directory(settings: Settings, watcher: Watcher) -> None:
    """Share the sources with the other processes, and follow changes of the directory, until cancelled.

    Raises:
        Retryable: no broker can be reached.
    """
    consumer = open_member(settings, f"{settings.app_id}-watch")
    await consumer.start()
    watcher.membership = membership = Membership(settings.session_timeout)
    try:
        assignments = _Assignments(watcher, consumer)
        consumer.subscribe([topic_name(SOURCES, settings)], listener=assignments)
        found: dict[str, WatchedSource] = {}
        while True:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS)
            if assignments.fault is not None:
                raise assignments.fault
            if watcher.assigned and membership.is_due():
                await _ask_group(consumer, membership, settings)
            for tp, records in fetched.items():
                # The consumer begins to fetch before its listener has taken the partition over. These records would add
                # sources without their states, and all that they list would be sent again.
                if tp.partition not in watcher.assigned:
                    continue
                for record in records:
                    if is_poke(record):
                        _take_poke(watcher, record)
                        continue
                    name = apply(found, WatchedSource, record)
                    if name is None:
                        continue
                    source = found.pop(name, None)
                    if source is None:
                        watcher.remove(name)
                    else:
                        watcher.put(source, tp.partition)
    finally:
        await consumer.stop()


async def _ask_group(consumer: AIOKafkaConsumer, membership: Membership, settings: Settings) -> None:
    """Ask the group whether this process is still a member, by committing an offset, which nothing else uses."""
    try:
        async with asyncio.timeout(settings.session_timeout):
            tp = min(consumer.assignment())
            await consumer.commit({tp: await consumer.position(tp)})
    except (ValueError, TimeoutError, KafkaError) as error:
        # It is no member any more, or the coordinator is away: the client sees to both, and asks again.
        log.info("the group did not confirm the membership", cause=f"{type(error).__name__}: {error}")
    else:
        membership.renew()


def _take_poke(watcher: Watcher, record: ConsumerRecord) -> None:
    pokes: dict[str, Poke] = {}
    key = apply(pokes, Poke, record)
    if key is not None and key in pokes:
        watcher.poke(key.removesuffix(POKE), pokes[key])


async def send_poke(settings: Settings, producer: LastingProducer, name: str, poke: Poke) -> None:
    """Pass on what a hub said about a source to the process that watches it. Raises like `send`."""
    await send(producer, topic_name(SOURCES, settings), name, poke, POKE)


async def watch(settings: Settings, metrics: WatchMetrics, stop: asyncio.Event) -> None:
    """Run `rasd watch` until `stop` is set. While Kafka is unavailable, it waits and starts again."""

    def unready() -> None:
        metrics.ready = False

    await restart_while_unavailable(partial(_watch_once, settings, metrics, stop), settings, stop, unready)


async def _watch_once(settings: Settings, metrics: WatchMetrics, stop: asyncio.Event) -> None:
    """Watch until `stop` is set, or a broker fails.

    Raises:
        Retryable, KafkaError, OSError, TimeoutError: a broker is unavailable.
    """
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(open_web(settings))
        producer = await stack.enter_async_context(open_producer(settings))
        refusals = Refusals()
        watcher = Watcher(settings, web, producer, metrics, refusals)
        tasks = [
            asyncio.create_task(follow_directory(settings, watcher), name="directory"),
            asyncio.create_task(watcher.run(), name="visits"),
            asyncio.create_task(follow_refusals(settings, refusals), name="refusals"),
            asyncio.create_task(_publish(watcher, web, metrics), name="metrics"),
        ]
        stopping = asyncio.create_task(stop.wait())
        metrics.ready = True
        try:
            await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            metrics.ready = False
            stopping.cancel()
            await asyncio.gather(*map(end_task, tasks))
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome


async def _publish(watcher: Watcher, web: Web, metrics: WatchMetrics) -> None:
    while True:
        watcher.count_verdicts()
        metrics.count_requests(web.requests)
        await asyncio.sleep(_PUBLISH_SECONDS)
