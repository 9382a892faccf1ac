"""The watched sources and their health."""

from __future__ import annotations

from fastapi.responses import Response

from streams.api import sources
from streams.api.dependencies import Shared
from streams.api.desk.filtering import validated
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.errors import Retryable
from streams.sources.watch.health import ABNORMAL

router = make_router()


@router.get(HOME + "/sources")
async def watched_sources(state: Shared, visit: Visiting) -> Response:
    """Show the watched sources and their health."""
    try:
        every = await sources.list_sources(state, sources.SourceFilters())
    except Retryable:
        return visit.render("sources.html", found=None)
    request = validated(
        sources.SourceFilters,
        {"collection": next(iter(visit.here.values("collection")), None), "verdict": visit.here.values("verdict")},
    )
    found = (await sources.list_sources(state, request)).sources
    return visit.render(
        "sources.html",
        # What somebody should look after comes first.
        found=sorted(found, key=lambda one: (one.verdict not in ABNORMAL, one.source.name)),
        abnormal=ABNORMAL,
        total=every.total,
        verdicts=sorted(every.verdicts.items()),
        collections=sorted({name for one in every.sources for name in one.source.collections}),
    )
