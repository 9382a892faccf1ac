"""A network that fails: a TCP forwarder that can be cut, slow, narrow, half-open, or answer by halves.

Toxiproxy offers the same as a server in Go; this needs nothing but asyncio. It runs in a thread of its own, so that a
test without an event loop can use it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from tests.support.processes import free_port

HOST = "127.0.0.1"
_CHUNK = 65536


@dataclass
class Condition:
    """How the line is now.

    Attributes:
        up: whether connections are accepted.
        frozen: whether bytes are held back in both directions while connections stay open: a half-open line.
        latency: seconds by which every chunk of bytes is late.
        bandwidth: bytes a second in each direction of each connection; None for no limit.
        answer_bytes: bytes of answers after which a connection is reset; None for never.
    """

    up: bool = True
    frozen: bool = False
    latency: float = 0.0
    bandwidth: float | None = None
    answer_bytes: int | None = None


class BadLine:
    """A forwarder from a port of its own to another port, in a thread of its own.

    Args:
        target: port that it forwards to.
        port: port that it listens on; a free one when None.
    """

    def __init__(self, target: int, port: int | None = None) -> None:
        self.target = target
        self.port = free_port() if port is None else port
        self.now = Condition()
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def set(self, **condition: Any) -> None:
        """Change the line for all connections, also those that are open; what is not given becomes as it should be."""
        self.now = Condition(**condition)

    def cut(self) -> None:
        """Reset every connection and refuse new ones, until `mend`."""
        self.now = Condition(up=False)
        self._run(self._close())

    def mend(self) -> None:
        """Forward as it should be again. A line that was half-open loses its connections, as a router's reset does."""
        frozen, self.now = self.now.frozen, Condition()
        if frozen:
            self._run(self._reset())
        self._run(self._listen())

    def reset(self) -> None:
        """Reset every connection; new ones are accepted."""
        self._run(self._reset())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._forward, HOST, self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _reset(self) -> None:
        for writer in list(self._open):
            _abort(writer)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:
            _abort(writer)
            return
        ends = {writer, far_writer}
        self._open |= ends
        try:
            await asyncio.gather(
                self._pipe(reader, far_writer, answers=False), self._pipe(far_reader, writer, answers=True)
            )
        except OSError:
            pass
        finally:
            self._open -= ends
            for end in ends:
                _abort(end)

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        passed = 0
        while data := await reader.read(_CHUNK):
            while self.now.frozen:  # noqa: ASYNC110  (another thread ends it)
                await asyncio.sleep(0.05)
            wait = self.now.latency + (len(data) / self.now.bandwidth if self.now.bandwidth else 0.0)
            if wait:
                await asyncio.sleep(wait)
            passed += len(data)
            most = self.now.answer_bytes
            if answers and most is not None and passed > most:
                writer.write(data[: max(0, most - (passed - len(data)))])
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.write_eof()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a reset, as a cable that is cut or a machine that goes away does."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
