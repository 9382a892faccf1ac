"""Authenticates requests by API key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import HTTPException, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from streams.api.dependencies import Shared
from streams.api.keys import Scope, holder

_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="Authorization: Bearer rasd_…")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="header", description="X-API-Key: rasd_…")


def _refused(detail: str, challenge: str = 'Bearer realm="rasd"') -> HTTPException:
    return HTTPException(401, detail, headers={"WWW-Authenticate": challenge})


def needs(scope: Scope) -> Callable[..., None]:
    """Return a FastAPI dependency that requires an API key for this scope.

    If no keys are configured, every request passes.
    """

    def check(
        state: Shared,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        header: Annotated[str | None, Security(_HEADER)],
    ) -> None:
        if not state.keys:
            return
        secret = bearer.credentials if bearer is not None else header
        if secret is None:
            raise _refused("an API key is required: Authorization: Bearer rasd_… or X-API-Key: rasd_…")
        key = holder(state.keys, secret)
        if key is None:
            raise _refused("unknown API key", 'Bearer realm="rasd", error="invalid_token"')
        if scope not in key.scopes:
            raise HTTPException(403, f"the API key {key.name} lacks the scope {scope}")

    return check
