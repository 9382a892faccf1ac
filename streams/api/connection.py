"""One HTTP connection: uvicorn's, with limits on slow and hostile clients.

Uvicorn bounds the time between two requests, but not the time that a request's head takes, nor the time that a client
takes to read a response that is written already. A thousand connections of either kind would cost their sender nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import json
import socket
import struct
import sys
import termios
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.observability.logs import get_logger

log = get_logger(__name__)

# Time for a request's head to arrive, from the connection or from the end of the response before.
HEAD_SECONDS = 15.0
# The same for a connection beyond the limit, whose request is refused when it arrives.
REFUSED_SECONDS = 2.0
# Most bytes of a request's head. Half of it is for the URL: the longest query and 40 of the longest filter values, in
# Arabic and percent-encoded, take 51 KB.
HEAD_BYTES = 128 * 1024
# A client that reads must take this much of what waits for it within each step (2 KB/s), or it is cut off.
STEP_SECONDS = 15.0
STEP_BYTES = 30 * 1024
# After a refusal, time for what the client is still sending. A socket that is closed with unread bytes sends a reset,
# which would destroy the answer.
LINGER_SECONDS = 1.0

_PROBLEM = b"application/problem+json"


class ConnectionLimits:
    """Counts the open connections of all clients and of each address.

    Args:
        total: most connections at once.
        each: most connections from one address; 0 for no limit.
        exempt: addresses and networks without a limit of their own: the trusted proxies.
        count: called with the name of the limit that a connection exceeds: `connections` or `slow_reader`.
    """

    def __init__(self, total: int, each: int, exempt: Sequence[str], count: Callable[[str], None]) -> None:
        self.total = total
        self.each = each
        self.exempt = [ipaddress.ip_network(entry, strict=False) for entry in exempt]
        self.count = count
        self._open: Counter[str] = Counter()
        self._number = 0

    def enter(self, address: str) -> str | None:
        """Count a new connection; return why it is refused, or None. Each needs one `leave`, refused or not."""
        self._number += 1
        self._open[address] += 1
        if self._number > self.total:
            why = f"{self.total} connections are open already"
        elif self.each and self._open[address] > self.each and not self._is_exempt(address):
            why = f"{self.each} connections from your address are open already"
        else:
            return None
        self.count("connections")
        return why

    def _is_exempt(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.exempt)

    def leave(self, address: str) -> None:
        """Count a connection as closed."""
        self._number -= 1
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class GuardedProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 protocol with limits on heads, connections and slow readers; answers problem details.

    A request target in raw UTF-8, which HTTP does not allow but curl and many scripts send, is percent-encoded.

    Args:
        limits: shared by all connections.
        arguments: of uvicorn's protocol.
    """

    def __init__(self, *, limits: ConnectionLimits, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._limits = limits
        self._address = ""
        self._head_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._in_first_line = False
        self._lost = False
        self._full: str | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._full = self._limits.enter(self._address)
        self._expect_head(HEAD_SECONDS if self._full is None else REFUSED_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._lost = True
        self._limits.leave(self._address)
        for timer in (self._head_timer, self._read_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self.transport.is_closing() or self._refused:
            return
        if self._full is not None:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, self._full)
            return
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0] == b"":
            self._in_first_line = True
        if self._in_first_line:
            line, end, rest = data.partition(b"\n")
            self._in_first_line = not end
            if not line.isascii():
                data = b"".join(b"%%%02X" % byte if byte > 0x7F else bytes([byte]) for byte in line) + end + rest
        super().data_received(data)
        self._stop_expecting()

    def on_response_complete(self) -> None:
        """Expect the next request."""
        self._expect_head(HEAD_SECONDS)
        super().on_response_complete()  # begins the next request if it is here already
        self._stop_expecting()
        if self.transport.is_closing():
            self._watch_reader()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, once the client has taken what waits for it."""
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def pause_writing(self) -> None:
        """Watch the client as long as much waits for it."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Stop watching the client."""
        super().resume_writing()
        if self._read_timer is not None and not self.transport.is_closing():
            self._read_timer.cancel()
            self._read_timer = None

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is not HTTP. Called in the handler of the parser's error, which says why."""
        error = sys.exception()
        status = getattr(error, "error_status_hint", HTTPStatus.BAD_REQUEST)
        self._refuse(HTTPStatus(status), f"invalid HTTP request: {error}" if error is not None else msg)

    def _expect_head(self, seconds: float) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._head_timer = self.loop.call_later(seconds, self._head_late)

    def _stop_expecting(self) -> None:
        """Stop waiting for a request's head if one is being answered."""
        if self._head_timer is not None and self.cycle is not None and not self.cycle.response_complete:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        if self.transport.is_closing() or self._refused:
            return
        if self.conn.trailing_data[0]:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"the request did not arrive within {HEAD_SECONDS:.0f} s")
        else:
            # Nothing was asked; or the body of an answered request drips on.
            self._end()

    def _watch_reader(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
        if not self._lost:
            self._read_timer = self.loop.call_later(STEP_SECONDS, self._check_reader, self._waiting_bytes())

    def _waiting_bytes(self) -> int:
        """Return how many bytes the client has still to take, of ours and of the kernel's.

        The kernel holds megabytes, and takes more from us only when it has sent a third of them. A client that needs
        minutes for that would seem to read nothing.
        """
        held = bytearray(4)
        with suppress(OSError):
            fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, held)
        return self.transport.get_write_buffer_size() + int.from_bytes(held, sys.byteorder)

    def _check_reader(self, before: int) -> None:
        waiting = self._waiting_bytes()
        if waiting > max(0, before - STEP_BYTES):
            log.debug("a client that reads too slowly is cut off", address=self._address, waiting_bytes=waiting)
            self._limits.count("slow_reader")
            # With a linger time of zero the kernel drops what it holds for the client, too.
            with suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            self.transport.abort()
        else:
            self._watch_reader()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer with a problem and close the connection."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
            body = json.dumps(problem).encode()
            headers = [
                (b"content-type", _PROBLEM),
                (b"content-length", str(len(body)).encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"cache-control", b"no-store"),
                (b"connection", b"close"),
            ]
            if status is HTTPStatus.SERVICE_UNAVAILABLE:
                headers.append((b"retry-after", b"5"))
            response = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None:
            # A route may still wait for the rest of this request's body.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._refused = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self._head_timer = self.loop.call_later(LINGER_SECONDS, self._end)
        else:
            self._end()

    def _end(self) -> None:
        self.transport.close()
        self._watch_reader()


def guarded(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """Return the protocol as uvicorn's option `http` takes it, which is typed as a class."""
    return cast("type[asyncio.Protocol]", partial(GuardedProtocol, limits=limits))
