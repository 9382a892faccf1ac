"""GET /live: articles as Server-Sent Events, seconds after they arrived."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from streams.api.dependencies import Shared
from streams.api.events import LiveEvent, read_vector
from streams.api.problem_details import responses
from streams.api.streaming import Broken, Stream
from streams.errors import Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS
from streams.search.request import Filters

router = APIRouter(tags=["live"])

# Proxies close connections that are silent for 30 to 60 s.
HEARTBEAT_SECONDS = 15.0


class LiveRequest(Filters):
    """Filters, and where to go on."""

    last_event_id: str | None = Field(
        None,
        max_length=4000,
        description="For clients that cannot set the header `Last-Event-ID`, which wins.",
    )

    def filters(self) -> Filters:
        """The filters alone, by which readers with the same search are one group."""
        return Filters.model_construct(**{name: getattr(self, name) for name in Filters.model_fields})


@router.get(
    "/live",
    summary="Articles as they come in",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events"}, **responses(422, 503)},
)
async def live(
    state: Shared,
    request: Annotated[LiveRequest, Query()],
    last_event_id: Annotated[str | None, Header(max_length=4000)] = None,
) -> Stream:
    """Articles that match, as they come out of the pipeline, as Server-Sent Events.

    Each `article` event holds the enriched article; its id says where the reader stands. A browser that reconnects
    sends it as `Last-Event-ID` by itself and gets what it missed. A `gap` event tells that Kafka no longer has all of
    that, a `dropped` event that the reader was too slow and may come back.
    """
    resume_id = last_event_id or request.last_event_id
    try:
        since = read_vector(resume_id) if resume_id else None
    except ValueError as error:
        raise HTTPException(422, f"Last-Event-ID {error}") from error
    body = _wire(state.feed.read(request.filters(), since, HEARTBEAT_SECONDS))
    # The first event comes at once; waiting for it here turns its errors into a problem response.
    first = await anext(body)
    return Stream(first, body, "text/event-stream", {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def _wire(events: AsyncGenerator[LiveEvent]) -> AsyncGenerator[bytes]:
    begun = False
    async with aclosing(events):
        try:
            async for event in events:
                yield event.wire
                begun = True
        except (Retryable, *UNAVAILABLE_ERRORS) as error:
            if not begun:
                raise
            # The headers are out; the end of the stream makes the reader come back with its last id.
            raise Broken(f"a live reader: {error}") from error
