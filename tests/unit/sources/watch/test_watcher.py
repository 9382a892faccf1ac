"""When the watcher visits: once for each plan, sooner when a hub says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaTimeoutError

from deploy.demo.fake_web import FakeSite, fake_site
from streams.errors import Reason, Retryable
from streams.settings import Settings
from streams.sources.watch import watcher as watchers
from streams.sources.watch.directory import Kind, WatchedSource, Watching
from streams.sources.watch.refusals import Refusals
from streams.sources.watch.watch_metrics import WatchMetrics
from streams.sources.watch.watcher import Watcher, _Assignments, follow_directory
from streams.sources.watch.web import open_web
from streams.sources.watch.websub import Poke
from tests.unit.sources.watch.test_habits import letter

SETTINGS = Settings(_env_file=None, watch_allow=("127.0.0.1/32",), watch_host_delay=0.0, retry_first=0.01)
RAW, STATE = "articles.raw", "sources.state"


class Taker:
    """Takes the place of the Kafka producer."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.faults: list[Exception] = []

    async def send_and_wait(self, topic: str, *_: Any, **__: Any) -> None:
        if topic == STATE and self.faults:
            raise self.faults.pop()
        self.topics.append(topic)


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    async with fake_site() as running:
        running.publish(1)
        yield running


@pytest.fixture
def taker() -> Taker:
    return Taker()


@pytest.fixture
async def watcher(taker: Any) -> AsyncIterator[Watcher]:
    async with open_web(SETTINGS) as web:
        made = Watcher(SETTINGS, web, taker, WatchMetrics(), Refusals())
        running = asyncio.create_task(made.run())
        yield made
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def source(site: FakeSite, **changes: Any) -> WatchedSource:
    made = WatchedSource(name="jisr", url=f"{site.address}/rss.xml", kind=Kind.FEED, outlet="الجسر", interval=3600)
    return made.model_copy(update=changes)


async def visited(watcher: Watcher, times: int) -> None:
    """Wait until the source was visited so often, and is planned again."""
    async with asyncio.timeout(20):
        while (state := watcher.states.get("jisr")) is None or state.visits < times or watcher._visits:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_changed_source_is_visited_at_once_and_planned_once(site: FakeSite, watcher: Watcher) -> None:
    watcher.put(source(site), 0)
    await visited(watcher, 1)
    for number in range(3):
        watcher.put(source(site, collections=(f"c{number}",)), 0)
        await visited(watcher, 2 + number)
    assert site.requests["/rss.xml"] == 4
    planned = watcher._planned["jisr"]
    watcher._start_due(planned - timedelta(microseconds=1))
    assert not watcher._visits, "what was planned before is void"
    watcher._start_due(planned)
    await visited(watcher, 5)
    assert site.requests["/rss.xml"] == 5


async def test_a_poke_makes_the_source_due_and_a_lease_is_kept(site: FakeSite, watcher: Watcher) -> None:
    watcher.put(source(site), 0)
    await visited(watcher, 1)
    now = datetime.now(UTC)
    watcher.poke("jisr", Poke(at=now, lease=3600.0))
    watcher.poke("nahr", Poke(at=now))
    watcher.poke("jisr", Poke(at=now))
    planned = watcher._planned["jisr"]
    assert planned < now + timedelta(minutes=1), "and not in an hour"
    watcher._start_due(planned)
    await visited(watcher, 2)
    assert watcher.states["jisr"].hub_until == now + timedelta(hours=1)


async def test_a_lease_is_for_the_hub_and_the_feed_that_were_asked(site: FakeSite, watcher: Watcher) -> None:
    watcher.put(source(site, paused=True), 0)
    now = datetime.now(UTC)
    asked = Watching(hub="https://hub.example/", hub_topic="https://jisr.example/rss")
    others = [
        asked.model_copy(update={"hub": "https://other.example/"}),
        asked.model_copy(update={"hub_topic": "https://jisr.example/atom"}),
    ]
    # The hub may confirm while the visit that asks it goes on.
    watcher.poke("jisr", Poke(at=now, lease=3600.0, topic=asked.hub_topic))
    for _ in range(2):
        assert watcher._leased("jisr", asked).hub_until == now + timedelta(hours=1)
        assert [watcher._leased("jisr", other).hub_until for other in others] == [None, None]
        watcher.states["jisr"] = asked
        watcher.poke("jisr", Poke(at=now, lease=3600.0, topic=asked.hub_topic))


async def test_pages_refused_count_from_when_the_source_is_taken_over(site: FakeSite, watcher: Watcher) -> None:
    refusals = watcher._refusals
    refusals.count(letter(Reason.NO_ARTICLE))
    watcher.put(source(site, paused=True), 3)
    assert refusals.take("jisr") == 0
    refusals.count(letter(Reason.NO_ARTICLE))
    watcher.put(source(site, paused=True, outlet="النهر"), 3)
    assert refusals.take("jisr") == 1, "a change of the source loses none"
    await watcher.give_up([3])
    refusals.count(letter(Reason.NO_ARTICLE))
    watcher.put(source(site, paused=True), 3)
    assert refusals.take("jisr") == 0


async def test_a_source_that_was_removed_is_visited_no_more(site: FakeSite, watcher: Watcher) -> None:
    watcher.put(source(site), 0)
    await visited(watcher, 1)
    watcher.remove("jisr")
    watcher._start_due(datetime.now(UTC) + timedelta(hours=3))
    assert not watcher._visits and "jisr" not in watcher.states


async def test_an_item_is_not_sent_again_because_its_state_could_not_be_stored(
    site: FakeSite, watcher: Watcher, taker: Taker
) -> None:
    site.publish(2)
    taker.faults = [KafkaTimeoutError() for _ in range(3)]
    watcher.put(source(site), 0)
    # A visit is broken off by each fault: after the first item, after the second, and at its end. Between two of them
    # none is under way either, so only the number of the last one tells that all are over.
    await visited(watcher, 4)
    assert not taker.faults
    assert taker.topics.count(RAW) == 2


async def test_partitions_that_cannot_be_taken_over_end_the_watching(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take_over(_: object) -> dict[int, int]:
        raise Retryable("no Kafka")

    monkeypatch.setattr(watcher, "take_over", take_over)
    assignments = _Assignments(watcher, None)
    with pytest.raises(Retryable):
        await assignments.on_partitions_assigned([TopicPartition("sources", 3)])
    assert isinstance(assignments.fault, Retryable), "the consumer would only log it"


async def test_a_defect_costs_one_source_some_time(
    site: FakeSite, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("streams.sources.watch.visit.note_items", broken)
    watcher.put(source(site), 0)
    async with asyncio.timeout(20):
        while "jisr" not in watcher.states or watcher._visits:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    state = watcher.states["jisr"]
    assert state.failures == 1 and "RuntimeError: a bug" in (state.fault or "")
    assert watcher._planned["jisr"] == state.next_visit


class EndOfTestError(Exception):
    """Ends the loop of a consumer."""


@pytest.mark.parametrize("fault", [None, CommitFailedError()])
async def test_records_of_partitions_that_were_not_taken_over_add_no_source(
    site: FakeSite, watcher: Watcher, monkeypatch: pytest.MonkeyPatch, fault: Exception | None
) -> None:
    def record(partition: int) -> ConsumerRecord:
        made = source(site, name=f"s{partition}", paused=True)
        return ConsumerRecord(
            "sources", partition, 0, 0, 0, made.name.encode(), made.model_dump_json().encode(), None, 0, 0, ()
        )

    class Consumer:
        def __init__(self, *_: Any) -> None:
            self.batches = [{TopicPartition("sources", number): [record(number)]} for number in (3, 1)]

        async def start(self) -> None: ...

        async def stop(self) -> None: ...

        def subscribe(self, *_: Any, **__: Any) -> None: ...

        async def getmany(self, **_: Any) -> dict[TopicPartition, list[ConsumerRecord]]:
            if not self.batches:
                raise EndOfTestError
            return self.batches.pop(0)

        def assignment(self) -> set[TopicPartition]:
            return {TopicPartition("sources", 1)}

        async def position(self, _: TopicPartition) -> int:
            return 7

        async def commit(self, offsets: dict[TopicPartition, int]) -> None:
            if fault is not None:
                raise fault
            committed.append(offsets)

    monkeypatch.setattr("streams.sources.watch.watcher.open_member", Consumer)
    watcher.assigned = {1}
    committed: list[dict[TopicPartition, int]] = []
    with pytest.raises(EndOfTestError):
        await follow_directory(SETTINGS, watcher)
    assert watcher.sources.keys() == {"s1"}
    assert committed == [{TopicPartition("sources", 1): 7}] * (fault is None)
    assert watcher.membership is not None and watcher.membership.holds is (fault is None)


async def test_watching_ends_although_a_client_swallows_the_first_cancellation(
    monkeypatch: pytest.MonkeyPatch, taker: Taker
) -> None:
    """As aiokafka's do while they close."""
    stop, following = asyncio.Event(), asyncio.Event()

    async def follow(*_: Any) -> None:
        following.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    @asynccontextmanager
    async def producer(_: Settings) -> AsyncIterator[Taker]:
        yield taker

    for name in ("follow_directory", "follow_refusals"):
        monkeypatch.setattr(watchers, name, follow)
    monkeypatch.setattr(watchers, "open_producer", producer)
    running = asyncio.create_task(watchers.watch(SETTINGS, WatchMetrics(), stop))
    await following.wait()
    stop.set()
    async with asyncio.timeout(30):
        await running
