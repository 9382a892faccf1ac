"""rasd search: search the index from the terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import typer

from streams.cli.console import err, out
from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from streams.search.request import SearchRequest

PIPE_WIDTH = 100
_MANY = "repeatable"


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(search)


def search(
    query: str = typer.Argument(
        "",
        help='Words, "phrases" or «phrases», =exact, beginnings*, -excluded, أو (OR), title:word. By default all '
        "articles. See docs/reference/query-language.md.",
    ),
    place: list[str] = typer.Option([], "--place", help=f"Only articles that name this place ({_MANY})."),
    country: list[str] = typer.Option(
        [], "--country", help=f"Only articles that name this country, an ISO code such as EG ({_MANY})."
    ),
    person: list[str] = typer.Option([], "--person", help=f"Only articles that name this person ({_MANY})."),
    organisation: list[str] = typer.Option(
        [], "--organisation", help=f"Only articles that name this organisation ({_MANY})."
    ),
    said_by: list[str] = typer.Option([], "--said-by", help=f"Only articles that quote this person ({_MANY})."),
    author: list[str] = typer.Option([], "--author", help=f"Only articles by this author ({_MANY})."),
    source: list[str] = typer.Option([], "--source", help=f"Only articles by this outlet ({_MANY})."),
    collection: list[str] = typer.Option(
        [], "--collection", help=f"Only articles by the watched sources of this collection ({_MANY})."
    ),
    language: list[str] = typer.Option([], "--language", help=f"Only articles in this language: ar, fr, … ({_MANY})."),
    near: str = typer.Option(None, "--near", help="Only articles that name a place around lat,lon. See --radius."),
    radius: float = typer.Option(50.0, "--radius", help="Greatest distance from --near, in kilometres."),
    since: str = typer.Option(
        None, "--from", help="Earliest date or time, inclusive: ISO 8601, or -1h, -30m, -7d, now, today, yesterday."
    ),
    until: str = typer.Option(None, "--to", help="Latest date or time, exclusive; as --from."),
    zone: str = typer.Option("UTC", "--zone", help="Time zone in which days begin: Asia/Riyadh, +03:00."),
    sort: str = typer.Option("relevance", "--sort", help="Order: relevance or time (newest first)."),
    size: int = typer.Option(10, "--size", "-n", help="Maximum number of hits."),
    fold: bool = typer.Option(True, "--fold/--no-fold", help="Show one article of each cluster of copies, or all."),
    cross_script: bool = typer.Option(
        True, "--cross-script/--one-script", help="Search for names in the other script, too: Macron finds ماكرون."
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
    from pydantic import ValidationError

    from streams.cli.print_hits import print_page
    from streams.search.request import SearchRequest
    from streams.search.service import QueryRefused, search_once

    wanted: dict[str, Any] = {
        "q": query, "place": place, "country": country, "person": person, "organisation": organisation,
        "said_by": said_by, "author": author, "source": source, "collection": collection, "language": language,
        "near": near, "radius": radius, "from": since, "to": until, "zone": zone, "sort": sort, "size": size,
        "fold": fold, "cross_script": cross_script,
    }  # fmt: skip
    try:
        request = SearchRequest.model_validate({name: value for name, value in wanted.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OperatorError(f"{where}: {first['msg']}" if where else first["msg"], status=2) from error
    for word, names in request.read_as().items():
        err().print(f"{word}: also {' · '.join(names)}", style="yellow", markup=False)
    for note in request.notes:
        err().print(note, style="yellow", markup=False)
    try:
        if follow:
            asyncio.run(_follow(request, as_json))
            return
        page = search_once(get_settings(), request)
    except QueryRefused as error:
        raise OperatorError(str(error), status=2) from error
    if as_json:
        _write_line(page)
    else:
        print_page(page, out(PIPE_WIDTH), query=query)


async def _follow(request: SearchRequest, as_json: bool) -> None:
    from streams.cli.print_hits import print_hit
    from streams.search.live.follow import follow

    console = out(PIPE_WIDTH)
    number = 0
    async for hit in follow(get_settings(), request):
        number += 1
        if as_json:
            _write_line(hit)
        else:
            print_hit(hit, number, console)


def _write_line(record: BaseModel) -> None:
    sys.stdout.buffer.write(record.model_dump_json().encode() + b"\n")
    sys.stdout.buffer.flush()
