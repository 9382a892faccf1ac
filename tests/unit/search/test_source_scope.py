"""Collections and coverage of searches, on a directory that was read before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.errors import Retryable
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.query import build_query
from streams.search.request import MAX_OUTLETS, Filters
from streams.search.source_scope import Coverage, SourceScope, UnknownCollectionError
from streams.sources.watch.directory import Kind, Outage, WatchedSource, Watching
from streams.sources.watch.store import Directory
from tests.support.articles import article

NOW = datetime.now(UTC)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def source(name: str, outlet: str, *collections: str, **fields: Any) -> WatchedSource:
    url = f"https://{name}.example/rss"
    return WatchedSource(name=name, url=url, kind=Kind.FEED, outlet=outlet, collections=collections, **fields)


def watched(*outages: Outage, **fields: Any) -> Watching:
    # The next visit must not become overdue while other tests run.
    known = {"first_visit": hours_ago(500), "last_visit": NOW, "next_visit": NOW + timedelta(days=1)} | fields
    return Watching(outages=outages, **known)


def directory() -> Directory:
    sources = (
        source("jisr", "صحيفة الجسر", "الخليج", language="ar"),
        source("jisr-sport", "صحيفة الجسر", "رياضة"),
        source("bahr", "البحر", "الخليج", language="fr-MA"),
        source("nahr", "النهر", paused=True),
    )
    silent = Outage(verdict="silent", since=hours_ago(30))
    blocked = Outage(verdict="blocked", since=hours_ago(100), until=hours_ago(90))
    return Directory(
        sources={one.name: one for one in sources},
        states={"jisr": watched(blocked), "bahr": watched(silent), "nahr": watched(last_visit=hours_ago(3))},
    )


def scope(found: Directory | None) -> SourceScope:
    return SourceScope(lambda: found)


def test_a_collection_becomes_the_outlets_that_it_has_now() -> None:
    found = directory()
    asked = Filters(collection=("الخليج",))
    resolved = scope(found).resolve(asked)
    assert sorted(resolved.outlets) == sorted(["البحر", "صحيفه الجسر"])
    assert {"terms": {"source.fold": list(resolved.outlets)}} in build_query(resolved)["bool"]["filter"]
    relaxed = scope(found).resolve(Filters(q="جسر نهر بحر جبل سهل", collection=("الخليج",))).relax()
    assert relaxed is not None and relaxed.outlets == resolved.outlets


def test_a_collection_is_never_left_out_of_a_query() -> None:
    with pytest.raises(ValueError, match="not resolved"):
        build_query(Filters(collection=("الخليج",)))
    with pytest.raises(ValueError, match="directory"):
        LiveMatcher(Filters(collection=("الخليج",)))


def test_unknown_collections_and_an_unread_directory_are_errors() -> None:
    with pytest.raises(UnknownCollectionError, match="مغرب") as error:
        scope(directory()).resolve(Filters(collection=("الخليج", "مغرب")))
    assert "الخليج" in (error.value.hint or "")
    with pytest.raises(Retryable):
        scope(None).resolve(Filters(collection=("الخليج",)))
    assert scope(None).resolve(Filters(q="جسر")) == Filters(q="جسر")
    assert scope(None).coverage(Filters()) is None


def test_the_live_feed_follows_changes_of_a_collection() -> None:
    found = directory()
    matcher = LiveMatcher(Filters(collection=("الخليج",)), scope(found))
    bridge, river = ArticleText(article(source="صحيفة الجسر")), ArticleText(article(source="النهر"))
    assert (matcher.matches(bridge), matcher.matches(river)) == (True, False)
    found.sources["nahr"] = source("nahr", "النهر", "الخليج")
    found.changes += 1
    assert (matcher.matches(bridge), matcher.matches(river)) == (True, True)


def test_thousands_of_outlets_can_be_named() -> None:
    Filters(source=tuple(f"صحيفة {number}" for number in range(MAX_OUTLETS)))
    with pytest.raises(ValueError, match="at most"):
        Filters(source=tuple(f"صحيفة {number}" for number in range(MAX_OUTLETS + 1)))


def covered(**asked: Any) -> Coverage:
    found = scope(directory()).coverage(Filters.model_validate(asked))
    assert found is not None
    return found


def test_without_a_range_the_present_outages_are_named() -> None:
    found = covered()
    assert (found.sources, found.affected) == (4, 2)
    assert [(o.source, o.verdict.value, o.until) for o in found.outages] == [
        ("nahr", "paused", None),
        ("bahr", "silent", None),
    ]
    assert found.outages[0].since == hours_ago(3)


@pytest.mark.parametrize(
    ("begin", "end", "named"),
    [
        (110, 101, []),
        (110, 95, ["jisr"]),
        (95, 80, ["jisr"]),
        (89, 31, []),
        (89, 29, ["bahr"]),
        (89, None, ["nahr", "bahr"]),
        (None, 95, ["jisr"]),
    ],
)
def test_a_range_names_the_outages_that_it_meets(begin: float | None, end: float | None, named: list[str]) -> None:
    bounds = {"from": begin and hours_ago(begin), "to": end and hours_ago(end)}
    found = covered(**{name: value for name, value in bounds.items() if value})
    assert [outage.source for outage in found.outages] == named
    assert found.affected == len(named)
    assert found.added_later == (4 if begin is None else 1), "one was never visited"


@pytest.mark.parametrize(
    ("asked", "sources", "named"),
    [
        ({"collection": ["الخليج"]}, 3, ["bahr"]),  # every source of an outlet that the collection has
        ({"source": ["صحيفه الجسر"]}, 2, []),
        ({"source": ["النهر"]}, 1, ["nahr"]),
        ({"language": ["fr"]}, 3, ["nahr", "bahr"]),  # a source without a language may have any
    ],
)
def test_only_sources_in_the_scope_are_named(asked: dict[str, Any], sources: int, named: list[str]) -> None:
    found = covered(**asked)
    assert (found.sources, [outage.source for outage in found.outages]) == (sources, named)


def test_a_source_that_nobody_visits_is_named() -> None:
    found = directory()
    found.states["jisr"] = watched(last_visit=hours_ago(5), next_visit=hours_ago(4.9))
    answer = scope(found).coverage(Filters(source=("صحيفة الجسر",)))
    assert answer is not None
    assert [(o.verdict.value, o.since) for o in answer.outages] == [("overdue", hours_ago(5))]
