"""Makes raw records of the items of lists, with their pages if these are wanted."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from streams.errors import Reason, Rejected
from streams.records import RawArticle
from streams.sources.base import Item
from streams.sources.watch.directory import Kind, Text, WatchedSource
from streams.sources.watch.habits import FUTURE
from streams.sources.watch.readers import Entry
from streams.sources.watch.web import Answer, Fault, FetchError, Web

# Faults that may have passed when the page is asked for again.
PASSING = frozenset({Fault.NETWORK, Fault.TIMEOUT, Fault.SERVER, Fault.BLOCKED})


@dataclass(frozen=True, slots=True)
class ArticleMaker:
    """Makes the records of items.

    Attributes:
        web: the HTTP client.
        now: returns the time in UTC.
    """

    web: Web
    now: Callable[[], datetime]

    async def make(self, source: WatchedSource, entry: Entry) -> Item:
        """Make the raw record of an item, with its page if that is wanted.

        Raises:
            FetchError: the page cannot be fetched.
        """
        if source.kind is Kind.TELEGRAM or not entry.page or (source.text is Text.FEED and entry.text):
            return self._of_list(source, entry, entry.text or entry.summary or "")
        answer = await self.web.get(entry.url, accept="text/html, application/xhtml+xml, */*;q=0.5")
        content = base64.b64encode(answer.body).decode()
        record = RawArticle(
            url=answer.url,
            source=source.outlet,
            content=content,
            encoding=answer.charset or "auto",
            content_type="text/html",
            published_at=self._known_date(entry),
            fetched_at=answer.at,
            extra=self._extra(source, entry) | {"http": _kept_headers(answer)},
        )
        return Item.of(record, entry.url)

    def without_page(self, source: WatchedSource, entry: Entry, fault: FetchError) -> Item:
        """What becomes of an item whose page cannot be had: what the feed says of it, else a dead letter."""
        text = entry.text or entry.summary
        if text:
            return self._of_list(source, entry, text)
        return self._letter(source, entry, Rejected(Reason.NOT_FETCHED, str(fault)))

    def unusable(self, source: WatchedSource, entry: Entry, error: ValidationError) -> Item:
        """The dead letter of an item of which no record can be made: its address has 10,000 characters, for example."""
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return self._letter(source, entry, Rejected(Reason.BAD_SCHEMA, f"{where}: {first['msg']}"))

    def _letter(self, source: WatchedSource, entry: Entry, failure: Rejected) -> Item:
        known = {"url": entry.url, "source": source.outlet, "title": entry.title, "extra": self._extra(source, entry)}
        data = json.dumps(known, ensure_ascii=False).encode("utf-8", "replace")
        return Item(entry.url, data, failure=failure)

    def _of_list(self, source: WatchedSource, entry: Entry, text: str) -> Item:
        record = RawArticle(
            url=entry.url,
            source=source.outlet,
            content=text,
            content_type="text/html",
            title=entry.title,
            author=entry.author,
            published_at=self._known_date(entry),
            fetched_at=self.now(),
            extra=self._extra(source, entry),
        )
        return Item.of(record, entry.url)

    def _known_date(self, entry: Entry) -> datetime | None:
        """The date of publication, unless it cannot be right."""
        if entry.published is None or entry.published.year < 1990 or entry.published > self.now() + FUTURE:
            return None
        return entry.published

    def _extra(self, source: WatchedSource, entry: Entry) -> dict[str, object]:
        """What the list says of the item, under `feed`, and which source brought it."""
        listed = dict(entry.extra) | ({"title": entry.title} if entry.title else {})
        return {"watched_source": source.name, "feed": listed}


def _kept_headers(answer: Answer) -> dict[str, str]:
    return {n: answer.headers[n] for n in ("Content-Type", "ETag", "Last-Modified") if n in answer.headers}
