"""Middleware for all routes: HEAD, OPTIONS and default headers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # A browser that sniffs content types must not treat untrusted text as a page or a script.
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Results change by the second, and exports are for the holder of a key.
    "Cache-Control": "no-store",
}


class HttpConventions:
    """Answers HEAD on every GET route, and OPTIONS; adds `HEADERS` that the route has not set.

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

        async def mannered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, mannered)

    def _methods(self, scope: Scope) -> list[str]:
        """Return the allowed methods of the request's path; empty if there is no such path."""
        found: set[str] = set()
        for method in ("GET", "POST"):
            if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in self.routes):
                found |= {method, "OPTIONS"} | ({"HEAD"} if method == "GET" else set())
        return sorted(found)
