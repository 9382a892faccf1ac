"""rasd ingest: send files into articles.raw."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from streams.cli.console import err
from streams.cli.reading import PATHS, RecordCounter, progress_bar
from streams.errors import OperatorError
from streams.settings import get_settings
from streams.sources.files import count_bytes, read_paths


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(ingest)


def ingest(paths: list[Path] = PATHS) -> None:
    """Send articles from files to the topic articles.raw.

    Unreadable records are reported by file and line and kept in articles.dlq; the exit status is then 1.

    Example: `rasd ingest day.jsonl pages/ archive.zip`
    """
    from streams.sources.ingest import ingest as send

    console = err()
    with progress_bar(console) as bar:
        counter = RecordCounter(bar, "sending", count_bytes(paths))
        report = asyncio.run(
            send(
                read_paths(paths),
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
