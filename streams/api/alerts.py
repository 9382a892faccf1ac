"""Routes of standing searches. The holder of an API key sees and changes those of this key only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from html import escape
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field, JsonValue

from streams.alerts.digest_preview import preview
from streams.alerts.message import payload
from streams.alerts.records import Alert, Delivery
from streams.alerts.rehearsal import DAYS, By, Past, Rehearsal
from streams.alerts.secret_store import read_token
from streams.alerts.standing_search import ID_PATTERN, SearchSettings, StandingSearch, digest, new_search
from streams.alerts.store import partition_of, read_outbox
from streams.alerts.trial import request_replay, send_test
from streams.api.auth import needs
from streams.api.dependencies import Client, Shared, State
from streams.api.keys import Scope
from streams.api.problem_details import responses
from streams.errors import OperatorError, QueryRefused, Retryable

router = APIRouter(tags=["alerts"])
KEYED = [Depends(needs(Scope.ALERTS))]
MOST_SEARCHES = 1000
MOST_ALERTS = 200
MOST_DAYS = 366
_TOKEN = Path(max_length=200, description="Token of the link.")


def _owner(client: Client) -> str:
    """The name of the API key that asks; empty where the server has no keys."""
    kind, _, name = client.partition(" ")
    return name if kind == "key" else ""


Owner = Annotated[str, Depends(_owner)]
SearchId = Annotated[str, Path(pattern=ID_PATTERN, description="Id of the standing search.")]


class SearchList(BaseModel):
    """The standing searches of an API key."""

    total: int = Field(description="Number of searches.")
    searches: list[StandingSearch]


class AlertHistory(BaseModel):
    """What a standing search has told."""

    alerts: list[JsonValue] = Field(description="Its alerts, the newest first, as webhooks get them.")
    deliveries: list[Delivery] = Field(description="Their deliveries.")


class DigestPreview(BaseModel):
    """A digest as it would be now. All members are null if there is nothing to tell."""

    subject: str | None = Field(None, description="Subject of the mail.")
    text: str | None = Field(None, description="The message as plain text.")
    html: str | None = Field(None, description="The message as an HTML document.")
    alert: JsonValue = Field(None, description="The alert as webhooks get it.")


class TestResult(BaseModel):
    """How a target took a test message."""

    target: str = Field(description="The target, without what may be secret in it.")
    fault: str | None = Field(description="Why it did not accept the message; null if it did.")


class ReplayResult(BaseModel):
    """How many deliveries are sent again."""

    deliveries: int


async def own_search(state: State, search_id: str, owner: str) -> StandingSearch:
    """Return a search of an owner.

    Raises:
        HTTPException: there is none.
    """
    search = (await state.standing.read()).searches.get(search_id)
    if search is None or search.owner != owner:
        raise HTTPException(404, f"there is no standing search {search_id}")
    return search


async def change_own_search(
    state: State, search_id: str, owner: str, change: Callable[[StandingSearch], StandingSearch]
) -> StandingSearch:
    """Store what a function makes of a search of an owner, and return it. Raises like `own_search`."""
    await own_search(state, search_id, owner)
    changed = await state.standing.change(search_id, change)
    if changed is None:
        raise HTTPException(404, f"there is no standing search {search_id}")
    return changed


@router.get("/alerts", summary="List your standing searches", dependencies=KEYED, responses=responses(401, 403, 503))
async def list_searches(state: Shared, owner: Owner) -> SearchList:
    """List the standing searches of the API key, by name."""
    found = (await state.standing.read()).of(owner)
    return SearchList(total=len(found), searches=found)


@router.post(
    "/alerts",
    summary="Save a standing search",
    status_code=201,
    dependencies=KEYED,
    responses=responses(401, 403, 409, 422, 503),
)
async def add_search(state: Shared, owner: Owner, client: Client, settings: SearchSettings) -> StandingSearch:
    """Save a standing search. Articles that arrive from now on cause alerts."""
    if len((await state.standing.read()).of(owner)) >= MOST_SEARCHES:
        raise HTTPException(409, f"there are {MOST_SEARCHES} standing searches already, which is the most")
    search = new_search(settings, owner)
    # Refused before it is saved, or a client that tries again would have it twice.
    with state.histories.slot(client) if search.learns else nullcontext():
        await state.standing.save(search)
        if search.learns:
            # Without the index, it begins without knowledge of the past.
            with suppress(Retryable, QueryRefused):
                await Past(state.searcher.client, state.settings, state.searcher.scope).teach(search)
    return search


@router.post(
    "/alerts/rehearse",
    summary="Rehearse a standing search",
    dependencies=KEYED,
    responses=responses(400, 401, 403, 422, 503),
)
async def rehearse(
    state: Shared,
    client: Client,
    settings: SearchSettings,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="Number of days to replay.")] = DAYS,
    by: Annotated[By, Query(description="Which time of an article counts: its arrival, as live, or publication.")] = (
        "arrival"
    ),
) -> Rehearsal:
    """Replay a search over the past days of the index. Nothing is saved or sent."""
    with state.histories.slot(client):
        past = Past(state.searcher.client, state.settings, state.searcher.scope)
        return await past.rehearse(settings, days=days, by=by)


@router.get(
    "/alerts/{search_id}",
    summary="Get a standing search",
    dependencies=KEYED,
    responses=responses(401, 403, 404, 422, 503),
)
async def get_search(state: Shared, owner: Owner, search_id: SearchId) -> StandingSearch:
    """Return one standing search."""
    return await own_search(state, search_id, owner)


@router.put(
    "/alerts/{search_id}",
    summary="Change a standing search",
    dependencies=KEYED,
    responses=responses(401, 403, 404, 422, 503),
)
async def change_search(state: Shared, owner: Owner, search_id: SearchId, settings: SearchSettings) -> StandingSearch:
    """Replace what a standing search asks for. What it remembers of its stories stays."""
    return await change_own_search(state, search_id, owner, lambda search: search.changed(settings, datetime.now(UTC)))


@router.delete(
    "/alerts/{search_id}",
    summary="Delete a standing search",
    status_code=204,
    response_class=Response,
    dependencies=KEYED,
    responses=responses(401, 403, 404, 422, 503),
)
async def delete_search(state: Shared, owner: Owner, search_id: SearchId) -> None:
    """Delete a standing search, and cancel what was not delivered yet."""
    await state.standing.remove((await own_search(state, search_id, owner)).id)


@router.get(
    "/alerts/{search_id}/history",
    summary="List what a standing search has told",
    dependencies=KEYED,
    responses=responses(401, 403, 404, 422, 503),
)
async def history(
    state: Shared,
    owner: Owner,
    client: Client,
    search_id: SearchId,
    size: Annotated[int, Query(ge=1, le=MOST_ALERTS, description="Maximum number of alerts.")] = 50,
) -> AlertHistory:
    """Return the newest alerts of the last 30 days, with their deliveries."""
    search = await own_search(state, search_id, owner)
    with state.histories.slot(client):
        outbox = await read_outbox(state.settings, [partition_of(search.id)])
    own = [alert for alert in outbox.alerts.values() if alert.search == search.id]
    newest = sorted(own, key=lambda alert: (alert.moment, alert.id), reverse=True)[:size]
    ids = {alert.id for alert in newest}
    deliveries = [delivery for delivery in outbox.deliveries.values() if delivery.alert in ids]
    return AlertHistory(alerts=[_shown(alert, state) for alert in newest], deliveries=deliveries)


@router.get(
    "/alerts/{search_id}/digest",
    summary="Preview a digest",
    dependencies=KEYED,
    responses=responses(400, 401, 403, 404, 409, 422, 503),
)
async def preview_digest(
    state: Shared,
    owner: Owner,
    client: Client,
    search_id: SearchId,
    hours: Annotated[
        float | None,
        Query(gt=0, le=24 * MOST_DAYS, description="Time to look back, in hours; by default that between two digests."),
    ] = None,
) -> DigestPreview:
    """Show a digest as it would be now. Nothing is sent, and the next one is as without it."""
    search = await own_search(state, search_id, owner)
    if search.when.kind != "digest":
        raise HTTPException(409, f"the standing search {search_id} is no digest")
    known = (await state.standing.read()).searches
    past = Past(state.searcher.client, state.settings, state.searcher.scope)
    with state.histories.slot(client):
        message = await preview(state.settings, search, known, hours, past)
    if message is None:
        return DigestPreview()
    data = message.payload["data"]
    return DigestPreview(subject=message.subject, text=message.text, html=message.html, alert=data)


def _shown(alert: Alert, state: State) -> JsonValue:
    base = str(state.settings.alerts_url).rstrip("/") if state.settings.alerts_url else None
    return payload(alert, base)["data"]  # type: ignore[no-any-return]


@router.post(
    "/alerts/{search_id}/test",
    summary="Send a test message",
    dependencies=KEYED,
    responses=responses(401, 403, 404, 422, 503),
)
async def test_search(state: Shared, owner: Owner, client: Client, search_id: SearchId) -> list[TestResult]:
    """Send a test message to each target of a standing search, at once."""
    search = await own_search(state, search_id, owner)
    with state.histories.slot(client):
        results = await send_test(state.settings, search)
    return [TestResult(target=target, fault=fault) for target, fault in results.items()]


@router.post(
    "/alerts/{search_id}/replay",
    summary="Send dead deliveries again",
    dependencies=KEYED,
    responses=responses(401, 403, 404, 422, 503),
)
async def replay(state: Shared, owner: Owner, client: Client, search_id: SearchId) -> ReplayResult:
    """Send again what could not be delivered within RASD_ALERTS_RETRY_HOURS."""
    search = await own_search(state, search_id, owner)
    with state.histories.slot(client):
        return ReplayResult(deliveries=await request_replay(state.settings, None, search=search.id))


@router.get(
    "/alerts/unsubscribe/{token}",
    summary="Ask whether to unsubscribe",
    response_class=HTMLResponse,
    responses=responses(404, 422, 503),
)
async def ask_unsubscribe(state: Shared, token: Annotated[str, _TOKEN]) -> HTMLResponse:
    """Show a page with a button. Opening a link changes nothing, as mail filters open all of them."""
    search, _ = await _subscription(state, token)
    form = '<form method="post"><button>إلغاء الاشتراك · Unsubscribe</button></form>'
    return _page(f"<p><bdi>{escape(search.name)}</bdi></p>{form}")


@router.post(
    "/alerts/unsubscribe/{token}",
    summary="Unsubscribe",
    response_class=HTMLResponse,
    responses=responses(404, 422, 503),
)
async def unsubscribe(state: Shared, token: Annotated[str, _TOKEN]) -> HTMLResponse:
    """Remove the target of a mail from its standing search: the one-click unsubscription of RFC 8058."""
    search, target = await _subscription(state, token)

    def without_target(search: StandingSearch) -> StandingSearch:
        left = tuple(entry for entry in search.targets if digest(entry.to) != target)
        if left == search.targets:
            return search
        return search.changed(search.settings().model_copy(update={"targets": left}), datetime.now(UTC))

    await state.standing.change(search.id, without_target)
    return _page(f"<p>أُلغي الاشتراك · Unsubscribed: <bdi>{escape(search.name)}</bdi></p>")


async def _subscription(state: State, token: str) -> tuple[StandingSearch, str]:
    """Return the search and the hash of the target that a link is for.

    Raises:
        HTTPException: the link was not made here, or the search is gone.
    """
    try:
        found = read_token(state.settings, token)
    except OperatorError:
        found = None
    search = (await state.standing.read()).searches.get(found[0]) if found is not None else None
    if found is None or search is None:
        raise HTTPException(404, "this link is not valid any more")
    return search, found[1]


def _page(body: str) -> HTMLResponse:
    head = '<meta charset="utf-8"><meta name="robots" content="noindex"><title>رصد · Rasd</title>'
    html = f'<!DOCTYPE html>\n<html lang="ar" dir="rtl"><head>{head}</head><body>{body}</body></html>\n'
    headers = {"Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'; form-action 'self'"}
    return HTMLResponse(html, headers=headers)
