"""Responses without a known end: exports and the live feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from streams.errors import Retryable
from streams.observability.logs import get_logger

log = get_logger(__name__)

# A client that takes nothing for so long is sent away; what waits for it is bounded by the socket's buffers.
STALLED_SECONDS = 60.0
PIECE_BYTES = 64 * 1024


class Broken(Exception):
    """The body ends before its end, and the client must see that."""


class Stream(StreamingResponse):
    """A body made as the client takes it, closed whatever ends it.

    When the body raises `Broken`, or the client takes nothing for `STALLED_SECONDS`, the connection is cut without the
    mark that ends a chunked body: every HTTP client reports that as an incomplete answer (curl: status 18).

    Args:
        first: its first piece, already taken from `body`: only a generator that has begun can be closed.
        body: the rest.
        media_type: of the body.
        headers: more headers.
    """

    def __init__(self, first: bytes, body: AsyncGenerator[bytes], media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(body, media_type=media_type, headers=headers)
        self.first = first
        self.rest = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One answer; to HEAD only its headers."""
        async with aclosing(self.rest):
            if scope.get("rasd.head"):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": b""})
                return
            try:
                await super().__call__(scope, receive, send)
            except asyncio.CancelledError:
                # The server stops and waits no longer. It ends the connection after us, and would log our stack.
                log.warning("an answer was cut off as the server stops", path=scope["path"])

    async def stream_response(self, send: Send) -> None:
        """Send the body piece by piece."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            await _send(self.first, send)
            async for data in self.rest:
                await _send(data, send)
        except Broken as error:
            log.warning("an answer was cut off", cause=str(error))
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(data: bytes, send: Send) -> None:
    for start in range(0, len(data), PIECE_BYTES):
        piece = {"type": "http.response.body", "body": data[start : start + PIECE_BYTES], "more_body": True}
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(piece)
        except TimeoutError as error:
            raise Broken(f"the client takes nothing for {STALLED_SECONDS:.0f} s") from error


class ConcurrencyLimit:
    """Limit how many of something run at once.

    Args:
        number: how many.
        what: for the message of the error above the limit: "searches are running".
    """

    def __init__(self, number: int, what: str) -> None:
        self._free = number
        self._full = f"{number} {what} already"

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Take a slot for as long as the context is open.

        Raises:
            Retryable: all are taken.
        """
        if not self._free:
            raise Retryable(self._full)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
