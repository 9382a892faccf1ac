"""Authenticates requests by API key, or by the identity that a trusted proxy names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from ipaddress import ip_address, ip_network
from typing import Annotated

from fastapi import HTTPException, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers

from streams.api.dependencies import Shared, State
from streams.api.keys import Scope, digest, holder, is_loopback, redact
from streams.observability.logs import get_logger
from streams.settings import Settings

log = get_logger(__name__)

# Hexadecimal digits of a query's hash in the log: enough to tell queries apart.
QUERY_HASH = 16
_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="Authorization: Bearer rasd_…")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="header", description="X-API-Key: rasd_…")


def _refused(detail: str, challenge: str = 'Bearer realm="rasd"') -> HTTPException:
    return HTTPException(401, detail, headers={"WWW-Authenticate": challenge})


def may_read_openly(settings: Settings) -> bool:
    """Return whether anybody who reaches the API may read: on loopback, or where RASD_API_OPEN says so."""
    return settings.api_open or is_loopback(settings.api_host)


def basic_secret(headers: Headers) -> str | None:
    """Return the password of HTTP Basic authentication, by which a browser sends a key; the name does not matter."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def secret_of(headers: Headers) -> str | None:
    """Return the API key that a request presents: as bearer, in X-API-Key, or as the password of HTTP Basic."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    bearer = value.strip() if scheme.lower() == "bearer" else ""
    return bearer or headers.get("x-api-key") or basic_secret(headers)


def proxy_identity(request: Request, settings: Settings) -> str | None:
    """Return the user whom a trusted proxy names, or None. The header of anybody else is not believed."""
    name = request.headers.get(settings.api_identity_header, "").strip() if settings.api_identity_header else ""
    peer = request.scope.get("rasd.peer")
    if not name or peer is None:
        return None
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    trusted = any(address in ip_network(entry, strict=False) for entry in settings.api_trusted_proxies)
    return name if trusted else None


def passes_without_keys(state: State, request: Request) -> bool:
    """Return whether a server without API keys lets a request pass: if proxies name users, it must name one."""
    if state.keys:
        return False
    return not state.settings.api_identity_header or proxy_identity(request, state.settings) is not None


def needs(scope: Scope) -> Callable[..., None]:
    """Return a FastAPI dependency that requires an API key for this scope.

    If no keys are configured, every request passes, or, with RASD_API_IDENTITY_HEADER, those of users whom a trusted
    proxy names. For exports, a browser may send the key as the password of HTTP Basic, and a user whom a trusted
    proxy names needs no key.
    """

    def check(
        state: Shared,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        header: Annotated[str | None, Security(_HEADER)],
    ) -> None:
        if passes_without_keys(state, request):
            return
        secret = bearer.credentials if bearer is not None else header
        if scope is Scope.EXPORT:
            if proxy_identity(request, state.settings) is not None:
                return
            secret = secret or basic_secret(request.headers)
        check_key(state, secret, {scope})

    return check


def needs_to_read(state: Shared, request: Request) -> None:
    """Require, where not anybody may read, a key that reads, exports or alerts, or a user whom a trusted proxy names.

    Who read what is logged then, with a hash in place of the query: it shows whether a known query was asked, and does
    not tell the others. A FastAPI dependency. OpenAPI does not list it, as whether it asks depends on where the API
    listens.
    """
    if may_read_openly(state.settings):
        return
    if proxy_identity(request, state.settings) is None:
        check_key(state, secret_of(request.headers), {Scope.READ, Scope.EXPORT, Scope.ALERTS})
    query = request.query_params.get("q")
    log.info(
        "read",
        reader=request.scope["rasd.client"],
        path=redact(request.url.path),
        query_sha256=digest(query)[:QUERY_HASH] if query else None,
    )


def check_key(state: State, secret: str | None, sufficient: AbstractSet[Scope]) -> None:
    """Check a key.

    Raises:
        HTTPException: there is none, it is unknown, or it has none of the scopes.
    """
    if secret is None:
        raise _refused("an API key is required: Authorization: Bearer rasd_… or X-API-Key: rasd_…")
    key = holder(state.keys, secret)
    if key is None:
        raise _refused("unknown API key", 'Bearer realm="rasd", error="invalid_token"')
    if sufficient.isdisjoint(key.scopes):
        raise HTTPException(
            403, f"the API key {key.name} lacks the scope {Scope.READ if Scope.READ in sufficient else min(sufficient)}"
        )
