"""Two searches over time, as a picture and as files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi.responses import Response

from streams.api.counts import TimelineRequest, count_over_time
from streams.api.dependencies import Shared, State
from streams.api.desk import comparison
from streams.api.desk.filtering import chosen_filters, read_request
from streams.api.desk.rendering import Visit, Visiting
from streams.api.desk.routing import HOME, make_router
from streams.api.desk.timelines import overview_of
from streams.search.query import Interval
from streams.search.request import Filters

router = make_router()


@dataclass(frozen=True, slots=True)
class _Compared:
    """Two searches over time; `steps` is empty if there is nothing to compare."""

    queries: tuple[str, str]
    filters: Filters
    interval: Interval
    steps: list[comparison.Step]
    picture: comparison.Lines
    shares: bool

    @property
    def asked(self) -> list[str]:
        """The queries that are not empty."""
        return [query for query in self.queries if query]


async def _compare(state: State, visit: Visit) -> _Compared:
    here, display = visit.here, visit.display
    queries = ((here.values("q") or [""])[-1], (here.values("other") or [""])[-1])
    asked = [query for query in queries if query]
    filters = read_request(Filters, visit, q="").model_copy(update={"q": ""})
    interval: Interval = "day"
    steps: list[comparison.Step] = []
    if asked:
        with state.searches.slot():
            _, delivered = await overview_of(state, filters, display, 1)
            interval = delivered.interval
            found = await asyncio.gather(*(_counts(state, filters, query, interval) for query in asked))
        steps = comparison.align([(bar.start, bar.count) for bar in delivered.bars], found, interval)
    shares = not here.has("scale", "count")
    picture = comparison.draw(steps, len(asked), shares=shares, mirrored=display.direction == "rtl")
    return _Compared(queries, filters, interval, steps, picture, shares)


async def _counts(state: State, filters: Filters, query: str, interval: Interval) -> dict[datetime, int]:
    given = filters.model_dump(by_alias=True) | {"q": query, "interval": interval}
    found = await count_over_time(state.searcher, TimelineRequest.model_validate(given))
    return {datetime.fromisoformat(step.start): step.articles for step in found.steps}


@router.get(HOME + "/compare")
async def compare(state: Shared, visit: Visiting) -> Response:
    """Compare two searches over time, as shares of what the sources delivered."""
    compared = await _compare(state, visit)
    return visit.render(
        "compare.html",
        **_shown(compared),
        chosen=[one for one in chosen_filters(visit.here, visit.display) if one.name not in {"from", "to"}],
    )


def _shown(compared: _Compared) -> dict[str, Any]:
    names = ("queries", "filters", "interval", "steps", "picture", "shares", "asked")
    return {name: getattr(compared, name) for name in names} | {"standalone": False}


@router.get(HOME + "/compare.csv")
async def compare_csv(state: Shared, visit: Visiting) -> Response:
    """Send the compared counts as CSV."""
    compared = await _compare(state, visit)
    content = comparison.to_csv(compared.steps, len(compared.asked))
    return Response(content, headers=_attached("compare.csv"), media_type="text/csv; charset=utf-8")


@router.get(HOME + "/compare.svg")
async def compare_svg(state: Shared, visit: Visiting) -> Response:
    """Send the picture of a comparison as a file."""
    compared = await _compare(state, visit)
    answer = visit.render("compare.svg", **(_shown(compared) | {"standalone": True}))
    answer.headers["Content-Type"] = "image/svg+xml"
    answer.headers.update(_attached("compare.svg"))
    return answer


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
