"""The map of the places that articles name."""

from __future__ import annotations

from fastapi.responses import Response

from streams.api.dependencies import Shared
from streams.api.desk.filtering import chosen_filters, read_request
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.api.desk.timelines import overview_of
from streams.search.request import Filters

router = make_router()

MAP_PLACES = 20


@router.get(HOME + "/map")
async def world_map(state: Shared, visit: Visiting) -> Response:
    """Show where stories are. Scripts draw the map; the places are listed beside it."""
    filters = read_request(Filters, visit)
    with state.searches.slot():
        facets, timeline = await overview_of(state, filters, visit.display, MAP_PLACES, "main_places")
    return visit.render(
        "map.html",
        # By which Leaflet tests for SVG; `static/trust.js` lets nothing else pass.
        trusted_types="default",
        filters=filters,
        chosen=chosen_filters(visit.here, visit.display),
        timeline=timeline,
        main_places=facets.facets["main_places"],
    )
