"""/livez, /readyz, /metrics."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Literal

from fastapi import APIRouter, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from streams.api.dependencies import Shared
from streams.elastic.client import health
from streams.errors import RasdError
from streams.kafka.clients import check_kafka

router = APIRouter(tags=["operations"])


class Status(BaseModel):
    """Whether this process can do its work; the same form as the workers answer."""

    ok: bool
    faults: list[str] = Field(default_factory=list, description="What is missing, one line each.")


@router.get("/livez", responses={503: {"model": Status}})
async def livez(state: Shared, response: Response) -> Status:
    """The process does its work; else a restart helps. Servers that are away do not make it dead."""
    return _status(response, state.health.faults(time.monotonic()))


@router.get("/readyz", responses={503: {"model": Status}})
async def readyz(
    state: Shared,
    response: Response,
    needs: Literal["all", "search"] = Query("all", description="search: without Kafka, which searches can do without."),
) -> Status:
    """Elasticsearch and Kafka answer."""
    faults = [await _fault(health(state.searcher.client, state.settings))]
    if needs == "all":
        faults.append(await _fault(check_kafka(state.settings)))
    return _status(response, [fault for fault in faults if fault is not None])


def _status(response: Response, faults: list[str]) -> Status:
    response.status_code = 503 if faults else 200
    return Status(ok=not faults, faults=faults)


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
