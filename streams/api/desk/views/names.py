"""A person, an organisation or a place."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException
from fastapi.responses import Response

from streams.api import articles as api
from streams.api.completion import Variant, VariantRequest, list_variants
from streams.api.dependencies import Shared, State
from streams.api.desk.filtering import FACET_FILTERS, read_request, same_name, shown_value
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.api.desk.timelines import overview_of
from streams.search.request import Filters, SearchRequest

router = make_router()

# Kinds of names that have a page: filters by their name.
NAMED = ("person", "organisation", "place")
NAME_FACETS = 12
# Facets, and what a name's page calls them.
HEADINGS = {
    "sources": "outlet_shares",
    "persons": "with_persons",
    "organisations": "with_organisations",
    "places": "with_places",
}
NAME_HITS = 15
VARIANTS = 12


@router.get(HOME + "/names/{kind}/{name:path}")
async def name_page(state: Shared, visit: Visiting, kind: str, name: str) -> Response:
    """Show a person, an organisation or a place: over time, with whom, in which outlets."""
    if kind not in NAMED:
        raise HTTPException(404, f"there are no pages of {kind}")
    visit.here = visit.here.setting(**{kind: name})
    filters = read_request(Filters, visit)
    newest = SearchRequest.model_validate(filters.model_dump(by_alias=True) | {"sort": "time", "size": NAME_HITS})
    with state.searches.slot():
        page, (facets, timeline), variants = await asyncio.gather(
            api.search(state, newest),
            overview_of(state, filters, visit.display, NAME_FACETS, *HEADINGS),
            _variants(state, filters, kind, name),
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
        for facet, heading in HEADINGS.items()
    ]
    return visit.render(
        "name.html",
        kind=kind,
        name=name,
        page=page,
        total=facets.total,
        timeline=timeline,
        groups=groups,
        # A name that is printed in one way only has no variants worth a list.
        variants=variants if len(variants) > 1 else [],
    )


async def _variants(state: State, filters: Filters, kind: str, name: str) -> list[Variant]:
    """Return the forms in which a name is printed; none of a place, which has an id."""
    if kind not in {"person", "organisation"}:
        return []
    request = VariantRequest.model_validate(filters.model_dump(by_alias=True) | {"kind": kind, "name": name})
    return (await list_variants(state, request)).variants[:VARIANTS]
