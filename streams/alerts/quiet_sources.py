"""The watched sources that are quiet, for standing searches of the kinds `source-quiet` and `digest`."""

from __future__ import annotations

from datetime import datetime

from streams.alerts.standing_search import SourceQuiet, StandingSearch
from streams.search.analysis import name_normalizer
from streams.settings import Settings
from streams.sources.watch.follower import DirectoryFollower
from streams.sources.watch.health import Verdict, judge

#: What a reader of the outlet notices. A redirect or a wrong clock does not stop the news.
QUIET = frozenset({Verdict.SILENT, Verdict.FAILING, Verdict.BLOCKED, Verdict.GONE})


class QuietSources:
    """Follows the directory of watched sources, once a search asks for it.

    Args:
        settings: of the process.
    """

    def __init__(self, settings: Settings) -> None:
        self._follower = DirectoryFollower(settings)
        self._started = False

    async def of(self, search: StandingSearch, now: datetime) -> dict[str, str] | None:
        """Return why sources that a search is about are quiet, by name; None while the directory is not known."""
        if not self._started:
            self._started = True
            self._follower.start()
        if not self._follower.complete:
            return None
        normalize = name_normalizer()
        outlets = {normalize(name) for name in search.filters.source}
        when = search.when
        collections = set(when.collections if isinstance(when, SourceQuiet) else search.filters.collection)
        directory = self._follower.directory
        found = {}
        for name, source in directory.sources.items():
            if outlets and normalize(source.outlet) not in outlets:
                continue
            if collections and collections.isdisjoint(source.collections):
                continue
            health = judge(source, directory.state(name), now)
            if health.verdict in QUIET:
                found[name] = f"{health.verdict.value}: {health.advice}"
        return found

    async def close(self) -> None:
        """Stop following."""
        if self._started:
            await self._follower.close()
