"""GET /live: articles as Server-Sent Events, seconds after their arrival."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from streams.api.auth import needs_to_read
from streams.api.dependencies import Client, Shared
from streams.api.events import Kind, LiveEvent, read_vector
from streams.api.problem_details import responses
from streams.api.streaming import Broken, Stream
from streams.errors import Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS
from streams.search.request import Filters

router = APIRouter(tags=["live"], dependencies=[Depends(needs_to_read)])

# Proxies close connections that are idle for 30 to 60 s.
HEARTBEAT_SECONDS = 15.0


class LiveRequest(Filters):
    """Filters, and where to resume."""

    last_event_id: str | None = Field(
        None,
        max_length=4000,
        description="Resume after this event; for clients that cannot set the header `Last-Event-ID`, which takes "
        "precedence.",
    )

    def filters(self) -> Filters:
        """Return the filters alone; clients with equal filters share a matcher."""
        return Filters.model_construct(**{name: getattr(self, name) for name in Filters.model_fields})


@router.get(
    "/live",
    summary="Follow articles live",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Server-Sent Events"},
        **responses(401, 403, 422, 503),
    },
)
async def live(
    state: Shared,
    client: Client,
    request: Annotated[LiveRequest, Query()],
    last_event_id: Annotated[str | None, Header(max_length=4000, description="Resume after this event.")] = None,
) -> Stream:
    """Stream matching articles as they leave the pipeline, as Server-Sent Events.

    Each `article` event holds the enriched article; its id is the client's position in the stream. A browser that
    reconnects sends the id as `Last-Event-ID` and receives what it missed. A `gap` event means that Kafka no longer has
    some of these articles; a `dropped` event, that the client was too slow and should reconnect; `note` events tell
    what of the query was not understood. The feed is never relaxed.
    """
    resume_id = last_event_id or request.last_event_id
    try:
        since = read_vector(resume_id) if resume_id else None
    except ValueError as error:
        raise HTTPException(422, f"Last-Event-ID {error}") from error
    body = _wire(state.feed.read(request.filters(), since, HEARTBEAT_SECONDS, client), request.notes)
    # The first event comes at once. Waiting for it here turns its errors into a problem response.
    first = await anext(body)
    return Stream(first, body, "text/event-stream", {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def _wire(events: AsyncGenerator[LiveEvent], notes: Sequence[str]) -> AsyncGenerator[bytes]:
    begun = False
    async with aclosing(events):
        try:
            async for event in events:
                yield event.wire
                if not begun:
                    for note in notes:
                        yield LiveEvent(Kind.NOTE, None, note.encode()).wire
                begun = True
        except (Retryable, *UNAVAILABLE_ERRORS) as error:
            if not begun:
                raise
            # The headers are sent. The end of the stream makes the client reconnect with its last id.
            raise Broken(f"live feed: {error}") from error
