"""Middleware for all routes: HEAD, OPTIONS, default headers, and problem details for every error."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.api.keys import redact
from streams.api.problem_details import problem
from streams.observability.logs import get_logger

log = get_logger(__name__)

HEADERS = {
    # A browser that sniffs content types must not treat untrusted text as a page or a script.
    "X-Content-Type-Options": "nosniff",
    # Nor run anything in an answer that it is made to show, or show it within another page.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "DENY",
    # Pages of other origins may not load answers as images, scripts or styles. CORS requests are not affected.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    # Results change by the second, and exports are for the holder of a key.
    "Cache-Control": "no-store",
}
# The pages of the interactive description, which run scripts from this server and one that stands in the page.
PAGES = frozenset({"/docs", "/redoc", "/docs/oauth2-redirect"})
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)


class HttpConventions:
    """Answers HEAD on every GET route, and OPTIONS; adds `HEADERS` that the route has not set.

    An error that a library answers as plain text becomes a problem.

    Args:
        app: the wrapped application.
        routes: its routes, for the methods of a path.
    """

    def __init__(self, app: ASGIApp, routes: list[BaseRoute]) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # Uvicorn discards the body; streaming responses check `rasd.head` and do not start.
            scope = {**scope, "method": "GET", "rasd.head": True}
        preflight = any(name == b"access-control-request-method" for name, _ in scope["headers"])
        if scope["method"] == "OPTIONS" and not preflight and (methods := self._methods(scope)):
            await Response(status_code=204, headers={"Allow": ", ".join(methods)})(scope, receive, send)
            return
        replaced = False

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"] in PAGES:
                    headers["Content-Security-Policy"] = PAGE_POLICY
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        async def mannered(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
                given = Headers(raw=message.get("headers", []))
                # What the desk answers is for people (`streams.api.desk`).
                if given.get("content-type", "").startswith("text/") and "rasd.html" not in scope:
                    replaced = True
                    kept = {name: value for name, value in given.items() if not name.startswith("content-")}
                    status = HTTPStatus(message["status"])
                    await problem(Request(scope), status, status.phrase, headers=kept)(scope, receive, finish)
            if not replaced:
                await finish(message)

        await self.app(scope, receive, mannered)

    def _methods(self, scope: Scope) -> list[str]:
        """Return the allowed methods of the request's path; empty if there is no such path."""
        found: set[str] = set()
        for method in ("GET", "POST", "PUT", "DELETE"):
            if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in self.routes):
                found |= {method, "OPTIONS"} | ({"HEAD"} if method == "GET" else set())
        return sorted(found)


class Defects:
    """Answers 500 when a route fails. Starlette's own handler stands outside of all middleware.

    A client that leaves while its body is read is not a failure.

    Args:
        app: the wrapped application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except ClientDisconnect:
            log.debug("a client left before its request was complete", path=redact(scope["path"]))
        except Exception:
            if scope["type"] != "http" or begun:
                raise
            log.exception("a request failed", path=redact(scope["path"]))
            detail = "unexpected error; see the server's log"
            await problem(Request(scope), HTTPStatus.INTERNAL_SERVER_ERROR, detail)(scope, receive, send)
