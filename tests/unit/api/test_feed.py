"""The live feed's event ids, events and queues."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from types import SimpleNamespace

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.api import feed as feeds
from streams.api.events import Kind, LiveEvent, read_vector, write_vector
from streams.api.feed import QUEUE_BYTES, QUEUE_EVENTS, LiveFeed, Reader
from streams.api.limits import TooManyRequests
from streams.errors import Retryable
from streams.observability.metrics import Metrics
from streams.search.request import Filters
from streams.settings import Settings
from tests.support.articles import article


@given(st.dictionaries(st.integers(0, 999), st.integers(0, 2**40), min_size=1, max_size=8))
def test_event_ids_come_back_as_they_were(vector: dict[int, int]) -> None:
    assert read_vector(write_vector(vector)) == vector


@pytest.mark.parametrize("text", ["", "0", "0:", ":1", "0:1,", "0:-1", "0:1;1:2", "0:1,0:2", "٠:1", "0:" + "9" * 40])
def test_foreign_event_ids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an event id"):
        read_vector(text)


def test_events_are_one_block_each() -> None:
    article = LiveEvent(Kind.ARTICLE, "0:5,1:7", '{"title":"عاجل"}'.encode()).wire.decode()
    assert article == 'id: 0:5,1:7\nevent: article\ndata: {"title":"عاجل"}\n\n'
    for kind in Kind:
        block = LiveEvent(kind, "0:5", b'{\n"title":\r\n"a"}' if kind is Kind.ARTICLE else b"").wire.decode()
        assert block.startswith("id: 0:5\n")
        assert block.endswith("\n\n")
        assert block.count("\n\n") == 1
        assert ("data: " in block) == (kind not in {Kind.HELLO, Kind.HERE})
    assert "retry: 2000\n" in LiveEvent(Kind.HELLO, "0:5").wire.decode()


def test_the_notice_of_being_dropped_leaves_the_readers_place_where_it_is() -> None:
    assert "id:" not in LiveEvent(Kind.DROPPED, None).wire.decode()


def _event(offset: int) -> LiveEvent:
    return LiveEvent(Kind.ARTICLE, f"0:{offset + 1}", b"{}")


async def _current(reader: Reader, heartbeat: float = 60, positions: dict[int, int] | None = None) -> list[LiveEvent]:
    feed = LiveFeed(Settings(_env_file=None), Metrics())
    feed.positions = positions or {0: 0}
    return [event async for event in feed._current(reader, heartbeat)]


async def test_a_reader_that_does_not_keep_up_gets_what_waits_for_it_and_is_told_that_it_is_dropped() -> None:
    reader = Reader()
    for offset in range(QUEUE_EVENTS + 10):
        reader.offer(_event(offset))
    assert reader.queue.qsize() == QUEUE_EVENTS
    reader.queue.get_nowait()
    reader.offer(_event(9999))  # after a hole, nothing may follow
    got = await _current(reader)
    assert [event.vector for event in got[:-1]] == [f"0:{offset + 1}" for offset in range(1, QUEUE_EVENTS)]
    assert got[-1].kind is Kind.DROPPED


async def test_a_reader_whose_feed_ends_gets_what_waits_for_it() -> None:
    reader = Reader()
    reader.offer(_event(0))
    reader.end()
    reader.offer(_event(1))
    assert [event.vector for event in await _current(reader)] == ["0:1"]


async def test_an_article_that_comes_in_the_moment_of_a_heartbeat_is_not_passed_over() -> None:
    feed = LiveFeed(Settings(_env_file=None), Metrics())
    feed.positions = {0: 0}
    reader = Reader()

    def arrive() -> None:
        feed.positions[0] = 1
        reader.offer(_event(0))

    async with aclosing(feed._current(reader, 0.01)) as events:
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        # Both are due when the loop next looks: the timeout first, then the article, and only then the reader runs.
        asyncio.get_running_loop().call_later(0.02, arrive)
        time.sleep(0.05)  # noqa: ASYNC251  (the point is that the loop does not run)
        event = await first
    assert event.kind is Kind.ARTICLE


async def test_readers_with_one_search_are_matched_once_and_all_leave() -> None:
    feed = LiveFeed(Settings(_env_file=None), Metrics())
    feed.positions = {0: 0}
    streams = [feed.read(Filters(q=query), None, 60) for query in ("زلزال", "زلزال", "فيضان")]
    for stream in streams:
        assert (await anext(stream)).kind is Kind.HELLO
    assert len(feed._readers) == 2
    assert feed.metrics.registry.get_sample_value("rasd_live_clients") == 3
    for stream in streams:
        await stream.aclose()
    assert feed._readers == {}
    assert feed.metrics.registry.get_sample_value("rasd_live_clients") == 0


async def test_a_slow_reader_holds_a_bounded_number_of_bytes() -> None:
    reader = Reader()
    large = LiveEvent(Kind.ARTICLE, "0:1", b"x" * (QUEUE_BYTES // 4))
    for _ in range(8):
        reader.offer(large)
    assert reader.queue.qsize() == 4
    assert [event.kind for event in await _current(reader)] == [Kind.ARTICLE] * 4 + [Kind.DROPPED]
    # One article beyond the limit still reaches a reader that has taken all others.
    reader = Reader()
    reader.offer(LiveEvent(Kind.ARTICLE, "0:1", b"x" * (QUEUE_BYTES + 1)))
    assert not reader.cut


async def test_the_number_of_readers_is_limited_in_total_and_by_client() -> None:
    feed = LiveFeed(Settings(_env_file=None, api_live_readers=3, api_live_per_client=2), Metrics())
    feed.positions = {0: 0}
    streams = [feed.read(Filters(), None, 60, client) for client in ("a", "a", "b")]
    for stream in streams:
        await anext(stream)
    with pytest.raises(TooManyRequests, match="2 clients are connected for you"):
        await anext(feed.read(Filters(), None, 60, "a"))
    with pytest.raises(Retryable, match="3 clients are connected"):
        await anext(feed.read(Filters(), None, 60, "c"))
    assert feed.metrics.registry.get_sample_value("rasd_api_limited_total", {"limit": "live"}) == 2
    await streams[0].aclose()
    again = feed.read(Filters(), None, 60, "a")
    assert (await anext(again)).kind is Kind.HELLO
    for stream in (*streams, again):
        await stream.aclose()


class _Log:
    """A consumer of one partition with a few articles."""

    def __init__(self, records: list[ConsumerRecord]) -> None:
        self.records = records
        self.at = 0

    def assign(self, _: object) -> None:
        return

    def seek(self, _: object, offset: int) -> None:
        self.at = offset

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def getmany(self, partition: TopicPartition, **_: object) -> dict[TopicPartition, list[ConsumerRecord]]:
        found, self.at = self.records[self.at :], len(self.records)
        return {partition: found}

    async def position(self, _: object) -> int:
        return self.at


async def test_who_catches_up_too_slowly_makes_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [
        SimpleNamespace(topic="t", partition=0, offset=offset, value=article(id=f"n{offset}").to_json())
        for offset in range(6)
    ]

    @asynccontextmanager
    async def reader(_: Settings) -> AsyncIterator[_Log]:
        yield _Log(records)

    monkeypatch.setattr(feeds, "open_reader", reader)
    feed = LiveFeed(Settings(_env_file=None), Metrics())
    feed.positions = {0: 6}

    async def caught_up(since: int, pause: float) -> list[str | None]:
        got: list[str | None] = []
        async with aclosing(feed.read(Filters(), {0: since}, 60)) as events:
            async for event in events:
                if event.kind is Kind.ARTICLE:
                    got.append(event.vector)
                    await asyncio.sleep(pause)
                if event.kind is Kind.DROPPED:
                    return [*got, "dropped"]
                if event.vector == "0:6":
                    return got
        raise AssertionError("the feed ended")

    assert await caught_up(0, 0) == [f"0:{offset}" for offset in range(1, 7)]
    monkeypatch.setattr(feeds, "REPLAY_WAIT_SECONDS", 0.05)
    slow = await caught_up(0, 0.03)
    assert slow[-1] == "dropped"
    # Nothing is lost: it goes on from the last event that it has.
    assert slow[:-1] == [f"0:{offset}" for offset in range(1, len(slow))]
    assert len(await caught_up(len(slow) - 1, 0)) == 6 - (len(slow) - 1)
    assert feed._replays._value == feeds.MAX_REPLAYS
