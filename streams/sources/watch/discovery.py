"""Find what can be watched on a site: the feeds, sitemaps and section pages behind one address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from streams.sources.watch.directory import Kind
from streams.sources.watch.readers import Listing, UnreadableListError, read_listing
from streams.sources.watch.readers.base import absolute
from streams.sources.watch.web import Answer, FetchError, Web

_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json"}
)
_USUAL = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml")
# A page with fewer links to articles is hardly the section page of a newspaper.
PAGE_LINKS = 5
MOST_CANDIDATES = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """A list that was found and read.

    Attributes:
        kind: what it is.
        url: its address.
        title: its title, if it has one.
        entries: number of items.
        newest: the latest date of publication among them, in UTC, if they have dates.
        language: language that it names.
        has_text: whether its items carry their whole texts.
        outlet: name of the site.
    """

    kind: Kind
    url: str
    title: str | None
    entries: int
    newest: datetime | None
    language: str | None
    has_text: bool
    outlet: str


async def discover(web: Web, url: str) -> list[Candidate]:
    """Return what can be watched behind an address, the best first: feeds, news sitemaps, other sitemaps, pages.

    Args:
        web: the HTTP client.
        url: address of a feed, sitemap, channel, section or home page.

    Raises:
        FetchError: the address itself cannot be fetched.
    """
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    if host in {"t.me", "telegram.me"}:
        channel = urlsplit(url).path.removeprefix("/s").strip("/").split("/")[0]
        answer = await web.get(f"https://t.me/s/{channel}")
        found = _read(Kind.TELEGRAM, answer, outlet=channel)
        return [found] if found is not None else []
    answer = await web.get(url)
    for kind in (Kind.FEED, Kind.SITEMAP):
        if answer.media_type not in {"text/html", "application/xhtml+xml"} or answer.body.lstrip()[:5] == b"<?xml":
            listed = _read(kind, answer, outlet=host)
            if listed is not None:
                return [listed]
    outlet = _site_name(answer) or host
    candidates: list[Candidate] = []
    for kind, address in await _addresses(web, answer):
        try:
            found = _read(kind, await web.get(address), outlet)
        except FetchError:
            continue
        if found is not None and found.entries and found.url not in {c.url for c in candidates}:
            candidates.append(found)
    page = _read(Kind.PAGE, answer, outlet)
    if page is not None and page.entries >= PAGE_LINKS:
        candidates.append(page)
    return candidates


async def _addresses(web: Web, answer: Answer) -> list[tuple[Kind, str]]:
    """Where feeds and sitemaps may be: what the page links, else the usual places; what robots.txt names."""
    tree = LexborHTMLParser(answer.body)
    feeds = []
    for link in tree.css("link[rel~=alternate][href]"):
        target = absolute(answer.url, link.attributes.get("href"))
        comments = "comment" in (link.attributes.get("href") or "").lower()
        if target and not comments and (link.attributes.get("type") or "").strip().lower() in _FEED_TYPES:
            feeds.append(target)
    feeds = feeds or [urljoin(answer.url, path) for path in _USUAL]
    named = await web.robots.sitemaps(answer.url)
    sitemaps = sorted(named, key=lambda sitemap: "news" not in sitemap.lower())[:3]
    sitemaps = sitemaps or [urljoin(answer.url, "/news-sitemap.xml"), urljoin(answer.url, "/sitemap.xml")]
    found = [(Kind.FEED, feed) for feed in dict.fromkeys(feeds)] + [(Kind.SITEMAP, s) for s in dict.fromkeys(sitemaps)]
    return found[:MOST_CANDIDATES]


def _read(kind: Kind, answer: Answer, outlet: str) -> Candidate | None:
    """Describe a list; None if it is none of this kind."""
    try:
        listing: Listing = read_listing(kind, answer.body, answer.url, answer.headers)
    except UnreadableListError:
        return None
    dates = [entry.published for entry in listing.entries if entry.published is not None]
    return Candidate(
        kind=kind,
        url=answer.url,
        title=listing.title,
        entries=len(listing.entries) + len(listing.lists),
        newest=max(dates, default=None),
        language=listing.language,
        has_text=bool(listing.entries) and all(entry.text for entry in listing.entries),
        outlet=outlet,
    )


def _site_name(answer: Answer) -> str | None:
    node = LexborHTMLParser(answer.body).css_first('meta[property="og:site_name"]')
    return ((node.attributes.get("content") or "").strip() or None) if node is not None else None
