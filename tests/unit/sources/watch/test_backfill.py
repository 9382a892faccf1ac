"""Backfills from a site on loopback: what is sent, what is left out, and how one that was broken off continues."""

from __future__ import annotations

import gzip
import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web as http
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from deploy.demo.fake_web import FakeSite, fake_site, page
from streams.errors import OperatorError
from streams.settings import Settings
from streams.sources.base import Item
from streams.sources.watch.backfill import MOST_LISTS, MOST_WAITING, TRIES, Backfiller, Lists
from streams.sources.watch.directory import Backfill, Kind, WatchedSource, Watching, item_key
from streams.sources.watch.store import STATE, directory_specs
from streams.sources.watch.web import open_web

SETTINGS = Settings(_env_file=None).model_copy(update={"watch_allow": ("127.0.0.1/32",), "watch_host_delay": 0.0})
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)
NEW = Backfill(since=SINCE, until=UNTIL, started=NOW)


class KilledError(Exception):
    """Stands for the end of the process."""


@dataclass
class Rig:
    """A backfiller with what it sent and stored.

    Attributes:
        lives: number of acknowledged sends after which the process ends, before it saves.
    """

    backfiller: Backfiller
    sent: list[Item] = field(default_factory=list)
    state: Backfill = field(default_factory=lambda: NEW)
    lives: int = 10_000
    index: set[str] = field(default_factory=set)
    backlog: list[int] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

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

        async def save(name: str, state: Backfill) -> None:
            rig.state = Backfill.model_validate_json(state.model_dump_json(exclude_defaults=True))

        async def known(urls: Sequence[str]) -> set[str]:
            return rig.index & set(urls)

        async def waiting() -> int:
            return rig.backlog.pop() if rig.backlog else 0

        async def sleep(seconds: float) -> None:
            rig.slept.append(seconds)

        def report(what: str, state: Backfill) -> None:
            return None

        rig = Rig(Backfiller(web, send, save, known, waiting, report, lambda: NOW, 5.0, sleep))
        yield rig


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    async with fake_site() as running:
        yield running


def source(site: FakeSite, **changes: object) -> WatchedSource:
    made = WatchedSource(name="jisr", url=f"{site.address}/rss.xml", kind=Kind.FEED, outlet="الجسر")
    return made.model_copy(update=changes)


def sitemap(site: FakeSite, path: str, entries: list[tuple[str, str]]) -> None:
    """Let the site have a sitemap of (address, date) pairs, with an empty date where it has none."""
    urls = "".join(
        f"<url><loc>{url}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</url>" for url, date in entries
    )
    body = gzip.compress(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode())

    async def answer(_: http.Request) -> http.StreamResponse:
        return http.Response(body=body, content_type="application/gzip")

    site.answers[path] = answer


def index(site: FakeSite, path: str, parts: list[tuple[str, str]]) -> None:
    listed = "".join(
        f"<sitemap><loc>{site.address}{part}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</sitemap>"
        for part, date in parts
    )

    async def answer(_: http.Request) -> http.StreamResponse:
        return http.Response(text=f"<sitemapindex>{listed}</sitemapindex>", content_type="application/xml")

    site.answers[path] = answer


def history(site: FakeSite) -> list[str]:
    """Nine days of one article each, from 27 February on, behind an index; return those of the period."""
    urls = [site.publish(number) for number in range(9)]
    days = [SINCE + timedelta(days=number - 2, hours=9) for number in range(9)]
    dated = [(url, day.isoformat()) for url, day in zip(urls, days, strict=True)]
    sitemap(site, "/map-old.xml.gz", [("http://127.0.0.1:1/never-read", "2026-03-02")])
    sitemap(site, "/map-1.xml.gz", dated[4:])
    sitemap(site, "/map-2.xml.gz", [*dated[:4], (f"{site.address}/news/undated", "")])
    parts = [("/map-old.xml.gz", "2026-02-01"), ("/map-1.xml.gz", "2026-03-05"), ("/map-2.xml.gz", "")]
    index(site, "/sitemap.xml", parts)
    return urls[2:6]


async def test_the_period_is_sent_once_through_the_parts_of_an_index(site: FakeSite) -> None:
    wanted = history(site)
    async with open_rig() as rig:
        done = await rig.backfiller.run(source(site), Watching(), NEW, Lists())
        assert sorted(rig.urls()) == sorted(wanted)
        assert (done.sent, done.known, done.refused, done.outside, done.ended) == (4, 0, 0, 6, NOW)
        assert done == rig.state
        assert site.requests["/map-old.xml.gz"] == 0, "changed before the period"
        first = rig.sent[0].raw
        assert first is not None and first.extra["watched_source"] == "jisr" and first.source == "الجسر"
        again = await rig.backfiller.run(source(site), Watching(), done, Lists())
        assert (again.sent, len(rig.sent)) == (4, 4)


async def test_killed_at_any_item_it_continues_and_repeats_one_at_most(site: FakeSite) -> None:
    wanted = history(site)
    for lives in range(len(wanted)):
        async with open_rig() as rig:
            rig.lives = lives
            with pytest.raises(KilledError):
                await rig.backfiller.run(source(site), Watching(), NEW, Lists())
            rig.lives = 10_000
            done = await rig.backfiller.run(source(site), Watching(), rig.state, Lists())
            assert sorted(set(rig.urls())) == sorted(wanted)
            assert len(rig.sent) == len(wanted) + 1, "only the item under way is sent again"
            assert (done.sent, done.outside) == (len(wanted), 6)


async def test_what_was_watched_or_is_in_the_index_is_left_out(site: FakeSite) -> None:
    wanted = history(site)
    async with open_rig() as rig:
        rig.index = {wanted[0]}
        watched = Watching(seen=(item_key(wanted[1]),))
        done = await rig.backfiller.run(source(site), watched, NEW, Lists())
        assert sorted(rig.urls()) == sorted(wanted[2:])
        assert (done.sent, done.known) == (2, 2)


async def test_items_without_a_date_are_taken_where_the_address_has_one_or_on_demand(site: FakeSite) -> None:
    site.publish(1)
    story = next(iter(site.articles.values()))
    site.articles = dict.fromkeys(("/2026/03/02/bridge", "/2026/02/02/bridge", "/bridge"), story)
    sitemap(site, "/all.xml.gz", [(f"{site.address}{path}", "") for path in site.articles])
    lists = Lists(sitemaps=(f"{site.address}/all.xml.gz",))
    async with open_rig() as rig:
        await rig.backfiller.run(source(site), Watching(), NEW, lists)
        assert rig.urls() == [f"{site.address}/2026/03/02/bridge"]
    async with open_rig() as rig:
        await rig.backfiller.run(source(site), Watching(), NEW, replace(lists, undated=True))
        assert sorted(rig.urls()) == [f"{site.address}/2026/03/02/bridge", f"{site.address}/bridge"]


async def test_archive_pages_are_read_for_each_day(site: FakeSite) -> None:
    urls = [site.publish(number) for number in range(3)]

    def day(url: str) -> Callable[[http.Request], object]:
        async def answer(_: http.Request) -> http.StreamResponse:
            link = f'<a href="{url}">افتتاح الجسر الجديد في وسط المدينة القديمة</a>'
            return http.Response(text=f"<html><body>{link}</body></html>", content_type="text/html")

        return answer

    for number, url in enumerate(urls):
        site.answers[f"/archive/2026/03/0{number + 1}"] = day(url)  # type: ignore[assignment]
    async with open_rig() as rig:
        lists = Lists(pages=f"{site.address}/archive/%Y/%m/%d")
        done = await rig.backfiller.run(source(site), Watching(), NEW, lists)
        assert rig.urls() == urls
        assert done.failed_lists == (), "a day without a page has no articles"
        assert site.requests["/archive/2026/03/04"] == 1 and site.requests["/archive/2026/03/05"] == 0


async def test_it_is_slow_and_waits_while_the_pipeline_is_behind(site: FakeSite) -> None:
    history(site)
    async with open_rig() as rig:
        rig.backlog = [0, MOST_WAITING + 1, MOST_WAITING + 1]
        await rig.backfiller.run(source(site), Watching(), NEW, Lists())
        requests = site.requests.total() - site.requests["/robots.txt"]
        assert len(rig.slept) == requests + 2
        assert set(rig.slept) == {5.0}


async def test_a_list_that_cannot_be_read_is_named_and_tried_again(site: FakeSite) -> None:
    wanted = history(site)

    async def broken(_: http.Request) -> http.StreamResponse:
        return http.Response(status=503, headers={"Retry-After": "60"})

    working = site.answers["/map-1.xml.gz"]
    site.answers["/map-1.xml.gz"] = broken
    async with open_rig() as rig:
        done = await rig.backfiller.run(source(site), Watching(), NEW, Lists())
        assert done.failed_lists == (f"{site.address}/map-1.xml.gz",)
        assert done.ended is None
        assert site.requests["/map-1.xml.gz"] == TRIES
        assert rig.slept.count(60.0) == TRIES - 1, "the server's wish is observed"
        site.answers["/map-1.xml.gz"] = working
        done = await rig.backfiller.run(source(site), Watching(), done, Lists())
        assert sorted(rig.urls()) == sorted(wanted)
        assert (done.failed_lists, done.ended) == ((), NOW)


async def test_finished_lists_are_kept_as_hashes_also_those_of_earlier_versions(site: FakeSite) -> None:
    sitemap(site, "/a.xml", [(f"{site.address}/a", "2026-03-02")])
    sitemap(site, "/b.xml", [(f"{site.address}/b", "2026-03-02")])
    addresses = [f"{site.address}/a.xml", f"{site.address}/b.xml"]
    async with open_rig() as rig:
        earlier = NEW.model_copy(update={"finished": (addresses[0],)})
        await rig.backfiller.run(source(site), Watching(), earlier, Lists(sitemaps=tuple(addresses)))
        assert rig.state.finished == tuple(item_key(address) for address in addresses)
        assert (site.requests["/a.xml"], site.requests["/b.xml"]) == (0, 1)
        await rig.backfiller.run(source(site), Watching(), rig.state, Lists(sitemaps=tuple(addresses)))
        assert (site.requests["/a.xml"], site.requests["/b.xml"]) == (0, 1)


def test_the_largest_state_fits_into_its_topic() -> None:
    (spec,) = (spec for spec in directory_specs(SETTINGS) if spec.name == STATE)
    state = NEW.model_copy(update={"finished": tuple(item_key(str(number)) for number in range(MOST_LISTS))})
    assert len(state.model_dump_json(exclude_defaults=True)) < int(spec.config["max.message.bytes"])


async def test_a_page_that_is_gone_is_a_dead_letter(site: FakeSite) -> None:
    wanted = history(site)
    del site.articles[wanted[0].removeprefix(site.address)]
    async with open_rig() as rig:
        done = await rig.backfiller.run(source(site), Watching(), NEW, Lists())
        assert (done.sent, done.refused) == (3, 1)
        (letter,) = [item for item in rig.sent if item.failure is not None]
        assert letter.location == wanted[0]


def write_warc(path: Path, site: FakeSite, pages: list[tuple[str, str]]) -> None:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for url, moment in pages:
            body = page(next(iter(site.articles.values()))).encode()
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
            made = writer.create_warc_record(
                url, "response", payload=io.BytesIO(body), http_headers=head, warc_headers_dict={"WARC-Date": moment}
            )
            writer.write_record(made)


async def test_warc_files_give_the_pages_of_the_site_in_the_period(site: FakeSite, tmp_path: Path) -> None:
    site.publish(1)
    old = [f"{site.address}/old/{number}" for number in range(5)]
    times = ["2026-02-20T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-04T23:59:59Z"]
    file = tmp_path / "crawl.warc.gz"
    pages = [*zip(old, [*times, "2026-03-05T00:00:00Z"], strict=True), ("https://elsewhere.example/1", times[1])]
    write_warc(file, site, pages)
    lists = Lists(warcs=(file,))
    for lives in (0, 1, 2):
        async with open_rig() as rig:
            rig.lives = lives
            with pytest.raises(KilledError):
                await rig.backfiller.run(source(site), Watching(), NEW, lists)
            rig.lives = 10_000
            done = await rig.backfiller.run(source(site), Watching(), rig.state, lists)
            assert sorted(set(rig.urls())) == old[1:4]
            assert len(rig.sent) == 4
            assert (done.sent, done.outside) == (3, 3)
            assert {item.raw.source for item in rig.sent if item.raw is not None} == {"الجسر"}
    async with open_rig() as rig:
        with pytest.raises(OperatorError, match="no-such"):
            await rig.backfiller.run(source(site), Watching(), NEW, Lists(warcs=(tmp_path / "no-such.warc",)))
