"""rasd search: search the index from the terminal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from streams.cli.console import err, out, print_json
from streams.cli.environment import get_settings
from streams.cli.filter_options import print_notes, read_request, takes_filters

if TYPE_CHECKING:
    from streams.api.counts import Facets, Timeline
    from streams.search.hits import SearchPage
    from streams.search.request import SearchRequest

PIPE_WIDTH = 100
# Values of each facet in the overview.
OVERVIEW_VALUES = 5


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(search)


@takes_filters
def search(
    filters: dict[str, Any],
    sort: str = typer.Option("relevance", "--sort", help="Order: relevance or time (newest first)."),
    size: int = typer.Option(10, "--size", "-n", help="Maximum number of hits."),
    fold: bool = typer.Option(True, "--fold/--no-fold", help="Show one article of each cluster of copies, or all."),
    overview: bool = typer.Option(
        None,
        "--overview/--no-overview",
        help="Begin with the matching articles over time, and the most frequent outlets and names. By default on a "
        "terminal.",
    ),
    follow: bool = typer.Option(False, "--follow", "-f", help="Show the newest hits, then live ones until Ctrl-C."),
    as_json: bool = typer.Option(
        False, "--json", help="Print the page as one JSON object, as GET /search does; with --follow, one hit per line."
    ),
) -> None:
    """Search the index and print the hits.

    The exit status is 0 even if nothing was found.

    Example: `rasd search '"مجلس الأمن" -رياضة' --place ليبيا`
    """
    from streams.cli.print_counts import print_overview
    from streams.cli.print_hits import print_page
    from streams.search.request import SearchRequest

    request = read_request(SearchRequest, filters, sort=sort, size=size, fold=fold)
    for word, names in request.read_as().items():
        err().print(f"{word}: also {' · '.join(names)}", style="yellow", markup=False)
    print_notes(request)
    if follow:
        asyncio.run(_follow(request, as_json))
        return
    console = out(PIPE_WIDTH)
    counted = not as_json and (console.is_terminal if overview is None else overview)
    page, facets, timeline = asyncio.run(_search(request, counted=counted))
    if as_json:
        print_json(page)
        return
    if facets is not None and timeline is not None and page.hits:
        print_overview(facets, timeline, console)
    print_page(page, console, query=request.q)


async def _search(request: SearchRequest, *, counted: bool) -> tuple[SearchPage, Facets | None, Timeline | None]:
    from streams.api.counts import FacetRequest, count_values, fit_timeline
    from streams.search.request import Filters
    from streams.search.service import open_scoped_searcher

    async with open_scoped_searcher(get_settings(), request) as searcher:
        if not counted:
            return await searcher.search(request), None, None
        filters = request.model_dump(by_alias=True, include=set(Filters.model_fields))
        return await asyncio.gather(
            searcher.search(request),
            count_values(searcher, FacetRequest.model_validate(filters | {"size": OVERVIEW_VALUES})),
            fit_timeline(searcher, request, datetime.now(UTC)),
        )


async def _follow(request: SearchRequest, as_json: bool) -> None:
    from streams.cli.print_hits import print_hit
    from streams.search.live.follow import follow

    console = out(PIPE_WIDTH)
    number = 0
    async for hit in follow(get_settings(), request):
        number += 1
        if as_json:
            print_json(hit)
        else:
            print_hit(hit, number, console)
