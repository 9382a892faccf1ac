"""RSS, Atom, RDF and JSON Feed."""

from __future__ import annotations

import calendar
import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser

from streams.sources.watch.directory import item_key
from streams.sources.watch.freshness import minutes, update_period
from streams.sources.watch.readers.base import Entry, Listing, UnreadableListError, absolute, iso_date
from streams.sources.watch.readers.dates import printed_date

_DAY_RE = re.compile(r"[A-Za-z]{3}|\d[-/.]\d|\d{8}")


def read_feed(data: bytes, url: str, headers: Mapping[str, str]) -> Listing:
    """Read a feed.

    Args:
        data: the feed, in any encoding that it, or the header, names.
        url: address, to which relative links belong.
        headers: HTTP headers; the Content-Type helps to find the encoding.

    Raises:
        UnreadableListError: it is not a feed.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _read_json_feed(data, url)
    given = {"content-location": url, "content-type": _content_type(data, headers.get("Content-Type", ""))}
    # Markup is kept: cleaning decides about it, and text is not shown to anyone before.
    parsed = feedparser.parse(io.BytesIO(data), response_headers=given, sanitize_html=False)
    if not parsed.get("version") and not parsed.entries:
        fault = parsed.get("bozo_exception")
        raise UnreadableListError(f"not a feed{f': {fault}' if fault else ''}")
    feed = parsed.feed
    wait = max(minutes(feed.get("ttl")), update_period(feed.get("sy_updateperiod"), feed.get("sy_updatefrequency")))
    return Listing(
        entries=tuple(entry for raw in parsed.entries if (entry := _entry(raw, url)) is not None),
        title=feed.get("title") or None,
        language=feed.get("language") or None,
        site=absolute(url, feed.get("link")),
        wait=wait,
        skip_hours=_skip_hours(data),
        hub=absolute(url, _link(feed, "hub")),
        itself=absolute(url, _link(feed, "self")),
    )


def _link(feed: Any, relation: str) -> str | None:
    return next((link.get("href") for link in feed.get("links", ()) if link.get("rel") == relation), None)


def _content_type(data: bytes, sent: str) -> str:
    """The media type with the charset that feedparser is to use.

    Bytes that are valid UTF-8 are UTF-8, whatever a header or declaration says, and even without one, when feedparser
    takes them for Latin letters. Others without a declaration are read as the old encoding of Arabic newspapers.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        declared = "charset=" in sent.lower() or b"encoding=" in data[:200] or data[:2] in {b"\xff\xfe", b"\xfe\xff"}
        return sent if declared and sent else "application/xml" if declared else "application/xml; charset=windows-1256"
    return "application/xml; charset=utf-8"


def _entry(raw: Any, base: str) -> Entry | None:
    """One item; None if it has neither an address nor a text.

    An item with a text alone gets the feed's address with a fragment: there is no page to fetch.
    """
    link = absolute(base, raw.get("link")) or _permalink(raw, base)
    if link is None:
        link = next((absolute(base, e.get("href")) for e in raw.get("enclosures", ()) if e.get("href")), None)
    texts = [content.get("value") for content in raw.get("content", ()) if content.get("value")]
    known = [part for part in (raw.get("id"), raw.get("title"), *texts, raw.get("summary")) if part]
    if link is None and not (texts or raw.get("summary")):
        return None
    extra = {
        "guid": raw.get("id"),
        "published": dict.get(raw, "published") or dict.get(raw, "updated"),
        "categories": [tag.get("term") for tag in raw.get("tags", ()) if tag.get("term")],
        "enclosures": [
            {"url": e.get("href"), "type": e.get("type")} for e in raw.get("enclosures", ()) if e.get("href")
        ],
    }
    return Entry(
        url=link or f"{base}#{item_key(str(known[0]))}",
        page=link is not None,
        guid=raw.get("id") or None,
        title=raw.get("title") or None,
        published=_moment(raw, "published") or _moment(raw, "updated"),
        text=max(texts, key=len, default=None),
        summary=raw.get("summary") or None,
        author=raw.get("author") or None,
        extra={key: value for key, value in extra.items() if value},
    )


def _permalink(raw: Any, base: str) -> str | None:
    """A guid that is an address, where the item has no link."""
    guid = raw.get("id") or ""
    return absolute(base, guid) if guid.startswith(("http://", "https://")) else None


def _moment(raw: Any, field: str) -> datetime | None:
    # As a dictionary: feedparser's own look-up puts `published` for a missing `updated`, with a warning.
    parsed, printed = dict.get(raw, f"{field}_parsed"), dict.get(raw, field) or ""
    # feedparser reads a time without a day, and words that it does not know, as of today.
    if parsed is None or not printed.isascii() or not _DAY_RE.search(printed):
        return printed_date(printed)
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _skip_hours(data: bytes) -> frozenset[int]:
    """RSS's `skipHours`, which feedparser leaves out: the hours in GMT."""
    start, end = data.find(b"<skipHours>"), data.find(b"</skipHours>")
    if not 0 <= start < end:
        return frozenset()
    hours = data[start:end].replace(b"<hour>", b" ").replace(b"</hour>", b" ").split()
    return frozenset(int(hour) % 24 for hour in hours if hour.isdigit() and len(hour) <= 2)


def _read_json_feed(data: bytes, url: str) -> Listing:
    """JSON Feed 1.0 and 1.1.

    Raises:
        UnreadableListError: it is not JSON, or has no list of items.
    """
    try:
        feed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableListError(f"not a JSON feed: {error}") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise UnreadableListError("not a JSON feed: it has no list of items")
    entries = []
    for item in items:
        if not isinstance(item, dict):
            continue
        link = absolute(url, _text(item.get("url"))) or absolute(url, _text(item.get("external_url")))
        if link is None:
            continue
        authors = item.get("authors") or [item.get("author")]
        printed = _text(item.get("date_published"))
        names = [a["name"] for a in authors if isinstance(a, dict) and isinstance(a.get("name"), str)]
        extra = {"guid": _text(item.get("id")), "published": item.get("date_published"), "categories": item.get("tags")}
        entries.append(
            Entry(
                url=link,
                guid=_text(item.get("id")),
                title=_text(item.get("title")),
                published=iso_date(printed) or printed_date(printed),
                text=_text(item.get("content_html")) or _text(item.get("content_text")),
                summary=_text(item.get("summary")),
                author="، ".join(names) or None,
                extra={key: value for key, value in extra.items() if value},
            )
        )
    hubs = feed.get("hubs") if isinstance(feed.get("hubs"), list) else []
    hub = next((_text(h.get("url")) for h in hubs if isinstance(h, dict)), None)
    return Listing(
        entries=tuple(entries),
        title=_text(feed.get("title")),
        language=_text(feed.get("language")),
        site=absolute(url, _text(feed.get("home_page_url"))),
        wait=timedelta(),
        hub=absolute(url, hub),
        itself=absolute(url, _text(feed.get("feed_url"))),
    )


def _text(value: object) -> str | None:
    return str(value).strip() or None if isinstance(value, str | int) and not isinstance(value, bool) else None
