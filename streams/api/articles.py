"""Routes that search, get, count and submit articles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from streams.api.auth import needs, needs_to_read
from streams.api.batch import FORMATS, Batch, read_submission, request_body, send_all, send_one
from streams.api.body import read_body
from streams.api.dependencies import Client, Shared
from streams.api.keys import Scope
from streams.api.problem_details import problem, responses
from streams.api.submit import Receipt
from streams.api.tiles import FeatureCollection, collection
from streams.records import Article, RawArticle
from streams.search.explain import Explanation
from streams.search.hits import COVERAGE, FIRST, NOTES, PARTIAL, RELAXED, SURE, Copy, SearchPage, is_partial
from streams.search.query import FACETS, Interval
from streams.search.request import Filters, SearchRequest
from streams.search.source_scope import Coverage

router = APIRouter(tags=["articles"])

_EXAMPLE = {
    "url": "https://almina.example.com/news/1",
    "source": "almina",
    "title": "افتتاح معرض الكتاب في بيروت",
    "content": "افتتح وزير الثقافة مساء أمس معرض الكتاب في بيروت بمشاركة مئة دار نشر من سبع دول عربية.",
    "published_at": "2024-02-03T18:30:00Z",
}


async def admitted(state: Shared) -> AsyncIterator[None]:
    """Reject searches above the concurrency limit with 503, rather than queue them without bound."""
    with state.searches.slot():
        yield


# Of every route that searches, except where the address itself is the permission.
ADMITTED = [Depends(needs_to_read), Depends(admitted)]


class ArticleWithCopies(BaseModel):
    """An article, and the other articles of its cluster."""

    article: Article
    copies: list[Copy] = Field(description="Other articles of its cluster, in the order in which they appeared.")
    copies_total: int = Field(description="Number of other articles in its cluster.")
    first: Copy = Field(description=FIRST)
    first_is_sure: bool = Field(description=SURE)


class Count(BaseModel):
    """Number of articles with a value."""

    value: str
    articles: int = Field(description="Number of matching articles with the value.")
    stories: int | None = Field(
        None, description="With `fold`: number of clusters with the value; approximate above 1,000."
    )


class Facets(BaseModel):
    """The most frequent values in matching articles."""

    total: int = Field(description="Number of matching articles.")
    stories: int | None = Field(None, description="With `fold`: number of clusters; approximate above 1,000.")
    partial: bool = Field(description=PARTIAL)
    relaxed: bool = Field(description=RELAXED)
    notes: list[str] = Field(description=NOTES)
    facets: dict[str, list[Count]] = Field(description="By facet, its most frequent values first.")
    coverage: Coverage | None = Field(None, description=COVERAGE)


class FacetRequest(Filters):
    """Filters, and the number of values to return."""

    size: int = Field(10, ge=1, le=100, description="Maximum number of values per facet.")
    fold: bool = Field(
        False,
        description="Count stories, too, and return the values with most of them first (of those with most articles).",
    )


class TimelineRequest(Filters):
    """Filters, and the intervals of the timeline."""

    interval: Interval = Field("day", description="Calendar interval of a step, in `zone`.")


class Step(BaseModel):
    """One interval of a timeline."""

    start: str = Field(description="Start of the interval (ISO 8601), in the requested time zone.")
    articles: int = Field(description="Number of matching articles.")
    stories: int = Field(description="Number of clusters; approximate above 1,000.")


class Timeline(BaseModel):
    """Matching articles over time, without empty intervals."""

    total: int = Field(description="Number of matching articles.")
    partial: bool = Field(description=PARTIAL)
    relaxed: bool = Field(description=RELAXED)
    notes: list[str] = Field(description=NOTES)
    interval: Interval = Field(description="Calendar interval of the steps.")
    steps: list[Step] = Field(description="Intervals with matching articles, in order of time.")
    coverage: Coverage | None = Field(None, description=COVERAGE)


class MapRequest(Filters):
    """Filters, and the resolution of the map."""

    zoom: int = Field(4, ge=0, le=16, description="Zoom level; the world has 4^zoom tiles.")
    size: int = Field(
        500, ge=1, le=2000, description="Maximum number of tiles; those with the most articles come first."
    )


@router.get(
    "/search",
    summary="Search articles",
    response_model=SearchPage,
    dependencies=ADMITTED,
    responses=responses(400, 401, 403, 422, 503),
)
async def search(state: Shared, request: Annotated[SearchRequest, Query()]) -> Any:
    """Return matching articles, most relevant or newest first. Without `q`, all that pass the filters match."""
    page = await state.searcher.search(request)
    if not request.fields:
        return page
    answer = page.model_dump(mode="json")
    for hit in answer["hits"]:
        hit["article"] = {name: hit["article"][name] for name in request.fields}
    return JSONResponse(answer)


@router.get(
    "/articles/{article_id}",
    summary="Get an article and its copies",
    dependencies=ADMITTED,
    responses=responses(401, 403, 404, 422, 503),
)
async def article(
    state: Shared,
    article_id: Annotated[str, Path(description="Id of the article.")],
    copies: Annotated[int, Query(ge=0, le=100, description="Maximum number of copies to list.")] = 20,
) -> ArticleWithCopies:
    """Return an article with the other articles of its cluster."""
    found = await state.searcher.article(article_id)
    if found is None:
        raise HTTPException(404, f"no article with id {article_id}")
    story = await state.searcher.story(found, copies)
    return ArticleWithCopies(
        article=found,
        copies=story.copies,
        copies_total=story.total,
        first=story.first,
        first_is_sure=story.first_is_sure,
    )


@router.get(
    "/articles/{article_id}/explain",
    summary="Explain why an article matches a search or not",
    dependencies=ADMITTED,
    responses=responses(401, 403, 404, 422, 503),
)
async def explain_match(
    state: Shared,
    article_id: Annotated[str, Path(description="Id of the article.")],
    request: Annotated[Filters, Query()],
) -> Explanation:
    """Return which words of the query match which printed forms of the article, and why it does not match if so."""
    found = await state.searcher.explain(article_id, request)
    if found is None:
        raise HTTPException(404, f"no article with id {article_id}")
    return found


@router.get(
    "/facets",
    summary="Count facet values",
    dependencies=ADMITTED,
    response_model_exclude_none=True,
    responses=responses(400, 401, 403, 422, 503),
)
async def facets(state: Shared, request: Annotated[FacetRequest, Query()]) -> Facets:
    """Return the most frequent values in matching articles: persons, organisations, places, outlets, languages."""
    answer = await state.searcher.facets(request, request.size, fold=request.fold)
    counted = {name: _counts(answer["aggregations"][name]["buckets"], request) for name in FACETS}
    return Facets(
        total=answer["hits"]["total"]["value"],
        stories=answer["aggregations"]["stories"]["value"] if request.fold else None,
        partial=is_partial(answer),
        relaxed=answer["relaxed"],
        notes=list(request.notes),
        facets=counted,
        coverage=state.searcher.scope.coverage(request),
    )


def _counts(buckets: list[dict[str, Any]], request: FacetRequest) -> list[Count]:
    counts = [
        Count(value=b["key"], articles=b["doc_count"], stories=b["stories"]["value"] if request.fold else None)
        for b in buckets
    ]
    if request.fold:
        counts.sort(key=lambda count: count.stories or 0, reverse=True)
    return counts[: request.size]


@router.get(
    "/timeline", summary="Count articles over time", dependencies=ADMITTED, responses=responses(400, 401, 403, 422, 503)
)
async def timeline(state: Shared, request: Annotated[TimelineRequest, Query()]) -> Timeline:
    """Return the numbers of matching articles and stories per interval."""
    answer = await state.searcher.timeline(request, request.interval, request.zone)
    steps = [
        Step(start=b["key_as_string"], articles=b["doc_count"], stories=b["stories"]["value"])
        for b in answer["aggregations"]["timeline"]["buckets"]
    ]
    return Timeline(
        total=answer["hits"]["total"]["value"],
        partial=is_partial(answer),
        relaxed=answer["relaxed"],
        notes=list(request.notes),
        interval=request.interval,
        steps=steps,
        coverage=state.searcher.scope.coverage(request),
    )


@router.get(
    "/map", summary="Count articles by map tile", dependencies=ADMITTED, responses=responses(400, 401, 403, 422, 503)
)
async def world_map(state: Shared, request: Annotated[MapRequest, Query()]) -> FeatureCollection:
    """Return the map tiles of matching articles (Web Mercator), as GeoJSON points amid the places that they name."""
    return collection(await state.searcher.map(request, request.zoom, request.size), request.notes)


@router.post(
    "/articles",
    summary="Submit one article or many",
    status_code=202,
    response_model=Receipt | Batch,
    dependencies=[Depends(needs(Scope.INTAKE))],
    responses={
        **responses(401, 403, 408, 413, 415, 422, 503),
        207: {"description": "Some of several records were refused.", "model": Batch},
    },
    openapi_extra={
        "requestBody": request_body(
            RawArticle.model_json_schema(), _EXAMPLE, "four times RASD_MAX_CONTENT_BYTES (20 MiB unless set)"
        )
    },
)
async def hand_in(
    state: Shared,
    client: Client,
    request: Request,
    source: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Outlet of all records, instead of what each says.")
    ] = None,
) -> Any:
    """Submit raw articles. 202: all in-sync replicas in Kafka have them; they are searchable within seconds.

    A body that is one JSON object is answered with its place in Kafka. Any other has a verdict for each record, in the
    order given: 202 if all were accepted, 207 if some were, 422 if none was (its `records` are the verdicts then).

    The body may be compressed with gzip (`Content-Encoding: gzip`). Kafka gets it unpacked.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in FORMATS:
        # Browsers send other types across origins without a CORS preflight; for these they ask first.
        raise HTTPException(415, f"the content type must be application/json, or one of {', '.join([*FORMATS][1:])}")
    with state.intake.pending.slot(client):
        # JSON escapes triple an Arabic text.
        data = await read_body(request, state.settings.max_content_bytes * 4)
        submission = await asyncio.to_thread(read_submission, data, media_type, source)
        parent = request.headers.get("traceparent")
        if submission.single:
            return await send_one(state.intake, submission.items[0], parent)
        batch = await send_all(state.intake, submission, parent)
    if not batch.refused:
        return batch
    if batch.accepted:
        return JSONResponse(batch.model_dump(mode="json"), 207)
    detail = f"none of the {batch.refused} records can be used; the first: {batch.records[0].detail}"
    return problem(request, 422, detail, records=[verdict.model_dump(mode="json") for verdict in batch.records])
