"""rasd explain: why an article matches a query, or does not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from streams.cli.console import out, print_json
from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from rich.console import Console

    from streams.search.explain import Explanation, Form
    from streams.search.request import Filters

PIPE_WIDTH = 100


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(explain)


def explain(
    article_id: str = typer.Argument(..., metavar="ID", help="Id of the article."),
    query: str = typer.Argument(..., help="The query, as for rasd search; fields such as source: filter."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object, as GET /articles/{id}/explain does."),
) -> None:
    """Explain which words of a query match which forms of an article, and why it does not match if so.

    The exit status is 0 whether it matches or not.

    Example: `rasd explain 3f0c… '=أحمد title:زلزال -رياضة'`
    """
    from pydantic import ValidationError

    from streams.search.request import Filters

    try:
        filters = Filters(q=query)
    except ValidationError as error:
        raise OperatorError(f"query: {error.errors(include_url=False)[0]['msg']}", status=2) from error
    found = asyncio.run(_ask(article_id, filters))
    if found is None:
        raise OperatorError(f"no article with id {article_id}", hint="rasd search --json shows ids")
    if as_json:
        print_json(found)
    else:
        print_explanation(found, filters.notes, out(PIPE_WIDTH))


async def _ask(article_id: str, filters: Filters) -> Explanation | None:
    from streams.search.service import open_searcher

    async with open_searcher(get_settings()) as searcher:
        return await searcher.explain(article_id, filters)


def print_explanation(found: Explanation, notes: tuple[str, ...], console: Console) -> None:
    """Print an explanation, one line for each part of the query."""

    def say(text: str) -> None:
        console.print(text, markup=False)

    say("the article matches" if found.matches else "the article does not match")
    for reason in found.reasons:
        say(f"  because {reason}")
    for part in found.parts:
        verdict = "occurs" if part.occurs else "does not occur"
        say(f"{part.part} ({part.role}): {verdict}{_forms(part.forms)}")
        if part.other_forms:
            say(f"  in other forms{_forms(part.other_forms)}")
    for one in found.filters:
        say(f"filter {one.name}: {'passes' if one.passes else 'does not pass'}")
    if found.relaxed:
        say("no article has enough of the words, so a third of them was enough")
    for note in notes:
        say(f"note: {note}")


def _forms(forms: list[Form]) -> str:
    if not forms:
        return ""
    fields = dict.fromkeys(form.field for form in forms)
    listed = (f"{field}: {'، '.join(_counted(form) for form in forms if form.field == field)}" for field in fields)
    return " in " + "; ".join(listed)


def _counted(form: Form) -> str:
    return form.printed if form.count == 1 else f"{form.printed} ×{form.count}"
