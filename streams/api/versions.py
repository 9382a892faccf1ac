"""Routes to the texts that an article had, and to what changed between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from streams.api.articles import ADMITTED, known_article
from streams.api.dependencies import Shared
from streams.api.problem_details import responses
from streams.api.raw_pages import ArticleId
from streams.search.versions import MOST, VersionDifferences, VersionText, compare

router = APIRouter(tags=["articles"])


class ArticleVersions(BaseModel):
    """The texts that an article had."""

    total: int = Field(description="Number of versions, the present one included.")
    versions: list[VersionText] = Field(description=f"In order of time; of more than {MOST}, the newest.")


@router.get(
    "/articles/{article_id}/versions",
    summary="List the versions of an article",
    dependencies=ADMITTED,
    responses=responses(401, 403, 404, 422, 503),
)
async def list_versions(state: Shared, article_id: ArticleId) -> ArticleVersions:
    """Return the texts that an article had since it was first seen, the present one included.

    An article that comes again with another body replaces its document, and its earlier text is kept. With another
    headline it is another article of the same address; such articles of the same story are versions, too.
    """
    versions, total = await state.searcher.versions(await known_article(state, article_id))
    return ArticleVersions(total=total, versions=versions)


@router.get(
    "/articles/{article_id}/versions/differences",
    summary="Compare two versions of an article",
    dependencies=ADMITTED,
    responses=responses(401, 403, 404, 422, 503),
)
async def compare_versions(
    state: Shared,
    article_id: ArticleId,
    earlier: Annotated[str | None, Query(description="Key of a version; by default of the one before `later`.")] = None,
    later: Annotated[str | None, Query(description="Key of another; by default of the newest.")] = None,
) -> VersionDifferences:
    """Compare two versions word by word. Changed numbers, names and loaded words are marked as such."""
    versions, _ = await state.searcher.versions(await known_article(state, article_id))
    one, other = find_pair(versions, earlier, later)
    return await asyncio.to_thread(compare, one, other)


def find_pair(
    versions: Sequence[VersionText], earlier: str | None, later: str | None
) -> tuple[VersionText, VersionText]:
    """Return two versions by their keys.

    Args:
        versions: in order of time.
        earlier: key of the first; None for the one before `later`.
        later: key of the second; None for the newest.

    Raises:
        HTTPException: there is no version with such a key, or none before `later`.
    """
    keys = [version.key for version in versions]
    for key in (earlier, later):
        if key is not None and key not in keys:
            raise HTTPException(404, f"the article has no version with key {key}")
    second = len(keys) - 1 if later is None else keys.index(later)
    first = second - 1 if earlier is None else keys.index(earlier)
    if first < 0:
        raise HTTPException(404, "the article has no earlier version")
    return versions[first], versions[second]
