"""rasd export: all matching articles into a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from streams.cli.console import err
from streams.cli.environment import get_settings
from streams.cli.filter_options import print_notes, read_request, takes_filters
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.api.exports import ExportProgress, ExportRequest


def register(app: typer.Typer) -> None:
    app.command("export", rich_help_panel="Articles")(export)


@takes_filters
def export(
    filters: dict[str, Any],
    output: Path = typer.Option(
        None, "-o", "--output", help="File to write; it appears when it is complete. By default standard output."
    ),
    format_: str = typer.Option("ndjson", "--format", help="ndjson, csv or geojson (a point for each place)."),
    order: str = typer.Option("newest", "--order", help="newest or oldest first."),
    fields: str = typer.Option(None, "--fields", help="NDJSON: only these fields, comma-separated."),
    columns: str = typer.Option(None, "--columns", help="CSV: only these columns in this order, comma-separated."),
    separator: str = typer.Option("comma", "--separator", help="CSV: comma, semicolon or tab."),
    end: bool = typer.Option(
        False, "--end/--no-end", help="End with a line that states whether the export is complete, as GET /export does."
    ),
) -> None:
    """Export all matching articles from a snapshot of the index, copies included.

    The exit status is 1 if not all could be read; with -o there is no file then.

    Example: `rasd export 'فيضان أو سيول' --country SD --format csv -o floods.csv`
    """
    from streams.api.exports import ExportProgress, ExportRequest

    more = {
        "format": format_, "order": order, "separator": separator, "end": end,
        "fields": fields and fields.split(","), "columns": columns and columns.split(","),
    }  # fmt: skip
    request = read_request(ExportRequest, filters, **more)
    print_notes(request)
    progress = ExportProgress()
    asyncio.run(_export(request, progress, output))
    if progress.relaxed:
        err().print("no article has enough of the words, so a third of them was enough", style="yellow")
    err().print(f"{progress.articles:,} articles{f' in {output}' if output else ''}", markup=False)


async def _export(request: ExportRequest, progress: ExportProgress, output: Path | None) -> None:
    from streams.api.exports import write_export
    from streams.api.streaming import Broken
    from streams.search.service import open_scoped_searcher

    async with open_scoped_searcher(get_settings(), request) as searcher:
        pieces = write_export(searcher, request, progress)
        try:
            if output is None:
                async for piece in pieces:
                    sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
            else:
                await _write_file(pieces, output)
        except Broken as error:
            raise OperatorError(str(error)) from error
        finally:
            await pieces.aclose()


async def _write_file(pieces: AsyncIterator[bytes], output: Path) -> None:
    """Write a file that replaces `output` when it is whole."""
    partial = output.with_name(f"{output.name}.partial")
    try:
        with partial.open("wb") as file:
            async for piece in pieces:
                file.write(piece)
        partial.replace(output)
    except OSError as error:
        raise OperatorError(f"{output} cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
