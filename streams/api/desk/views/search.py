"""Search: hits, filters by click, the timeline."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi.responses import Response

from streams.api import articles as api
from streams.api.dependencies import Shared
from streams.api.desk.addresses import Address
from streams.api.desk.filtering import FACET_FILTERS, chosen_filters, read_request, same_name, shown_value
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.api.desk.timelines import overview_of
from streams.search.request import Filters, SearchRequest
from streams.search.source_scope import Coverage

T = TypeVar("T")

router = make_router()

FACET_SIZE = 12
HITS = 20
COPIES = 8


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value to filter by: as shown, its count, and the address with it chosen."""

    shown: str
    count: int
    address: Address


@router.get(HOME + "/search")
async def search(state: Shared, visit: Visiting) -> Response:
    """Search, and filter by click."""
    here, display = visit.here, visit.display
    request = read_request(SearchRequest, visit, size=HITS, copies=COPIES)
    filters = read_request(Filters, visit)
    if not here.has("sort", request.sort) and not request.scored():
        request = request.model_copy(update={"sort": "time"})
    with state.searches.slot():
        page, overview = await asyncio.gather(
            _unless(visit.fragment == "rest", api.search(state, request)),
            _unless(visit.fragment == "hits", overview_of(state, filters, display, FACET_SIZE, *FACET_FILTERS)),
        )
    facets, timeline = overview or (None, None)
    counted = facets.facets if facets else {}
    groups = {
        name: [
            FacetValue(shown_value(display, name, count.value), count.articles, here.having(name, count.value))
            for count in counted.get(facet, ())
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
        facets=facets,
        groups=groups,
        chosen=chosen_filters(here, display),
        timeline=timeline,
        outages=_outlets_out(page.coverage if page else None),
    )


async def _unless(unwanted: bool, asked: Coroutine[Any, Any, T]) -> T | None:
    """Return what a part of the view shows; None if that part is not wanted."""
    if not unwanted:
        return await asked
    asked.close()
    return None


def _outlets_out(coverage: Coverage | None) -> list[str]:
    """Return the outlets that were silent or abnormal in the time range of a search, the latest first."""
    return list(dict.fromkeys(outage.outlet for outage in coverage.outages)) if coverage else []
