"""Visits to a site on loopback: what goes to articles.raw, and what is remembered."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web as http
from aiokafka.producer.producer import DefaultPartitioner

from deploy.demo.fake_web import FakeSite, fake_site
from streams.errors import Reason
from streams.settings import Settings
from streams.sources.base import Item
from streams.sources.watch.directory import SEEN_ITEMS, Kind, Progress, Text, WatchedSource, Watching, with_progress
from streams.sources.watch.schedule import Limits
from streams.sources.watch.store import PARTITIONS, Directory, partition_of
from streams.sources.watch.visit import FIRST_ITEMS, PROGRESS_ITEMS, TRIES, Visitor
from streams.sources.watch.web import open_web

SETTINGS = Settings(_env_file=None).model_copy(update={"watch_allow": ("127.0.0.1/32",), "watch_host_delay": 0.0})


class KilledError(Exception):
    """Stands for the end of the process."""


@dataclass
class Rig:
    """A visitor with what it sent and saved.

    Attributes:
        lives: number of acknowledged sends after which the process ends, before it saves.
    """

    visitor: Visitor
    sent: list[Item] = field(default_factory=list)
    saved: dict[str, Watching] = field(default_factory=dict)
    kept: dict[str, Progress] = field(default_factory=dict)
    lives: int = 10_000
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    async def visit(self, source: WatchedSource) -> Watching:
        state = self.saved.get(source.name, Watching())
        if (progress := self.kept.get(source.name)) is not None:
            state = with_progress(state, progress)
        return await self.visitor.visit(source, state)

    def urls(self) -> list[str]:
        return [item.raw.url for item in self.sent if item.raw is not None]


@asynccontextmanager
async def open_rig() -> AsyncIterator[Rig]:
    async with open_web(SETTINGS) as web:
        rig: Rig

        async def send(item: Item) -> None:
            rig.sent.append(item)
            rig.lives -= 1
            if rig.lives < 0:
                raise KilledError

        # As in the topic: each record replaces the one before it, and a state all progress.
        async def save(name: str, state: Watching) -> None:
            rig.saved[name] = Watching.model_validate_json(state.model_dump_json(exclude_defaults=True))
            rig.kept.pop(name, None)

        async def keep(name: str, progress: Progress) -> None:
            rig.kept[name] = progress

        visitor = Visitor(web, send, save, keep, lambda: rig.now, Limits(60.0, 3600.0), random.Random(3))
        rig = Rig(visitor)
        yield rig


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    async with fake_site() as site:
        yield site


def source(site: FakeSite, path: str = "/rss.xml", **changes: object) -> WatchedSource:
    fields: dict[str, object] = {"name": "jisr", "url": f"{site.address}{path}", "kind": Kind.FEED, "outlet": "الجسر"}
    return WatchedSource.model_validate(fields | changes)


async def test_what_is_new_is_sent_once_with_its_page(site: FakeSite) -> None:
    urls = [site.publish(number) for number in range(3)]
    async with open_rig() as rig:
        first = await rig.visit(source(site))
        assert rig.urls() == urls, "the oldest first"
        raw = rig.sent[0].raw
        assert raw is not None
        assert "افتتاح الجسر الجديد رقم 0" in base64.b64decode(raw.content).decode()
        assert (raw.source, raw.encoding, raw.content_type) == ("الجسر", "utf-8", "text/html")
        assert raw.published_at == datetime(2026, 1, 1, tzinfo=UTC)
        assert raw.extra["watched_source"] == "jisr"
        assert raw.extra["feed"]["title"] == "افتتاح الجسر الجديد رقم 0"
        assert (first.items, first.visits, first.failures) == (3, 1, 0)
        assert first.next_visit is not None and first.next_visit >= rig.now + timedelta(seconds=60)

        second = await rig.visit(source(site))
        assert (second.unchanged, len(rig.sent)) == (1, 3)

        newest = site.publish(4)
        third = await rig.visit(source(site))
        assert rig.urls() == [*urls, newest]
        assert (third.items, third.gaps, third.last_new) == (4, 0, rig.now)
    assert site.requests["/rss.xml"] == 3


async def test_killed_at_any_item_nothing_is_lost_and_one_at_most_is_repeated(site: FakeSite) -> None:
    urls = [site.publish(number) for number in range(6)]
    for lives in range(6):
        async with open_rig() as rig:
            rig.lives = lives
            with pytest.raises(KilledError):
                await rig.visit(source(site))
            rig.lives = 10_000
            await rig.visit(source(site))
            sent = rig.urls()
            assert sorted(set(sent)) == sorted(urls)
            assert len(sent) == len(urls) + 1, "only the item under way is sent again"


async def test_a_visit_without_overlap_is_a_gap_and_the_source_is_asked_sooner(site: FakeSite) -> None:
    for number in range(20):
        site.publish(number)
    async with open_rig() as rig:
        await rig.visit(source(site))
        for number in range(20, 45):
            site.publish(number)
        after = await rig.visit(source(site))
    assert (after.gaps, after.interval) == (1, 60.0)


async def test_a_page_that_fails_is_tried_in_later_visits_and_then_the_feed_stands_in(site: FakeSite) -> None:
    site.publish(1)
    working = site.publish(2)

    async def broken(_: http.Request) -> http.StreamResponse:
        return http.Response(status=502)

    site.answers["/news/20260001"] = broken
    async with open_rig() as rig:
        for visit in range(1, TRIES):
            state = await rig.visit(source(site))
            assert rig.urls() == [working]
            assert state.tries and state.failures == 0, f"visit {visit}"
        state = await rig.visit(source(site))
        assert rig.urls() == [working, f"{site.address}/news/20260001"]
        assert rig.sent[1].raw is not None
        assert rig.sent[1].raw.content == "ملخص: افتتاح الجسر الجديد رقم 1"
        assert not state.tries


async def test_an_item_of_which_nothing_can_be_had_is_a_dead_letter(site: FakeSite) -> None:
    site.publish(1)
    site.answers["/news/20260001"] = http_404
    async with open_rig() as rig:
        state = await rig.visit(source(site, "/sitemap.xml.gz", kind=Kind.SITEMAP))
        (item,) = rig.sent
        assert item.failure is not None
        assert item.failure.reason is Reason.NOT_FETCHED
        assert "404" in item.failure.detail
        assert b"/news/20260001" in item.data
        assert state.items == 1
        await rig.visit(source(site, "/sitemap.xml.gz", kind=Kind.SITEMAP))
        assert len(rig.sent) == 1


async def http_404(_: http.Request) -> http.StreamResponse:
    return http.Response(status=404)


async def test_pages_and_sitemaps_are_sources_too(site: FakeSite) -> None:
    urls = {site.publish(number) for number in range(3)}
    async with open_rig() as rig:
        await rig.visit(source(site, "/sitemap.xml.gz", kind=Kind.SITEMAP))
        assert set(rig.urls()) == urls
    async with open_rig() as rig:
        await rig.visit(source(site, "/", kind=Kind.PAGE))
        assert set(rig.urls()) == urls


async def test_the_text_of_the_feed_needs_no_page(site: FakeSite) -> None:
    item = (
        "<item><title>افتتاح</title><link>/news/9</link><author>rig@jisr.example (سعاد عبد الله)</author>"
        "<content:encoded>&lt;p&gt;النص كاملا&lt;/p&gt;</content:encoded></item>"
    )

    async def feed(_: http.Request) -> http.StreamResponse:
        space = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        return http.Response(text=f"<rss version='2.0' {space}><channel><title>x</title>{item}</channel></rss>")

    site.answers["/full.xml"] = feed
    async with open_rig() as rig:
        await rig.visit(source(site, "/full.xml", text=Text.FEED))
        (sent,) = rig.sent
        assert sent.raw is not None
        assert (sent.raw.content, sent.raw.title) == ("<p>النص كاملا</p>", "افتتاح")
    assert site.requests == {"/robots.txt": 1, "/full.xml": 1}


async def test_freshness_is_observed(site: FakeSite) -> None:
    site.publish(1)
    site.headers = {"Cache-Control": "max-age=1800"}
    async with open_rig() as rig:
        state = await rig.visit(source(site))
        assert state.next_visit is not None
        assert state.next_visit - rig.now >= timedelta(minutes=30)


async def test_failures_are_counted_and_forgotten_after_a_success(site: FakeSite) -> None:
    site.publish(1)

    async def busy(_: http.Request) -> http.StreamResponse:
        return http.Response(status=429, headers={"Retry-After": "7200"})

    site.answers["/rss.xml"] = busy
    async with open_rig() as rig:
        state = await rig.visit(source(site))
        assert (state.failures, state.fault_kind) == (1, "blocked")
        assert state.next_visit is not None
        assert state.next_visit - rig.now >= timedelta(hours=2)
        assert (await rig.visit(source(site))).failures == 2
        del site.answers["/rss.xml"]
        state = await rig.visit(source(site))
        assert (state.failures, state.fault, state.items) == (0, None, 1)


async def test_html_in_place_of_the_feed_is_a_fault_of_the_source(site: FakeSite) -> None:
    async with open_rig() as rig:
        state = await rig.visit(source(site, "/", kind=Kind.FEED))
    assert (state.failures, state.fault_kind) == (1, "format")


async def test_a_source_that_moved_is_read_at_its_new_address(site: FakeSite) -> None:
    site.publish(1)

    async def moved(_: http.Request) -> http.StreamResponse:
        return http.Response(status=301, headers={"Location": "/rss.xml"})

    site.answers["/old.xml"] = moved
    async with open_rig() as rig:
        state = await rig.visit(source(site, "/old.xml"))
        assert state.url == f"{site.address}/rss.xml"
        await rig.visit(source(site, "/old.xml"))
    assert site.requests["/old.xml"] == 1


async def test_a_date_in_the_future_is_left_out_and_noticed(site: FakeSite) -> None:
    site.publish(1)
    async with open_rig() as rig:
        rig.now = datetime(2025, 12, 1, tzinfo=UTC)
        state = await rig.visit(source(site))
        assert state.wrong_dates == 1
        assert rig.sent[0].raw is not None
        assert rig.sent[0].raw.published_at is None


async def test_links_that_leave_the_public_web_are_refused(site: FakeSite) -> None:
    async def feed(_: http.Request) -> http.StreamResponse:
        items = "<item><title>x</title><link>http://169.254.169.254/latest/meta-data/</link></item>"
        return http.Response(text=f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>")

    site.answers["/evil.xml"] = feed
    async with open_rig() as rig:
        await rig.visit(source(site, "/evil.xml"))
        (item,) = rig.sent
        assert item.failure is not None
        assert "not a public address" in item.failure.detail


async def test_a_long_visit_stores_small_records_and_now_and_then_the_state(site: FakeSite) -> None:
    site.listed = number = 2 * PROGRESS_ITEMS + 3
    urls = [site.publish(n) for n in range(number)]
    async with open_rig() as rig:
        states, kept = [], []
        save, keep = rig.visitor.save, rig.visitor.keep

        async def count_states(name: str, state: Watching) -> None:
            states.append(state)
            await save(name, state)

        async def count_progress(name: str, progress: Progress) -> None:
            kept.append(progress)
            await keep(name, progress)

        rig.visitor = replace(rig.visitor, save=count_states, keep=count_progress)
        await rig.visit(source(site))
        assert rig.urls() == urls
        assert [state.items for state in states] == [1, PROGRESS_ITEMS + 1, 2 * PROGRESS_ITEMS + 1, number]
        assert len(kept) == number - 3, "each of the others is a small record"
        assert max(len(progress.sent) for progress in kept) < PROGRESS_ITEMS


async def test_a_source_with_another_address_begins_anew(site: FakeSite) -> None:
    site.publish(1)
    async with open_rig() as rig:
        before = await rig.visit(source(site))
        other = source(site).model_copy(update={"url": f"{site.address}/sitemap.xml.gz", "kind": Kind.SITEMAP})
        found = Directory(sources={other.name: other}, states={other.name: before})
        assert found.state(other.name) == Watching()
        found.sources[other.name] = source(site)
        assert found.state(other.name) == before


def test_what_a_visit_sent_before_its_end_is_added_to_the_state() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    state = Watching(source_url="https://jisr.example/rss", seen=("a", "b"), items=2, tries={"c": 1, "d": 1})
    progress = Progress(source_url="https://jisr.example/rss", sent=("b", "c"), last_new=now)
    merged = with_progress(state, progress)
    assert (merged.seen, merged.items, merged.tries, merged.last_new) == (("a", "b", "c"), 3, {"d": 1}, now)
    assert with_progress(merged, progress) == merged
    assert with_progress(state, progress.model_copy(update={"source_url": "https://nahr.example/rss"})) == state


def test_records_of_a_source_lie_where_kafka_puts_them() -> None:
    partitions = list(range(PARTITIONS))
    for name in ("jisr.example", "نهر", "a" * 100):
        assert partition_of(name) == DefaultPartitioner()(name.encode(), partitions, partitions)


async def test_a_large_sitemap_is_not_sent_again_and_again(site: FakeSite) -> None:
    urls = [site.publish(n) for n in range(2 * SEEN_ITEMS)]
    async with open_rig() as rig:
        sitemap = source(site, "/sitemap.xml.gz", kind=Kind.SITEMAP)
        first = await rig.visit(sitemap)
        assert first.items == len(rig.sent) == FIRST_ITEMS
        assert set(rig.urls()) == {*urls[: FIRST_ITEMS // 2], *urls[-FIRST_ITEMS // 2 :]}
        rig.now += timedelta(hours=1)
        newest = site.publish(2 * SEEN_ITEMS)
        second = await rig.visit(sitemap)
        assert rig.urls()[FIRST_ITEMS:] == [newest]
        assert (second.items, second.gaps) == (FIRST_ITEMS + 1, 0)


async def test_killed_in_the_first_visit_of_a_sitemap_the_rest_of_it_stays_seen(site: FakeSite) -> None:
    for number in range(3 * FIRST_ITEMS):
        site.publish(number)
    sitemap = source(site, "/sitemap.xml.gz", kind=Kind.SITEMAP)
    async with open_rig() as rig:
        rig.lives = 2
        with pytest.raises(KilledError):
            await rig.visit(sitemap)
        rig.lives = 10_000
        await rig.visit(sitemap)
        assert len(set(rig.urls())) == FIRST_ITEMS


async def test_an_index_with_a_part_that_is_gone_is_still_read(site: FakeSite) -> None:
    url = site.publish(1)

    async def index(_: http.Request) -> http.StreamResponse:
        parts = "".join(f"<sitemap><loc>{path}</loc></sitemap>" for path in ("/gone.xml", "/sitemap.xml.gz"))
        return http.Response(text=f"<sitemapindex>{parts}</sitemapindex>", content_type="application/xml")

    site.answers["/index.xml"] = index
    async with open_rig() as rig:
        state = await rig.visit(source(site, "/index.xml", kind=Kind.SITEMAP))
        assert (rig.urls(), state.failures) == ([url], 0)
        site.answers["/sitemap.xml.gz"] = http_404
        state = await rig.visit(source(site, "/index.xml", kind=Kind.SITEMAP))
        assert (state.failures, state.fault_kind) == (1, "missing")


async def test_a_cancellation_does_not_part_an_item_from_its_state(site: FakeSite) -> None:
    site.publish(1)
    async with open_rig() as rig:
        sending, may_end = asyncio.Event(), asyncio.Event()
        send = rig.visitor.send

        async def slow(item: Item) -> None:
            await send(item)
            sending.set()
            await may_end.wait()

        rig.visitor = replace(rig.visitor, send=slow)
        visit = asyncio.create_task(rig.visit(source(site)))
        await sending.wait()
        visit.cancel()
        await asyncio.sleep(0)
        assert not visit.done(), "it waits for what is being sent"
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await visit
        rig.visitor = replace(rig.visitor, send=send)
        await rig.visit(source(site))
        assert len(rig.sent) == 1


async def test_an_item_without_a_link_is_sent_with_its_text(site: FakeSite) -> None:
    async def feed(_: http.Request) -> http.StreamResponse:
        item = "<item><title>بلا رابط</title><description>نص الخبر العاجل</description></item>"
        return http.Response(text=f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>")

    site.answers["/rss.xml"] = feed
    async with open_rig() as rig:
        for _ in range(2):
            await rig.visit(source(site))
        (sent,) = rig.sent
        assert sent.raw is not None
        assert (sent.raw.title, sent.raw.content) == ("بلا رابط", "نص الخبر العاجل")
        assert sent.raw.url.startswith(f"{site.address}/rss.xml#")


async def test_a_defect_of_a_reader_is_a_fault_of_its_source(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a bug")

    site.publish(1)
    monkeypatch.setattr("streams.sources.watch.visit.read_listing", broken)
    async with open_rig() as rig:
        state = await rig.visit(source(site))
        assert (state.failures, state.fault_kind) == (1, "format")


async def test_an_item_of_which_no_record_can_be_made_is_a_dead_letter(site: FakeSite) -> None:
    good = site.publish(1)
    long = f"/{'a' * 9000}"

    async def feed(_: http.Request) -> http.StreamResponse:
        links = "".join(f"<item><title>t</title><link>{link}</link></item>" for link in (long, good))
        return http.Response(text=f"<rss version='2.0'><channel><title>x</title>{links}</channel></rss>")

    site.answers["/rss.xml"] = feed
    async with open_rig() as rig:
        with_text = source(site, text=Text.FEED)
        await rig.visit(with_text)
        await rig.visit(with_text)
        assert rig.urls() == [good]
        (letter,) = [item for item in rig.sent if item.failure is not None]
        assert letter.location.endswith(long)


async def test_killed_again_and_again_within_a_visit_nothing_is_forgotten(site: FakeSite) -> None:
    urls = [site.publish(number) for number in range(12)]
    async with open_rig() as rig:
        kills = 0
        for _ in range(12):
            rig.lives = 3
            try:
                await rig.visit(source(site))
            except KilledError:
                kills += 1
        assert kills >= 3
        assert set(rig.urls()) == set(urls)
        assert len(rig.urls()) == len(urls) + kills, "one item was under way at each kill"


async def test_nothing_is_sent_while_another_process_may_be_sending_it(site: FakeSite) -> None:
    urls = [site.publish(number) for number in range(3)]
    confirmed = asyncio.Event()
    asked = asyncio.Event()

    async def wait() -> None:
        asked.set()
        await confirmed.wait()

    async with open_rig() as rig:
        rig.visitor = replace(rig.visitor, confirmed=wait)
        visit = asyncio.create_task(rig.visit(source(site)))
        async with asyncio.timeout(20):
            await asked.wait()
        assert not rig.sent
        visit.cancel()  # its sources are given up meanwhile
        await asyncio.gather(visit, return_exceptions=True)
        assert not rig.sent and "jisr" not in rig.saved
        confirmed.set()
        await rig.visit(source(site))
        assert rig.urls() == urls
