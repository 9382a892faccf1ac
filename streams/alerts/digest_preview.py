"""Make a digest at once from the index: what it would tell now, without telling it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from streams.alerts.message import AlertMessage, compose
from streams.alerts.quiet_sources import QuietSources
from streams.alerts.rehearsal import Past, open_past
from streams.alerts.rules import SearchMemory
from streams.alerts.standing_search import Digest, StandingSearch
from streams.errors import OperatorError
from streams.search.request import Filters
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.alerts.records import Match

#: Time to wait for the directory of watched sources.
_DIRECTORY_SECONDS = 15.0
_HOURS = {"hour": 1.0, "day": 24.0, "week": 168.0}


async def preview(
    settings: Settings,
    search: StandingSearch,
    known: Mapping[str, StandingSearch],
    hours: float | None = None,
    past: Past | None = None,
) -> AlertMessage | None:
    """Return the message that a digest would be now.

    Args:
        settings: of the process.
        search: a standing search of the kind `digest`.
        known: all standing searches, by id; the stories of those that the digest names are in it too.
        hours: the time to look back, in hours; by default that between two digests. The stories are those of which the
            first matching article arrived in it.
        past: the articles of the past; by default it is opened for each search.

    Returns:
        The message; None if there is nothing to tell.

    Raises:
        OperatorError: the search is no digest.
        Retryable: Elasticsearch or Kafka is unavailable.
        QueryRefused: Elasticsearch refuses a query.
    """
    condition = search.when
    if not isinstance(condition, Digest):
        raise OperatorError(f"{search.name} is no digest", hint="rasd alerts add --when digest:day@08:00", status=2)
    now = datetime.now(UTC)
    since = now - timedelta(hours=hours or _HOURS[condition.every])
    quiet = await _quiet(settings, search, now)
    matches: list[Match] = []
    for one in _searches(search, condition, known):
        async with nullcontext(past) if past is not None else open_past(settings, one.filters) as opened:
            found = await opened.matches(one.model_copy(update={"created_at": since}), since, now)
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


def _searches(search: StandingSearch, condition: Digest, known: Mapping[str, StandingSearch]) -> list[StandingSearch]:
    """The digest itself, if it searches for anything, and those that it names and may have."""
    own = [] if search.filters == Filters() else [search]
    named = [known[key] for key in condition.searches if key in known]
    allowed = [other for other in named if search.owner in {"", other.owner}]
    return [*own, *(other for other in allowed if not other.paused and other.when.kind != "source-quiet")]


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
