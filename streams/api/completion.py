"""GET /names: names and places that begin as typed, and the forms in which a name is printed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from streams.api.articles import ADMITTED
from streams.api.dependencies import Shared
from streams.api.problem_details import responses
from streams.search.completion import Completion
from streams.search.request import Filters

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


class Variant(BaseModel):
    """A form in which articles print a name."""

    name: str
    articles: int = Field(description="Number of articles that print it so.")


class Variants(BaseModel):
    """The forms in which articles print a name, the most frequent first."""

    variants: list[Variant]


class VariantRequest(Filters):
    """Filters, and the name."""

    kind: Literal["person", "organisation"] = Field("person", description="Whose name it is.")
    name: str = Field(min_length=1, max_length=200, description="The name in any of its forms.")


@router.get(
    "/names/variants",
    summary="List the forms of a name",
    dependencies=ADMITTED,
    responses=responses(400, 401, 403, 422, 503),
)
async def list_variants(state: Shared, request: Annotated[VariantRequest, Query()]) -> Variants:
    """Return the forms in which matching articles print a name. Facets count them as one."""
    facet = {"person": "persons", "organisation": "organisations"}[request.kind]
    found = await state.searcher.variants(request, facet, request.name)
    return Variants(variants=[Variant(name=name, articles=articles) for name, articles in found])
