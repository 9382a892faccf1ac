"""Counts of matching articles by value and over time, for the API, the desk and the terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from pydantic import BaseModel, Field

from streams.search.hits import COVERAGE, NOTES, PARTIAL, RELAXED, is_partial
from streams.search.query import FACETS, Interval
from streams.search.request import Filters
from streams.search.service import Searcher
from streams.search.source_scope import Coverage
from streams.search.times import read_zone

# Steps of a timeline beyond which the next longer interval is chosen.
MAX_STEPS = 120
LENGTHS: dict[Interval, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "quarter": timedelta(days=91),
    "year": timedelta(days=365),
}
"""Length of each interval, shortest first; of months and longer ones about."""
_MONTHS: dict[Interval, int] = {"month": 1, "quarter": 3, "year": 12}


class Count(BaseModel):
    """Number of articles with a value."""

    value: str
    articles: int = Field(description="Number of matching articles with the value.")
    stories: int | None = Field(
        None, description="With `fold`: number of clusters with the value; approximate above 1,000."
    )


class Facets(BaseModel):
    """The most frequent values in matching articles."""

    total: int = Field(description="Number of matching articles.")
    stories: int | None = Field(None, description="With `fold`: number of clusters; approximate above 1,000.")
    partial: bool = Field(description=PARTIAL)
    relaxed: bool = Field(description=RELAXED)
    notes: list[str] = Field(description=NOTES)
    facets: dict[str, list[Count]] = Field(description="By facet, its most frequent values first.")
    coverage: Coverage | None = Field(None, description=COVERAGE)


class FacetRequest(Filters):
    """Filters, and the number of values to return."""

    size: int = Field(10, ge=1, le=100, description="Maximum number of values per facet.")
    fold: bool = Field(
        False,
        description="Count stories, too, and return the values with most of them first (of those with most articles).",
    )


class TimelineRequest(Filters):
    """Filters, and the intervals of the timeline."""

    interval: Interval = Field("day", description="Calendar interval of a step, in `zone`.")


class Step(BaseModel):
    """One interval of a timeline."""

    start: str = Field(description="Start of the interval (ISO 8601), in the requested time zone.")
    articles: int = Field(description="Number of matching articles.")
    stories: int = Field(description="Number of clusters; approximate above 1,000.")


class Timeline(BaseModel):
    """Matching articles over time, without empty intervals."""

    total: int = Field(description="Number of matching articles.")
    partial: bool = Field(description=PARTIAL)
    relaxed: bool = Field(description=RELAXED)
    notes: list[str] = Field(description=NOTES)
    interval: Interval = Field(description="Calendar interval of the steps.")
    steps: list[Step] = Field(description="Intervals with matching articles, in order of time.")
    coverage: Coverage | None = Field(None, description=COVERAGE)


async def count_values(searcher: Searcher, request: FacetRequest) -> Facets:
    """Return the most frequent values in matching articles. Raises like `Searcher.search`."""
    return _read_facets(searcher, request, await searcher.facets(request, request.size, fold=request.fold))


def _read_facets(
    searcher: Searcher, request: FacetRequest, answer: Mapping[str, Any], names: Collection[str] = FACETS
) -> Facets:
    return Facets(
        total=answer["hits"]["total"]["value"],
        stories=answer["aggregations"]["stories"]["value"] if request.fold else None,
        partial=is_partial(answer),
        relaxed=answer["relaxed"],
        notes=list(request.notes),
        facets={name: _counts(answer["aggregations"][name]["buckets"], request) for name in names},
        coverage=searcher.scope.coverage(request),
    )


def _counts(buckets: list[dict[str, Any]], request: FacetRequest) -> list[Count]:
    counts = [
        Count(value=b["key"], articles=b["doc_count"], stories=b["stories"]["value"] if request.fold else None)
        for b in buckets
    ]
    if request.fold:
        counts.sort(key=lambda count: count.stories or 0, reverse=True)
    return counts[: request.size]


async def count_over_time(searcher: Searcher, request: TimelineRequest) -> Timeline:
    """Return the numbers of matching articles and stories per interval. Raises like `Searcher.search`."""
    answer = await searcher.timeline(request, request.interval, request.zone)
    steps = [
        Step(start=b["key_as_string"], articles=b["doc_count"], stories=b["stories"]["value"])
        for b in answer["aggregations"]["timeline"]["buckets"]
    ]
    return Timeline(
        total=answer["hits"]["total"]["value"],
        partial=is_partial(answer),
        relaxed=answer["relaxed"],
        notes=list(request.notes),
        interval=request.interval,
        steps=steps,
        coverage=searcher.scope.coverage(request),
    )


def interval_for(span: timedelta) -> Interval:
    """Return the shortest interval of which the span has at most `MAX_STEPS`."""
    return next((name for name, length in LENGTHS.items() if span / length <= MAX_STEPS), "year")


async def fit_timeline(searcher: Searcher, filters: Filters, now: datetime) -> Timeline:
    """Count matching articles over time, in intervals that fit the time they span. Raises like `Searcher.search`.

    Args:
        searcher: runs the searches.
        filters: what to count.
        now: end of a range without one.
    """
    given = filters.model_dump(by_alias=True, include=set(Filters.model_fields))

    async def count(interval: Interval) -> Timeline:
        return await count_over_time(searcher, TimelineRequest.model_validate(given | {"interval": interval}))

    if filters.since is not None:
        return await count(interval_for((filters.until or now) - filters.since))
    found = await count("month")
    if found.steps:
        span = _start(found.steps[-1]) - _start(found.steps[0]) + timedelta(days=31)
        if (finer := interval_for(span)) != found.interval:
            found = await count(finer)
        if finer == "day" and len(found.steps) <= 2:  # all came within hours, as after a first start
            found = await count("hour")
    return found


@dataclass(frozen=True, slots=True)
class Overview:
    """What a view shows of the matching articles beside the hits.

    Attributes:
        facets: the most frequent values.
        interval: of the steps.
        steps: start and number of articles of each interval that has any, in order of time.
    """

    facets: Facets
    interval: Interval
    steps: list[tuple[datetime, int]]


async def count_overview(searcher: Searcher, request: FacetRequest, names: Collection[str], now: datetime) -> Overview:
    """Count values, and articles over time in intervals that fit as in `fit_timeline`, with one search where that does.

    Stories are not counted. Raises like `Searcher.search`.

    Args:
        searcher: runs the searches.
        request: what to count. `fold` has no effect.
        names: the facets; none for the articles over time alone.
        now: end of a range without one.
    """

    async def count(interval: Interval, facets: Collection[str]) -> tuple[Facets, list[tuple[datetime, int]]]:
        answer = await searcher.overview(request, request.size, facets, interval, request.zone)
        buckets = answer["aggregations"]["timeline"]["buckets"]
        steps = [(datetime.fromisoformat(bucket["key_as_string"]), bucket["doc_count"]) for bucket in buckets]
        return _read_facets(searcher, request, answer, facets), steps

    if request.since is not None:
        interval = interval_for((request.until or now) - request.since)
        return Overview((found := await count(interval, names))[0], interval, found[1])
    facets, days = await count("day", names)
    if not days:
        return Overview(facets, "month", [])
    zone = read_zone(request.zone)
    span = start_of(days[-1][0], "month", zone) - start_of(days[0][0], "month", zone) + timedelta(days=31)
    interval = interval_for(span)
    if interval == "day" and len(days) <= 2:
        return Overview(facets, "hour", (await count("hour", ()))[1])
    steps: dict[datetime, int] = {}
    for day, articles in days:
        start = start_of(day, interval, zone)
        steps[start] = steps.get(start, 0) + articles
    return Overview(facets, interval, list(steps.items()))


def start_of(day: datetime, interval: Interval, zone: tzinfo) -> datetime:
    """Return the start of the calendar interval, of a day or longer, that a day lies in; weeks begin on Mondays."""
    date = day.date()
    if interval == "week":
        date -= timedelta(days=date.weekday())
    elif interval in _MONTHS:
        months = _MONTHS[interval]
        date = date.replace(month=(date.month - 1) // months * months + 1, day=1)
    return datetime.combine(date, time(), zone)


def _start(step: Step) -> datetime:
    return datetime.fromisoformat(step.start)
