"""Stories by growth, from what Elasticsearch answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from streams.search.stories import read_growth

UNTIL = datetime(2026, 3, 1, 12, tzinfo=UTC)


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


def test_a_quiet_window_has_no_stories() -> None:
    found = read_growth([{"timed_out": True}], UNTIL, 15, 10)
    assert found.stories == []
    assert found.partial
