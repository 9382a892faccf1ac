"""The server under the API: listens, and lets readers of the live feed go before it ends."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from streams.errors import OperatorError

# Searches and exports that are under way get so long to end.
GRACE_SECONDS = 3
# A client that no longer takes what was sent to it is gone after so long, socket and all.
UNTAKEN_MS = 60_000
BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OperatorError: the address is not ours, or the port is taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        message = f"cannot listen on {host}: {error.strerror}"
        raise OperatorError(message, hint="--host takes an address of this machine", status=2) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MS)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise OperatorError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint="--port takes another one, RASD_API_PORT as well"
        ) from error
    listening.setblocking(False)
    return listening


class Server(uvicorn.Server):
    """Uvicorn, which waits for every answer to end; those of the live feed never would.

    Args:
        api: the app of `create_api`.
    """

    def __init__(self, api: FastAPI) -> None:
        config = uvicorn.Config(
            api, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS
        )
        super().__init__(config)
        self.api = api

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the live feed, then wait for what else is under way."""
        state = getattr(self.api.state, "rasd", None)
        if state is not None:
            state.feed.end()
        await super().shutdown(sockets)
