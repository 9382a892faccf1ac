"""GET /live: articles as Server-Sent Events, seconds after they arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import StreamingResponse

from streams.api.feed import LiveEvent, read_vector
from streams.api.problems import responses
from streams.api.state import Shared
from streams.errors import Retryable
from streams.logs import get_logger
from streams.search.match import Matcher
from streams.search.request import Filters

log = get_logger(__name__)
router = APIRouter(tags=["live"])

# Proxies close connections that are silent for 30 to 60 s.
HEARTBEAT_SECONDS = 15.0


def encode(event: LiveEvent) -> bytes:
    """An event as it goes over the line (HTML Living Standard, 9.2.6)."""
    head = f"id: {event.vector}\n".encode()
    if event.gap:
        return head + b"event: gap\ndata: articles before this point are no longer kept\n\n"
    if event.data is None:
        # Without data nothing is dispatched, but a browser notes the id; the comment keeps proxies awake.
        return head + b": here\n\n"
    # JSON holds no raw line ends, so one data line is enough.
    return head + b"event: article\ndata: " + event.data + b"\n\n"


@router.get(
    "/live",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events"}, **responses(422, 503)},
)
async def live(
    state: Shared,
    filters: Annotated[Filters, Query()],
    last_event_id: Annotated[str | None, Header(max_length=4000)] = None,
) -> StreamingResponse:
    """Articles that match, as they come out of the pipeline, as Server-Sent Events.

    Each `article` event holds the enriched article; its id says where the reader stands. A browser that reconnects
    sends it as `Last-Event-ID` by itself and gets what it missed. A `gap` event tells that Kafka no longer has all of
    that.
    """
    try:
        since = read_vector(last_event_id) if last_event_id else None
    except ValueError as error:
        raise HTTPException(422, f"Last-Event-ID {error}") from error
    events = state.feed.read(Matcher(filters), since, HEARTBEAT_SECONDS)
    # The first event comes at once; waiting for it here turns its errors into a problem response.
    first = await anext(events)
    return StreamingResponse(
        _stream(first, events),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(first: LiveEvent, events: AsyncIterator[LiveEvent]) -> AsyncIterator[bytes]:
    yield encode(first)
    try:
        async for event in events:
            yield encode(event)
    except Retryable as error:
        # The headers are out; ending the stream makes the reader come back with its last id.
        log.warning("a live reader is sent away", cause=str(error))
