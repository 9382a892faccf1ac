"""Stories by growth, from what Elasticsearch answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from streams.search.stories import build_growth, build_members, read_growth

UNTIL = datetime(2026, 3, 1, 12, tzinfo=UTC)
_OLD = {
    "id": "old",
    "url": "https://b.example.com",
    "source": "b",
    "published_at": "2025-03-01T00:00:00Z",
    "ingested_at": "2026-03-01T11:59:00Z",
}


def _bucket(key: str, outlets: int, before: int, before_quarter: int, minutes_ago: int) -> dict[str, Any]:
    source = {
        "id": f"{key}-1",
        "url": "https://a.example.com",
        "source": "a",
        "ingested_at": (UNTIL - timedelta(minutes=minutes_ago)).isoformat(),
    }
    hits = {"hits": {"hits": [{"_source": source}]}}
    return {
        "key": key,
        "doc_count": outlets + 1,
        "outlets": {"value": outlets},
        "before_window": {"outlets": {"value": before}},
        "before_quarter": {"outlets": {"value": before_quarter}},
        "series": {"buckets": [{"doc_count": number} for number in range(12)]},
        "places": {"buckets": [{"key": "بيروت"}]},
        "first": hits,
        "undated": {"doc_count": 0},
        "arrived": {"value": (UNTIL - timedelta(minutes=minutes_ago)).timestamp() * 1000},
        "newest": hits,
    }


def test_stories_rank_by_the_outlets_that_joined_last() -> None:
    buckets = [
        _bucket("large and old", 30, 30, 30, 600),
        _bucket("slow", 9, 4, 8, 50),
        _bucket("fast", 4, 0, 1, 20),
        _bucket("fast too", 3, 0, 0, 5),
    ]
    answers: list[dict[str, Any]] = [{"_shards": {"failed": 0}}, {"aggregations": {"stories": {"buckets": buckets}}}]
    found = read_growth(answers, UNTIL, 60, 3)
    assert [(one.id, one.growth, one.growth_window) for one in found.stories] == [
        ("fast", 3, 4),
        ("fast too", 3, 3),
        ("slow", 1, 5),
    ]
    assert [one.breaking for one in found.stories] == [True, True, False]
    assert found.stories[0].series == list(range(12))
    assert not found.partial


def test_the_first_is_by_publication_and_unsure_where_that_is_unknown() -> None:
    sort = [{"@timestamp": "asc"}, {"ingested_at": "asc"}, {"id": "asc"}]
    body = build_growth(["a"], UNTIL, 60)
    assert body["aggs"]["stories"]["aggs"]["first"]["top_hits"]["sort"] == sort
    assert build_members("a", 5)["sort"] == sort
    buckets = [_bucket("dated", 3, 0, 0, 5), _bucket("undated", 2, 0, 0, 5) | {"undated": {"doc_count": 1}}]
    # Published a year ago, it breaks none the less: its age is counted from its arrival.
    buckets[0]["first"] = {"hits": {"hits": [{"_source": _OLD}]}}
    found = read_growth([{}, {"aggregations": {"stories": {"buckets": buckets}}}], UNTIL, 60, 3).stories
    assert [(one.id, one.first_is_sure, one.breaking) for one in found] == [
        ("dated", True, True),
        ("undated", False, False),
    ]
    assert found[0].first.listed_at == datetime(2025, 3, 1, tzinfo=UTC)
    # Where the newest is as old, an archive is being loaded.
    buckets[0]["newest"] = buckets[0]["first"]
    found = read_growth([{}, {"aggregations": {"stories": {"buckets": buckets}}}], UNTIL, 60, 3).stories
    assert not found[0].breaking


def test_a_quiet_window_has_no_stories() -> None:
    found = read_growth([{"timed_out": True}], UNTIL, 15, 10)
    assert found.stories == []
    assert found.partial
