"""Two searches over time, as shares of what the sources delivered. Pure.

A count alone says as much about the sources as about the subject: where half of them were silent, every subject halves.
A share is the number of articles that match over the number of all articles with the same filters.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.api.desk.charts import next_start
from streams.search.query import Interval


@dataclass(frozen=True, slots=True)
class Step:
    """An interval: its start, all articles that were delivered in it, and those that match each search."""

    start: datetime
    delivered: int
    counts: tuple[int, ...]

    def share(self, search: int) -> float | None:
        """The part of the delivered articles that matches; None where nothing was delivered."""
        return self.counts[search] / self.delivered if self.delivered else None


@dataclass(frozen=True, slots=True)
class Lines:
    """The picture: for each search the lines between gaps, as points of polylines; `highest` is the topmost value."""

    lines: list[list[str]]
    gaps: list[tuple[float, float]]
    highest: float
    width: float
    height: float

    @staticmethod
    def alone(points: str) -> bool:
        """Return whether these points of a polyline are one point, which is drawn larger than a line."""
        return len(set(points.split())) == 1


def align(
    delivered: Sequence[tuple[datetime, int]], found: Sequence[Mapping[datetime, int]], interval: Interval
) -> list[Step]:
    """Put counts of equal intervals together; intervals in which nothing was delivered are filled in.

    Args:
        delivered: start and number of all articles, for each interval that has any, in order.
        found: for each search, its counts by start.
        interval: their length.
    """
    if not delivered:
        return []
    known = dict(delivered)
    # Summer time shifts the start of a day by an hour, either way; the server's own start counts.
    slack = timedelta(0) if interval in {"minute", "hour"} else timedelta(hours=1)
    steps, start, last = [], delivered[0][0], delivered[-1][0]
    while start <= last + slack:
        exact = next((key for key in known if abs(key - start) <= slack), start)
        steps.append(Step(exact, known.get(exact, 0), tuple(counts.get(exact, 0) for counts in found)))
        start = next_start(exact, interval)
    return steps


def draw(steps: Sequence[Step], searches: int, *, shares: bool, mirrored: bool) -> Lines:
    """Lay out a line for each search.

    Args:
        steps: in order of time.
        searches: how many there are.
        shares: draw shares rather than counts.
        mirrored: whether time runs from right to left.
    """
    width, height = 1000.0, 240.0
    values = [
        [(step.share(search) if shares else float(step.counts[search])) if step.delivered else None for step in steps]
        for search in range(searches)
    ]
    highest = max([value for row in values for value in row if value is not None], default=0.0) or 1.0
    slot = width / max(1, len(steps))

    def x(position: float) -> float:
        at = position * slot
        return round(width - at if mirrored else at, 1)

    lines: list[list[str]] = []
    for row in values:
        parts: list[list[str]] = [[]]
        for position, value in enumerate(row):
            if value is None:
                parts.append([])
            else:
                parts[-1].append(f"{x(position + 0.5)},{round(height - value / highest * height, 1)}")
        # A point alone is a short line, or nothing would be seen.
        lines.append([" ".join(part if len(part) > 1 else part * 2) for part in parts if part])
    gaps = [
        (min(x(position), x(position + 1)), round(slot, 1)) for position, step in enumerate(steps) if not step.delivered
    ]
    return Lines(lines, gaps, highest, width, height)


def to_csv(steps: Sequence[Step], searches: int) -> str:
    """Write the steps as CSV (RFC 4180)."""
    target = io.StringIO()
    writer = csv.writer(target)
    names = [f"{what}_{number}" for number in range(1, searches + 1) for what in ("articles", "share")]
    writer.writerow(["start", "delivered", *names])
    for step in steps:
        cells: list[object] = [step.start.isoformat(), step.delivered]
        for search in range(searches):
            share = step.share(search)
            cells += [step.counts[search], "" if share is None else round(share, 6)]
        writer.writerow(cells)
    return target.getvalue()
