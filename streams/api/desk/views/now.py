"""What is happening now: growing stories, the ticker, sources that need attention."""

from __future__ import annotations

import asyncio

from fastapi.responses import Response

from streams.api import articles as api
from streams.api import sources, stories
from streams.api.dependencies import Shared, State
from streams.api.desk import charts
from streams.api.desk.filtering import chosen_filters, read_request
from streams.api.desk.rendering import Visit, Visiting
from streams.api.desk.routing import HOME, make_router
from streams.errors import Retryable
from streams.search.request import Filters, SearchRequest
from streams.sources.watch.health import ABNORMAL

router = make_router()

# Lengths of the window in which stories grow, in minutes.
WINDOWS = ("15", "60", "360")
STORIES = 15
TICKER = 12


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
