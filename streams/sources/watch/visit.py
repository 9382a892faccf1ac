"""One visit to a source: read its list, send what is new to articles.raw, return the state after it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import ValidationError

from streams.observability.logs import get_logger
from streams.sources.base import Item
from streams.sources.watch.articles import PASSING, ArticleMaker
from streams.sources.watch.directory import SEEN_ITEMS, Kind, Progress, WatchedSource, Watching, item_key
from streams.sources.watch.freshness import fresh_for
from streams.sources.watch.habits import note_items, note_pages
from streams.sources.watch.health import learn, remember_outage
from streams.sources.watch.readers import Entry, Listing, UnreadableListError, read_listing
from streams.sources.watch.schedule import Limits, after_success, failed, next_interval
from streams.sources.watch.web import Answer, Fault, FetchError, Web
from streams.sources.watch.websub import POLLED, Callback, is_subscribed, subscribe

# A page that cannot be fetched is tried again in later visits, this many times.
TRIES = 4
# How many items of one list are looked at, the newest. Half of what is remembered, so that none is taken for new again
# when it comes back. A sitemap may have 50,000.
LISTED_ITEMS = SEEN_ITEMS // 2
# How many of a sitemap's items are sent at the first visit; the others count as seen. `rasd backfill` brings them.
FIRST_ITEMS = 100
# Lists of more bytes are read in a thread, as reading takes seconds.
LARGE = 256 * 1024
# After so many items of one visit, the whole state is stored, and not only what was sent.
PROGRESS_ITEMS = 50
_NEVER = datetime.min.replace(tzinfo=UTC)
log = get_logger(__name__)

T = TypeVar("T")
_ACCEPT = {
    Kind.FEED: "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
    Kind.SITEMAP: "application/xml, text/xml;q=0.9, */*;q=0.5",
    Kind.PAGE: "text/html, application/xhtml+xml;q=0.9, */*;q=0.5",
    Kind.TELEGRAM: "text/html, */*;q=0.5",
}


async def _at_once() -> None:
    return


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a visit needs.

    Attributes:
        web: the HTTP client.
        send: sends an item to articles.raw, or to articles.dlq if it has a failure; returns once Kafka has
            acknowledged it.
        save: stores the state of a source; returns once Kafka has acknowledged it.
        keep: stores what a visit has sent so far; returns once Kafka has acknowledged it.
        now: returns the time in UTC.
        limits: bounds of the interval.
        draw: source of jitter.
        refused: returns how many pages of a source cleaning has refused since the last call.
        callback: our side of subscriptions to hubs; None without one.
        confirmed: returns once nobody else may be sending the source's items.
    """

    web: Web
    send: Callable[[Item], Awaitable[None]]
    save: Callable[[str, Watching], Awaitable[None]]
    keep: Callable[[str, Progress], Awaitable[None]]
    now: Callable[[], datetime]
    limits: Limits
    draw: random.Random
    refused: Callable[[str], int] = lambda _: 0
    callback: Callback | None = None
    confirmed: Callable[[], Awaitable[None]] = _at_once

    @property
    def articles(self) -> ArticleMaker:
        """Makes the records of items."""
        return ArticleMaker(self.web, self.now)

    async def visit(self, source: WatchedSource, state: Watching) -> Watching:
        """Visit a source once and store its state: what was sent after each item, and the whole state at the end.

        A process that is killed therefore repeats at most the item under way.

        Returns:
            The new state, with the time of the next visit.
        """
        now, before = self.now(), state
        state = state.model_copy(
            update={
                "source_url": source.url,
                "visits": state.visits + 1,
                "last_visit": now,
                "first_visit": state.first_visit or now,
            }
        )
        try:
            state = await self._read(source, state)
        except FetchError as fault:
            state = failed(state, fault, now, self.draw)
        state = note_pages(state, state.items - before.items, self.refused(source.name))
        state = remember_outage(source, before, state, now)
        await self.save(source.name, state)
        return state

    async def _read(self, source: WatchedSource, state: Watching) -> Watching:
        """Fetch and read the list, and send what is new.

        Raises:
            FetchError: the list cannot be fetched or read.
        """
        now = self.now()
        answer = await self.web.get(
            state.url or source.url, etag=state.etag, last_modified=state.last_modified, accept=_ACCEPT[source.kind]
        )
        fresh = fresh_for(answer.headers, answer.at)
        limits = self._limits(source, state)
        changes = {
            "failures": 0,
            "fault": None,
            "fault_kind": None,
            "last_success": now,
            "url": answer.moved_to or state.url,
        }
        # Validators are replaced even if the list is the same: a server may have a new tag for it.
        kept = state if answer.status == 304 else Watching()
        validators = {
            "etag": answer.headers.get("ETag") or kept.etag,
            "last_modified": answer.headers.get("Last-Modified") or kept.last_modified,
        }
        if answer.status == 304:
            interval = next_interval(state, 0, limits, overlap=True)
            moment = after_success(interval, fresh, frozenset(), now, self.draw)
            counted = {"unchanged": state.unchanged + 1, "interval": interval, "next_visit": moment}
            state = learn(state, now, 0).model_copy(update=changes | validators | counted)
            return await self._subscribed(source, state, state.hub, state.hub_topic)
        listing = await self._listing(source, answer)
        keyed = {item_key(entry.url, entry.guid): entry for entry in _latest(listing.entries, LISTED_ITEMS)}
        if source.kind is Kind.SITEMAP and not state.seen:
            fresh_keys = {item_key(entry.url, entry.guid) for entry in _latest(listing.entries, FIRST_ITEMS)}
            state = state.model_copy(update={"seen": tuple(key for key in keyed if key not in fresh_keys)})
            await self.save(source.name, state)
        seen = frozenset(state.seen)
        new = {key: entry for key, entry in keyed.items() if key not in seen}
        overlap = not state.items or not keyed or len(new) < len(keyed)
        state = learn(state, now, len(new)).model_copy(update=changes | {"gaps": state.gaps + (not overlap)})
        sent: list[str] = []
        waiting = False
        in_order = sorted(new.items(), key=lambda pair: pair[1].published or now)
        state = note_items(state, keyed.values(), (entry for _, entry in in_order), now)
        for key, entry in in_order:
            item, state = await self._item(source, state, key, entry)
            if item is None:
                waiting = True
                continue
            # Here, and not with the item on its way, which a visit that is given up waits for.
            await self.confirmed()
            sent.append(key)
            state = await _to_its_end(self._sent(source, state, item, sent))
        state = await self._subscribed(source, state, listing.hub, listing.itself or answer.url)
        interval = next_interval(state, len(sent), limits, overlap=overlap)
        moment = after_success(interval, max(fresh, listing.wait), listing.skip_hours, now, self.draw)
        ended = {"interval": interval, "next_visit": moment}
        # While a page is still to be fetched, the list must be read again, and not be answered by 304.
        return state.model_copy(update=ended | ({} if waiting else validators))

    async def _subscribed(self, source: WatchedSource, state: Watching, hub: str | None, topic: str | None) -> Watching:
        """Subscribe to the hub that the feed names, if hubs can reach us. Without one, no subscription counts."""
        if self.callback is None or hub is None or topic is None:
            return state.model_copy(update=dict.fromkeys(("hub", "hub_topic", "hub_asked", "hub_until", "hub_fault")))
        return await subscribe(self.web, self.callback, source, state, hub=hub, topic=topic)

    def _limits(self, source: WatchedSource, state: Watching) -> Limits:
        least = source.interval or self.limits.least
        if is_subscribed(state, self.now()):
            least = max(least, POLLED.total_seconds())
        return Limits(least, max(least, self.limits.most))

    async def _listing(self, source: WatchedSource, answer: Answer) -> Listing:
        """Read the list, and the parts that an index names.

        Raises:
            FetchError: it cannot be read.
        """
        listing = await _parse(source, answer)
        entries, faults = list(listing.entries), []
        for part in listing.lists:
            try:
                found = await _parse(source, await self.web.get(part, accept=_ACCEPT[source.kind]))
            except FetchError as fault:
                faults.append(fault)  # an index that names a part which is gone is still an index
            else:
                entries += found.entries
        if faults and len(faults) == len(listing.lists) and not entries:
            raise faults[0]
        return replace(listing, entries=tuple(entries), lists=())

    async def _item(
        self, source: WatchedSource, state: Watching, key: str, entry: Entry
    ) -> tuple[Item | None, Watching]:
        """Make the record of a new item.

        Returns:
            The record, or None if its page has to be tried again; and the state with the item as sent, or as tried.
        """
        try:
            item = await self.articles.make(source, entry)
        except FetchError as fault:
            tries = state.tries.get(key, 0) + 1
            if fault.kind in PASSING and tries < TRIES:
                return None, state.model_copy(update={"tries": state.tries | {key: tries}})
            item = self.articles.without_page(source, entry, fault)
        except ValidationError as error:
            item = self.articles.unusable(source, entry, error)
        kept = (*state.seen, key)[-SEEN_ITEMS:]
        tries_left = {other: number for other, number in state.tries.items() if other != key}
        changes = {"seen": kept, "tries": tries_left, "items": state.items + 1, "last_new": self.now()}
        return item, state.model_copy(update=changes)

    async def _sent(self, source: WatchedSource, state: Watching, item: Item, sent: list[str]) -> Watching:
        """Send an item and store that it was sent.

        Args:
            source: its source.
            state: the state with the item as sent.
            item: the record.
            sent: hashes of the items that this visit has sent, this one last.
        """
        await self.send(item)
        # The first one stores the whole state: what an earlier visit sent before it was broken off is in its progress
        # alone, which that of this visit replaces.
        since_state = (len(sent) - 1) % PROGRESS_ITEMS
        if since_state:
            latest = tuple(sent[-since_state:])
            await self.keep(
                source.name, Progress(epoch=state.epoch, source_url=source.url, sent=latest, last_new=self.now())
            )
        else:
            await self.save(source.name, state)
        return state


async def _to_its_end(work: Coroutine[None, None, T]) -> T:
    """Await work that a cancellation must not cut in two: what was sent would not be stored, and be sent again."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _latest(entries: Sequence[Entry], most: int) -> list[Entry]:
    """The newest entries, in their order. Of those without dates, a list has the newest at its beginning or its end."""
    if len(entries) <= most:
        return list(entries)
    dated = [entry.published or entry.modified for entry in entries]
    if all(moment is None for moment in dated):
        return [*entries[: most // 2], *entries[-(most - most // 2) :]]
    numbers = sorted(range(len(entries)), key=lambda n: dated[n] or _NEVER, reverse=True)[:most]
    return [entries[number] for number in sorted(numbers)]


async def _parse(source: WatchedSource, answer: Answer) -> Listing:
    """Read a list.

    Raises:
        FetchError: it is not a list of the source's kind.
    """
    arguments = (source.kind, answer.body, answer.url, answer.headers, source.links)
    try:
        if len(answer.body) > LARGE:
            return await asyncio.to_thread(read_listing, *arguments)
        return read_listing(*arguments)
    except UnreadableListError as error:
        raise FetchError(Fault.FORMAT, f"{answer.url}: {error}") from error
    except Exception as error:
        # A defect of a reader, or of its library. It must cost this source alone, and not the visits to come.
        log.exception("reading a list failed", source=source.name, url=answer.url)
        raise FetchError(Fault.FORMAT, f"{answer.url}: {type(error).__name__}: {error}") from error
