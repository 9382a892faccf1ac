"""Routes that search, get, count and submit articles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from streams.api import counts
from streams.api.auth import needs, needs_to_read
from streams.api.batch import FORMATS, Batch, read_submission, request_body, send_all, send_one
from streams.api.body import read_body
from streams.api.dependencies import Client, Shared, State
from streams.api.keys import Scope
from streams.api.problem_details import problem, responses
from streams.api.submit import Receipt
from streams.api.tiles import FeatureCollection, collection
from streams.records import Article, RawArticle
from streams.search.explain import Explanation
from streams.search.hits import FIRST, SURE, Copy, SearchPage
from streams.search.request import Filters, SearchRequest

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


async def known_article(state: State, article_id: str) -> Article:
    """Return an article.

    Raises:
        HTTPException: there is none with this id.
    """
    found = await state.searcher.article(article_id)
    if found is None:
        raise HTTPException(404, f"no article with id {article_id}")
    return found


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
    return await with_copies(state, await known_article(state, article_id), copies)


async def with_copies(state: State, found: Article, copies: int) -> ArticleWithCopies:
    """Return an article with at most so many other articles of its cluster. Raises like `Searcher.story`."""
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
async def facets(state: Shared, request: Annotated[counts.FacetRequest, Query()]) -> counts.Facets:
    """Return the most frequent values in matching articles: persons, organisations, places, outlets, languages."""
    return await counts.count_values(state.searcher, request)


@router.get(
    "/timeline", summary="Count articles over time", dependencies=ADMITTED, responses=responses(400, 401, 403, 422, 503)
)
async def timeline(state: Shared, request: Annotated[counts.TimelineRequest, Query()]) -> counts.Timeline:
    """Return the numbers of matching articles and stories per interval."""
    return await counts.count_over_time(state.searcher, request)


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
