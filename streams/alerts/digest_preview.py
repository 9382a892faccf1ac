"""Make a digest at once from the index: what it would tell now, without telling it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from streams.alerts.message import AlertMessage, compose
from streams.alerts.quiet_sources import QuietSources
from streams.alerts.rehearsal import open_past
from streams.alerts.rules import SearchMemory
from streams.alerts.standing_search import StandingSearch
from streams.search.request import Filters
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.alerts.records import Match

#: Time to wait for the directory of watched sources.
_DIRECTORY_SECONDS = 15.0


async def preview(
    settings: Settings, search: StandingSearch, others: dict[str, StandingSearch], since: datetime
) -> AlertMessage | None:
    """Return the message that a digest would be now.

    Args:
        settings: of the process.
        search: a standing search of the kind `digest`.
        others: the standing searches whose stories are in it too, by id.
        since: the stories are those of which the first matching article arrived later.

    Returns:
        The message; None if there is nothing to tell.

    Raises:
        Retryable: Elasticsearch or Kafka is unavailable.
        QueryRefused: Elasticsearch refuses a query.
    """
    now = datetime.now(UTC)
    quiet = await _quiet(settings, search, now)
    matches: list[Match] = []
    for one in _searches(search, others):
        async with open_past(settings, one.filters) as past:
            found = await past.matches(one.model_copy(update={"created_at": since}), since, now)
        section = one.name if one.id != search.id else None
        matches += [match.model_copy(update={"section": section}) for match in found]
    return make(search, matches, quiet, since, now, str(settings.alerts_url or "").rstrip("/") or None)


def make(  # noqa: PLR0917
    search: StandingSearch,
    matches: list[Match],
    quiet: dict[str, str],
    since: datetime,
    now: datetime,
    base: str | None = None,
) -> AlertMessage | None:
    """Put matches into a digest, by the rules that hold live."""
    # Nothing is due before the end, whatever its times are.
    memory = SearchMemory(search.model_copy(update={"created_at": since, "changed_at": now, "paused": False}))
    for match in sorted(matches, key=lambda match: (match.moment, match.article)):
        memory.take(match)
    memory.quiet = quiet
    memory.digest(now)
    return next((compose(alert, search, base) for alert in memory.alerts.values()), None)


def _searches(search: StandingSearch, others: dict[str, StandingSearch]) -> list[StandingSearch]:
    own = [] if search.filters == Filters() else [search]
    return [*own, *(other for other in others.values() if not other.paused and other.when.kind != "source-quiet")]


async def _quiet(settings: Settings, search: StandingSearch, now: datetime) -> dict[str, str]:
    sources = QuietSources(settings)
    try:
        async with asyncio.timeout(_DIRECTORY_SECONDS):
            while (found := await sources.of(search, now)) is None:  # noqa: ASYNC110  (the follower has no event)
                await asyncio.sleep(0.1)
    except TimeoutError:
        return {}
    finally:
        await sources.close()
    return found
