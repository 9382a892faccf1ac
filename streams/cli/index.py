"""rasd index: create, show, roll over and migrate the indices in Elasticsearch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer
from rich.table import Table

from streams.cli.console import out
from streams.cli.environment import get_settings

if TYPE_CHECKING:
    from elasticsearch import AsyncElasticsearch

    from streams.settings import Settings

app = typer.Typer(
    help="Manage Elasticsearch indices: setup, status, rollover, migrate.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
T = TypeVar("T")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="index", rich_help_panel="Operations")


def _run(work: Callable[[AsyncElasticsearch, Settings], Awaitable[T]]) -> T:
    """Call `work` with a client, which is closed afterwards."""
    from streams.elastic.client import make_client

    settings = get_settings()

    async def run() -> T:
        client = make_client(settings)
        try:
            return await work(client, settings)
        finally:
            await client.close()

    return asyncio.run(run())


@app.command()
def setup() -> None:
    """Install the index templates and create the first index, unless they exist.

    Example: `rasd index setup`
    """
    from streams.elastic.templates import ensure_index, names

    made = _run(ensure_index)
    alias = names(get_settings()).write
    typer.echo(f"{alias}: {'first index created' if made else 'exists'}, templates up to date")


@app.command()
def status() -> None:
    """Show each index with its role, its size, and whether its mapping is up to date.

    Example: `rasd index status`
    """
    from streams.elastic.indices import list_indices

    states = _run(list_indices)
    if not states:
        typer.echo("there is no index yet; rasd index setup creates the first")
        return
    table = Table("index", "role", "articles", "size", "mapping", box=None, pad_edge=False, header_style="bold")
    for column in table.columns[2:4]:
        column.justify = "right"
    for state in states:
        mapping = "up to date" if state.up_to_date else "outdated: rasd index migrate"
        role = state.role + (", writes blocked" if state.blocked else "")
        table.add_row(state.name, role, f"{state.documents:,}", f"{state.size / 1e6:,.1f} MB", mapping)
    out().print(table)


@app.command()
def rollover(now: bool = typer.Option(False, "--now", help="Do so whether or not a condition is met.")) -> None:
    """Start a new write index if the current one is old or large enough (RASD_ROLLOVER_*).

    Searches cover all indices. Run it daily if Elasticsearch has no index lifecycle management, which does it itself.

    Example: `rasd index rollover`
    """
    from streams.elastic.indices import roll_over

    done = _run(lambda client, settings: roll_over(client, settings, at_once=now))
    if done.new is not None:
        typer.echo(f"{done.old} was rolled over; new articles go to {done.new}")
        return
    conditions = ", ".join(sorted(name.strip("[]") for name in done.met))
    typer.echo(f"{done.old} stays the write index; conditions of a roll-over: {conditions}")


@app.command()
def migrate(
    everything: bool = typer.Option(
        False, "--all", help="Also migrate indices that are up to date (after a change of shards or codec)."
    ),
    remove_old: bool = typer.Option(
        False, "--remove-old/--keep-old", help="Delete the old indices, or keep them outside the aliases."
    ),
    delete_copies: bool = typer.Option(
        False, "--abandon", help="Instead, delete the targets of unfinished migrations and unblock writes."
    ),
) -> None:
    """Migrate indices with an outdated mapping or analysis, without interrupting searches.

    Documents are copied to a new index, which then replaces the old one; writes are blocked for a moment at the end.
    After an interruption, run the command again: it resumes.

    Example: `rasd index migrate --remove-old`
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from streams.cli.console import err
    from streams.elastic.migrate import abandon
    from streams.elastic.migrate import migrate as renew

    if delete_copies:
        deleted = _run(abandon)
        typer.echo(f"deleted {', '.join(deleted)}" if deleted else "no unfinished migration")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err(), transient=True, disable=not err().is_terminal) as progress:
        tasks = {}

        def report(source: str, done: int, total: int) -> None:
            if source not in tasks:
                tasks[source] = progress.add_task(source)
            progress.update(tasks[source], completed=done, total=max(done, total))

        migrated = _run(
            lambda client, settings: renew(
                client, settings, everything=everything, remove_old=remove_old, report=report
            )
        )
    for one in migrated:
        typer.echo(
            f"{one.source} → {one.target}: {one.documents:,} articles{', resumed' if one.resumed else ''}, "
            f"writes blocked for {one.pause:.1f} s"
        )
    if not migrated:
        typer.echo("all indices are up to date")
