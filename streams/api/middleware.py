"""What every answer has in common: HEAD, OPTIONS and headers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # Text of strangers must not be taken for a page or a script by a browser that guesses.
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # What is found changes by the second, and exports are for the holder of a key.
    "Cache-Control": "no-store",
}


class HttpConventions:
    """Answers HEAD wherever GET is answered, and OPTIONS; sets headers that no route has set.

    Args:
        app: the application inside.
        routes: its routes, to tell which methods a path has.
    """

    def __init__(self, app: ASGIApp, routes: list[BaseRoute]) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # The server in front drops the body; streams look at the mark and do not begin.
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
        """Methods of the path; none when there is no such path."""
        found: set[str] = set()
        for method in ("GET", "POST"):
            if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in self.routes):
                found |= {method, "OPTIONS"} | ({"HEAD"} if method == "GET" else set())
        return sorted(found)
