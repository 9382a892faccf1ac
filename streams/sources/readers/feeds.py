"""Read saved feeds: RSS, RDF, Atom, JSON Feed; the exports of WordPress and Blogger are such feeds too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from streams.errors import Reason, Rejected
from streams.sources.base import Item
from streams.sources.readers.base import Document, Format, ReadOptions, Skipped, first_lines
from streams.sources.readers.fields import host_of, read_fields

_FEED_RE = re.compile(
    r"\s*(?:<\?xml.*?\?>\s*)?+(?:<\?xml-stylesheet.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>\[]*(?:\[.*?\])?>\s*)*+"
    r"<(?:rss|rdf:RDF|(?:\w+:)?feed)[\s>]",
    re.DOTALL,
)
_JSON_FEED_RE = re.compile(r'\s*\{.{0,4000}?"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org', re.DOTALL)
# What exports of WordPress and Blogger hold beside articles.
_BLOGGER_KIND = "http://schemas.google.com/g/2005#kind"


def _read_feed(document: Document, options: ReadOptions) -> Iterator[Item]:
    import feedparser  # noqa: PLC0415  (other files do without it)

    data = document.read_whole()
    # Cleaning decides what of the markup is text, so nothing is taken out here.
    feed = feedparser.parse(data, sanitize_html=False, resolve_relative_uris=False)
    skipped = Skipped()
    outlet = feed.feed.get("title") or feed.feed.get("link")
    for number, entry in enumerate(feed.entries, start=1):
        if (kind := _no_article(entry)) is not None:
            skipped.add(kind)
            continue
        fields = _fields(entry, outlet)
        yield read_fields(f"{document.location}:item {number}", fields, options)
    harmless = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
    if feed.bozo and not isinstance(feed.bozo_exception, harmless):
        # What stands before the fault was read; feedparser also reads on where it can.
        fault = f"the feed is damaged after {len(feed.entries)} items: {feed.bozo_exception}"
        yield Item(document.location, b"", failure=Rejected(Reason.BAD_ENCODING, fault))
    elif not feed.entries:
        skipped.add("feed without an item")
    yield from skipped.items(document.location)


def _no_article(entry: Any) -> str | None:
    """Return what an entry is that is no published article, or None."""
    kind = entry.get("wp_post_type")
    if kind not in {None, "post", "page", "article", "news"} and not _longest(entry):
        return f"entries of the type {kind}"
    if kind in {"attachment", "nav_menu_item", "custom_css", "wp_global_styles"}:
        return f"entries of the type {kind}"
    if (status := entry.get("wp_status")) not in {None, "publish", "inherit"}:
        return f"entries with the status {status}"
    terms = [tag.get("term", "") for tag in entry.get("tags") or () if tag.get("scheme") == _BLOGGER_KIND]
    if terms and not any(term.endswith("#post") for term in terms):
        return f"entries of the type {terms[0].rpartition('#')[2]}"
    return None


def _longest(entry: Any) -> str | None:
    texts = [part.get("value") for part in entry.get("content") or ()] + [entry.get("summary")]
    return max(filter(None, texts), key=len, default=None)


def _fields(entry: Any, outlet: str | None) -> dict[str, Any]:
    link = entry.get("link") or entry.get("id")
    own = entry.get("source")  # a feed of feeds names where an item comes from
    fields = {
        "url": link,
        "source": (own.get("title") if isinstance(own, Mapping) else None) or outlet or host_of(link),
        "content": _longest(entry),
        "title": entry.get("title"),
        "author": [author.get("name") for author in entry.get("authors") or () if author.get("name")]
        or entry.get("author"),
        "published_at": entry.get("published") or entry.get("updated") or entry.get("created"),
    }
    return {name: value for name, value in fields.items() if value}


def _read_json_feed(document: Document, options: ReadOptions) -> Iterator[Item]:
    try:
        feed = json.loads(document.read_whole().decode("utf-8-sig"), strict=False)
        items = feed["items"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Rejected(Reason.NOT_JSON, f"not a JSON Feed: {error}") from error
    outlet = feed.get("title") or host_of(feed.get("home_page_url"))
    for number, item in enumerate(items if isinstance(items, list) else (), start=1):
        location = f"{document.location}:item {number}"
        if not isinstance(item, Mapping):
            kept = json.dumps(item).encode()
            yield Item(location, kept, failure=Rejected(Reason.BAD_SCHEMA, "item: Input should be an object"))
            continue
        fields = {
            "url": item.get("url") or item.get("external_url") or item.get("id"),
            "source": outlet,
            "content": item.get("content_html") or item.get("content_text") or item.get("summary"),
            "title": item.get("title"),
            "author": item.get("authors") or item.get("author") or feed.get("authors"),
            "published_at": item.get("date_published") or item.get("date_modified"),
        }
        yield read_fields(location, {name: value for name, value in fields.items() if value}, options)


def _is_feed(document: Document) -> bool:
    return _FEED_RE.match("\n".join(first_lines(document.head, 60))) is not None


def _is_json_feed(document: Document) -> bool:
    return _JSON_FEED_RE.match("\n".join(first_lines(document.head, 60))) is not None


FEED = Format(
    "feed",
    "feeds: RSS, RDF, Atom; exports of WordPress and Blogger",
    (".rss", ".atom", ".rdf", ".xml"),
    _is_feed,
    _read_feed,
)
JSON_FEED = Format("json-feed", "JSON Feed", (), _is_json_feed, _read_json_feed)
