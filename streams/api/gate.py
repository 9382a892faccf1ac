"""What every request must pass before it reaches a route: its head, the Host header, no secret in the URL, the rate."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import unquote

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.api.auth import proxy_identity, secret_of
from streams.api.connection import HEAD_BYTES
from streams.api.keys import Key, has_key, holder, is_loopback
from streams.api.limits import RateLimit, TooManyRequests, client_of
from streams.api.problem_details import problem
from streams.observability.metrics import Metrics
from streams.settings import Settings

# Health checks are never refused: a flood from the prober's address must not make an orchestrator restart the process.
UNLIMITED = frozenset({"/livez", "/readyz"})
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]@/\\?#]+)(?::\d*)?")
_SECRET_NAME = re.compile(r"(x[-_])?(api[-_]?)?key|(access[-_]?)?token|authorization", re.IGNORECASE)


def allowed_hosts(settings: Settings) -> tuple[str, ...] | None:
    """Return the names under which clients may call the API, or None for any.

    A web page whose name resolves to 127.0.0.1 (DNS rebinding) reads the answers of a server that ignores the name.
    """
    if settings.api_hosts:
        names = tuple(name.lower().rstrip(".") for name in settings.api_hosts)
        return None if "*" in names else names
    return (settings.api_host.lower(),) if is_loopback(settings.api_host) else None


def is_allowed_host(host: str, allowed: Sequence[str]) -> bool:
    """Return whether a Host header names an IP address, localhost, or an allowed name; a port is ignored."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"].lower().rstrip(".")
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        pass
    else:
        return True  # no name is looked up, so none can be rebound
    return (
        name == "localhost"
        or name.endswith(".localhost")
        or any(name == entry or (entry.startswith("*.") and name.endswith(entry[1:])) for entry in allowed)
    )


class Gate:
    """Refuses requests that no route should see, and names the client of the others.

    Routes find the client in the scope as `rasd.client`: `key NAME` for the holder of a key, `user NAME` for whom a
    trusted proxy names, else `address …`.

    Args:
        app: the wrapped application.
        settings: allowed hosts and rates.
        keys: the known API keys.
        metrics: counts refusals.
    """

    def __init__(self, app: ASGIApp, settings: Settings, keys: Sequence[Key], metrics: Metrics) -> None:
        self.app = app
        self.keys = keys
        self.settings = settings
        self.hosts = allowed_hosts(settings)
        self.rate = RateLimit(settings.api_rate, metrics.api_limited.labels("rate").inc)
        self.key_rate = RateLimit(settings.api_key_rate, metrics.api_limited.labels("key_rate").inc)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check(request)
            key = self._key(request.headers)
            user = None if key else proxy_identity(request, self.settings)
            client = client_of(request.client.host if request.client else None)
            if key or user:
                client = f"key {key.name}" if key else f"user {user}"
            if scope["path"] not in UNLIMITED:
                (self.key_rate if key or user else self.rate).take(client)
        except HTTPException as error:
            headers = dict(error.headers or {})
            await problem(request, error.status_code, error.detail, headers=headers)(scope, receive, send)
            return
        except TooManyRequests as error:
            headers = {"Retry-After": str(error.seconds)}
            await problem(request, HTTPStatus.TOO_MANY_REQUESTS, str(error), headers=headers)(scope, receive, send)
            return
        scope["rasd.client"] = client
        await self.app(scope, receive, send)

    def _key(self, headers: Headers) -> Key | None:
        secret = secret_of(headers)
        return holder(self.keys, secret) if self.keys and secret else None

    def _check(self, request: Request) -> None:
        """Check the request's head.

        Raises:
            HTTPException: it is too large, contradicts itself, names another host or contains an API key.
        """
        scope, headers = request.scope, request.headers
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        target = path + b"?" + scope["query_string"]
        # Limits what the parser does not: it checks a head only as long as a part of it is missing.
        if len(target) > HEAD_BYTES // 2:
            raise HTTPException(414, f"the URL exceeds {HEAD_BYTES // 2} bytes")
        if len(target) + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > HEAD_BYTES:
            raise HTTPException(431, f"the request's head exceeds {HEAD_BYTES} bytes")
        host = headers.get("host")
        if host is not None and self.hosts is not None and not is_allowed_host(host, self.hosts):
            raise HTTPException(421, "this host name is not served here; RASD_API_HOSTS lists the names that are")
        # Proxies that read the length of a body differently than we do would let one request hide another.
        closing = {"Connection": "close"}
        chunked, length = headers.get("transfer-encoding"), headers.get("content-length", "0")
        if chunked is not None and "content-length" in headers:
            raise HTTPException(400, "the request has both Content-Length and Transfer-Encoding", closing)
        if scope["method"] in {"GET", "OPTIONS"} and (chunked is not None or length.strip("0")):
            raise HTTPException(400, f"a {scope['method']} request takes no body", closing)
        shown = unquote(target.decode("latin-1"))
        if has_key(shown) or any(_SECRET_NAME.fullmatch(name) for name in request.query_params):
            raise HTTPException(
                400,
                "an API key in a URL ends up in logs and histories: send it as Authorization: Bearer or X-API-Key, and "
                "replace the key if this was one",
            )
