"""Which outlets a collection has, and which watched sources of a search's scope brought nothing in its time range.

Both come from the directory of sources at the time of the question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import BaseModel, Field

from streams.errors import OperatorError, Retryable
from streams.records.fields import Timestamp
from streams.search.analysis import name_normalizer
from streams.search.request import F, Filters
from streams.sources.watch.directory import WatchedSource, Watching
from streams.sources.watch.health import Verdict, overdue
from streams.sources.watch.store import Directory

MOST_OUTAGES = 20
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class UnknownCollectionError(OperatorError):
    """No watched source belongs to a collection that a search names."""


class SourceOutage(BaseModel):
    """A period in which a watched source was silent or abnormal."""

    source: str = Field(description="Name of the source: see `GET /sources/{name}`.")
    outlet: str = Field(description="`source` of its articles.")
    verdict: Verdict = Field(description="What was wrong.")
    since: Timestamp = Field(description="Since when nothing came, or when it was noticed.")
    until: Timestamp | None = Field(description="When it was over; null if it is not.")


class Coverage(BaseModel):
    """What the watched sources of a search's scope brought in its time range; now, if it has none."""

    sources: int = Field(description="Number of watched sources in the scope of the search.")
    affected: int = Field(description="Number of them that were silent or abnormal in the time range.")
    added_later: int = Field(description="Number of them that were not watched yet at its beginning.")
    outages: list[SourceOutage] = Field(description=f"What was wrong, the latest first; at most {MOST_OUTAGES}.")


class SourceScope:
    """Reads the directory of sources for searches.

    Args:
        read: returns the directory, or None while it could not be read.
    """

    def __init__(self, read: Callable[[], Directory | None]) -> None:
        self._read = read
        self._known: dict[tuple[str, ...], frozenset[str]] = {}
        self._version: tuple[int, int] | None = None

    def resolve(self, filters: F) -> F:
        """Return the filters with the outlets that their collections have now.

        Raises:
            UnknownCollectionError: a collection has no source.
            Retryable: the directory could not be read.
        """
        if not filters.collection:
            return filters
        directory = self._read()
        if directory is None:
            raise Retryable("the directory of sources has not been read from Kafka yet")
        known = {name for source in directory.sources.values() for name in source.collections}
        folded = {_fold(name) for name in known}
        for name in filters.collection:
            if _fold(name) not in folded:
                names = "، ".join(sorted(known)[:20]) or "none"
                raise UnknownCollectionError(
                    f"no watched source belongs to the collection {name}", hint=f"collections: {names}", status=2
                )
        return filters.within(self.outlets(filters.collection))

    def outlets(self, collections: Sequence[str]) -> frozenset[str]:
        """Return the outlets of collections, as `ar_fold` writes them; none while the directory could not be read."""
        directory = self._read()
        if directory is None:
            return frozenset()
        version = (id(directory), directory.changes)
        if version != self._version:
            self._known, self._version = {}, version
        names = tuple(collections)
        if names not in self._known:
            wanted = {_fold(name) for name in names}
            self._known[names] = frozenset(
                _fold(source.outlet)
                for source in directory.sources.values()
                if not wanted.isdisjoint(map(_fold, source.collections))
            )
        return self._known[names]

    def coverage(self, filters: Filters) -> Coverage | None:
        """Return what is known of the sources in the scope of a search; None while the directory could not be read.

        The scope is set by `source`, `collection` and `language`, and the time range by `from` and `to`.
        """
        directory = self._read()
        if directory is None:
            return None
        now = datetime.now(UTC)
        if filters.since is None and filters.until is None:
            begin = end = now
        else:
            begin, end = filters.since or _FIRST, min(filters.until or now, now)
        total, affected, later = 0, 0, 0
        outages: list[SourceOutage] = []
        for source in self._in_scope(directory, filters):
            state = directory.state(source.name)
            total += 1
            later += state.first_visit is None or state.first_visit > begin
            found = [outage for outage in _outages(source, state, now) if _meets(outage, begin, end)]
            affected += bool(found)
            outages += found
        outages.sort(key=lambda outage: (outage.until or _LAST, outage.since), reverse=True)
        return Coverage(sources=total, affected=affected, added_later=later, outages=outages[:MOST_OUTAGES])

    def _in_scope(self, directory: Directory, filters: Filters) -> Iterator[WatchedSource]:
        named = {_fold(name) for name in filters.source}
        collected = self.outlets(filters.collection) if filters.collection else None
        for source in directory.sources.values():
            outlet = _fold(source.outlet)
            if (
                (not named or outlet in named)
                and (collected is None or outlet in collected)
                and (not filters.language or source.language is None or _language(source) in filters.language)
            ):
                yield source


def _language(source: WatchedSource) -> str:
    """The language without its region, as articles have it."""
    return (source.language or "").partition("-")[0].lower()


def _outages(source: WatchedSource, state: Watching, now: datetime) -> Iterator[SourceOutage]:
    for outage in state.outages:
        yield SourceOutage(
            source=source.name,
            outlet=source.outlet,
            verdict=Verdict(outage.verdict),
            since=outage.since,
            until=outage.until,
        )
    if source.paused or overdue(state, now):
        since = state.last_visit or now
        verdict = Verdict.PAUSED if source.paused else Verdict.OVERDUE
        yield SourceOutage(source=source.name, outlet=source.outlet, verdict=verdict, since=since, until=None)


def _meets(outage: SourceOutage, begin: datetime, end: datetime) -> bool:
    return outage.since <= end and (outage.until is None or outage.until > begin)


@lru_cache(maxsize=20_000)
def _fold(name: str) -> str:
    return name_normalizer()(name)
