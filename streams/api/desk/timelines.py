"""The timeline of a view: matching articles over time, as a picture and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.api.counts import fit_timeline
from streams.api.dependencies import State
from streams.api.desk import charts
from streams.api.desk.display import Display
from streams.search.query import Interval
from streams.search.request import Filters


@dataclass(frozen=True, slots=True)
class TimelineChart:
    """A timeline as a picture and as a table."""

    interval: Interval
    bars: list[charts.Bar]
    width: float
    height: float

    @property
    def bounds(self) -> tuple[datetime, datetime] | None:
        """Start of the first interval and end of the last."""
        return (self.bars[0].start, self.bars[-1].end) if self.bars else None


async def timeline_of(state: State, filters: Filters, display: Display) -> TimelineChart:
    """Count matching articles over time, in intervals that fit the time they span."""
    found = await fit_timeline(state.searcher, filters, display.now)
    steps = [(datetime.fromisoformat(step.start), step.articles) for step in found.steps]
    width, height = 1000.0, 64.0
    bars = charts.histogram(steps, found.interval, width, height, mirrored=display.direction == "rtl")
    return TimelineChart(found.interval, bars, width, height)
