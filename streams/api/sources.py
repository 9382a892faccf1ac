"""Routes that show the watched sources and their health."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from streams.api.auth import needs_to_read
from streams.api.dependencies import Shared, State
from streams.api.problem_details import responses
from streams.errors import Retryable
from streams.records.fields import Timestamp
from streams.sources.watch.directory import NAME_PATTERN, Outage, WatchedSource, Watching
from streams.sources.watch.health import Verdict, judge
from streams.sources.watch.store import Directory

router = APIRouter(tags=["sources"], dependencies=[Depends(needs_to_read)])


class SourceHealth(BaseModel):
    """A watched source with the verdict on it."""

    source: WatchedSource
    verdict: Verdict = Field(description="State of the source in one word.")
    advice: str = Field(description="The reason, and what to do about it.")
    items: int = Field(description="Number of items sent to `articles.raw`.")
    last_visit: Timestamp | None = Field(description="Time of the last visit.")
    last_success: Timestamp | None = Field(description="Time of the last visit that was answered.")
    last_new: Timestamp | None = Field(description="Time at which the last new item came.")
    next_visit: Timestamp | None = Field(description="Time of the next visit.")
    failures: int = Field(description="Number of failed visits since the last success.")
    gaps: int = Field(description="Number of visits that may have missed items.")
    outages: tuple[Outage, ...] = Field(description="Latest periods in which the verdict was abnormal, in order.")


class SourceList(BaseModel):
    """The watched sources."""

    total: int = Field(description="Number of sources that match.")
    verdicts: dict[Verdict, int] = Field(description="Number of them by verdict.")
    sources: list[SourceHealth]


class SourceFilters(BaseModel):
    """Which sources to list."""

    model_config = ConfigDict(extra="forbid")

    collection: str | None = Field(None, description="Only sources of this collection.")
    verdict: list[Verdict] = Field([], description="Only sources with one of these verdicts.")


@router.get("/sources", summary="List the watched sources", responses=responses(401, 403, 422, 503))
async def list_sources(state: Shared, filters: Annotated[SourceFilters, Query()]) -> SourceList:
    """List the sources that `rasd watch` visits, with a verdict on each."""
    directory = _read(state)
    now = datetime.now(UTC)
    described = (_described(source, directory.state(name), now) for name, source in sorted(directory.sources.items()))
    found = [
        source
        for source in described
        if filters.collection in {None, *source.source.collections}
        and (not filters.verdict or source.verdict in filters.verdict)
    ]
    return SourceList(total=len(found), verdicts=Counter(source.verdict for source in found), sources=found)


@router.get("/sources/{name}", summary="Get a watched source", responses=responses(401, 403, 404, 422, 503))
async def get_source(
    state: Shared, name: Annotated[str, Path(pattern=NAME_PATTERN, description="Name of the source.")]
) -> SourceHealth:
    """Return one source with the verdict on it."""
    directory = _read(state)
    if name not in directory.sources:
        raise HTTPException(404, f"there is no source {name}")
    return _described(directory.sources[name], directory.state(name), datetime.now(UTC))


def _read(state: State) -> Directory:
    """Return the directory.

    Raises:
        Retryable: it has not been read from Kafka.
    """
    if not state.directory.complete:
        raise Retryable("the directory of sources has not been read from Kafka yet")
    return state.directory.directory


def _described(source: WatchedSource, state: Watching, now: datetime) -> SourceHealth:
    health = judge(source, state, now)
    return SourceHealth(
        source=source,
        verdict=health.verdict,
        advice=health.advice,
        items=state.items,
        last_visit=state.last_visit,
        last_success=state.last_success,
        last_new=state.last_new,
        next_visit=state.next_visit,
        failures=state.failures,
        gaps=state.gaps,
        outages=state.outages,
    )
