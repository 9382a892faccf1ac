"""rasd facets: the most frequent outlets, names and places in matching articles."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from streams.cli.console import out, print_json
from streams.cli.environment import get_settings
from streams.cli.filter_options import print_notes, read_request, takes_filters
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.api.counts import FacetRequest, Facets

PIPE_WIDTH = 120


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(facets)


@takes_filters
def facets(
    filters: dict[str, Any],
    of: list[str] = typer.Option([], "--of", help="Only this facet: sources, persons, … (repeatable)."),
    size: int = typer.Option(10, "--size", "-n", help="Maximum number of values of each facet, 1 to 100."),
    fold: bool = typer.Option(False, "--fold", help="Count stories, too, and begin with the values with most of them."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object, as GET /facets does."),
) -> None:
    """Count matching articles by outlet, person, organisation, place, country and language.

    The exit status is 0 even if nothing was found.

    Example: `rasd facets ميناء --from -7d --of sources --of places`
    """
    from streams.api.counts import FacetRequest
    from streams.cli.print_counts import print_facets, print_total
    from streams.search.query import FACETS

    if unknown := [name for name in of if name not in FACETS]:
        raise OperatorError(f"--of {unknown[0]}: no such facet", hint=f"facets: {', '.join(FACETS)}", status=2)
    request = read_request(FacetRequest, filters, size=size, fold=fold)
    print_notes(request)
    counted = asyncio.run(_count(request))
    if as_json:
        if of:
            counted.facets = {name: counted.facets[name] for name in of}
        print_json(counted, exclude_none=True)
        return
    console = out(PIPE_WIDTH)
    print_facets(counted, console, of)
    print_total(counted, console)


async def _count(request: FacetRequest) -> Facets:
    from streams.api.counts import count_values
    from streams.search.service import open_scoped_searcher

    async with open_scoped_searcher(get_settings(), request) as searcher:
        return await count_values(searcher, request)
