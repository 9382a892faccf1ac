"""Geometry of the pictures: SVG, so that they print, scale, can be saved, and need no script. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from streams.api.counts import LENGTHS
from streams.search.query import Interval

# Steps that the axis has room for, at least.
LEAST_STEPS = 12
_MONTHS: dict[Interval, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram in units of its view box, with what it stands for."""

    x: float
    y: float
    width: float
    height: float
    start: datetime
    end: datetime
    count: int


def next_start(start: datetime, interval: Interval) -> datetime:
    """Return the start of the calendar interval after the one that starts at `start`, in its zone."""
    if interval in _MONTHS:
        month = start.month - 1 + _MONTHS[interval]
        return start.replace(year=start.year + month // 12, month=month % 12 + 1)
    return start + LENGTHS[interval]


def histogram(
    steps: Sequence[tuple[datetime, int]], interval: Interval, width: float, height: float, *, mirrored: bool
) -> list[Bar]:
    """Lay out bars along time, gaps where nothing was.

    Args:
        steps: start and count of each interval that has any, in order.
        interval: their length.
        width: of the view box; `height` likewise.
        height: of the highest bar.
        mirrored: whether time runs from right to left.
    """
    if not steps:
        return []
    last = next_start(steps[-1][0], interval).astimezone(UTC)
    # A single hour is a bar, not a wall.
    first = min(steps[0][0].astimezone(UTC), last - LEAST_STEPS * LENGTHS[interval])
    span = (last - first) / timedelta(seconds=1)
    most = max(count for _, count in steps)
    bars = []
    for start, count in steps:
        end = next_start(start, interval)
        left = (start.astimezone(UTC) - first) / timedelta(seconds=1) / span * width
        right = (end.astimezone(UTC) - first) / timedelta(seconds=1) / span * width
        tall = max(1.5, count / most * height) if count else 0.0
        x = width - right if mirrored else left
        gap = min(1.0, (right - left) * 0.15)
        bars.append(
            Bar(
                round(x + gap / 2, 2),
                round(height - tall, 2),
                round(max(0.5, right - left - gap), 2),
                round(tall, 2),
                start,
                end,
                count,
            )
        )
    return bars


def sparkline(counts: Sequence[int], width: float, height: float, *, mirrored: bool) -> str:
    """Return the points of a polyline through counts of equal intervals, oldest first."""
    most = max([*counts, 1])
    step = width / max(1, len(counts) - 1)
    points = []
    for index, count in enumerate(counts):
        x = width - index * step if mirrored else index * step
        points.append(f"{round(x, 1)},{round(height - count / most * height, 1)}")
    return " ".join(points)


@dataclass(frozen=True, slots=True)
class Lane:
    """An outlet's articles along time: its name, and for each article the position in percent, moment and id."""

    name: str
    points: list[tuple[float, datetime, str]]


def lanes(entries: Sequence[tuple[str, datetime, str]], mirrored: bool) -> list[Lane]:
    """Lay out articles along time, a lane for each outlet, in the order in which the outlets first appear.

    Args:
        entries: outlet, moment and id of each article, in order of time.
        mirrored: whether time runs from right to left.
    """
    if not entries:
        return []
    first, last = entries[0][1], entries[-1][1]
    span = (last - first).total_seconds() or 1.0
    found: dict[str, Lane] = {}
    for name, moment, identifier in entries:
        # Some room at both ends, so that a point is not cut.
        share = 2 + 96 * (moment - first).total_seconds() / span
        lane = found.setdefault(name, Lane(name, []))
        lane.points.append((round(100 - share if mirrored else share, 2), moment, identifier))
    return list(found.values())
