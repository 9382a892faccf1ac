"""Judging with topics in memory: the process may die before and after each write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from pydantic import BaseModel

from streams.alerts import keeper as keepers
from streams.alerts import service
from streams.alerts.alert_metrics import DeliveryMetrics
from streams.alerts.keeper import Inputs, Keeper
from streams.alerts.matching import SearchMatcher
from streams.alerts.records import ArticleMatches, Delivery, Match, Replay
from streams.alerts.standing_search import StandingSearch, Target
from streams.alerts.store import ALERTS, DELIVERIES, KEPT_DAYS, PARTITIONS, STATE, Directory, Remembered, partition_of
from streams.search.source_scope import SourceScope
from streams.settings import Settings
from tests.support.alert_records import BEGIN, match, standing_search
from tests.support.articles import article

SETTINGS = Settings(_env_file=None)
TARGETS = [{"to": "log:desk"}, {"to": "log:editor"}]


class Died(Exception):
    """The process was killed."""


class Topics:
    """Compacted topics, and the searches.

    Attributes:
        left: writes until the process dies; None for never.
    """

    def __init__(self, *searches: StandingSearch) -> None:
        self.values: dict[str, dict[str, bytes]] = {ALERTS: {}, DELIVERIES: {}, STATE: {}}
        self.directory = Directory({search.id: search for search in searches})
        self.changed: set[str] = set()
        self.moved: list[tuple[str, str]] = []
        self.left: int | None = None

    async def send(self, topic: str, records: Iterable[tuple[str, str, BaseModel | None]]) -> None:
        for _, key, value in records:
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    raise Died
            if value is None:
                self.values[topic].pop(key, None)
            else:
                self.values[topic][key] = value.model_dump_json(exclude_none=True).encode()

    async def read(
        self, _: Settings, topic: str, numbers: Iterable[int], take: Callable[[Any], None]
    ) -> dict[int, int]:
        for key, value in self.values[topic].items():
            if topic != STATE or partition_of(key.partition("/")[0]) in set(numbers):
                take(SimpleNamespace(topic=topic, partition=0, offset=0, key=key.encode(), value=value))
        return {}

    async def refresh(self) -> set[str]:
        changed, self.changed = self.changed, set()
        return changed

    def deliveries(self) -> list[Delivery]:
        return [Delivery.model_validate_json(value) for value in self.values[DELIVERIES].values()]


class Outgoing:
    """A sender that only remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.dropped: list[str] = []

    def put(self, delivery: Delivery, _search: StandingSearch, _target: Target) -> None:
        self.given.append(delivery.id)

    async def drop(self, search_id: str) -> None:
        self.dropped.append(search_id)


class Process:
    """One run of `rasd deliver`, without Kafka."""

    def __init__(self, topics: Topics) -> None:
        async def moves() -> list[tuple[str, str]]:
            return topics.moved

        follower: Any = SimpleNamespace(directory=topics.directory, refresh=topics.refresh)
        moved: Any = SimpleNamespace(refresh=moves, rewind=lambda: None)
        nothing: Any = None
        writer: Any = topics
        self.keeper = Keeper(SETTINGS, writer, Inputs(follower, moved, nothing, nothing), DeliveryMetrics())
        self.sent = Outgoing()
        sender: Any = self.sent
        self.keeper.sender = sender

    async def take(self, *messages: ArticleMatches | Match | Replay) -> datetime | None:
        await self.keeper.take_over(range(PARTITIONS))
        records: dict[TopicPartition, list[Any]] = {}
        for message in messages:
            search = message.searches[0].search if isinstance(message, ArticleMatches) else message.search
            tp = TopicPartition("alerts.matches", partition_of(search))
            value = message.model_dump_json(exclude_none=True).encode()
            record = SimpleNamespace(topic=tp.topic, partition=tp.partition, offset=0, value=value)
            records.setdefault(tp, []).append(record)
        return await self.keeper.judge(records)


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Topics]:
    def make(*searches: StandingSearch) -> Topics:
        topics = Topics(*searches)
        monkeypatch.setattr(keepers, "read_partitions", topics.read)
        return topics

    return make


def remembered(topics: Topics, search: StandingSearch) -> object:
    found = Remembered()
    asyncio.run(topics.read(SETTINGS, STATE, [partition_of(search.id)], found.take))
    return found.of(search.id)


def batch(search: StandingSearch) -> list[Match]:
    articles = [match(name, number) for number, name in enumerate("abc")]
    copies = [match(f"{name}2", 10 + number, story=name) for number, name in enumerate("abc")]
    return [each.model_copy(update={"search": search.id}) for each in (*articles, *copies)]


@pytest.mark.parametrize("when", [{"kind": "story"}, {"kind": "frequency", "count": 2, "minutes": 60}])
def test_a_process_that_dies_at_any_write_loses_no_alert_and_makes_none_twice(
    kafka: Callable[..., Topics], when: dict[str, Any]
) -> None:
    search = standing_search(targets=TARGETS, when=when)
    whole = kafka(search)
    asyncio.run(Process(whole).take(*batch(search)))
    assert len(whole.values[ALERTS]) >= 1 and len(whole.values[STATE]) == 4
    writes = sum(map(len, whole.values.values()))
    for left in range(writes):
        topics = kafka(search)
        topics.left = left
        with pytest.raises(Died):
            asyncio.run(Process(topics).take(*batch(search)))
        topics.left = None
        again = Process(topics)
        asyncio.run(again.take(*batch(search)))
        assert topics.values[ALERTS] == whole.values[ALERTS], left
        assert remembered(topics, search) == remembered(whole, search), left
        assert sorted(topics.values[DELIVERIES]) == sorted(whole.values[DELIVERIES]), left
        assert sorted(again.sent.given) == sorted(whole.values[DELIVERIES]), left


def test_what_was_delivered_is_not_sent_again_by_the_next_process(kafka: Callable[..., Topics]) -> None:
    search = standing_search(targets=TARGETS)
    topics = kafka(search)
    first = Process(topics)
    asyncio.run(first.take(*batch(search)))
    done, *left = topics.deliveries()
    asyncio.run(first.keeper.save_delivery(done.model_copy(update={"state": "delivered"})))
    second = Process(topics)
    asyncio.run(second.take(*batch(search)))
    assert sorted(second.sent.given) == sorted(delivery.id for delivery in left)


def test_a_moved_story_is_told_once_across_processes(kafka: Callable[..., Topics]) -> None:
    search = standing_search()
    topics = kafka(search)
    late, early = (match(name).model_copy(update={"search": search.id}) for name in ("late", "early"))
    asyncio.run(Process(topics).take(late))
    topics.moved = [("late", "early"), ("unknown", "early")]
    asyncio.run(Process(topics).take(early))
    assert len(topics.values[ALERTS]) == 1


def test_a_removed_search_leaves_nothing_and_its_pending_deliveries_are_cancelled(
    kafka: Callable[..., Topics],
) -> None:
    search = standing_search(targets=TARGETS)
    topics = kafka(search)
    process = Process(topics)
    asyncio.run(process.take(*batch(search)))
    del topics.directory.searches[search.id]
    topics.changed = {search.id}
    asyncio.run(process.take())
    assert topics.values[STATE] == {}
    assert {delivery.state for delivery in topics.deliveries()} == {"cancelled"}
    assert process.sent.dropped == [search.id]


def test_a_search_that_cannot_be_read_is_not_taken_for_a_removed_one(kafka: Callable[..., Topics]) -> None:
    search = standing_search()
    topics = kafka(search)
    asyncio.run(Process(topics).take(*batch(search)))
    before = dict(topics.values[STATE])
    topics.directory.searches.clear()
    topics.directory.unreadable.add(search.id)
    asyncio.run(Process(topics).take())
    assert topics.values[STATE] == before != {}


def test_a_target_that_was_dropped_gets_no_more_and_a_new_one_nothing_old(kafka: Callable[..., Topics]) -> None:
    search = standing_search(targets=TARGETS)
    topics = kafka(search)
    process = Process(topics)
    asyncio.run(process.take(*batch(search)[:1]))
    settings = search.settings().model_copy(update={"targets": (Target(to="log:editor"), Target(to="log:new"))})
    topics.directory.searches[search.id] = search.changed(settings, search.created_at)
    topics.changed = {search.id}
    asyncio.run(process.take())
    states = {delivery.to: delivery.state for delivery in topics.deliveries()}
    assert states == {"log:desk": "cancelled", "log:editor": "pending"}


def test_a_dead_delivery_is_sent_again_when_it_is_asked_for(kafka: Callable[..., Topics]) -> None:
    search = standing_search()
    topics = kafka(search)
    process = Process(topics)
    asyncio.run(process.take(*batch(search)[:1]))
    (pending,) = topics.deliveries()
    dead = pending.model_copy(update={"state": "dead", "attempts": 40, "fault": "away"})
    asyncio.run(process.keeper.save_delivery(dead))
    again = Process(topics)
    asyncio.run(again.take(Replay(search=search.id, delivery=dead.id)))
    (sent,) = topics.deliveries()
    assert (sent.state, sent.attempts, again.sent.given) == ("pending", 0, [dead.id])


async def test_a_dead_delivery_can_be_replayed_as_long_as_kafka_keeps_it(kafka: Callable[..., Topics]) -> None:
    search = standing_search()
    process = Process(kafka(search))
    await process.take(*batch(search)[:1])
    keeper = process.keeper
    (pending,) = keeper._deliveries.values()
    ended = pending.created_at
    await keeper.save_delivery(pending.model_copy(update={"state": "dead", "ended_at": ended}))
    await keeper._sweep(ended + keepers.FORGET_AFTER + timedelta(days=1))
    assert list(keeper._deliveries) == [pending.id] and keeper.alert(search.id, pending.alert) is not None
    later = ended + timedelta(days=KEPT_DAYS + 1)
    await keeper._sweep(later)
    assert not keeper._deliveries and keeper.alert(search.id, pending.alert) is None


async def test_while_matches_wait_deadlines_are_judged_up_to_the_oldest_one_in_hand(
    kafka: Callable[..., Topics],
) -> None:
    quiet = standing_search(when={"kind": "silence", "hours": 1})
    busy = standing_search(when={"kind": "frequency", "count": 100, "minutes": 1})
    busy = busy.model_copy(update={"id": "222222222222"})
    topics = kafka(quiet, busy)
    process = Process(topics)

    async def passed(_: datetime) -> bool:
        return True

    upstream: Any = SimpleNamespace(has_passed=passed)
    process.keeper._upstream = upstream
    matches = [match(str(minutes), minutes, search=busy.id) for minutes in (60, 90)]
    oldest = await process.take(*matches)
    assert oldest == BEGIN + timedelta(minutes=60)
    await process.keeper.tick(oldest)
    assert topics.values[ALERTS] == {}, "a match of before the deadline may be on its way"
    await process.keeper.tick(await process.take(match("61", 61, search=busy.id)))
    assert len(topics.values[ALERTS]) == 1


async def test_a_digest_names_the_sources_that_are_quiet_when_it_is_due(kafka: Callable[..., Topics]) -> None:
    process = Process(kafka(standing_search(when={"kind": "digest", "every": "week"})))
    await process.take()

    async def passed(_: datetime) -> bool:
        return True

    async def of(*_: object) -> dict[str, str]:
        return {"jisr": "silent"}

    upstream: Any = SimpleNamespace(has_passed=passed)
    quiet: Any = SimpleNamespace(of=of)
    process.keeper._upstream, process.keeper._quiet = upstream, quiet
    await process.keeper.tick()
    (memory,) = process.keeper._memories.values()
    (alert,) = memory.alerts.values()
    assert alert.detail == ("jisr: silent",)
    assert len(process.sent.given) == 1


async def test_matches_of_the_version_before_are_judged_like_those_of_now(kafka: Callable[..., Topics]) -> None:
    kinds = ("story", "new-name", "change", "frequency")
    when = [
        {"kind": kind} | ({"count": 2, "minutes": 60, "of": "articles"} if kind == "frequency" else {})
        for kind in kinds
    ]
    made = [
        standing_search(filters={"q": "سد"}, when=each).model_copy(update={"id": f"00000000000{number}"})
        for number, each in enumerate(when)
    ]
    matcher = SearchMatcher(SourceScope(lambda: None), partition_of)
    for search in made:
        matcher.put(search)
    arrived = [
        article(id=f"n{number}", title="ارتفاع منسوب السد", body=body, ingested_at=BEGIN + timedelta(minutes=number))
        for number, body in enumerate(("امتلأ السد أمس.", "امتلأ السد أمس.\nثم فتح."), start=1)
    ]
    now = [record for each in arrived for record in matcher.match(each)]
    before = [match for record in now for match in record.each()]
    assert len(before) == 2 * len(made)
    told = []
    for messages in (now, before):
        topics = kafka(*made)
        process = Process(topics)
        oldest = await process.take(*messages)
        first = {key: set(value) for key, value in topics.values.items()}
        await process.take(*messages)  # a crash before the offsets were committed
        assert {key: set(value) for key, value in topics.values.items()} == first
        states = {key: value for topic in (ALERTS, STATE) for key, value in topics.values[topic].items()}
        told.append((oldest, states, sorted(process.sent.given)))
    assert told[0] == told[1]
    assert told[0][0] == arrived[0].ingested_at and len(told[0][1]) > len(made)


async def test_a_steady_stream_of_matches_does_not_put_deadlines_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The topic is never empty, and ticks come all the same, each with the oldest match in hand."""
    tp = TopicPartition("alerts.matches", 0)
    ticks: list[datetime | None] = []

    class Endless:
        def __init__(self, *_: object, **__: object) -> None:
            self.polls = 0

        async def start(self) -> None: ...
        async def stop(self) -> None: ...
        async def commit(self, _: object) -> None: ...
        def subscribe(self, *_: object, **__: object) -> None: ...
        def assignment(self) -> set[TopicPartition]:
            return {tp}

        async def getmany(self, **_: object) -> dict[TopicPartition, list[Any]]:
            self.polls += 1
            if self.polls > 3:
                raise Died
            return {tp: [SimpleNamespace(offset=self.polls)]}

    async def judge(records: dict[TopicPartition, list[Any]]) -> datetime:
        return BEGIN + timedelta(minutes=records[tp][0].offset)

    async def tick(oldest: datetime | None = None) -> None:
        ticks.append(oldest)

    async def give_up(_: Iterable[int]) -> None: ...

    keeper: Any = SimpleNamespace(
        lock=asyncio.Lock(),
        partitions={0},
        judge=judge,
        tick=tick,
        give_up=give_up,
        sender=SimpleNamespace(publish=lambda: None),
    )
    monkeypatch.setattr(service, "open_member", Endless)
    monkeypatch.setattr(service, "_TICK_SECONDS", 0.0)
    with pytest.raises(Died):
        await service._judge_matches(SETTINGS, keeper, DeliveryMetrics())
    assert ticks == [BEGIN + timedelta(minutes=number) for number in (1, 2, 3)]
