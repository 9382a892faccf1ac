"""The map of the places that articles name."""

from __future__ import annotations

import asyncio

from fastapi.responses import Response

from streams.api.counts import FacetRequest, count_values
from streams.api.dependencies import Shared
from streams.api.desk.filtering import chosen_filters, read_request
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.api.desk.timelines import timeline_of
from streams.search.request import Filters

router = make_router()

MAP_PLACES = 20


@router.get(HOME + "/map")
async def world_map(state: Shared, visit: Visiting) -> Response:
    """Show where stories are. Scripts draw the map; the places are listed beside it."""
    filters = read_request(Filters, visit)
    counting = FacetRequest.model_validate(filters.model_dump(by_alias=True) | {"size": MAP_PLACES})
    with state.searches.slot():
        facets, timeline = await asyncio.gather(
            count_values(state.searcher, counting), timeline_of(state, filters, visit.display)
        )
    return visit.render(
        "map.html",
        # By which Leaflet tests for SVG; `static/trust.js` lets nothing else pass.
        trusted_types="default",
        filters=filters,
        chosen=chosen_filters(visit.here, visit.display),
        timeline=timeline,
        main_places=facets.facets["main_places"],
    )
