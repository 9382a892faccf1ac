"""The query and the options that select articles, the same for every command that does."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from streams.cli.console import err
from streams.errors import OperatorError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from streams.search.request import Filters

    M = TypeVar("M", bound=BaseModel)

_MANY = "repeatable"
_TEXT, _TEXTS, _NUMBER, _SWITCH = str, list[str], float, bool
# By parameter of the API (streams/search/request.py): type, and the option.
OPTIONS: Mapping[str, tuple[Any, Any]] = {
    "q": (
        _TEXT,
        typer.Argument(
            "",
            metavar="QUERY",
            help='Words, "phrases" or «phrases», =exact, beginnings*, -excluded, أو (OR), title:word. By default all '
            "articles. See docs/reference/query-language.md.",
        ),
    ),
    "place": (_TEXTS, typer.Option([], "--place", help=f"Only articles that name this place ({_MANY}).")),
    "country": (
        _TEXTS,
        typer.Option([], "--country", help=f"Only articles that name this country, an ISO code such as EG ({_MANY})."),
    ),
    "person": (_TEXTS, typer.Option([], "--person", help=f"Only articles that name this person ({_MANY}).")),
    "organisation": (
        _TEXTS,
        typer.Option([], "--organisation", help=f"Only articles that name this organisation ({_MANY})."),
    ),
    "said_by": (_TEXTS, typer.Option([], "--said-by", help=f"Only articles that quote this person ({_MANY}).")),
    "author": (_TEXTS, typer.Option([], "--author", help=f"Only articles by this author ({_MANY}).")),
    "source": (_TEXTS, typer.Option([], "--source", help=f"Only articles by this outlet ({_MANY}).")),
    "collection": (
        _TEXTS,
        typer.Option([], "--collection", help=f"Only articles by the watched sources of this collection ({_MANY})."),
    ),
    "language": (
        _TEXTS,
        typer.Option([], "--language", help=f"Only articles in this language: ar, fr, … ({_MANY})."),
    ),
    "near": (
        _TEXT,
        typer.Option(None, "--near", help="Only articles that name a place around lat,lon. See --radius."),
    ),
    "radius": (_NUMBER, typer.Option(50.0, "--radius", help="Greatest distance from --near, in kilometres.")),
    "from": (
        _TEXT,
        typer.Option(
            None, "--from", help="Earliest date or time, inclusive: ISO 8601, or -1h, -30m, -7d, now, today, yesterday."
        ),
    ),
    "to": (_TEXT, typer.Option(None, "--to", help="Latest date or time, exclusive; as --from.")),
    "zone": (_TEXT, typer.Option("UTC", "--zone", help="Time zone in which days begin: Asia/Riyadh, +03:00.")),
    "cross_script": (
        _SWITCH,
        typer.Option(
            True,
            "--cross-script/--one-script",
            help="Search for names in the other script, too: Macron finds ماكرون.",
        ),
    ),
}


def takes_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Add the query and the options that select articles to a command.

    Args:
        command: gets them as its first argument, `filters`: parameters of the API by name, without those not given.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    # `from` is a word of Python.
    spelt = {f"filter_{name}": name for name in OPTIONS}
    added = [
        inspect.Parameter(
            variable, inspect.Parameter.KEYWORD_ONLY, annotation=OPTIONS[name][0], default=OPTIONS[name][1]
        )
        for variable, name in spelt.items()
    ]

    @functools.wraps(command)
    def with_filters(**given: Any) -> None:
        filters = {name: value for variable, name in spelt.items() if (value := given.pop(variable)) is not None}
        command(filters, **given)

    parameters = [*added, *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own)]
    with_filters.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_filters.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_filters


def print_notes(request: Filters) -> None:
    """Print what was not understood as it may have been meant."""
    for note in request.notes:
        err().print(note, style="yellow", markup=False)


def read_request(model: type[M], filters: Mapping[str, Any], **more: Any) -> M:
    """Read what a user asked for.

    Args:
        model: `Filters` or one of its kind.
        filters: what `takes_filters` gives.
        **more: the other parameters of the model; None if not given.

    Raises:
        OperatorError: it is not valid.
    """
    from pydantic import ValidationError

    given = {**filters, **{name: value for name, value in more.items() if value is not None}}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OperatorError(f"{where}: {first['msg']}" if where else first["msg"], status=2) from error
