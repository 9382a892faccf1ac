"""Routes for probes and Prometheus: /livez, /readyz, /metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from streams.api.dependencies import Shared
from streams.api.problem_details import responses

router = APIRouter(tags=["operations"])


class Status(BaseModel):
    """Health of this process, in the same format as a worker's."""

    ok: bool = Field(description="Whether there are no faults.")
    faults: list[str] = Field(default_factory=list, description="What is wrong, one line per fault.")
    warnings: list[str] = Field(default_factory=list, description="What will be wrong soon, one line per warning.")


@router.get("/livez", summary="Check liveness", responses={503: {"model": Status, "description": "A restart helps"}})
async def livez(state: Shared, response: Response) -> Status:
    """Report whether the process works; if not, restart it. An unavailable Kafka or Elasticsearch is not a fault."""
    return _status(response, state.health.faults(time.monotonic()))


@router.get(
    "/readyz",
    summary="Check readiness",
    responses={503: {"model": Status, "description": "Not ready for requests"}, **responses(422)},
)
async def readyz(
    state: Shared,
    response: Response,
    needs: Literal["all", "search"] = Query(
        "all", description="`search` checks Elasticsearch alone, as searches do not need Kafka."
    ),
) -> Status:
    """Report whether Elasticsearch and Kafka answer; warn when Kafka may soon delete unprocessed records."""
    faults = [await state.elasticsearch.fault()]
    if needs == "all":
        faults.append(await state.kafka.fault())
    return _status(response, [fault for fault in faults if fault is not None], state.health.warnings)


def _status(response: Response, faults: list[str], warnings: Sequence[str] = ()) -> Status:
    response.status_code = 503 if faults else 200
    return Status(ok=not faults, faults=faults, warnings=list(warnings))


@router.get(
    "/metrics", summary="Get metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}}
)
async def metrics(state: Shared) -> Response:
    """Return the metrics in Prometheus' text format."""
    return Response(generate_latest(state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
