"""Standing searches: what they told, and what one would tell."""

from __future__ import annotations

import json

from fastapi import Request
from fastapi.responses import Response

from streams.alerts.records import Delivery
from streams.alerts.standing_search import SearchSettings
from streams.api import alerts
from streams.api.auth import check_key, passes_without_keys, secret_of
from streams.api.dependencies import Shared, State
from streams.api.desk.addresses import Address
from streams.api.desk.filtering import chosen_filters, read_request, validated
from streams.api.desk.rendering import Visit, Visiting
from streams.api.desk.routing import HOME, make_router
from streams.api.keys import Scope
from streams.search.request import Filters

router = make_router()

ALERTS = 30


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
