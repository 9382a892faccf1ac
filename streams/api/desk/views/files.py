"""Styles and scripts of the desk, which pages of errors need too."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from streams.api.desk.rendering import DeskRoute, accepts_gzip, assets

router = APIRouter(route_class=DeskRoute, include_in_schema=False)


@router.get("/assets/{name}")
async def asset(request: Request, name: str) -> Response:
    """Send a file; its name changes with its content, so browsers may keep it for ever."""
    found = assets().at(f"/assets/{name}")
    if found is None:
        raise HTTPException(404, f"there is no asset {name}")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if accepts_gzip(request) and len(found.compressed) < len(found.content):
        return Response(found.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)
