"""Routes about stories: which grow, who took one from whom, and what was changed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field

from streams.api.articles import ADMITTED
from streams.api.dependencies import Shared
from streams.api.problem_details import responses
from streams.records import Article
from streams.search.hits import FIRST, SURE, Copy, outline
from streams.search.lineage import Descent, Piece, descents, differences
from streams.search.request import Filters
from streams.search.stories import GrowingStories

router = APIRouter(prefix="/stories", tags=["articles"])

# Articles of a story that are compared with each other.
MAX_MEMBERS = 100

StoryId = Annotated[str, Path(description="Id of the story's cluster.")]


class GrowthRequest(Filters):
    """Filters, and the window."""

    minutes: int = Field(60, ge=4, le=1440, description="Length of the window, in minutes.")
    size: int = Field(20, ge=1, le=100, description="Maximum number of stories.")


class Member(BaseModel):
    """An article of a story, and where its text comes from."""

    article: Copy
    descent: Descent
    changed: bool = Field(
        description="Whether the article has more than one version: see `GET /articles/{id}/versions`."
    )


class StoryLineage(BaseModel):
    """A story: its articles in the order in which they appeared, and who took it from whom."""

    id: str = Field(description="Id of the story's cluster.")
    total: int = Field(description="Number of its articles; `members` lists the first hundred.")
    outlets: list[str] = Field(description="Outlets in the order in which they had it.")
    first: Copy = Field(description=FIRST)
    first_is_sure: bool = Field(description=SURE)
    members: list[Member]


class Differences(BaseModel):
    """What a later text changed in an earlier one, word by word."""

    earlier: Copy
    later: Copy
    title: list[Piece] = Field(description="The headlines compared.")
    body: list[Piece] = Field(description="The bodies compared, up to 2,000 words.")


@router.get("", summary="List growing stories", dependencies=ADMITTED, responses=responses(400, 401, 403, 422, 503))
async def list_growing(state: Shared, request: Annotated[GrowthRequest, Query()]) -> GrowingStories:
    """Return the stories that outlets joined within the last minutes, the fastest first.

    An outlet counts once, however often it prints a story. Growth is by arrival (`ingested_at`), `first` by
    publication.
    """
    filters = Filters.model_validate(request.model_dump(by_alias=True, include=set(Filters.model_fields)))
    return await state.searcher.growing(filters, datetime.now(UTC), request.minutes, request.size)


async def find_members(state: Shared, story_id: str) -> tuple[list[Article], int]:
    """Return a story's articles in the order in which they appeared, at most `MAX_MEMBERS`, and their number.

    Raises:
        HTTPException: there is no such story.
    """
    members, total = await state.searcher.members(story_id, MAX_MEMBERS)
    if not members:
        raise HTTPException(404, f"no story with id {story_id}")
    return members, total


@router.get(
    "/{story_id}",
    summary="Get a story's lineage",
    dependencies=ADMITTED,
    responses=responses(400, 401, 403, 404, 422, 503),
)
async def get_lineage(state: Shared, story_id: StoryId) -> StoryLineage:
    """Return a story's articles in the order in which they appeared: by publication, else by fetching or arrival.

    For each, `descent` names the earlier article of another outlet that shares most of its text, and the time between
    the two. It is the closest text, which need not be the source.
    """
    members, total = await find_members(state, story_id)
    changed = await state.searcher.changed(members)
    return await asyncio.to_thread(trace_lineage, story_id, members, total, changed)


def trace_lineage(story_id: str, members: list[Article], total: int, changed: Collection[str]) -> StoryLineage:
    """Build the lineage of a story.

    Args:
        story_id: id of its cluster.
        members: its articles in the order in which they appeared, the first hundred.
        total: number of its articles.
        changed: ids of those that have more than one version.
    """
    found = [
        Member(article=outline(article), descent=descent, changed=article.id in changed)
        for article, descent in zip(members, descents(members), strict=True)
    ]
    outlets = list(dict.fromkeys(article.source for article in members))
    return StoryLineage(
        id=story_id,
        total=total,
        outlets=outlets,
        first=found[0].article,
        first_is_sure=all(article.published_at for article in members),
        members=found,
    )


@router.get(
    "/{story_id}/differences",
    summary="Compare two articles of a story",
    dependencies=ADMITTED,
    responses=responses(400, 401, 403, 404, 422, 503),
)
async def get_differences(
    state: Shared,
    story_id: StoryId,
    earlier: Annotated[str, Query(description="Id of an article of the story.")],
    later: Annotated[str, Query(description="Id of another.")],
) -> Differences:
    """Compare two articles of a story word by word. Changed numbers, names and loaded words are marked as such."""
    members, _ = await find_members(state, story_id)
    by_id = {article.id: article for article in members}
    for wanted in (earlier, later):
        if wanted not in by_id:
            raise HTTPException(404, f"the story {story_id} has no article with id {wanted}")
    return await asyncio.to_thread(compare, by_id[earlier], by_id[later])


def compare(earlier: Article, later: Article) -> Differences:
    """Compare two articles word by word."""
    names = sorted({entity.text for article in (earlier, later) for entity in article.entities})
    return Differences(
        earlier=outline(earlier),
        later=outline(later),
        title=differences(earlier.title or "", later.title or "", names),
        body=differences(earlier.body, later.body, names),
    )
