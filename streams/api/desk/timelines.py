"""What a view shows of the matching articles beside the hits: values, and a timeline as a picture and a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.api.counts import FacetRequest, Facets, count_overview
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


async def overview_of(
    state: State, filters: Filters, display: Display, size: int, *names: str
) -> tuple[Facets, TimelineChart]:
    """Count matching articles by value and over time.

    Args:
        state: of the server.
        filters: of the articles.
        display: whether time runs from right to left.
        size: maximum number of values of each facet.
        *names: the facets.
    """
    request = FacetRequest.model_validate(filters.model_dump(by_alias=True) | {"size": size})
    found = await count_overview(state.searcher, request, names, display.now)
    width, height = 1000.0, 64.0
    bars = charts.histogram(found.steps, found.interval, width, height, mirrored=display.direction == "rtl")
    return found.facets, TimelineChart(found.interval, bars, width, height)
