"""/livez, /readyz, /metrics."""

from __future__ import annotations

from collections.abc import Awaitable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from streams.api.state import Shared
from streams.errors import RasdError
from streams.kafka import open_admin
from streams.search.client import health

router = APIRouter(tags=["operations"])


class Status(BaseModel):
    """Whether this process can do its work; the same form as the workers answer."""

    ok: bool
    faults: list[str] = Field(default_factory=list, description="What is missing, one line each.")


@router.get("/livez")
async def livez() -> Status:
    """The process answers. Servers that are away do not make it dead: a restart would not help."""
    return Status(ok=True)


@router.get("/readyz", responses={503: {"model": Status}})
async def readyz(state: Shared, response: Response) -> Status:
    """Elasticsearch and Kafka answer."""
    faults = [await _fault(health(state.searcher.client, state.settings)), await _fault(_kafka(state))]
    missing = [fault for fault in faults if fault is not None]
    response.status_code = 503 if missing else 200
    return Status(ok=not missing, faults=missing)


async def _kafka(state: Shared) -> None:
    async with open_admin(state.settings):
        pass


async def _fault(check: Awaitable[object]) -> str | None:
    try:
        await check
    except RasdError as error:
        return str(error)
    return None


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(state: Shared) -> Response:
    """For Prometheus."""
    return Response(generate_latest(state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
