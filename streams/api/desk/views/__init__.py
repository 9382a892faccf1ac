"""The views of the desk, one module each."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from streams.api.desk.routing import HOME, make_router
from streams.api.desk.views import (
    alerts,
    article,
    compare,
    display,
    files,
    names,
    now,
    pipeline,
    raw_page,
    search,
    sources,
    story,
    world_map,
)

__all__ = ["files_router", "router"]

files_router = files.router
router = APIRouter(include_in_schema=False)
_elsewhere = make_router()


@_elsewhere.get(HOME + "/{rest:path}")
async def nothing(rest: str) -> Response:
    """Answer paths of the desk that there are not."""
    raise HTTPException(404, f"there is no view {rest}")


for _views in (now, search, world_map, sources, pipeline, names, alerts, compare, article, raw_page, story, display):
    router.include_router(_views.router)
# Its path takes all, so it comes last.
router.include_router(_elsewhere)
