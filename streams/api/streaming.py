"""Streaming responses: exports, and the live feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from streams.observability.logs import get_logger

log = get_logger(__name__)

# A client that reads nothing for this long is disconnected. What is buffered for it is bounded by the socket's buffers.
STALLED_SECONDS = 60.0
PIECE_BYTES = 64 * 1024


class Broken(Exception):
    """The body cannot be completed, and the client must notice."""


class Stream(StreamingResponse):
    """A response whose body is generated as the client reads it; the generator is always closed.

    If the body raises `Broken`, or the client reads nothing for `STALLED_SECONDS`, the connection is closed without the
    last chunk, which every HTTP client reports as an incomplete response (curl: exit status 18).

    Args:
        first: the first piece, already taken from `body`, as only a started generator can be closed.
        body: the remaining pieces.
        media_type: of the body.
        headers: additional headers.
    """

    def __init__(self, first: bytes, body: AsyncGenerator[bytes], media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(body, media_type=media_type, headers=headers)
        self.first = first
        self.rest = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; for HEAD, only its headers."""
        async with aclosing(self.rest):
            if scope.get("rasd.head"):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": b""})
                return
            try:
                await super().__call__(scope, receive, send)
            except asyncio.CancelledError:
                # The server stops and no longer waits. Raised on, this would be logged with a stack trace.
                log.warning("response cut off: the server stops", path=scope["path"])

    async def stream_response(self, send: Send) -> None:
        """Send the body piece by piece."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            await _send(self.first, send)
            async for data in self.rest:
                await _send(data, send)
        except Broken as error:
            log.warning("response cut off", cause=str(error))
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(data: bytes, send: Send) -> None:
    for start in range(0, len(data), PIECE_BYTES):
        piece = {"type": "http.response.body", "body": data[start : start + PIECE_BYTES], "more_body": True}
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(piece)
        except TimeoutError as error:
            raise Broken(f"the client read nothing for {STALLED_SECONDS:.0f} s") from error
