"""rasd ingest: send files into articles.raw."""

from __future__ import annotations

import asyncio

import typer

from streams.cli.console import err
from streams.cli.reading import RecordCounter, progress_bar
from streams.errors import OperatorError
from streams.settings import get_settings
from streams.sources.base import load_source


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(ingest)


def ingest(
    arguments: list[str] = typer.Argument(
        ...,
        metavar="PATH…",
        help="Files or folders of .json, .jsonl, .html, .txt or .zip; - is standard input."
        " With --from: the arguments of that source.",
    ),
    source: str = typer.Option(
        "files",
        "--from",
        metavar="SOURCE",
        help="Read with this source plugin (not an outlet) instead; `rasd plugins` lists them.",
    ),
) -> None:
    """Send articles from files, or another source, to the topic articles.raw.

    Unreadable records are reported by file and line and kept in articles.dlq; the exit status is then 1.

    Example: `rasd ingest day.jsonl pages/ archive.zip`
    """
    from streams.sources.ingest import ingest as send

    console = err()
    reader = load_source(source)
    with progress_bar(console) as bar:
        counter = RecordCounter(bar, "sending", reader.count_bytes(arguments))
        report = asyncio.run(
            send(
                reader.read(arguments),
                get_settings(),
                on_item=counter,
                on_fault=lambda item, fault: console.print(f"{item.location}: {fault}", markup=False),
            )
        )
    typer.echo(f"{report.sent} records sent to articles.raw")
    if report.refused or report.unsent:
        raise OperatorError(
            f"{report.refused} unreadable records sent to articles.dlq, {report.unsent} too large to send",
            hint="rasd dlq list",
        )
