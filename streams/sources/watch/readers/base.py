"""What all readers return."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit


class UnreadableListError(Exception):
    """The bytes are not a list of the kind that the source says."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a list.

    Attributes:
        url: address of the article, absolute, without fragment.
        guid: the id that the feed gives it, if it does.
        title: headline as the list gives it; plain text.
        published: time of publication in UTC, if the list gives one that can be read.
        modified: time of the last change in UTC, if a sitemap gives one.
        text: the whole text, as HTML, if the list gives it.
        summary: the summary, as HTML, if the list gives one.
        author: the author's name.
        page: whether there is a page at the address.
        extra: what else the list says: categories, enclosures, the date as printed.
    """

    url: str
    guid: str | None = None
    title: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    text: str | None = None
    summary: str | None = None
    author: str | None = None
    page: bool = True
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it was read.

    Attributes:
        entries: in the order of the list.
        title: title of the list.
        language: language that the list names.
        site: address of the site that the list belongs to.
        wait: time between updates that the list itself asks for.
        skip_hours: hours of the day (UTC) in which it does not change.
        lists: addresses of further lists, newest first: the parts of a sitemap index.
        changed: when these were changed, by address, as far as the index says.
        hub: address of a WebSub hub.
        itself: address of the list by its own word, under which the hub knows it.
    """

    entries: tuple[Entry, ...]
    title: str | None = None
    language: str | None = None
    site: str | None = None
    wait: timedelta = timedelta()
    skip_hours: frozenset[int] = frozenset()
    lists: tuple[str, ...] = ()
    changed: dict[str, datetime] = field(default_factory=dict)
    hub: str | None = None
    itself: str | None = None


def absolute(base: str, link: str | None) -> str | None:
    """Return an http or https address without its fragment; None if the link leads elsewhere."""
    if not link or not link.strip():
        return None
    try:
        url = urldefrag(urljoin(base, link.strip())).url
        parts = urlsplit(url)
    except ValueError:  # for example a bracket that is no IPv6 address
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


_ISO_RE = re.compile(r"^\d{4}-\d{2}-\d{2}")


def iso_date(text: str | None) -> datetime | None:
    """Read an ISO 8601 time, as sitemaps and JSON feeds have them; UTC if it has no offset. None if it is not one."""
    if not text or not _ISO_RE.match(text.strip()):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
