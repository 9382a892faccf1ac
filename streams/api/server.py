"""The HTTP server of the API. On shutdown it ends the live feeds first."""

from __future__ import annotations

import gc
import resource
import socket

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.api.connection import HEAD_BYTES, ConnectionLimits, guarded
from streams.errors import OperatorError
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics
from streams.settings import Settings

log = get_logger(__name__)

# Time for running searches and exports to end on shutdown.
GRACE_SECONDS = 3
# Connections whose client does not acknowledge sent data for this long are closed by the kernel.
UNTAKEN_MS = 60_000
BACKLOG = 2048
# New objects until the collector looks at them, and how many times it does until it looks at older ones, and at all.
COLLECT_EVERY = (5000, 10, 100)
# Files beside the clients' connections: those to Kafka and Elasticsearch, and what libraries open.
SPARE_FILES = 256


def collect_rarely() -> None:
    """Keep the garbage collector from holding up requests; call this when what stays in memory is loaded.

    A full collection looks at every object of the process, word lists and caches of words among them, and stops all
    requests for up to half a second. Objects that refer to each other in no circle, nearly all, need no collector.
    """
    gc.collect()
    gc.freeze()  # what exists now is not looked at again
    gc.set_threshold(*COLLECT_EVERY)


def raise_file_limit(connections: int) -> None:
    """Let this process open as many files as its connections need, as far as the system permits.

    Args:
        connections: maximum number of clients' connections.
    """
    wanted = connections + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        new = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (new, hard))
        if new < wanted:
            log.warning(
                "this process may open fewer files than RASD_API_CONNECTIONS needs", files=new, connections=connections
            )


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Raises:
        OperatorError: the address is not of this machine, or the port is taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        message = f"cannot listen on {host}: {error.strerror}"
        raise OperatorError(message, hint="--host must be an address of this machine", status=2) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MS)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise OperatorError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint="choose another port: --port or RASD_API_PORT"
        ) from error
    listening.setblocking(False)
    return listening


def _remember_peer(app: ASGIApp) -> ASGIApp:
    """Wrap an app so that it finds in `rasd.peer` who connected: the client, or a proxy before it."""

    async def remembering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["rasd.peer"] = scope["client"][0] if scope.get("client") else None
        await app(scope, receive, send)

    return remembering


class Server(uvicorn.Server):
    """Uvicorn, but ends the live feeds on shutdown: it waits for every response to end, and theirs never would.

    Args:
        api: the app from `create_api`.
        settings: limits on connections, and the trusted proxies.
        metrics: counts refused connections.
    """

    def __init__(self, api: FastAPI, settings: Settings, metrics: Metrics) -> None:
        proxies = list(settings.api_trusted_proxies)
        limits = ConnectionLimits(
            settings.api_connections,
            settings.api_connections_per_address,
            proxies,
            lambda limit: metrics.api_limited.labels(limit).inc(),
        )
        config = uvicorn.Config(
            api,
            http=guarded(limits),
            ws="none",
            h11_max_incomplete_event_size=HEAD_BYTES,
            log_config=None,
            access_log=False,
            server_header=False,
            # Without a trusted proxy, X-Forwarded-For is what anybody writes into it.
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        config.load()
        # Outermost: the proxies' middleware replaces the address of the proxy by that of its client.
        config.loaded_app = _remember_peer(config.loaded_app)
        super().__init__(config)
        self.api = api

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the live feeds, then wait for the other responses."""
        state = getattr(self.api.state, "rasd", None)
        if state is not None:
            state.feed.end()
        await super().shutdown(sockets)
