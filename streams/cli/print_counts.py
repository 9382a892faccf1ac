"""Prints counts: a timeline as a line of bars or a table, facets as bars.

As in `streams.cli.print_hits`, names are isolated on a terminal, and nothing invisible is written to a pipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.api.counts import LENGTHS, Count, Facets, Timeline
from streams.cli.print_hits import isolate
from streams.search.query import Interval

BLOCKS = "▁▂▃▄▅▆▇█"
EIGHTHS = "▏▎▍▌▋▊▉█"
BAR_WIDTH = 24
NAME_WIDTH = 32
# Facets of the overview of a search.
OVERVIEW = ("sources", "main_places", "persons", "organisations")
PATTERNS: dict[Interval, str] = {"minute": "%Y-%m-%d %H:%M", "hour": "%Y-%m-%d %H:%M", "month": "%Y-%m", "year": "%Y"}


def bar(count: int, most: int, width: int = BAR_WIDTH) -> str:
    """Return a bar as long as the count's share of the greatest, in eighths of a character; never nothing."""
    eighths = max(1, round(count / max(most, 1) * width * 8))
    return EIGHTHS[-1] * (eighths // 8) + (EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


def sparkline(counts: Sequence[int]) -> str:
    """Return counts as blocks of eight heights; a space where there is nothing."""
    most = max([*counts, 1])
    return "".join(BLOCKS[max(0, -(-count * 8 // most) - 1)] if count else " " for count in counts)


def without_gaps(timeline: Timeline) -> list[int]:
    """Return the number of articles of each interval, those with none included."""
    length = LENGTHS[timeline.interval]
    starts = [datetime.fromisoformat(step.start) for step in timeline.steps]
    counts = [timeline.steps[0].articles] if timeline.steps else []
    for (before, after), step in zip(pairwise(starts), timeline.steps[1:], strict=True):
        # Months and years differ in length, days by the hour of summer time.
        counts += [0] * (round((after - before) / length) - 1) + [step.articles]
    return counts


def _fit(counts: Sequence[int], width: int) -> list[int]:
    """Add up neighbours until there are at most `width` counts."""
    size = -(-len(counts) // max(1, width))
    return [sum(counts[start : start + size]) for start in range(0, len(counts), size)] if size > 1 else list(counts)


def print_timeline_row(timeline: Timeline, console: Console) -> None:
    """Print a timeline on one line between its first and last interval."""
    if not timeline.steps:
        return
    first, last = (_moment(step.start, timeline.interval) for step in (timeline.steps[0], timeline.steps[-1]))
    room = console.width - len(first) - len(last) - 4
    line = sparkline(_fit(without_gaps(timeline), max(10, room)))
    console.print(Text.assemble((first, "dim"), "  ", (line, "cyan"), "  ", (last, "dim")), soft_wrap=True)


def print_timeline(timeline: Timeline, console: Console) -> None:
    """Print a timeline as a table with bars, without empty intervals."""
    most = max([step.articles for step in timeline.steps] or [1])
    table = Table(timeline.interval, "articles", "stories", "", box=None, pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for step in timeline.steps:
        cells = (_moment(step.start, timeline.interval), f"{step.articles:,}", f"{step.stories:,}")
        table.add_row(*cells, Text(bar(step.articles, most), style="cyan"))
    console.print(table)


def _moment(start: str, interval: Interval) -> str:
    return datetime.fromisoformat(start).strftime(PATTERNS.get(interval, "%Y-%m-%d"))


def print_facets(facets: Facets, console: Console, names: Sequence[str] | None = None) -> None:
    """Print the most frequent values of each facet with bars.

    Args:
        facets: what was counted.
        console: where to print.
        names: facets to print; all by default.
    """
    for name in names or facets.facets:
        if not facets.facets[name]:
            continue
        console.print(Text(name.replace("_", " "), style="bold"))
        table = Table.grid(padding=(0, 1))
        table.add_column(max_width=NAME_WIDTH, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right")
        table.add_column(justify="right")
        table.add_column()
        most = max(count.articles for count in facets.facets[name])
        for count in facets.facets[name]:
            table.add_row(*_facet_row(count, most, console))
        console.print(table)


def _facet_row(count: Count, most: int, console: Console) -> tuple[str | Text, ...]:
    value = Text("  " + (isolate(count.value) if console.is_terminal else count.value))
    stories = "" if count.stories is None else f"{count.stories:,} stories"
    return value, f"{count.articles:,}", stories, Text(bar(count.articles, most), style="cyan")


def print_overview(facets: Facets, timeline: Timeline, console: Console) -> None:
    """Print what a search finds at a glance: the number of articles, over time, by outlet and by name."""
    console.print(Text(_total(facets.total), style="bold"))
    print_timeline_row(timeline, console)
    print_facets(facets, console, OVERVIEW)
    console.print()


def print_total(counted: Facets | Timeline, console: Console) -> None:
    """Print how many articles were counted, and what is to be said about that."""
    text = _total(counted.total)
    if counted.partial:
        text += "; the search timed out, there may be more"
    if counted.relaxed:
        text += "; none has enough of the words, so a third of them was enough"
    console.print(Text(text, style="dim"))


def _total(number: int) -> str:
    return f"{number:,} {'article' if number == 1 else 'articles'}"
