"""Feeds for feed readers: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1, and lists of feeds as OPML 2.0. Pure.

Items have GeoRSS points (https://docs.ogc.org/cs/17-002r1/17-002r1.html) and the language of the feed as xml:lang.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

from lxml import etree

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_GEO = "http://www.georss.org/georss"
_XML = "http://www.w3.org/XML/1998/namespace"
# XML 1.0 has no characters below U+0020 but these, and no U+FFFE, U+FFFF.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
JSON_FEED = "https://jsonfeed.org/version/1.1"


class FeedFormat(StrEnum):
    """A format of feeds, by the ending of its address."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The Content-Type, without a charset: it is UTF-8."""
        return {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}[self]


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One story.

    Attributes:
        id: a URI that never changes.
        url: where to read it.
        title: plain text.
        html: its content.
        published, updated: when it appeared, and when the latest article of it came.
        outlets: those that have it, the first one first.
        categories: names of places, persons and organisations.
        points: latitudes and longitudes, degrees.
        language: BCP 47.
    """

    id: str
    url: str
    title: str
    html: str
    published: datetime
    updated: datetime
    outlets: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    language: str = "ar"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed.

    Attributes:
        id: a URI that never changes.
        title: plain text.
        url: its own address.
        home: address of the page that it belongs to.
        items: the newest first.
    """

    id: str
    title: str
    url: str
    home: str
    items: Sequence[FeedItem]

    @property
    def updated(self) -> datetime:
        """When its latest item was updated; the epoch if it has none, so that an empty feed never changes."""
        return max((item.updated for item in self.items), default=datetime.fromtimestamp(0, UTC))


def write_feed(feed: Feed, form: FeedFormat) -> bytes:
    """Write a feed. The same feed gives the same bytes."""
    if form is FeedFormat.RSS:
        return _bytes(_rss(feed))
    return _bytes(_atom(feed)) if form is FeedFormat.ATOM else _json(feed)


def _rss(feed: Feed) -> etree._Element:
    root = etree.Element("rss", nsmap={"atom": _ATOM, "dc": _DC, "georss": _GEO}, attrib={"version": "2.0"})
    root.set(f"{{{_XML}}}lang", "ar")
    channel = etree.SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home)
    _add(channel, "description", feed.title)
    _add(channel, "language", "ar")
    _add(channel, "lastBuildDate", format_datetime(feed.updated))
    _add(channel, "generator", "Rasd")
    _add(channel, f"{{{_ATOM}}}link", href=feed.url, rel="self", type=FeedFormat.RSS.media_type)
    for item in feed.items:
        entry = _add(channel, "item")
        if item.language != "ar":
            entry.set(f"{{{_XML}}}lang", item.language)
        _add(entry, "title", item.title)
        _add(entry, "link", item.url)
        _add(entry, "guid", item.id, isPermaLink="false")
        _add(entry, "pubDate", format_datetime(item.published))
        _add(entry, "description", item.html)
        for outlet in item.outlets:
            _add(entry, f"{{{_DC}}}creator", outlet)
        for category in item.categories:
            _add(entry, "category", category)
        _add_points(entry, item)
    return root


def _atom(feed: Feed) -> etree._Element:
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM, "georss": _GEO})  # type: ignore[dict-item]
    root.set(f"{{{_XML}}}lang", "ar")

    def add(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
        return _add(parent, f"{{{_ATOM}}}{tag}", text, **attributes)

    add(root, "id", feed.id)
    add(root, "title", feed.title)
    add(root, "updated", _iso(feed.updated))
    add(root, "generator", "Rasd")
    add(root, "link", href=feed.url, rel="self", type=FeedFormat.ATOM.media_type)
    add(root, "link", href=feed.home, rel="alternate", type="text/html")
    for item in feed.items:
        entry = add(root, "entry")
        if item.language != "ar":
            entry.set(f"{{{_XML}}}lang", item.language)
        add(entry, "id", item.id)
        add(entry, "title", item.title)
        add(entry, "link", href=item.url, rel="alternate")
        add(entry, "published", _iso(item.published))
        add(entry, "updated", _iso(item.updated))
        for outlet in item.outlets or ("-",):
            add(add(entry, "author"), "name", outlet)
        for category in item.categories:
            add(entry, "category", term=category)
        add(entry, "content", item.html, type="html")
        _add_points(entry, item)
    return root


def _json(feed: Feed) -> bytes:
    items: list[dict[str, Any]] = [
        {
            "id": item.id,
            "url": item.url,
            "title": item.title,
            "content_html": item.html,
            "date_published": _iso(item.published),
            "date_modified": _iso(item.updated),
            "authors": [{"name": outlet} for outlet in item.outlets],
            "tags": list(item.categories),
            "language": item.language,
            "_rasd": {"points": [{"lat": lat, "lon": lon} for lat, lon in item.points]},
        }
        for item in feed.items
    ]
    found = {
        "version": JSON_FEED,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.url,
        "language": "ar",
        "items": items,
    }
    return json.dumps(found, ensure_ascii=False, indent=1).encode()


def write_opml(title: str, feeds: Sequence[tuple[str, str]]) -> bytes:
    """Write a list of feeds as OPML 2.0.

    Args:
        title: of the list.
        feeds: title and address of each.
    """
    root = etree.Element("opml", version="2.0")
    _add(_add(root, "head"), "title", title)
    body = _add(root, "body")
    for name, url in feeds:
        # `text` is the name of an attribute here.
        _add(body, "outline", None, type="rss", xmlUrl=url, title=name).set("text", _clean(name))
    return _bytes(root)


def _add(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    found = etree.SubElement(parent, tag, {name: _clean(value) for name, value in attributes.items()})
    if text is not None:
        found.text = _clean(text)
    return found


def _add_points(entry: etree._Element, item: FeedItem) -> None:
    for lat, lon in item.points:
        _add(entry, f"{{{_GEO}}}point", f"{lat:g} {lon:g}")


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _bytes(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))
