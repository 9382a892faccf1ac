"""rasd enrich: run all stages on files, in one process."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from streams.cli.console import err
from streams.cli.environment import get_settings
from streams.cli.reading import FORMAT, MAP, OUTLET, WHAT, RecordCounter, progress_bar, read_options
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.sources.base import Item

if TYPE_CHECKING:
    from streams.cli.article_page import PageWriter
    from streams.formats.geojson import FeatureWriter, LineWriter


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(enrich)


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items. On an unreadable file, the items read before it are yielded before its error."""
    batch: list[Item] = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch = []
    except OperatorError:
        yield batch
        raise
    if batch:
        yield batch


def _open(output: Path, paths: list[Path]) -> BinaryIO:
    """Open the output file, truncated."""
    from streams.sources.files import is_read

    if is_read(output, paths):
        raise OperatorError(f"{output}: is both input and output", hint="choose another file with -o", status=2)
    try:
        return output.open("wb")
    except OSError as error:
        raise OperatorError(f"{output}: {error.strerror}") from error


def _form(*, html: bool, geojson: bool) -> type[PageWriter | FeatureWriter | LineWriter]:
    """Return what writes the articles.

    Raises:
        OperatorError: both are wanted.
    """
    from streams.formats.geojson import FeatureWriter, LineWriter

    if html and geojson:
        raise OperatorError("--html and --geojson: only one of them", status=2)
    if html:
        from streams.cli.article_page import PageWriter

        return PageWriter
    return FeatureWriter if geojson else LineWriter


def enrich(
    arguments: list[str] = typer.Argument(..., metavar="PATH", help=WHAT),
    output: Path = typer.Option(None, "-o", "--output", help="File to write; standard output by default."),
    geojson: bool = typer.Option(
        False, "--geojson", help="Write a GeoJSON FeatureCollection with a point for each place of each article."
    ),
    html: bool = typer.Option(
        False,
        "--html",
        help="Write one HTML page of the articles, names coloured; with --explain, removals too.",
    ),
    explain: bool = typer.Option(
        False, "--explain", help="Add the text that cleaning removed, and why, as trace.clean."
    ),
    named: str = FORMAT,
    outlet: str = OUTLET,
    mapped: list[str] = MAP,
) -> None:
    """Run all stages on files without a server; write one enriched JSON document per line.

    Articles that a stage rejects (for an empty body, for example) are reported on standard error. The exit status is 1
    if a record could not be read.

    Example: `rasd enrich page.html -o page.jsonl`, `rasd enrich day.zip --geojson -o day.geojson` for a map, or
    `rasd enrich page.html --html --explain -o marked.html` to look at
    """
    from streams.engine.in_process import LocalPipeline
    from streams.sources.files import count_bytes, read_paths, to_paths

    form = _form(html=html, geojson=geojson)
    # No worker of an earlier release reads what is written here.
    settings = get_settings().model_copy(update={"entities_quotes": True} | ({"explain": True} if explain else {}))
    console = err()
    pipeline = LocalPipeline(settings)
    written = refused = unreadable = 0
    damaged: list[str] = []
    # Before the output is truncated, so that a missing path does not destroy an existing file.
    options = read_options(named, outlet, mapped)
    paths = to_paths(arguments)
    total = count_bytes(paths)
    sink = sys.stdout.buffer if output is None else _open(output, paths)
    writer = form(sink)
    try:
        with progress_bar(console) as bar:
            counter = RecordCounter(bar, "enriching", total, by_records=False)
            for items in _batches(read_paths(paths, options, counter.bytes_read), settings.batch_size):
                enriched = iter(pipeline.enrich([item.raw for item in items if item.raw is not None]))
                for item in items:
                    counter(item)
                    if item.raw is None:
                        if item.failure is not None and item.data:
                            unreadable += 1
                        elif item.failure is not None:
                            damaged.append(item.location)
                        fault = item.skipped or (item.failure.detail if item.failure else "")
                        console.print(f"{item.location}: {fault}", markup=False)
                        continue
                    result = next(enriched)
                    for article in result.articles:
                        writer.write(article)
                        written += 1
                    if (failure := result.failure) is not None:
                        refused += 1
                        console.print(f"{item.location}: {failure.detail} ({failure.reason.value})", markup=False)
        writer.close()
    finally:
        sink.flush()
        if output is not None:
            sink.close()
    console.print(f"{written} articles written, {refused} records rejected, {unreadable} unreadable")
    faults = [f"{unreadable} records could not be read"] if unreadable else []
    if damaged:
        faults.append(f"{len(damaged)} files or archives could not be read: {', '.join(damaged[:5])}")
    if faults:
        raise OperatorError("; ".join(faults))
