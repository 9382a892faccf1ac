"""Searching, reading, counting and handing in articles."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field, field_validator

from streams.api.auth import needs
from streams.api.dependencies import Shared
from streams.api.keys import Scope
from streams.api.problem_details import responses
from streams.api.submit import Receipt
from streams.api.tiles import FeatureCollection, collection
from streams.errors import Reason, Rejected
from streams.records import Article, RawArticle, decode
from streams.search.hits import Copy, SearchPage
from streams.search.query import FACETS, Interval
from streams.search.request import Filters, SearchRequest

router = APIRouter(tags=["articles"])

BODY_SECONDS = 60.0
_OFFSET = re.compile(r"[+-](?:0\d|1[0-8]):[0-5]\d")

_EXAMPLE = {
    "url": "https://almina.example.com/news/1",
    "source": "almina",
    "title": "افتتاح معرض الكتاب في بيروت",
    "content": "افتتح وزير الثقافة مساء أمس معرض الكتاب في بيروت بمشاركة مئة دار نشر من سبع دول عربية.",
    "published_at": "2024-02-03T18:30:00Z",
}


async def _admitted(state: Shared) -> AsyncIterator[None]:
    """Searches beyond what the server can do at once are told so, rather than queued without end."""
    with state.searches.slot():
        yield


_ADMITTED = [Depends(_admitted)]


class ArticleWithCopies(BaseModel):
    """One article, and the others that tell the same."""

    article: Article
    copies: list[Copy] = Field(description="The other articles of its cluster, in the order in which they came.")
    copies_total: int
    first: Copy = Field(description="Who had the story first, perhaps this article.")


class Count(BaseModel):
    """How many articles have a value."""

    value: str
    articles: int


class Facets(BaseModel):
    """The most frequent values among the articles that match."""

    total: int
    facets: dict[str, list[Count]]


class FacetRequest(Filters):
    """Filters, and how many values to list."""

    size: int = Field(10, ge=1, le=100, description="Values of each facet.")


class TimelineRequest(Filters):
    """Filters, and how to part time."""

    interval: Interval = Field("day", description="Width of a step.")
    zone: str = Field("UTC", max_length=40, description="Time zone in which days begin, such as Asia/Riyadh or +03:00.")

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if not _OFFSET.fullmatch(zone) and zone not in available_timezones():
            raise ValueError("no such time zone: give a name of the tz database, such as Asia/Riyadh, or +03:00")
        return zone


class Step(BaseModel):
    """One interval."""

    start: str
    articles: int
    stories: int = Field(description="Clusters, approximate beyond a thousand.")


class Timeline(BaseModel):
    """Articles over time; intervals without any are left out."""

    total: int
    interval: Interval
    steps: list[Step]


class MapRequest(Filters):
    """Filters, and how fine the grid is."""

    zoom: int = Field(4, ge=0, le=16, description="Zoom of the tiles; the world has 4^zoom of them.")
    size: int = Field(500, ge=1, le=2000, description="Most tiles, fullest first.")


@router.get("/search", summary="Search", dependencies=_ADMITTED, responses=responses(400, 422, 503))
async def search(state: Shared, request: Annotated[SearchRequest, Query()]) -> SearchPage:
    """Articles that match, best or newest first; without `q`, all that pass the filters."""
    return await state.searcher.search(request)


@router.get(
    "/articles/{article_id}",
    summary="One article with its copies",
    dependencies=_ADMITTED,
    responses=responses(404, 422, 503),
)
async def article(
    state: Shared,
    article_id: str,
    copies: Annotated[int, Query(ge=0, le=100, description="Most copies to list.")] = 20,
) -> ArticleWithCopies:
    """One article with its copies."""
    found = await state.searcher.article(article_id)
    if found is None:
        raise HTTPException(404, f"no article has the id {article_id}")
    story = await state.searcher.story(found, copies)
    return ArticleWithCopies(article=found, copies=story.copies, copies_total=story.total, first=story.first)


@router.get("/facets", summary="Most frequent values", dependencies=_ADMITTED, responses=responses(400, 422, 503))
async def facets(state: Shared, request: Annotated[FacetRequest, Query()]) -> Facets:
    """Persons, organisations, places, countries, outlets and languages of the articles that match."""
    answer = await state.searcher.facets(request, request.size)
    counted = {
        name: [Count(value=b["key"], articles=b["doc_count"]) for b in answer["aggregations"][name]["buckets"]]
        for name in FACETS
    }
    return Facets(total=answer["hits"]["total"]["value"], facets=counted)


@router.get("/timeline", summary="Articles over time", dependencies=_ADMITTED, responses=responses(400, 422, 503))
async def timeline(state: Shared, request: Annotated[TimelineRequest, Query()]) -> Timeline:
    """Articles and stories over time."""
    answer = await state.searcher.timeline(request, request.interval, request.zone)
    steps = [
        Step(start=b["key_as_string"], articles=b["doc_count"], stories=b["stories"]["value"])
        for b in answer["aggregations"]["timeline"]["buckets"]
    ]
    return Timeline(total=answer["hits"]["total"]["value"], interval=request.interval, steps=steps)


@router.get("/map", summary="Articles by map tile", dependencies=_ADMITTED, responses=responses(400, 422, 503))
async def world_map(state: Shared, request: Annotated[MapRequest, Query()]) -> FeatureCollection:
    """Where the articles that match play: tiles as GeoJSON points."""
    return collection(await state.searcher.map(request, request.zoom, request.size))


@router.post(
    "/articles",
    summary="Hand in an article",
    status_code=202,
    dependencies=[Depends(needs(Scope.INTAKE))],
    responses=responses(401, 403, 408, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": RawArticle.model_json_schema(), "example": _EXAMPLE}},
        }
    },
)
async def hand_in(state: Shared, request: Request) -> Receipt:
    """Hand in one raw article. 202: Kafka has it, on all replicas; it can be found within seconds."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        # A web page may send other types to any address without asking; this one it may not.
        raise HTTPException(415, "the body has to be application/json")
    with state.intake.pending.slot():
        data = await _body(request, state.settings.max_content_bytes * 4)
        return await state.intake.send(decode(RawArticle, data), data, request.headers.get("traceparent"))


async def _body(request: Request, limit: int) -> bytes:
    """The request's body, read no further than the limit: JSON's escapes triple an Arabic page."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise HTTPException(413, f"the body exceeds {limit} bytes")
    except TimeoutError as error:
        raise HTTPException(408, f"the body did not come within {BODY_SECONDS:.0f} s") from error
    if not body:
        raise Rejected(Reason.NOT_JSON, "the body is empty")
    return bytes(body)
