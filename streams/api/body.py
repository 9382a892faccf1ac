"""Reads the body of a request, with limits on its size and its time, unpacking gzip."""

from __future__ import annotations

import asyncio
import zlib

from fastapi import HTTPException, Request

from streams.errors import Reason, Rejected

BODY_SECONDS = 60.0
# Bytes unpacked at once, between two checks of the size.
PIECE_BYTES = 64 * 1024
_GZIP_WINDOW = 31  # zlib's name for the gzip format with any window


async def read_body(request: Request, limit: int) -> bytes:
    """Read the request's body.

    Args:
        request: the request.
        limit: maximum size in bytes, of what arrives and of what it unpacks to.

    Raises:
        HTTPException: the body is too large (413) or too slow (408), has an unknown Content-Encoding (415), or is not
            what that says (400).
        Rejected: the body is empty.
    """
    sink = _sink(request.headers.get("content-encoding", ""), limit)
    if (declared := request.headers.get("content-length", "")).isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                sink.write(chunk)
    except TimeoutError as error:
        raise HTTPException(408, f"the body did not arrive within {BODY_SECONDS:.0f} s") from error
    if not (body := sink.close()):
        raise Rejected(Reason.NOT_JSON, "the body is empty")
    return body


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"the body exceeds {limit} bytes")


class _Plain:
    """Collects a body as it is.

    Args:
        limit: maximum size in bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.body = bytearray()

    def write(self, data: bytes) -> None:
        """Add a piece.

        Raises:
            HTTPException: the body is too large.
        """
        if len(self.body) + len(data) > self.limit:
            raise _too_large(self.limit)
        self.body += data

    def close(self) -> bytes:
        """Return the body."""
        return bytes(self.body)


class _Gzip(_Plain):
    """Collects a body that is one gzip member, unpacked.

    More than one member is refused, although the format allows it: a body of a million empty ones would take minutes.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._unpacker = zlib.decompressobj(_GZIP_WINDOW)
        self._arrived = 0

    def write(self, data: bytes) -> None:
        """Unpack a piece, at most `PIECE_BYTES` at once, so that a bomb is noticed long before it fills the memory."""
        self._arrived += len(data)
        if self._arrived > self.limit:
            raise _too_large(self.limit)
        if self._unpacker.eof and data:
            raise HTTPException(400, "the body continues after the end of its gzip data")
        try:
            while data:
                super().write(self._unpacker.decompress(data, PIECE_BYTES))
                data = self._unpacker.unconsumed_tail
        except zlib.error as error:
            raise HTTPException(400, "the body is not gzip") from error
        if self._unpacker.unused_data:
            raise HTTPException(400, "the body continues after the end of its gzip data")

    def close(self) -> bytes:
        """Return the body, unpacked.

        Raises:
            HTTPException: the gzip data are incomplete.
        """
        while not self._unpacker.eof and (piece := self._unpacker.decompress(b"", PIECE_BYTES)):
            super().write(piece)
        if self._arrived and not self._unpacker.eof:
            raise HTTPException(400, "the gzip data end too early")
        return super().close()


def _sink(encoding: str, limit: int) -> _Plain:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain(limit)
        case "gzip" | "x-gzip":
            return _Gzip(limit)
    raise HTTPException(415, "Content-Encoding must be gzip or absent", {"Accept-Encoding": "gzip"})
