"""Judge matches: read them by partition, keep each search's memory in Kafka, and put due alerts into the outbox.

A process owns whole partitions (`streams.alerts.store`). For each batch of matches it writes alerts and deliveries,
then what each search remembers, as one record, then it commits the offsets. After a crash the batch is judged again
with the memory of before, which gives the same alerts under the same ids, or with that of after, which knows the
matches.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka import ConsumerRecord, TopicPartition
from pydantic import TypeAdapter, ValidationError

from streams.alerts.alert_metrics import DeliveryMetrics
from streams.alerts.follower import SearchFollower
from streams.alerts.quiet_sources import QuietSources
from streams.alerts.records import Alert, ArticleMatches, Delivery, Judged, Match, Message, Replay, delivery_id
from streams.alerts.rules import SearchMemory
from streams.alerts.sender import Sender, new_delivery
from streams.alerts.standing_search import StandingSearch, Target
from streams.alerts.store import (
    ALERTS,
    DELIVERIES,
    KEPT_DAYS,
    STATE,
    Outbox,
    Remembered,
    Writer,
    partition_of,
    read_partitions,
)
from streams.alerts.story_moves import MoveFollower
from streams.alerts.upstream import Upstream
from streams.observability.logs import get_logger
from streams.settings import Settings

log = get_logger(__name__)

#: Time without a new copy after which a story is forgotten: longer than Kafka keeps articles, and the clusterer too.
FORGET_AFTER = timedelta(days=10)
SWEEP_EVERY = timedelta(hours=1)
#: A deadline is judged so much later, as articles that arrived before it are still on their way.
GRACE = timedelta(seconds=10)
#: A digest names the sources that were quiet at most so long before it, as a match may bring it at any moment.
QUIET_BEFORE_DIGEST = timedelta(minutes=1)
MESSAGE: TypeAdapter[ArticleMatches | Match | Replay] = TypeAdapter(Message)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a keeper reads beside the matches.

    Attributes:
        searches: the standing searches.
        moves: changes of clusters.
        upstream: tells how far matching has come.
        quiet: the watched sources that are quiet.
    """

    searches: SearchFollower
    moves: MoveFollower
    upstream: Upstream
    quiet: QuietSources


class Keeper:
    """The searches of the partitions that this process owns.

    Args:
        settings: of the process.
        writer: writes the topics.
        inputs: what it reads.
        metrics: of the process.

    Attributes:
        sender: delivers the alerts; set by `streams.alerts.service`.
        partitions: the owned ones.
        lock: held while anything is judged or changes hands.
    """

    sender: Sender

    def __init__(self, settings: Settings, writer: Writer, inputs: Inputs, metrics: DeliveryMetrics) -> None:
        self._settings = settings
        self._writer = writer
        self._searches, self._moves = inputs.searches, inputs.moves
        self._upstream, self._quiet = inputs.upstream, inputs.quiet
        self._metrics = metrics
        self._memories: dict[str, SearchMemory] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._by_article: defaultdict[str, set[str]] = defaultdict(set)
        self._swept = datetime.now(UTC)
        self.partitions: set[int] = set()
        self.lock = asyncio.Lock()

    def alert(self, search: str, alert: str) -> Alert | None:
        """Return an alert as it is now; None if it is not known."""
        memory = self._memories.get(search)
        return memory.alerts.get(alert) if memory is not None else None

    async def save_delivery(self, delivery: Delivery) -> None:
        """Store a delivery.

        Raises:
            KafkaError, OSError, TimeoutError: the broker does not acknowledge it.
        """
        await self._writer.send(DELIVERIES, [(delivery.search, delivery.id, delivery)])
        if partition_of(delivery.search) in self.partitions:
            self._deliveries[delivery.id] = delivery

    async def take_over(self, partitions: Iterable[int]) -> None:
        """Read back what the searches of newly assigned partitions remember, and continue their deliveries.

        Raises:
            Retryable: no broker can be reached.
        """
        numbers = sorted(set(partitions) - self.partitions)
        if not numbers:
            return
        await self._update_searches()
        remembered, outbox = Remembered(), Outbox()
        await read_partitions(self._settings, STATE, numbers, remembered.take)
        await read_partitions(self._settings, ALERTS, numbers, outbox.take_alert)
        await read_partitions(self._settings, DELIVERIES, numbers, outbox.take_delivery)
        alerts: defaultdict[str, list[Alert]] = defaultdict(list)
        for alert in outbox.alerts.values():
            alerts[alert.search].append(alert)
        self.partitions |= set(numbers)
        for search in self._searches.directory.searches.values():
            if partition_of(search.id) in numbers:
                tally, stories = remembered.of(search.id)
                self._remember(SearchMemory(search, tally, stories.values(), alerts[search.id]))
        self._deliveries |= outbox.deliveries
        for delivery in outbox.deliveries.values():
            self._resume(delivery)
        self._moves.rewind()
        for search_id in remembered.searches() - self._memories.keys() - self._searches.directory.unreadable:
            await self._erase(search_id, remembered.of(search_id)[1])

    async def give_up(self, partitions: Iterable[int]) -> None:
        """Forget the searches of partitions, after the deliveries that are under way."""
        gone = set(partitions) & self.partitions
        self.partitions -= gone
        for search_id in [key for key in self._memories if partition_of(key) in gone]:
            del self._memories[search_id]
            await self.sender.drop(search_id)
        self._deliveries = {k: d for k, d in self._deliveries.items() if partition_of(d.search) not in gone}

    async def judge(self, records: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> datetime | None:
        """Judge a batch of matches; when this returns, everything that follows from it is in Kafka.

        Returns:
            The moment of the oldest match in the batch; None if there is none.

        Raises:
            Retryable, KafkaError, OSError, TimeoutError: the broker is unavailable.
        """
        await self._update_searches()
        touched = self._apply_moves(await self._moves.refresh())
        moments: list[datetime] = []
        for tp, batch in records.items():
            if tp.partition not in self.partitions:
                continue
            for record in batch:
                for match in await self._take(record):
                    moments.append(match.moment)
                    touched.add(match.search)
        await self._store(touched)
        return min(moments, default=None)

    async def tick(self, oldest: datetime | None = None) -> None:
        """Judge deadlines that have passed, and sources that became quiet.

        Args:
            oldest: moment of the oldest match in the batch that was judged last, while more may wait; deadlines are
                judged up to then. None while no match waits.

        Raises:
            Retryable, KafkaError, OSError, TimeoutError: the broker is unavailable.
        """
        await self._update_searches()
        touched = self._apply_moves(await self._moves.refresh())
        now = datetime.now(UTC)
        judged = (now if oldest is None else min(now, oldest)) - GRACE
        for memory in self._memories.values():
            due = memory.deadline()
            if due is not None and memory.search.when.kind == "digest" and due - now <= QUIET_BEFORE_DIGEST:
                memory.quiet = await self._quiet.of(memory.search, now) or {}
            if due is not None and due <= judged and await self._upstream.has_passed(due):
                memory.advance(judged)
                touched.add(memory.search.id)
            if memory.search.when.kind == "source-quiet":
                found = await self._quiet.of(memory.search, now)
                if found is not None:
                    memory.sources(found, now)
                    touched.add(memory.search.id)
        await self._store(touched)
        if now - self._swept >= SWEEP_EVERY:
            self._swept = now
            await self._sweep(now)

    async def _take(self, record: ConsumerRecord) -> Sequence[Match]:
        """Take one record, and return its matches."""
        try:
            message = MESSAGE.validate_json(record.value or b"")
        except ValidationError as error:
            where = f"{record.topic} {record.partition} {record.offset}"
            log.warning("unreadable match", record=where, cause=str(error))
            return ()
        if isinstance(message, Replay):
            await self._replay(message)
            return ()
        matches = list(message.each()) if isinstance(message, ArticleMatches) else [message]
        for match in matches:
            memory = self._memories.get(match.search)
            if memory is not None:
                memory.take(match)
                self._by_article[match.article].add(match.search)
        return matches

    def _apply_moves(self, moves: Iterable[tuple[str, str]]) -> set[str]:
        touched: set[str] = set()
        for article, cluster in moves:
            for search_id in self._by_article.get(article, ()):
                if search_id in self._memories:
                    self._memories[search_id].move(article, cluster)
                    touched.add(search_id)
        return touched

    async def _store(self, touched: Iterable[str]) -> None:
        memories = [self._memories[key] for key in touched if key in self._memories]
        now = datetime.now(UTC)
        alerts, deliveries = [], []
        for memory in memories:
            for alert_id in memory.changed_alerts:
                alert = memory.alerts[alert_id]
                alerts.append((memory.search.id, alert_id, alert))
                deliveries += self._missing_deliveries(alert, memory, now)
        await asyncio.gather(
            self._writer.send(ALERTS, alerts),
            self._writer.send(DELIVERIES, ((entry.search, entry.id, entry) for entry, _ in deliveries)),
        )
        changed = {
            memory.search.id: [memory.stories[key] for key in memory.changed_stories if key in memory.stories]
            for memory in memories
            if memory.tally_changed or memory.changed_stories
        }
        judged = [(key, key, Judged(tally=self._memories[key].tally, stories=tuple(s))) for key, s in changed.items()]
        await self._writer.send(STATE, judged)
        await self._writer.send(STATE, ((key, f"{key}/{s.key}", s) for key, states in changed.items() for s in states))
        for memory in memories:
            memory.new_alerts.clear()
            memory.changed_alerts.clear()
            memory.changed_stories.clear()
            memory.tally_changed = False
        for delivery, target in deliveries:
            self._deliveries[delivery.id] = delivery
            self.sender.put(delivery, self._memories[delivery.search].search, target)

    def _missing_deliveries(self, alert: Alert, memory: SearchMemory, now: datetime) -> list[tuple[Delivery, Target]]:
        """The deliveries of an alert that was just made."""
        if alert.id not in memory.new_alerts:
            return []
        search = memory.search
        made = [(new_delivery(alert, target, now), target) for target in dict.fromkeys(search.targets)]
        new = [(delivery, target) for delivery, target in made if delivery.id not in self._deliveries]
        if new or not search.targets:
            self._metrics.alerts.labels(alert.kind).inc()
        return new

    def _remember(self, memory: SearchMemory) -> None:
        self._memories[memory.search.id] = memory
        for state in memory.stories.values():
            for article in state.known:
                self._by_article[article].add(memory.search.id)

    def _resume(self, delivery: Delivery) -> None:
        """Continue a delivery that is pending, if its search still has the target."""
        memory = self._memories.get(delivery.search)
        if delivery.state != "pending" or memory is None:
            return
        for target in memory.search.targets:
            if delivery_id(delivery.alert, target.to) == delivery.id:
                self.sender.put(delivery, memory.search, target)

    async def _replay(self, request: Replay) -> None:
        delivery = self._deliveries.get(request.delivery)
        if delivery is None or delivery.state != "dead" or self.alert(request.search, delivery.alert) is None:
            log.warning("a delivery cannot be replayed: it is not dead, or its alert has expired", id=request.delivery)
            return
        update = {"state": "pending", "attempts": 0, "first_attempt": None, "ended_at": None, "next_attempt": None}
        again = delivery.model_copy(update=update)
        await self.save_delivery(again)
        self._resume(again)

    async def _update_searches(self) -> None:
        """Take over changed searches.

        Raises:
            Retryable, KafkaError, OSError, TimeoutError: the broker is unavailable.
        """
        for search_id in await self._searches.refresh():
            if partition_of(search_id) not in self.partitions:
                continue
            search = self._searches.directory.searches.get(search_id)
            memory = self._memories.get(search_id)
            if search is not None and memory is None:
                self._remember(SearchMemory(search))
            elif search is not None and memory is not None:
                memory.search = search
                await self.sender.drop(search_id)
                await self._cancel(search_id, search)
                for delivery in list(self._deliveries.values()):
                    if delivery.search == search_id:
                        self._resume(delivery)
            elif memory is not None and search_id not in self._searches.directory.unreadable:
                del self._memories[search_id]
                await self.sender.drop(search_id)
                await self._cancel(search_id, None)
                await self._erase(search_id, memory.stories)

    async def _cancel(self, search_id: str, search: StandingSearch | None) -> None:
        """Cancel the pending deliveries to targets that the search has no more."""
        targets = [target.to for target in search.targets] if search is not None else []
        for delivery in list(self._deliveries.values()):
            wanted = {delivery_id(delivery.alert, to) for to in targets}
            if delivery.search == search_id and delivery.state == "pending" and delivery.id not in wanted:
                update = {"state": "cancelled", "ended_at": datetime.now(UTC), "next_attempt": None}
                await self.save_delivery(delivery.model_copy(update=update))
                self._metrics.deliveries.labels("cancelled").inc()

    async def _erase(self, search_id: str, stories: Iterable[str]) -> None:
        """Delete what a removed search remembered. Its alerts expire by themselves."""
        keys = [search_id, *(f"{search_id}/{key}" for key in stories)]
        await self._writer.send(STATE, ((search_id, key, None) for key in keys))

    async def _sweep(self, now: datetime) -> None:
        """Forget old stories, alerts and deliveries; dead deliveries, which may be replayed, when Kafka does."""
        before, dead_before = now - FORGET_AFTER, now - timedelta(days=KEPT_DAYS)
        self._deliveries = {
            key: delivery
            for key, delivery in self._deliveries.items()
            if delivery.ended_at is None or delivery.ended_at >= (dead_before if delivery.state == "dead" else before)
        }
        replayable = {delivery.alert for delivery in self._deliveries.values() if delivery.state == "dead"}
        for memory in list(self._memories.values()):
            gone = memory.forget(before, replayable)
            search_id = memory.search.id
            await self._writer.send(STATE, ((search_id, f"{search_id}/{key}", None) for key in gone))
        known: defaultdict[str, set[str]] = defaultdict(set)
        for memory in self._memories.values():
            for state in memory.stories.values():
                for article in state.known:
                    known[article].add(memory.search.id)
        self._by_article = known
