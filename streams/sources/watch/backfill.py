"""Fetch what a watched source published in the past: `rasd backfill`.

Its lists are sitemaps, archive pages for each day, and WARC files. It makes one request at a time with long pauses, and
waits while the pipeline has records to process, so that what is new comes first. Its state is stored after each item,
in `sources.state` under the name of the source with `/backfill` behind it: a process that is killed repeats at most the
item under way.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from pydantic import ValidationError

from streams.sources.base import Item
from streams.sources.files import read_paths
from streams.sources.watch.articles import PASSING, ArticleMaker
from streams.sources.watch.directory import Backfill, Kind, WatchedSource, Watching, item_key
from streams.sources.watch.readers import Entry, Listing, UnreadableListError
from streams.sources.watch.readers.pages import read_page
from streams.sources.watch.readers.sitemaps import read_sitemap
from streams.sources.watch.web import Answer, Fault, FetchError, Web

TRIES = 4
# While more records than this wait to be cleaned, the pipeline is behind, and no more are added.
MOST_WAITING = 100
# So many items are looked up in the index at once.
LOOKED_UP = 100
# A sitemap index names at most 50,000 parts; a site's whole history has far fewer lists than this.
MOST_LISTS = 100_000
_DATED_RE = re.compile(r"/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/_-])")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lists:
    """Where the past of a source is listed.

    Attributes:
        sitemaps: addresses of sitemaps or their indexes; of robots.txt and the usual place if empty.
        pages: address of an archive page for each day, with strftime fields (`https://example.com/%Y/%m/%d`), or None.
        warcs: WARC files, by their absolute paths.
        undated: whether to take items of which no date is known.
    """

    sitemaps: tuple[str, ...] = ()
    pages: str | None = None
    warcs: tuple[Path, ...] = ()
    undated: bool = False


@dataclass(slots=True)
class Backfiller:
    """Runs one backfill.

    Attributes:
        web: the HTTP client.
        send: sends an item to articles.raw, or to articles.dlq if it has a failure; returns once Kafka has it.
        save: stores the state; returns once Kafka has it.
        known: returns which of some addresses the index has.
        waiting: returns how many records wait to be cleaned.
        report: told about each step, with the state.
        now: returns the time in UTC.
        pause: between two requests, in seconds.
        sleep: waits.
    """

    web: Web
    send: Callable[[Item], Awaitable[object]]
    save: Callable[[str, Backfill], Awaitable[None]]
    known: Callable[[Sequence[str]], Awaitable[set[str]]]
    waiting: Callable[[], Awaitable[int]]
    report: Callable[[str, Backfill], None]
    now: Callable[[], datetime]
    pause: float
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _seen: frozenset[str] = field(default_factory=frozenset)

    async def run(self, source: WatchedSource, watching: Watching, state: Backfill, lists: Lists) -> Backfill:
        """Send what the lists have of the period, except what was watched or is in the index.

        Args:
            source: the source.
            watching: the state of its watching.
            state: where to begin: a new one, or that of a run that was broken off.
            lists: where its past is listed.

        Returns:
            The state at the end; `failed_lists` names what could not be read.

        Raises:
            OperatorError: a WARC file cannot be opened.
        """
        self._seen = frozenset(watching.seen)
        state = state.model_copy(update={"failed_lists": (), "finished": _hashed(state.finished)})
        for path in lists.warcs:
            state = await self._file(source, state, path)
        async for address, listing in self._lists(source, state, lists):
            if isinstance(listing, FetchError):
                state = state.model_copy(update={"failed_lists": (*state.failed_lists, address)})
                await self._store(source, state, f"{address}: {listing}")
                continue
            state = await self._entries(source, state, address, listing, undated=lists.undated)
        ended = None if state.failed_lists else self.now()
        state = state.model_copy(update={"ended": ended, "at_list": None, "after": None})
        await self._store(source, state, "done")
        return state

    async def _lists(
        self, source: WatchedSource, state: Backfill, lists: Lists
    ) -> AsyncIterator[tuple[str, Listing | FetchError]]:
        """Yield the lists that are not finished yet, the parts of sitemap indexes too, as they are read.

        An index is read again by each run, as its parts are what is remembered.
        """
        left: list[tuple[str, bool, datetime | None]] = []
        if lists.sitemaps or not (lists.pages or lists.warcs):
            addresses = lists.sitemaps or tuple(await self._sitemaps(source))
            left += [(address, True, None) for address in addresses]
        if lists.pages:
            left += [(day.strftime(lists.pages), False, day) for day in _days(state.since, state.until)]
        done, met = set(state.finished), {address for address, _, _ in left}
        while left:
            address, is_sitemap, day = left.pop(0)
            if item_key(address) in done:
                continue
            try:
                answer = await self._get(address)
                listing = _read(source, answer, day) if not is_sitemap else read_sitemap(answer.body, answer.url, None)
            except FetchError as fault:
                if fault.kind is Fault.MISSING and not lists.sitemaps:
                    continue  # a usual address that this site does not have, or a day without articles
                yield address, fault
                continue
            except UnreadableListError as error:
                yield address, FetchError(Fault.FORMAT, str(error))
                continue
            for part in listing.lists:
                changed = listing.changed.get(part)
                if part not in met and (changed is None or changed >= state.since) and len(met) < MOST_LISTS:
                    met.add(part)
                    left.append((part, True, None))
            if not listing.lists or listing.entries:
                yield address, listing

    async def _sitemaps(self, source: WatchedSource) -> list[str]:
        """The sitemaps of the source's site: its own, those of robots.txt, or the usual one."""
        named = await self.web.robots.sitemaps(source.url)
        own = [source.url] if source.kind is Kind.SITEMAP else []
        return list(dict.fromkeys([*own, *named])) or [urljoin(source.url, "/sitemap.xml")]

    async def _entries(
        self, source: WatchedSource, state: Backfill, address: str, listing: Listing, *, undated: bool
    ) -> Backfill:
        """Send the items of one list, in a fixed order, from where an earlier run was broken off."""
        dated = sorted((_order(entry), entry) for entry in _once(listing.entries))
        after = state.after if state.at_list == address else None
        wanted = [(key, entry) for key, entry in dated if _is_wanted(entry, state, undated=undated)]
        if after is None:
            state = state.model_copy(update={"outside": state.outside + len(dated) - len(wanted)})
        else:
            wanted = [(key, entry) for key, entry in wanted if key > after]
        state = state.model_copy(update={"at_list": address})
        self.report(f"{len(wanted)} items in {address}", state)
        rest = iter(wanted)
        while batch := list(islice(rest, LOOKED_UP)):
            there = await self.known([entry.url for _, entry in batch])
            for key, entry in batch:
                if entry.url in there or not self._seen.isdisjoint(
                    (item_key(entry.url, entry.guid), item_key(entry.url))
                ):
                    state = state.model_copy(update={"known": state.known + 1, "after": key})
                    continue
                state = await self._item(source, state, key, entry)
        finished = {"finished": (*state.finished, item_key(address)), "at_list": None, "after": None}
        state = state.model_copy(update=finished)
        await self._store(source, state, f"finished {address}")
        return state

    async def _item(self, source: WatchedSource, state: Backfill, key: str, entry: Entry) -> Backfill:
        while await self.waiting() > MOST_WAITING:
            self.report("waiting: the pipeline is behind", state)
            await self.sleep(self.pause)
        maker = ArticleMaker(self.web, self.now)
        fault: FetchError | None = None
        for attempt in range(TRIES):
            await self.sleep(self.pause)
            try:
                item = await maker.make(source, entry)
                break
            except ValidationError as error:
                item = maker.unusable(source, entry, error)
                break
            except FetchError as error:
                fault = error
                if error.kind not in PASSING:
                    item = maker.without_page(source, entry, error)
                    break
                await self.sleep(_wait(error, attempt, self.pause))
        else:
            assert fault is not None  # noqa: S101  (no attempt succeeded)
            item = maker.without_page(source, entry, fault)
        return await self._sent(source, state, key, item)

    async def _file(self, source: WatchedSource, state: Backfill, path: Path) -> Backfill:
        """Send the pages of the source's site from a WARC file, by the time at which they were fetched."""
        address = str(path)
        if item_key(address) in state.finished:
            return state
        done = int(state.after or 0) if state.at_list == address else 0
        state = state.model_copy(update={"at_list": address, "after": str(done)})
        host = _host(source.url)
        items = iter(read_paths([path]))
        number = 0
        while batch := await asyncio.to_thread(lambda: list(islice(items, LOOKED_UP))):
            there = await self.known([item.raw.url for item in batch if item.raw is not None])
            for item in batch:
                number += 1
                if number <= done or item.skipped is not None:
                    continue
                raw = item.raw
                moment = (raw.published_at or raw.fetched_at) if raw is not None else None
                if raw is not None and (
                    _host(raw.url) != host or moment is None or not state.since <= moment < state.until
                ):
                    state = state.model_copy(update={"outside": state.outside + 1})
                    continue
                if raw is not None and (raw.url in there or item_key(raw.url) in self._seen):
                    state = state.model_copy(update={"known": state.known + 1})
                    continue
                while await self.waiting() > MOST_WAITING:
                    self.report("waiting: the pipeline is behind", state)
                    await self.sleep(self.pause)
                if raw is not None:
                    extra = raw.extra | {"watched_source": source.name}
                    raw = raw.model_copy(update={"source": source.outlet, "extra": extra})
                    item = Item.of(raw, item.location)  # noqa: PLW2901
                state = await self._sent(source, state, str(number), item)
        finished = {"finished": (*state.finished, item_key(address)), "at_list": None, "after": None}
        state = state.model_copy(update=finished)
        await self._store(source, state, f"finished {path}")
        return state

    async def _sent(self, source: WatchedSource, state: Backfill, key: str, item: Item) -> Backfill:
        await self.send(item)
        counted = {"refused": state.refused + 1} if item.failure is not None else {"sent": state.sent + 1}
        state = state.model_copy(update=counted | {"after": key})
        await self._store(source, state, item.location)
        return state

    async def _store(self, source: WatchedSource, state: Backfill, what: str) -> None:
        await self.save(source.name, state)
        self.report(what, state)

    async def _get(self, address: str) -> Answer:
        """Fetch a list, with patience.

        Raises:
            FetchError: it cannot be fetched.
        """
        for attempt in range(TRIES - 1):
            await self.sleep(self.pause)
            try:
                return await self.web.get(address)
            except FetchError as fault:
                if fault.kind not in PASSING:
                    raise
                await self.sleep(_wait(fault, attempt, self.pause))
        return await self.web.get(address)


def _wait(fault: FetchError, attempt: int, pause: float) -> float:
    """How long to wait after a fault that may pass, in seconds."""
    asked = fault.wait.total_seconds() if fault.wait is not None else 0.0
    return max(asked, pause * 2.0 ** (attempt + 1))


def _read(source: WatchedSource, answer: Answer, day: datetime | None) -> Listing:
    """Read the archive page of a day. Its items have the day as their date.

    Raises:
        UnreadableListError: it has no link to an article.
    """
    listing = read_page(answer.body, answer.url, source.links)
    dated = tuple(Entry(url=entry.url, title=entry.title, modified=day) for entry in listing.entries)
    return Listing(entries=dated)


def _hashed(finished: Iterable[str]) -> tuple[str, ...]:
    """The hashes of finished lists. States of earlier versions have the addresses themselves."""
    return tuple(item_key(one) if "/" in one else one for one in finished)


def _days(since: datetime, until: datetime) -> Iterable[datetime]:
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < until:
        yield day
        day += _DAY


def _moment(entry: Entry) -> datetime | None:
    """When an item was published, as its list, or its address, says."""
    if entry.published is not None or entry.modified is not None:
        return entry.published or entry.modified
    found = _DATED_RE.search(urlsplit(entry.url).path)
    if found is None:
        return None
    try:
        year, month, day = map(int, found.groups())
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


def _is_wanted(entry: Entry, state: Backfill, *, undated: bool) -> bool:
    moment = _moment(entry)
    if moment is None:
        return undated
    # A day without a time is taken if any moment of it is in the period.
    is_day = moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment < state.until and (moment >= state.since or (is_day and moment + _DAY > state.since))


def _order(entry: Entry) -> str:
    """A key that orders the items of a list by time, and that does not change from run to run."""
    moment = _moment(entry)
    return f"{moment.isoformat() if moment is not None else ''} {entry.url}"


def _once(entries: Iterable[Entry]) -> list[Entry]:
    return list({entry.url: entry for entry in entries}.values())


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
