"""The argument PATH… and the progress bar of the commands that read files."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from streams.sources.base import Item

PATHS = typer.Argument(
    ..., metavar="PATH…", help="Files or folders of .json, .jsonl, .html, .txt or .zip; - is standard input."
)


def progress_bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[records]} records"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class RecordCounter:
    """Advances a progress bar by the bytes of each record read."""

    def __init__(self, bar: Progress, description: str, total: int | None) -> None:
        self.bar = bar
        self.records = 0
        self.task = bar.add_task(description, total=total, records=0)

    def __call__(self, item: Item) -> None:
        self.records += 1
        self.bar.update(self.task, advance=len(item.data), records=self.records)
