"""GET /names: names and places that begin as typed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from streams.api.articles import ADMITTED
from streams.api.dependencies import Shared
from streams.api.problem_details import responses
from streams.search.completion import Completion

router = APIRouter(tags=["articles"])


class Completions(BaseModel):
    """Names that begin as typed, the most frequent first."""

    names: list[Completion]


@router.get("/names", summary="Complete a name", dependencies=ADMITTED, responses=responses(400, 401, 403, 422, 503))
async def complete_name(
    state: Shared,
    typed: Annotated[str, Query(min_length=2, max_length=60, description="Beginning of a word of the name.")],
    size: Annotated[int, Query(ge=1, le=50, description="Maximum number of names.")] = 8,
) -> Completions:
    """Return persons, organisations and places of which a word begins as typed; اأإآ, ةه, يى and وؤ are alike."""
    return Completions(names=await state.searcher.complete(typed, size))
