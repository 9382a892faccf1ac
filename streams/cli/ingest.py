"""rasd ingest: send files into articles.raw."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from streams.cli.console import err, out
from streams.cli.environment import get_settings
from streams.cli.reading import FORMAT, MAP, OUTLET, WHAT, RecordCounter, progress_bar, read_options
from streams.errors import OperatorError, Rejected

if TYPE_CHECKING:
    from streams.settings import Settings
    from streams.sources.base import Item, Source
    from streams.sources.ingest import IngestReport
    from streams.sources.readers.base import ReadOptions
    from streams.sources.waiting import Settled

_FILES = "files"
_SHOWN_SOURCES = 20
_SHOWN_RECORDS = 5
_SHOWN_REASONS = 20


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(ingest)


def ingest(
    arguments: list[str] = typer.Argument(
        ..., metavar="PATH", help=f"{WHAT} With --from: the arguments of that source."
    ),
    source: str = typer.Option(
        _FILES,
        "--from",
        metavar="NAME",
        help="Read with this source plugin instead; `rasd plugins` lists them.",
    ),
    named: str = FORMAT,
    outlet: str = OUTLET,
    mapped: list[str] = MAP,
    dry_run: bool = typer.Option(False, "--dry-run", help="Send nothing; show what would be sent, and what is wrong."),
    wait: bool = typer.Option(
        False, "--wait", help="Wait until every record is searchable or refused, and say how many and why."
    ),
    patience: float = typer.Option(
        300.0, "--patience", min=1, help="Seconds without any progress after which --wait gives up."
    ),
) -> None:
    """Send articles from files, or another source, to the topic articles.raw.

    Unreadable records are reported by file and line and kept in articles.dlq; the exit status is then 1. What a folder
    or an archive holds beside articles is named. docs/guides/ingest-files.md lists the formats.

    Example: `rasd ingest day.jsonl pages/ crawl.warc.gz --wait`, or `rasd ingest export.csv --map title=headline
    --dry-run`
    """
    from streams.sources.base import load_source

    console = err()
    reader = load_source(source)
    options = _options(source, named, outlet, mapped)
    settings = get_settings()
    with progress_bar(console) as bar:
        counter = RecordCounter(
            bar, "reading" if dry_run else "sending", reader.count_bytes(arguments), by_records=options is None
        )
        items = _items(reader, arguments, options, counter)
        if dry_run:
            rehearsal = Rehearsal(console)
            asyncio.run(rehearsal.read(items, counter))
        else:
            report, settled = asyncio.run(_send(items, settings, counter, console, patience if wait else None))
    if dry_run:
        rehearsal.show()
    else:
        _tell(report, settled, console)


def _options(source: str, named: str | None, outlet: str | None, mapped: list[str] | None) -> ReadOptions | None:
    if source == _FILES:
        return read_options(named, outlet, mapped)
    if named or outlet or mapped:
        raise OperatorError("--format, --source and --map are for files", hint="leave them out with --from", status=2)
    return None


def _items(
    reader: Source, arguments: list[str], options: ReadOptions | None, counter: RecordCounter
) -> Iterable[Item] | AsyncIterable[Item]:
    if options is None:
        return reader.read(arguments)
    from streams.sources.files import read_arguments

    return read_arguments(arguments, options, counter.bytes_read)


async def _send(
    items: Iterable[Item] | AsyncIterable[Item],
    settings: Settings,
    counter: RecordCounter,
    console: Console,
    patience: float | None,
) -> tuple[IngestReport, Settled | None]:
    """Send the items, and follow them if there is a patience to do so with."""
    from streams.sources.ingest import ingest as send
    from streams.sources.waiting import Follower, letters_end

    follower = Follower(settings, await letters_end(settings)) if patience is not None else None
    report = await send(
        items,
        settings,
        on_item=counter,
        on_fault=lambda item, fault: console.print(f"{item.location}: {fault}", markup=False),
        on_sent=follower.add if follower is not None else None,
    )
    if follower is None or patience is None:
        return report, None
    task = counter.bar.add_task("waiting until they are searchable", total=report.sent, records=0)

    def progress(settled: Settled) -> None:
        counter.bar.update(task, completed=report.sent - settled.waiting, records=settled.searchable)

    return report, await follower.follow(patience, progress)


def _tell(report: IngestReport, settled: Settled | None, console: Console) -> None:
    """Print the outcome.

    Raises:
        OperatorError: something was not read, not sent or not stored.
    """
    faults = [
        f"{number:,} {what}"
        for number, what in (
            (report.refused, "unreadable records sent to articles.dlq"),
            (report.unsent, "too large to send"),
            (report.damaged, "files or archives that cannot be read"),
        )
        if number
    ]
    if settled is None:
        typer.echo(f"{report.sent} records sent to articles.raw")
    else:
        typer.echo(
            f"{report.sent:,} records sent to articles.raw, {settled.searchable:,} searchable, "
            f"{len(settled.refused):,} refused"
        )
        reasons = Counter(why for _, why in settled.refused)
        first = {why: record.location for record, why in reversed(settled.refused)}
        for why, number in reasons.most_common(_SHOWN_REASONS):
            console.print(f"{number:,} refused: {why}; the first is {first[why]}", markup=False)
        if len(reasons) > _SHOWN_REASONS:
            console.print(f"and {len(reasons) - _SHOWN_REASONS} more reasons: rasd dlq list", markup=False)
        if settled.waiting:
            faults.append(f"{settled.waiting:,} not searchable yet (is a worker running? rasd topics status)")
    if faults:
        raise OperatorError(", ".join(faults), hint="rasd dlq list" if report.refused else None)


class Rehearsal:
    """Reads items without sending them, and tells what they are.

    Args:
        console: where faults are printed as they are found.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sources: dict[str, Counter[str]] = {}
        self._notes: Counter[str] = Counter()
        self._first_note: dict[str, str] = {}
        self._first: list[Item] = []
        self._unreadable = self._damaged = 0

    async def read(self, items: Iterable[Item] | AsyncIterable[Item], counter: RecordCounter) -> None:
        """Read all items."""
        if isinstance(items, AsyncIterable):
            async for item in items:
                self._take(item)
                counter(item)
        else:
            for item in items:
                self._take(item)
                counter(item)

    def _take(self, item: Item) -> None:
        if item.raw is None:
            failure = item.failure
            if failure is not None:
                self._unreadable += bool(item.data)
                self._damaged += not item.data
            self._console.print(f"{item.location}: {item.skipped or _fault(failure)}", markup=False)
            return
        if len(self._first) < _SHOWN_RECORDS:
            self._first.append(item)
        counts = self._sources.setdefault(item.raw.source, Counter())
        counts.update({"records": 1, "title": item.raw.title is not None, "time": item.raw.published_at is not None})
        for note in item.raw.notes:
            kind = f"{note.field}: {note.problem}"
            self._notes[kind] += 1
            self._first_note.setdefault(kind, f"{item.location}: {note}")

    def show(self) -> None:
        """Print what would be sent.

        Raises:
            OperatorError: something could not be read.
        """
        from rich.table import Table

        table = Table("source", "records", "with title", "with time", box=None, pad_edge=False)
        ordered = sorted(self._sources.items(), key=lambda pair: -pair[1]["records"])
        for source, counts in ordered[:_SHOWN_SOURCES]:
            table.add_row(source, *(f"{counts[name]:,}" for name in ("records", "title", "time")))
        if len(ordered) > _SHOWN_SOURCES:
            table.add_row(f"and {len(ordered) - _SHOWN_SOURCES} more", "", "", "")
        console = out()
        if ordered:
            console.print(table)
        for item in self._first:
            raw = item.raw
            assert raw is not None  # noqa: S101  (only such are kept)
            time = raw.published_at.isoformat() if raw.published_at else "no time"
            console.print(f"{item.location}: {raw.url} | {time} | {raw.title or 'no title'}", markup=False)
        for kind, number in self._notes.most_common():
            console.print(f"{number:,} times {kind}; the first is {self._first_note[kind]}", markup=False)
        total = sum(counts["records"] for counts in self._sources.values())
        typer.echo(f"{total:,} records would be sent to articles.raw")
        if self._unreadable or self._damaged:
            raise OperatorError(
                f"{self._unreadable:,} records cannot be read, {self._damaged:,} files or archives neither"
            )


def _fault(failure: Rejected | None) -> str:
    return f"{failure.detail} ({failure.reason.value})" if failure is not None else ""
