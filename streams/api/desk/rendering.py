"""Renders the desk's templates into responses, and errors into pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException

from streams.api.desk import passages
from streams.api.desk.addresses import Address
from streams.api.desk.assets import Assets, load_assets
from streams.api.desk.display import CHOICES, COOKIE, Display, preferred_language, read_preferences
from streams.api.keys import redact
from streams.api.limits import TooManyRequests
from streams.api.problem_details import RETRY_AFTER_SECONDS
from streams.errors import QueryRefused, Retryable

# Nothing but this server's own files runs or is loaded, no string becomes markup or code in a browser, and no other
# site can show the desk within its own pages or receive its forms.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types {policies}"
)
# A request with this header is answered with a part of the view, which `static/fragments.js` puts into the page.
FRAGMENT = "Rasd-Fragment"
FRAGMENTS = ("view", "hits", "rest")
# A browser asks for name and password, and sends them with every request of this server, also of EventSource.
ASK_FOR_KEY = 'Basic realm="rasd", charset="UTF-8"'


@cache
def assets() -> Assets:
    """The desk's files, read once a process."""
    return load_assets()


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(asset=assets().url, marked=passages.marked, CHOICES=CHOICES)
    environment.filters["moment"] = datetime.fromisoformat
    return environment


class Visit:
    """A request for a view: how its reader wants things shown, and its address.

    Args:
        request: the request.
        language: of the desk.

    Attributes:
        fragment: the part of the view that is asked for: `view` (all but what every page has), of the view Search also
            `hits` (the hits and their order) and `rest` (all else); None for a whole page.
    """

    def __init__(self, request: Request, language: str) -> None:
        self.request = request
        self.display = Display(language, read_preferences(request.cookies.get(COOKIE)))
        view = request.url.path.removeprefix("/").removeprefix(language).removeprefix("/")
        # Empty fields of a form are as good as none.
        given = tuple((name, value.strip()) for name, value in request.query_params.multi_items())
        self.here = Address(language, view, tuple((name, value) for name, value in given if value))
        asked = request.headers.get(FRAGMENT)
        self.fragment = asked if asked in FRAGMENTS else None

    def render(self, template: str, status: int = 200, *, trusted_types: str = "'none'", **context: Any) -> Response:
        """Render a template.

        Args:
            template: its name in templates/.
            status: of HTTP.
            trusted_types: names of the policies by which scripts of this page may turn text into markup.
            **context: what it shows.
        """
        text = (
            _templates()
            .get_template(template)
            .render(
                d=self.display,
                t=self.display.text,
                plain=self.display.plain,
                here=self.here,
                fragment=self.fragment,
                **context,
            )
        )
        headers = {
            "Content-Security-Policy": POLICY.format(policies=trusted_types),
            "Content-Language": self.display.language,
            # The page of a moment: kept for going back, asked for again otherwise, by nobody but this browser.
            "Cache-Control": "private, no-cache",
            "Vary": f"Accept-Language, Cookie, {FRAGMENT}",
        }
        return Response(text, status, headers, "text/html; charset=utf-8")

    def failure(self, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
        """Render an error."""
        named = status if status in {400, 401, 403, 404, 422, 429, 500, 503} else 500
        response = self.render("error.html", status, code=status, key=f"error_{named}", detail=redact(detail))
        response.headers.update(headers or {})
        return response


def accepts_gzip(request: Request) -> bool:
    """Whether the client can unpack gzip."""
    offered = request.headers.get("accept-encoding", "").lower().split(",")
    return any(part.partition(";")[0].strip() == "gzip" and "q=0" not in part.replace("q=0.", "") for part in offered)


def _visit(request: Request) -> Visit:
    # `/` has no language in its path.
    language = request.path_params.get("language") or preferred_language(request.headers.get("accept-language", ""))
    return Visit(request, language)


Visiting = Annotated[Visit, Depends(_visit)]


class DeskRoute(APIRoute):
    """A route that answers errors as a page, in the language of its address."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            # Errors of other routes are problem details, whatever a library makes of them.
            request.scope["rasd.html"] = True
            visit = _visit(request)
            try:
                return await handle(request)
            except RequestValidationError as error:
                return visit.failure(HTTPStatus.UNPROCESSABLE_ENTITY, _faults(error))
            except HTTPException as error:
                headers = dict(error.headers or {})
                if error.status_code == HTTPStatus.UNAUTHORIZED:
                    headers["WWW-Authenticate"] = ASK_FOR_KEY
                return visit.failure(error.status_code, str(error.detail), headers)
            except QueryRefused as error:
                return visit.failure(HTTPStatus.BAD_REQUEST, str(error))
            except TooManyRequests as error:
                return visit.failure(HTTPStatus.TOO_MANY_REQUESTS, str(error), {"Retry-After": str(error.seconds)})
            except Retryable as error:
                wait = {"Retry-After": str(RETRY_AFTER_SECONDS)}
                return visit.failure(HTTPStatus.SERVICE_UNAVAILABLE, str(error), wait)

        return handled


def _faults(error: RequestValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
