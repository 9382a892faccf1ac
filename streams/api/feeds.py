"""Routes for feed readers and calendars: any search as RSS, Atom, JSON Feed and iCalendar."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, Field

from streams.alerts.standing_search import StandingSearch
from streams.api.alerts import KEYED, Owner, SearchId, change_own_search
from streams.api.articles import ADMITTED, admitted
from streams.api.dependencies import Shared, State
from streams.api.problem_details import responses
from streams.formats.calendar import MEDIA_TYPE as CALENDAR
from streams.formats.calendar import CalendarDay, write_calendar
from streams.formats.syndication import Feed, FeedFormat, FeedItem, write_feed, write_opml
from streams.records import Article
from streams.search.announced import announced_days
from streams.search.highlight import Highlight
from streams.search.hits import Hit, SearchPage
from streams.search.request import Filters, SearchRequest

router = APIRouter(tags=["feeds"])

# Feed readers come back; more than a reader has missed in a day is a search's work.
MOST_ITEMS = 100
ITEMS = 50
_MAX_AGE = 60
_MOST_NAMES = 20

Token = Annotated[str, Path(pattern=r"^[a-z0-9]{12}\.[\w-]{32}$", description="From `POST /alerts/{id}/feed`.")]

_CONTENT = {form.media_type: {"schema": {"type": "string"}} for form in FeedFormat}


class FeedRequest(Filters):
    """Filters, and the number of items."""

    size: int = Field(ITEMS, ge=1, le=MOST_ITEMS, description="Maximum number of stories.")

    def request(self) -> SearchRequest:
        """Return the search: the newest stories."""
        given = self.model_dump(exclude_unset=True, by_alias=True)
        return SearchRequest.model_validate(given | {"size": self.size, "sort": "time", "fold": True, "copies": 20})


class FeedLinks(BaseModel):
    """The addresses of a standing search's feed. Whoever has one can read it, without a key."""

    rss: str
    atom: str
    json_feed: str
    calendar: str = Field(description="The days that its stories announce, as iCalendar.")


def _answer(request: Request, feed: Feed, form: FeedFormat) -> Response:
    """Return the feed, or 304 if the reader has it."""
    return _cached(request, write_feed(feed, form), feed.updated, form.media_type)


def _calendar(request: Request, title: str, hits: Sequence[Hit]) -> Response:
    """Return the days that stories announce, each story's once a day."""
    days: dict[str, CalendarDay] = {}
    for hit in sorted(hits, key=lambda hit: (hit.article.listed_at, hit.article.id)):
        for day in _days(hit.article):
            days.setdefault(day.id, day)
    ordered = sorted(days.values(), key=lambda day: (day.day, day.id))
    updated = max((day.known_at for day in ordered), default=datetime.fromtimestamp(0, UTC))
    return _cached(request, write_calendar(title, ordered), updated, CALENDAR)


def _cached(request: Request, data: bytes, changed: datetime, media_type: str) -> Response:
    """Return a document, or 304 if the reader has it."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    updated = changed.replace(microsecond=0)
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(updated, usegmt=True),
        "Cache-Control": f"private, max-age={_MAX_AGE}",
        "X-Content-Type-Options": "nosniff",
    }
    if _has_it(request, tag, updated):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=f"{media_type}; charset=utf-8", headers=headers)


def _has_it(request: Request, tag: str, updated: datetime) -> bool:
    """Whether the reader has this version (RFC 9110, 13.2.2: If-None-Match goes before If-Modified-Since)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in known.split(",")]
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return updated <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


@router.get(
    "/feed.ics",
    summary="Read the days that a search's stories announce",
    dependencies=ADMITTED,
    response_class=Response,
    responses={
        200: {"content": {CALENDAR: {"schema": {"type": "string"}}}},
        304: {"description": "Not Modified"},
        **responses(400, 401, 403, 422, 503),
    },
)
async def read_calendar(state: Shared, request: Request, search: Annotated[FeedRequest, Query()]) -> Response:
    """Return the days that the newest stories of a search announce, as iCalendar: one event for each story and day.

    Days are read from the text: `15 ديسمبر المقبل`, `3 رجب 1449`, `الخميس المقبل`. Whole days; no times.
    """
    page = await state.searcher.search(search.request())
    return _calendar(request, _title(search), page.hits)


@router.get(
    "/feed.{form}",
    summary="Read a search as a feed",
    dependencies=ADMITTED,
    response_class=Response,
    responses={200: {"content": _CONTENT}, 304: {"description": "Not Modified"}, **responses(400, 401, 403, 422, 503)},
)
async def read_feed(
    state: Shared,
    request: Request,
    form: Annotated[FeedFormat, Path(description="Format of the feed.")],
    search: Annotated[FeedRequest, Query()],
) -> Response:
    """Return the newest stories of a search, one item each, as RSS 2.0, Atom or JSON Feed."""
    base = _base(state, request)
    page = await state.searcher.search(search.request())
    query = str(request.url.query)
    home = f"{base}/search?{query}" if query else f"{base}/search"
    own = f"{base}{request.url.path}?{query}" if query else f"{base}{request.url.path}"
    feed = Feed(_uri("search", query), _title(search), own, home, [_item(hit, base) for hit in page.hits])
    return _answer(request, feed, form)


@router.post(
    "/alerts/{search_id}/feed",
    summary="Make the address of a standing search's feed",
    dependencies=KEYED,
    responses=responses(401, 403, 404, 422, 503),
)
async def make_feed(state: Shared, request: Request, owner: Owner, search_id: SearchId) -> FeedLinks:
    """Make an address for feed readers that send no headers. It is shown once; an earlier one ends to work."""
    token = secrets.token_urlsafe(24)
    search = await change_own_search(
        state, search_id, owner, lambda search: search.model_copy(update={"feed": _digest(token)})
    )
    address = f"{_base(state, request)}/feeds/{search.id}.{token}"
    rss, atom, json_feed, calendar = (f"{address}.{ending}" for ending in ("rss", "atom", "json", "ics"))
    return FeedLinks(rss=rss, atom=atom, json_feed=json_feed, calendar=calendar)


@router.delete(
    "/alerts/{search_id}/feed",
    summary="Revoke the address of a standing search's feed",
    status_code=204,
    response_class=Response,
    dependencies=KEYED,
    responses=responses(401, 403, 404, 422, 503),
)
async def revoke_feed(state: Shared, owner: Owner, search_id: SearchId) -> None:
    """Make the address of the feed invalid."""
    await change_own_search(state, search_id, owner, lambda search: search.model_copy(update={"feed": None}))


async def _standing(state: State, token: str) -> tuple[StandingSearch, SearchPage]:
    """Return the standing search of an address, and its newest stories."""
    search_id, _, secret = token.partition(".")
    search = (await state.standing.read()).searches.get(search_id)
    if search is None or search.feed is None or not hmac.compare_digest(search.feed, _digest(secret)):
        raise HTTPException(404, "this address is not valid any more")
    given = search.filters.model_dump(by_alias=True, exclude_unset=True)
    return search, await state.searcher.search(FeedRequest.model_validate(given).request())


@router.get(
    "/feeds/{token}.ics",
    summary="Read the days that a standing search's stories announce",
    dependencies=[Depends(admitted)],
    response_class=Response,
    responses={
        200: {"content": {CALENDAR: {"schema": {"type": "string"}}}},
        304: {"description": "Not Modified"},
        **responses(400, 404, 422, 503),
    },
)
async def read_standing_calendar(state: Shared, request: Request, token: Token) -> Response:
    """Return the days as `/feed.ics` does. The address is the permission: it needs no key anywhere."""
    search, page = await _standing(state, token)
    return _calendar(request, search.name, page.hits)


@router.get(
    "/feeds/{token}.{form}",
    summary="Read the feed of a standing search",
    dependencies=[Depends(admitted)],
    response_class=Response,
    responses={200: {"content": _CONTENT}, 304: {"description": "Not Modified"}, **responses(400, 404, 422, 503)},
)
async def read_standing_feed(
    state: Shared,
    request: Request,
    token: Token,
    form: Annotated[FeedFormat, Path(description="Format of the feed.")],
) -> Response:
    """Return the newest stories of a standing search. The address is the permission: it needs no key anywhere."""
    search, page = await _standing(state, token)
    base = _base(state, request)
    own = f"{base}{request.url.path}"
    feed = Feed(_uri("alerts", search.id), search.name, own, base + "/", [_item(hit, base) for hit in page.hits])
    return _answer(request, feed, form)


@router.get(
    "/alerts.opml",
    summary="List the feeds of your standing searches",
    dependencies=KEYED,
    response_class=Response,
    responses={200: {"content": {"text/x-opml": {"schema": {"type": "string"}}}}, **responses(401, 403, 503)},
)
async def list_feeds(state: Shared, request: Request, owner: Owner) -> Response:
    """Return the searches of the API key as OPML, with the addresses of the same searches as RSS.

    These hold no token: where reading needs an API key, so do they.
    """
    base = _base(state, request)
    found = [
        (search.name, f"{base}/feed.rss?{urlencode(search.filters.parameters())}")
        for search in (await state.standing.read()).of(owner)
    ]
    headers = {"Content-Disposition": 'attachment; filename="alerts.opml"'}
    return Response(write_opml("رصد", found), media_type="text/x-opml; charset=utf-8", headers=headers)


def _base(state: State, request: Request) -> str:
    url = state.settings.alerts_url
    return str(url).rstrip("/") if url is not None else str(request.base_url).rstrip("/")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _uri(kind: str, name: str) -> str:
    return f"urn:rasd:{kind}:{quote(name, safe='')}"


def _title(search: Filters) -> str:
    names = [*search.place, *search.person, *search.organisation, *search.source, *search.country]
    return "رصد: " + " ".join(filter(None, [search.q, *names])) if search.q or names else "رصد"


def _item(hit: Hit, base: str) -> FeedItem:
    """Make the item of a story: the first article of it gives headline, address and time."""
    article, first = hit.article, hit.first
    cluster = article.cluster
    published = article.listed_at
    url, title, outlets = article.url, article.title, [article.source]
    if first is not None and first.id != article.id:
        url, title, outlets = first.url, first.title or article.title, [first.source, article.source]
        moment = datetime.fromisoformat(first.published_at or first.ingested_at)
        published = min(published, moment)
    outlets += [other.source for other in hit.copies]
    return FeedItem(
        id=_uri("story", cluster.id if cluster is not None else article.id),
        url=url,
        title=title or _cut(article.body),
        html=_html(hit, base),
        published=published.astimezone(UTC),
        updated=max(published, article.ingested_at).astimezone(UTC),
        outlets=tuple(dict.fromkeys(outlets)),
        categories=_categories(article),
        points=tuple(dict.fromkeys((place.lat, place.lon) for place in article.places)),
        language=article.language if article.language != "und" else "ar",
    )


def _days(article: Article) -> Iterator[CalendarDay]:
    """Yield the days that an article announces."""
    story = article.cluster.id if article.cluster is not None else article.id
    # The day that its readers had: most Arab countries are two to four hours ahead of UTC.
    published = (article.listed_at.astimezone(UTC) + timedelta(hours=3)).date()
    for found in announced_days(f"{article.title or ''}\n{article.body}", published):
        named = [place for place in article.places if place.name in found.sentence]
        place = named[0] if named else None
        yield CalendarDay(
            id=f"{_uri('story', story)}:{found.day.isoformat()}",
            day=found.day,
            title=article.title or _cut(article.body),
            text=f"{found.sentence}\n{article.source}",
            url=article.url,
            known_at=article.ingested_at,
            place=place.name if place is not None else None,
            point=(place.lat, place.lon) if place is not None else None,
            categories=(article.source,),
        )


def _categories(article: Article) -> tuple[str, ...]:
    names = [place.name for place in article.places]
    names += [entity.name for entity in article.entities if entity.type != "LOC"]
    return tuple(dict.fromkeys(names))[:_MOST_NAMES]


def _cut(text: str) -> str:
    return text if len(text) <= 100 else text[:100].rsplit(" ", 1)[0] + " …"


def _html(hit: Hit, base: str) -> str:
    pieces = "".join(f'<p dir="auto">{_marked(piece)}</p>' for piece in hit.highlights.body)
    link = f"{base}/articles/{quote(hit.article.id, safe='')}"
    return f'<div dir="rtl" lang="ar">{pieces}<p><a href="{escape(link)}">رصد</a></p></div>'


def _marked(piece: Highlight) -> str:
    parts, end = [], 0
    for start, stop in piece.marks:
        parts += [escape(piece.text[end:start]), "<mark>", escape(piece.text[start:stop]), "</mark>"]
        end = stop
    return "".join([*parts, escape(piece.text[end:])])
