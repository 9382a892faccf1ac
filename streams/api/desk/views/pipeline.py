"""The pipeline as it runs: what flows through each stage, what waits, what became a dead letter."""

from __future__ import annotations

from fastapi.responses import Response

from streams.api.dependencies import Shared
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.api.pipeline_flow import pipeline_flow
from streams.errors import Retryable

router = make_router()


@router.get(HOME + "/pipeline")
async def pipeline(state: Shared, visit: Visiting) -> Response:
    """Show the pipeline."""
    try:
        found = await pipeline_flow(state)
    except Retryable:
        return visit.render("pipeline.html", found=None)
    return visit.render("pipeline.html", found=found)
