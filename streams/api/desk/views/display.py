"""How a reader wants things shown, kept in a cookie."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from streams.api.desk.display import CHOICES, COOKIE, write_preferences
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router

router = make_router()

YEAR_SECONDS = 365 * 24 * 3600


@router.get(HOME + "/display")
async def keep_display(visit: Visiting, request: Request) -> Response:
    """Keep how the reader wants things shown, and go back."""
    chosen: Mapping[str, str] = {
        name: request.query_params.get(name, visit.display.preferences[name]) for name in CHOICES
    }
    back = request.query_params.get("back", "")
    # A path on this server: neither another host's (`//host`, `/\host`) nor anything with control characters.
    local = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    response = RedirectResponse(back if local else f"/{visit.display.language}/", 303)
    response.set_cookie(
        COOKIE,
        write_preferences(
            {name: value if value in CHOICES[name] else CHOICES[name][0] for name, value in chosen.items()}
        ),
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response
