"""The argument PATH…, the options and the progress bar of the commands that read files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.sources.base import Item
    from streams.sources.readers.base import ReadOptions

WHAT = (
    "Files, folders or archives: JSON, JSON Lines, feeds, WARC, CSV, Parquet, saved pages, text and more, also packed;"
    " - is standard input."
)
FORMAT = typer.Option(
    None, "--format", metavar="NAME", help="Read the files in this format, instead of recognising it."
)
OUTLET = typer.Option(None, "--source", metavar="OUTLET", help="Outlet of all records, instead of what they say.")
MAP = typer.Option(
    None,
    "--map",
    metavar="FIELD=NAME",
    help="Name that a field of raw records has in the files (title=headline); may be repeated.",
)


def read_options(named: str | None, outlet: str | None, mapped: Sequence[str] | None) -> ReadOptions:
    """Make the options for reading of what the user typed.

    Raises:
        OperatorError: a format or a field is unknown.
    """
    from streams.sources.readers.base import ReadOptions
    from streams.sources.readers.fields import FIELDS
    from streams.sources.readers.registry import format_named

    names: dict[str, str] = {}
    for pair in mapped or ():
        field, separator, name = pair.partition("=")
        if not separator or not name.strip() or field.strip() not in FIELDS:
            hint = f"--map FIELD=NAME, where FIELD is one of {', '.join(FIELDS)}"
            raise OperatorError(f"--map {pair}: not a field of raw records and a name", hint=hint, status=2)
        names[field.strip()] = name.strip()
    if named is not None:
        format_named(named)
    if outlet is not None and not outlet.strip():
        raise OperatorError("--source is empty", status=2)
    return ReadOptions(format=named, source=outlet.strip() if outlet else None, names=names)


def progress_bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[records]:,} records"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class RecordCounter:
    """Counts records, and advances a progress bar by what is read of the files, or by the records' bytes.

    Args:
        bar: the bar.
        description: what is being done.
        total: bytes to read, if known.
        by_records: whether to advance by the records, because nobody calls `bytes_read`.
    """

    def __init__(self, bar: Progress, description: str, total: int | None, *, by_records: bool) -> None:
        self.bar = bar
        self.records = 0
        self.by_records = by_records
        self.task = bar.add_task(description, total=total, records=0)

    def __call__(self, item: Item) -> None:
        if item.skipped is None:
            self.records += 1
        self.bar.update(self.task, advance=len(item.data) if self.by_records else 0, records=self.records)

    def bytes_read(self, count: int) -> None:
        self.bar.update(self.task, advance=count)
