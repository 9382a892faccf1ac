"""rasd timeline: matching articles over time."""

from __future__ import annotations

import asyncio
import csv
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from streams.cli.console import out, print_json
from streams.cli.environment import get_settings
from streams.cli.filter_options import print_notes, read_request, takes_filters
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.api.counts import Timeline
    from streams.search.request import Filters

PIPE_WIDTH = 100


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(timeline)


@takes_filters
def timeline(
    filters: dict[str, Any],
    interval: str = typer.Option(
        None,
        "--interval",
        help="minute, hour, day, week, month, quarter or year; by default the shortest with at most 120 steps.",
    ),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV: start, articles, stories."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object, as GET /timeline does."),
) -> None:
    """Count matching articles and stories over time. Intervals without articles are left out.

    The exit status is 0 even if nothing was found.

    Example: `rasd timeline 'العقبة أو نويبع' --from -30d --interval day`
    """
    from streams.api.counts import TimelineRequest
    from streams.cli.print_counts import print_timeline, print_total
    from streams.search.request import Filters

    if as_csv and as_json:
        raise OperatorError("--csv and --json: only one of them", status=2)
    request = read_request(TimelineRequest if interval else Filters, filters, interval=interval)
    print_notes(request)
    counted = asyncio.run(_count(request))
    if as_json:
        print_json(counted)
    elif as_csv:
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow(("start", "articles", "stories"))
        rows.writerows((step.start, step.articles, step.stories) for step in counted.steps)
    else:
        console = out(PIPE_WIDTH)
        if counted.steps:
            print_timeline(counted, console)
        print_total(counted, console)


async def _count(request: Filters) -> Timeline:
    from streams.api.counts import TimelineRequest, count_over_time, fit_timeline
    from streams.search.service import open_scoped_searcher

    async with open_scoped_searcher(get_settings(), request) as searcher:
        if isinstance(request, TimelineRequest):
            return await count_over_time(searcher, request)
        return await fit_timeline(searcher, request, datetime.now(UTC))
