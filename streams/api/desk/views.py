"""The desk's routes: now, search, article and story."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import escape
from pydantic import BaseModel, ValidationError
from starlette.convertors import Convertor, register_url_convertor

from streams.alerts.records import Delivery
from streams.alerts.standing_search import SearchSettings
from streams.api import alerts, sources, stories
from streams.api import articles as api
from streams.api.auth import check_key, needs_to_read, passes_without_keys, secret_of
from streams.api.dependencies import Shared, State
from streams.api.desk import charts, comparison
from streams.api.desk.addresses import Address
from streams.api.desk.display import CHOICES, COOKIE, LANGUAGES, Display, write_preferences
from streams.api.desk.passages import names_of, paragraphs
from streams.api.desk.rendering import DeskRoute, Visit, Visiting, accepts_gzip, assets
from streams.api.keys import Scope
from streams.errors import Retryable
from streams.records import Article
from streams.search.highlight import READ, marks
from streams.search.query import Interval
from streams.search.request import Filters, SearchRequest
from streams.search.source_scope import Coverage
from streams.sources.watch.health import ABNORMAL
from streams.words.index import article_words
from streams.words.names import NameKind, name_key


class _Language(Convertor[str]):
    """The part of a path that is a language of the desk."""

    regex = "|".join(LANGUAGES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("desk_language", _Language())

router = APIRouter(route_class=DeskRoute, include_in_schema=False, dependencies=[Depends(needs_to_read)])
# Styles and scripts, which pages of errors need too.
files_router = APIRouter(route_class=DeskRoute, include_in_schema=False)
HOME = "/{language:desk_language}"
M = TypeVar("M", bound=Filters)
B = TypeVar("B", bound=BaseModel)

# Facets of the API, in the order shown, and the filters that their values are for.
FACET_FILTERS = {
    "sources": "source",
    "places": "place",
    "countries": "country",
    "persons": "person",
    "organisations": "organisation",
    "languages": "language",
}
# Kinds of names in a body, and the filters that find others with them.
NAME_FILTERS = {"per": "person", "org": "organisation", "loc": "place", "place": "place"}
# Filters whose values are names that may be spelt in several ways.
NAME_KINDS: Mapping[str, NameKind] = {"person": "PER", "organisation": "ORG"}
# How an address may say no.
FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
FACET_SIZE = 12
HITS = 20
# Lengths of the window in which stories grow, in minutes.
WINDOWS = ("15", "60", "360")
STORIES = 15
TICKER = 12
MAP_PLACES = 20
# Kinds of names that have a page: filters by their name.
NAMED = ("person", "organisation", "place")
NAME_FACETS = 12
NAME_HITS = 15
ALERTS = 30
STORY_NAMES = 24
COPIES = 8
ARTICLE_COPIES = 100
YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value to filter by: as shown, its count, and the address with it chosen."""

    shown: str
    count: int
    address: Address


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter that is in force: parameter, its name as shown, value as shown, and the address without it."""

    name: str
    label: str
    shown: str
    address: Address


def read_request(model: type[M], visit: Visit, **defaults: Any) -> M:
    """Read the filters of an address.

    Args:
        model: `Filters` or one of its kind.
        visit: its address; parameters that the model does not know are the desk's own. Days begin in its zone.
        **defaults: for what the address does not say.

    Raises:
        HTTPException: a filter is not valid.
    """
    given: dict[str, Any] = {"zone": visit.display.preferences["zone"], **defaults}
    for name, field in model.model_fields.items():
        spelt = field.alias or name
        if values := visit.here.values(spelt):
            given[spelt] = values if field.default == () else values[-1]
    return validated(model, given)


def validated(model: type[B], given: Mapping[str, Any]) -> B:
    """Read what a reader asked for.

    Raises:
        HTTPException: it is not valid. A `ValidationError` of anything else is a defect, and is answered as one.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
        raise HTTPException(422, "; ".join(faults)) from error


def shown_value(display: Display, name: str, value: str) -> str:
    """Return a filter's value as a reader reads it."""
    if name == "language":
        return display.language_name(value)
    if name == "country":
        return display.country_name(value)
    if name == "cross_script":
        return display.plain(f"cross_script_{'false' if value.lower() in FALSE else 'true'}")
    return value


def same_name(name: str, one: str, other: str) -> bool:
    """Return whether two values of a filter are the same, or spellings of one name, which facets count together."""
    kind = NAME_KINDS.get(name)
    return one == other or (kind is not None and name_key(one, kind) == name_key(other, kind))


def chosen_filters(here: Address, display: Display) -> list[Chosen]:
    """Return the filters that an address has, other than its text query."""
    found = []
    for name, value in here.parameters:
        field = next((key for key, one in Filters.model_fields.items() if name in {key, one.alias}), None)
        if field is not None and field not in {"q", "radius", "zone"}:
            label = display.text(name) if display.has(name) else escape(name)
            found.append(Chosen(name, label, shown_value(display, name, value), here.lacking(name, value)))
    return found


@dataclass(frozen=True, slots=True)
class TimelineChart:
    """A timeline as a picture and as a table."""

    interval: Interval
    bars: list[charts.Bar]
    width: float
    height: float

    @property
    def bounds(self) -> tuple[datetime, datetime] | None:
        """Start of the first interval and end of the last."""
        return (self.bars[0].start, self.bars[-1].end) if self.bars else None


async def timeline_of(state: State, filters: Filters, display: Display) -> TimelineChart:
    """Count matching articles over time, in intervals that fit the time they span."""
    given = filters.model_dump(by_alias=True, include=set(Filters.model_fields))

    async def count(interval: Interval) -> api.Timeline:
        return await api.timeline(state, api.TimelineRequest.model_validate(given | {"interval": interval}))

    if filters.since is not None:
        found = await count(charts.interval_for((filters.until or display.now) - filters.since))
    else:
        found = await count("month")
        if found.steps:
            span = _parsed(found.steps[-1].start) - _parsed(found.steps[0].start) + timedelta(days=31)
            finer = charts.interval_for(span)
            if finer != found.interval:
                found = await count(finer)
            if finer == "day" and len(found.steps) <= 2:  # all came within hours, as after a first start
                found = await count("hour")
    steps = [(_parsed(step.start), step.articles) for step in found.steps]
    width, height = 1000.0, 64.0
    bars = charts.histogram(steps, found.interval, width, height, mirrored=display.direction == "rtl")
    return TimelineChart(found.interval, bars, width, height)


def _parsed(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


@router.get("/")
async def home(state: Shared, visit: Visiting) -> Response:
    """Show what is happening now, in the language that the browser prefers."""
    return await _now(state, visit)


@router.get(HOME)
@router.get(HOME + "/")
async def now(state: Shared, visit: Visiting) -> Response:
    """Show what is happening now."""
    return await _now(state, visit)


async def _now(state: State, visit: Visit) -> Response:
    here, display = visit.here, visit.display
    filters = read_request(Filters, visit)
    minutes = int(wanted) if (wanted := (here.values("minutes") or ["60"])[-1]) in WINDOWS else 60
    growth = stories.GrowthRequest.model_validate(
        filters.model_dump(by_alias=True) | {"minutes": minutes, "size": STORIES}
    )
    newest = SearchRequest.model_validate(
        filters.model_dump(by_alias=True) | {"sort": "time", "size": TICKER, "fold": False}
    )
    with state.searches.slot():
        growing, latest = await asyncio.gather(stories.list_growing(state, growth), api.search(state, newest))
    return visit.render(
        "now.html",
        filters=filters,
        growing=growing,
        latest=latest,
        windows=WINDOWS,
        chosen=chosen_filters(here, display),
        lines={
            story.id: charts.sparkline(story.series, 120, 24, mirrored=display.direction == "rtl")
            for story in growing.stories
        },
        troubled=await _troubled_sources(state),
    )


async def _troubled_sources(state: State) -> list[sources.SourceHealth]:
    """Return the watched sources that somebody should look after; none while the directory is not known."""
    try:
        found = await sources.list_sources(state, sources.SourceFilters(verdict=sorted(ABNORMAL)))
    except Retryable:
        return []
    return found.sources


@router.get(HOME + "/search")
async def search(state: Shared, visit: Visiting) -> Response:
    """Search, and filter by click."""
    return await _search(state, visit)


async def _search(state: State, visit: Visit) -> Response:
    here, display = visit.here, visit.display
    request = read_request(SearchRequest, visit, size=HITS, copies=COPIES)
    filters = read_request(Filters, visit)
    if not here.has("sort", request.sort) and not request.scored():
        request = request.model_copy(update={"sort": "time"})
    counting = api.FacetRequest.model_validate(filters.model_dump(by_alias=True) | {"size": FACET_SIZE})
    with state.searches.slot():
        page, facets, timeline = await asyncio.gather(
            api.search(state, request), api.facets(state, counting), timeline_of(state, filters, display)
        )
    groups = {
        name: [
            FacetValue(shown_value(display, name, count.value), count.articles, here.having(name, count.value))
            for count in facets.facets[facet]
            if not any(same_name(name, count.value, chosen) for chosen in here.values(name))
        ]
        for facet, name in FACET_FILTERS.items()
    }
    return visit.render(
        "search.html",
        request=request,
        # The same filters for exports, whose days begin where the reader's do.
        filtered=here.lacking("sort").lacking("fold").setting(zone=request.zone if request.zone != "UTC" else None),
        page=page,
        # The page counts up to a bound; the facets count all, as an export does.
        total=facets.total,
        groups=groups,
        chosen=chosen_filters(here, display),
        timeline=timeline,
        partial=page.partial or facets.partial,
        outages=_outlets_out(page.coverage),
    )


@router.get(HOME + "/map")
async def world_map(state: Shared, visit: Visiting) -> Response:
    """Show where stories are. Scripts draw the map; the places are listed beside it."""
    filters = read_request(Filters, visit)
    counting = api.FacetRequest.model_validate(filters.model_dump(by_alias=True) | {"size": MAP_PLACES})
    with state.searches.slot():
        facets, timeline = await asyncio.gather(api.facets(state, counting), timeline_of(state, filters, visit.display))
    return visit.render(
        "map.html",
        # By which Leaflet tests for SVG; `static/trust.js` lets nothing else pass.
        trusted_types="default",
        filters=filters,
        chosen=chosen_filters(visit.here, visit.display),
        timeline=timeline,
        main_places=facets.facets["main_places"],
    )


@router.get(HOME + "/sources")
async def watched_sources(state: Shared, visit: Visiting) -> Response:
    """Show the watched sources and their health."""
    try:
        every = await sources.list_sources(state, sources.SourceFilters())
    except Retryable:
        return visit.render("sources.html", found=None)
    request = validated(
        sources.SourceFilters,
        {"collection": next(iter(visit.here.values("collection")), None), "verdict": visit.here.values("verdict")},
    )
    found = (await sources.list_sources(state, request)).sources
    return visit.render(
        "sources.html",
        # What somebody should look after comes first.
        found=sorted(found, key=lambda one: (one.verdict not in ABNORMAL, one.source.name)),
        total=every.total,
        verdicts=sorted(every.verdicts.items()),
        collections=sorted({name for one in every.sources for name in one.source.collections}),
    )


@router.get(HOME + "/names/{kind}/{name:path}")
async def name_page(state: Shared, visit: Visiting, kind: str, name: str) -> Response:
    """Show a person, an organisation or a place: over time, with whom, in which outlets."""
    if kind not in NAMED:
        raise HTTPException(404, f"there are no pages of {kind}")
    visit.here = visit.here.setting(**{kind: name})
    filters = read_request(Filters, visit)
    counting = api.FacetRequest.model_validate(filters.model_dump(by_alias=True) | {"size": NAME_FACETS})
    newest = SearchRequest.model_validate(filters.model_dump(by_alias=True) | {"sort": "time", "size": NAME_HITS})
    with state.searches.slot():
        page, facets, timeline = await asyncio.gather(
            api.search(state, newest), api.facets(state, counting), timeline_of(state, filters, visit.display)
        )
    visit.here = visit.here.lacking(kind)
    groups = [
        (
            heading,
            FACET_FILTERS[facet],
            [
                (count.value, shown_value(visit.display, FACET_FILTERS[facet], count.value), count.articles)
                for count in facets.facets[facet]
                if FACET_FILTERS[facet] != kind or not same_name(kind, count.value, name)
            ],
        )
        for facet, heading in (
            ("sources", "outlet_shares"),
            ("persons", "with_persons"),
            ("organisations", "with_organisations"),
            ("places", "with_places"),
        )
    ]
    return visit.render(
        "name.html", kind=kind, name=name, page=page, total=facets.total, timeline=timeline, groups=groups
    )


def _owner(state: State, request: Request) -> str:
    """Return whose standing searches a reader sees: those of the key, or the operator's where there are no keys.

    Raises:
        HTTPException: keys or an identity header are configured, and the reader has no key for alerts, or no name.
    """
    if passes_without_keys(state, request):
        return ""
    check_key(state, secret_of(request.headers), {Scope.ALERTS})
    return str(request.scope["rasd.client"]).partition(" ")[2]


@router.get(HOME + "/alerts")
async def standing_searches(state: Shared, visit: Visiting, request: Request) -> Response:
    """Show the reader's standing searches."""
    found = await alerts.list_searches(state, _owner(state, request))
    return visit.render("alerts.html", searches=found.searches, links=[_found_by(visit, one) for one in found.searches])


def _found_by(visit: Visit, search: SearchSettings) -> Address:
    """Return the address of what a standing search matches."""
    return Address(visit.here.language, "search", tuple(search.filters.parameters()))


@router.get(HOME + "/alerts/{search_id}")
async def standing_search(state: Shared, visit: Visiting, request: Request, search_id: str) -> Response:
    """Show a standing search with what it told, and whether that was delivered."""
    owner = _owner(state, request)
    search = await alerts.get_search(state, owner, search_id)
    told = await alerts.history(state, owner, request.scope["rasd.client"], search_id, size=ALERTS)
    deliveries: dict[str, list[Delivery]] = {}
    for delivery in told.deliveries:
        deliveries.setdefault(delivery.alert, []).append(delivery)
    return visit.render(
        "alert.html", search=search, link=_found_by(visit, search), told=told.alerts, deliveries=deliveries
    )


@router.get(HOME + "/rehearse")
async def rehearse(state: Shared, visit: Visiting, request: Request) -> Response:
    """Show what the filters would have told in the last 30 days, as a standing search."""
    _owner(state, request)
    filters = read_request(Filters, visit)
    settings = validated(SearchSettings, {"name": "rehearsal", "filters": filters})
    found = await alerts.rehearse(state, request.scope["rasd.client"], settings)
    body = json.dumps(
        {
            "name": filters.q or settings.name,
            "filters": json.loads(filters.model_dump_json(by_alias=True, exclude_defaults=True)),
        },
        ensure_ascii=False,
        indent=1,
    )
    return visit.render(
        "rehearse.html", found=found, body=body, chosen=chosen_filters(visit.here, visit.display), filters=filters
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """Two searches over time; `steps` is empty if there is nothing to compare."""

    queries: tuple[str, str]
    filters: Filters
    interval: Interval
    steps: list[comparison.Step]
    picture: comparison.Lines
    shares: bool

    @property
    def asked(self) -> list[str]:
        """The queries that are not empty."""
        return [query for query in self.queries if query]


async def _compare(state: State, visit: Visit) -> _Compared:
    here, display = visit.here, visit.display
    queries = ((here.values("q") or [""])[-1], (here.values("other") or [""])[-1])
    asked = [query for query in queries if query]
    filters = read_request(Filters, visit, q="").model_copy(update={"q": ""})
    interval: Interval = "day"
    steps: list[comparison.Step] = []
    if asked:
        with state.searches.slot():
            delivered = await timeline_of(state, filters, display)
            interval = delivered.interval
            found = await asyncio.gather(*(_counts(state, filters, query, interval) for query in asked))
        steps = comparison.align([(bar.start, bar.count) for bar in delivered.bars], found, interval)
    shares = not here.has("scale", "count")
    picture = comparison.draw(steps, len(asked), shares=shares, mirrored=display.direction == "rtl")
    return _Compared(queries, filters, interval, steps, picture, shares)


async def _counts(state: State, filters: Filters, query: str, interval: Interval) -> dict[datetime, int]:
    given = filters.model_dump(by_alias=True) | {"q": query, "interval": interval}
    found = await api.timeline(state, api.TimelineRequest.model_validate(given))
    return {_parsed(step.start): step.articles for step in found.steps}


@router.get(HOME + "/compare")
async def compare(state: Shared, visit: Visiting) -> Response:
    """Compare two searches over time, as shares of what the sources delivered."""
    compared = await _compare(state, visit)
    return visit.render(
        "compare.html",
        **_shown(compared),
        chosen=[one for one in chosen_filters(visit.here, visit.display) if one.name not in {"from", "to"}],
    )


def _shown(compared: _Compared) -> dict[str, Any]:
    names = ("queries", "filters", "interval", "steps", "picture", "shares", "asked")
    return {name: getattr(compared, name) for name in names} | {"standalone": False}


@router.get(HOME + "/compare.csv")
async def compare_csv(state: Shared, visit: Visiting) -> Response:
    """Send the compared counts as CSV."""
    compared = await _compare(state, visit)
    content = comparison.to_csv(compared.steps, len(compared.asked))
    return Response(content, headers=_attached("compare.csv"), media_type="text/csv; charset=utf-8")


@router.get(HOME + "/compare.svg")
async def compare_svg(state: Shared, visit: Visiting) -> Response:
    """Send the picture of a comparison as a file."""
    compared = await _compare(state, visit)
    answer = visit.render("compare.svg", **(_shown(compared) | {"standalone": True}))
    answer.headers["Content-Type"] = "image/svg+xml"
    answer.headers.update(_attached("compare.svg"))
    return answer


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _outlets_out(coverage: Coverage | None) -> list[str]:
    """Return the outlets that were silent or abnormal in the time range of a search, the latest first."""
    return list(dict.fromkeys(outage.outlet for outage in coverage.outages)) if coverage else []


@router.get(HOME + "/articles/{article_id:path}")
async def article(state: Shared, visit: Visiting, article_id: str) -> Response:
    """Show an article with its names, its story, and what was done to it."""
    with state.searches.slot():
        found = await api.article(state, article_id, copies=ARTICLE_COPIES)
    shown = found.article
    query = Filters(q=(visit.here.values("q") or [""])[-1])
    words = article_words(shown.model_dump(mode="python", include=READ)) if query.q else {}
    wanted = query.wanted()
    return visit.render(
        "article.html",
        found=found,
        article=shown,
        title_marks=marks(words.get("title", []), wanted) if words else [],
        paragraphs=paragraphs(shown.body, names_of(shown), marks(words.get("body", []), wanted) if words else []),
        filters=NAME_FILTERS,
        removed=shown.trace["clean"].removed if "clean" in shown.trace else None,
    )


@router.get(HOME + "/stories/{story_id:path}")
async def story(state: Shared, visit: Visiting, story_id: str) -> Response:
    """Show a story: who had it when, who took it from whom, and what was changed."""
    here, display = visit.here, visit.display
    with state.searches.slot():
        members, total = await stories.find_members(state, story_id)
    lineage = await asyncio.to_thread(stories.trace_lineage, story_id, members, total)
    by_id = {article.id: article for article in members}
    changed: stories.Differences | None = None
    if len(members) > 1:
        earlier = by_id.get((here.values("earlier") or [""])[-1], members[0])
        later = by_id.get((here.values("later") or [""])[-1], members[-1])
        changed = await asyncio.to_thread(stories.compare, earlier, later)
    return visit.render(
        "story.html",
        lineage=lineage,
        first=members[0],
        newest=members[-1],
        by_id=by_id,
        changed=changed,
        lanes=charts.lanes(
            [(article.source, article.listed_at, article.id) for article in members],
            display.direction == "rtl",
        ),
        names=_frequent(members),
        filters=NAME_FILTERS,
        linked=_linked_data(members[0], members[-1]),
    )


def _frequent(members: Sequence[Article]) -> list[tuple[str, str, int]]:
    """Return kind, name and number of articles of the names in a story, the most frequent first.

    Spellings of one name are counted together, and the most frequent one is shown.
    """
    counted: Counter[tuple[str, str]] = Counter()
    printed: dict[tuple[str, str], Counter[str]] = {}
    for article in members:
        found = {(entity.type.lower(), entity.name) for entity in article.entities if entity.type != "LOC"}
        keys = set()
        for kind, name in found | {("place", place.name) for place in article.places}:
            names = NAME_KINDS.get(NAME_FILTERS[kind])
            key = (kind, name_key(name, names) if names else name)
            printed.setdefault(key, Counter())[name] += 1
            keys.add(key)
        # Sets have no order: of what is equally frequent, the first by letter.
        counted.update(sorted(keys))
    return [
        (kind, min(printed[kind, key].items(), key=lambda one: (-one[1], one[0]))[0], count)
        for (kind, key), count in counted.most_common(STORY_NAMES)
    ]


def _linked_data(first: Article, newest: Article) -> str:
    """Return a story as schema.org's NewsArticle, with nothing in it that could end a script element."""
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": first.title,
        "inLanguage": first.language,
        "datePublished": first.appeared_at.isoformat(),
        "dateModified": newest.appeared_at.isoformat(),
        "url": first.url,
        "publisher": {"@type": "Organization", "name": first.source},
        "author": {"@type": "Person", "name": first.byline} if first.byline else None,
        "contentLocation": [{"@type": "Place", "name": place.name} for place in first.places] or None,
    }
    known = {name: value for name, value in data.items() if value is not None}
    return json.dumps(known, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")


@router.get(HOME + "/display")
async def keep_display(visit: Visiting, request: Request) -> Response:
    """Keep how the reader wants things shown, and go back."""
    chosen: Mapping[str, str] = {
        name: request.query_params.get(name, visit.display.preferences[name]) for name in CHOICES
    }
    back = request.query_params.get("back", "")
    # A path on this server: neither another host's (`//host`, `/\host`) nor anything with control characters.
    local = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    response = RedirectResponse(back if local else f"/{visit.display.language}/", 303)
    response.set_cookie(
        COOKIE,
        write_preferences(
            {name: value if value in CHOICES[name] else CHOICES[name][0] for name, value in chosen.items()}
        ),
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@files_router.get("/assets/{name}")
async def asset(request: Request, name: str) -> Response:
    """Send a file; its name changes with its content, so browsers may keep it for ever."""
    found = assets().at(f"/assets/{name}")
    if found is None:
        raise HTTPException(404, f"there is no asset {name}")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if accepts_gzip(request) and len(found.compressed) < len(found.content):
        return Response(found.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


@router.get(HOME + "/{rest:path}")
async def nothing(rest: str) -> Response:
    """Answer paths of the desk that there are not."""
    raise HTTPException(404, f"there is no view {rest}")
