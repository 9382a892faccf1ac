"""The records of the directory of sources: what is watched, and the state of the watching.

Both are JSON in compacted Kafka topics (`streams.sources.watch.store`), under the source's name.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from streams.records.fields import Timestamp, Url

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,99}$"
# What one source lists at once, with a margin for items that a feed leaves out and brings back.
SEEN_ITEMS = 2000
HOURS_A_WEEK = 168


class Kind(StrEnum):
    """What kind of list a source is."""

    FEED = "feed"
    SITEMAP = "sitemap"
    PAGE = "page"
    TELEGRAM = "telegram"


class Text(StrEnum):
    """Where the text of an article comes from: its own page, or the feed."""

    PAGE = "page"
    FEED = "feed"


class WatchedSource(BaseModel):
    """A source to watch: a feed, sitemap, section page or channel of one outlet."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[str, Field(pattern=NAME_PATTERN, description="Unique name, for commands and filters.")]
    url: Annotated[Url, Field(description="Address of the list.")]
    kind: Kind = Field(description="Kind of the list.")
    outlet: Annotated[str, Field(min_length=1, max_length=200, description="The articles' `source`.")]
    text: Text = Field(
        default=Text.PAGE,
        description="`page`: fetch each article's page; `feed`: take the text that the feed gives.",
    )
    collections: tuple[str, ...] = Field(default=(), description="Names of collections that it belongs to.")
    country: str | None = Field(default=None, description="Country of the outlet, ISO 3166-1 alpha-2.")
    language: str | None = Field(default=None, description="Language of the articles, BCP 47.")
    ownership: str | None = Field(default=None, description="Who owns the outlet, for example `state`.")
    links: str | None = Field(
        default=None,
        description="For a page: regular expression that the addresses of its articles match.",
    )
    interval: Annotated[float, Field(ge=1)] | None = Field(
        default=None, description="Shortest time between two visits, in seconds; RASD_WATCH_INTERVAL when null."
    )
    paused: bool = Field(default=False, description="Whether watching is suspended.")


class Outage(BaseModel):
    """A period in which the verdict on a source was abnormal."""

    verdict: str = Field(description="One of `streams.sources.watch.health.Verdict`.")
    since: Timestamp
    until: Timestamp | None = None


class Progress(BaseModel):
    """What a visit under way has sent since the state was stored: a small record in place of the whole state."""

    epoch: int = Field(default=0, description="As in the state.")
    source_url: str = Field(description="Address of the source, as in its state.")
    sent: tuple[str, ...] = Field(description="Hashes of the items sent, the latest last.")
    last_new: Timestamp


class Watching(BaseModel):
    """The state of watching one source. Times are in UTC."""

    model_config = ConfigDict(extra="allow")

    epoch: int = Field(
        default=0,
        description="How often the source was taken over. What a process stores that has lost it without knowing has a "
        "lower number, and is passed over.",
    )
    source_url: str | None = Field(
        default=None, description="Address of the source that the state is about; under another one it is void."
    )
    url: str | None = Field(default=None, description="Address after permanent redirects, if it moved.")
    etag: str | None = None
    last_modified: str | None = None
    seen: tuple[str, ...] = Field(default=(), description="Hashes of the items read, the latest last.")
    tries: dict[str, int] = Field(default_factory=dict, description="Failed fetches of an item's page, by hash.")
    hub: str | None = Field(default=None, description="WebSub hub that the feed names.")
    hub_topic: str | None = Field(default=None, description="Address of the feed that was subscribed to.")
    hub_asked: Timestamp | None = Field(default=None, description="When the hub was last asked for a subscription.")
    hub_until: Timestamp | None = Field(default=None, description="How long the confirmed subscription lasts.")
    hub_fault: str | None = Field(default=None, description="Why the hub refused.")
    visits: int = Field(default=0, description="Number of visits.")
    unchanged: int = Field(default=0, description="Number of visits answered by 304.")
    items: int = Field(default=0, description="Number of items sent to articles.raw.")
    gaps: int = Field(default=0, description="Number of visits that overlapped with nothing seen before.")
    interval: float = Field(
        default=0.0, description="Time between visits that the schedule has arrived at, in seconds."
    )
    next_visit: Timestamp | None = None
    last_visit: Timestamp | None = None
    last_success: Timestamp | None = None
    last_new: Timestamp | None = None
    first_visit: Timestamp | None = None
    failures: int = Field(default=0, description="Number of failed visits since the last success.")
    fault: str | None = Field(default=None, description="Why the last visit failed.")
    fault_kind: str | None = Field(
        default=None, description="Category of the fault: see `streams.sources.watch.web.Fault`."
    )
    outages: tuple[Outage, ...] = Field(
        default=(), description="Latest periods in which the verdict was abnormal, in order; the last may not be over."
    )
    wrong_dates: int = Field(default=0, description="Items of the last list whose date lies in the future.")
    lead_hours: float = Field(default=0.0, description="How far the latest of these dates lies in the future.")
    script: str | None = Field(default=None, description="Script that its items usually have, such as `Arabic`.")
    other_script: str | None = Field(default=None, description="Script of the latest items, if it is another one.")
    other_items: int = Field(default=0, description="Number of items in a row that have it.")
    pages: float = Field(default=0.0, description="Number of pages sent; older ones count less.")
    refused_pages: float = Field(default=0.0, description="Number of those that cleaning refused, counted likewise.")
    current_hour: Timestamp | None = Field(default=None, description="The hour that is being counted.")
    current_items: int = Field(default=0, description="New items in that hour.")
    hourly: tuple[float, ...] = Field(
        default=(), description="Mean number of new items in each hour of the week (UTC), from Monday 00:00."
    )
    hourly_weight: tuple[float, ...] = Field(default=(), description="Weeks behind each of these means.")


class Backfill(BaseModel):
    """The state of fetching what a source published in a past period: see `streams.sources.watch.backfill`."""

    model_config = ConfigDict(extra="allow")

    since: Timestamp = Field(description="Beginning of the period, inclusive.")
    until: Timestamp = Field(description="End of the period, exclusive.")
    started: Timestamp
    ended: Timestamp | None = Field(default=None, description="When all lists were finished; null while some are not.")
    finished: tuple[str, ...] = Field(default=(), description="Hashes of the lists that are finished.")
    failed_lists: tuple[str, ...] = Field(default=(), description="Lists that the last run could not read.")
    at_list: str | None = Field(default=None, description="List that is being read.")
    after: str | None = Field(default=None, description="Place in this list, of the last item that is done.")
    sent: int = Field(default=0, description="Items sent to articles.raw.")
    known: int = Field(default=0, description="Items left out, as they were watched or are in the index.")
    refused: int = Field(default=0, description="Items sent to articles.dlq.")
    outside: int = Field(default=0, description="Items of other times, without a date, or of other sites.")


def with_progress(state: Watching, progress: Progress) -> Watching:
    """Return the state with what a visit sent before its process ended. Items that the state has are left out."""
    if progress.source_url != state.source_url and state.source_url is not None:
        return state
    known = frozenset(state.seen)
    sent = tuple(key for key in progress.sent if key not in known)
    if not sent:
        return state
    changes = {"seen": (*state.seen, *sent)[-SEEN_ITEMS:], "items": state.items + len(sent)}
    tries = {key: number for key, number in state.tries.items() if key not in sent}
    return state.model_copy(
        update=changes | {"tries": tries, "source_url": progress.source_url, "last_new": progress.last_new}
    )


def item_key(url: str, guid: str | None = None) -> str:
    """Return the hash by which an item is recognised: of its guid if it has one, else of its address (64 bits)."""
    return hashlib.blake2b((guid or url).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def hour_of_week(moment: datetime) -> int:
    """Return the index of a moment's hour in the week: 0 for Monday 00:00 to 167 for Sunday 23:00."""
    return moment.weekday() * 24 + moment.hour


def name_of(url: str) -> str:
    """Derive a source's name from its address: `example.com` or `example.com-rss-politics`."""
    parts = urlsplit(url)
    host = (parts.hostname or "source").removeprefix("www.").removeprefix("feeds.")
    path = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\.(xml|rss|atom|json|html?|php|aspx?)$", "", parts.path.lower())).strip(
        "-"
    )
    name = re.sub(r"[^a-z0-9._-]+", "-", f"{host}-{path}" if path else host).strip("-._")
    return name[:100].rstrip("-._") or "source"
