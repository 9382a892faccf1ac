"""Stories instead of articles: which of them grow, and who had them when. Pure.

A story is a cluster of copies (`facets.fold`). It grows by the outlets that join it, so an outlet that repeats itself,
or an agency's text that one outlet prints five times, counts once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from streams.search.hits import FIRST, PARTIAL, SURE, Copy, is_partial, read_copy
from streams.search.query import FIRST_APPEARED, FOLD, OUTLINE, TIMEOUT, Body, build_query
from streams.search.request import Filters

# Steps of a story's series, over the whole window.
STEPS = 12
# Stories examined: those of the most outlets, then the newest, among those that arrived within the window.
CANDIDATES = 200
# A story is breaking while it is in so many outlets, and its first article arrived less than this ago.
BREAKING_AGE = timedelta(minutes=30)
# What appeared longer ago is an archive that is being loaded: a source is seldom visited less often than this. The
# article that arrived last counts too, as the first one's date may be wrong.
BREAKING_LAG = timedelta(hours=3)
BREAKING_OUTLETS = 3
_ARRIVED = "ingested_at"


class GrowingStory(BaseModel):
    """A story that gained articles within the window."""

    id: str = Field(description="Id of the story's cluster; the filter `cluster` finds its articles.")
    growth: int = Field(description="Outlets that joined within the last quarter of the window.")
    growth_window: int = Field(description="Outlets that joined within the whole window.")
    outlets: int = Field(description="Outlets that have it, each counted once.")
    articles: int = Field(description="Articles in the cluster.")
    series: list[int] = Field(description="Articles that arrived in each twelfth of the window, oldest first.")
    places: list[str] = Field(description="Most frequent main places, in Arabic.")
    breaking: bool = Field(
        description="Whether it is in three outlets or more, its first article arrived less than half an hour ago, and "
        "the first or the newest appeared less than three hours ago."
    )
    first: Copy = Field(description=FIRST)
    first_is_sure: bool = Field(description=SURE)
    newest: Copy = Field(description="The article that arrived last.")


class GrowingStories(BaseModel):
    """Stories by growth, the fastest first."""

    minutes: int = Field(description="Length of the window.")
    until: str = Field(description="End of the window (ISO 8601, UTC).")
    partial: bool = Field(description=PARTIAL)
    stories: list[GrowingStory]


def build_candidates(filters: Filters, since: datetime) -> Body:
    """Build the search for the stories that gained matching articles since a moment."""
    arrived: Body = {"range": {_ARRIVED: {"gte": since.isoformat()}}}
    return {
        "query": {"bool": {"filter": [build_query(filters), arrived]}},
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "aggs": {
            "stories": {
                "terms": {
                    "field": FOLD,
                    "size": CANDIDATES,
                    "order": [{"outlets": "desc"}, {"latest": "desc"}],
                    "execution_hint": "map",
                },
                "aggs": {
                    "outlets": {"cardinality": {"field": "source"}},
                    "latest": {"max": {"field": _ARRIVED}},
                },
            }
        },
    }


def read_candidates(answer: Mapping[str, Any]) -> list[str]:
    """Return the stories of the response to `build_candidates`."""
    return [bucket["key"] for bucket in answer["aggregations"]["stories"]["buckets"]]


def build_growth(folds: Sequence[str], until: datetime, minutes: int) -> Body:
    """Build the search for what is known of these stories, also from before the window.

    Args:
        folds: the stories, by their values of `facets.fold`.
        until: end of the window.
        minutes: its length.
    """
    window, quarter = until - timedelta(minutes=minutes), until - timedelta(minutes=minutes / 4)
    outlets: Body = {"outlets": {"cardinality": {"field": "source", "precision_threshold": 1000}}}

    def before(moment: datetime) -> Body:
        return {"filter": {"range": {_ARRIVED: {"lt": moment.isoformat()}}}, "aggs": outlets}

    def top(*order: Body) -> Body:
        return {"top_hits": {"size": 1, "sort": list(order), "_source": list(OUTLINE)}}

    step = timedelta(minutes=minutes) / STEPS
    ranges = [
        {"from": (window + step * index).isoformat(), "to": (window + step * (index + 1)).isoformat()}
        for index in range(STEPS)
    ]
    return {
        "query": {"bool": {"filter": [{"terms": {FOLD: list(folds)}}]}},
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "aggs": {
            "stories": {
                "terms": {"field": FOLD, "size": max(1, len(folds)), "execution_hint": "map"},
                "aggs": {
                    **outlets,
                    "before_window": before(window),
                    "before_quarter": before(quarter),
                    "series": {"date_range": {"field": _ARRIVED, "ranges": ranges}},
                    "places": {"terms": {"field": "facets.main_place", "size": 3}},
                    "first": top(*FIRST_APPEARED),
                    "undated": {"missing": {"field": "published_at"}},
                    "arrived": {"min": {"field": _ARRIVED}},
                    "newest": top({_ARRIVED: "desc"}, {"id": "desc"}),
                },
            }
        },
    }


def read_growth(answers: Sequence[Mapping[str, Any]], until: datetime, minutes: int, size: int) -> GrowingStories:
    """Rank stories by the outlets that joined them.

    Args:
        answers: the responses to `build_candidates` and, if there were any, `build_growth`.
        until: end of the window.
        minutes: its length.
        size: maximum number of stories.
    """
    buckets = answers[-1]["aggregations"]["stories"]["buckets"] if len(answers) > 1 else []
    stories = [_story(bucket, until) for bucket in buckets]
    stories.sort(
        key=lambda one: (one.growth, one.growth_window, one.outlets, _moment(one.newest.ingested_at), one.id),
        reverse=True,
    )
    partial = any(is_partial(answer) for answer in answers)
    return GrowingStories(minutes=minutes, until=until.isoformat(), partial=partial, stories=stories[:size])


def _story(bucket: Mapping[str, Any], until: datetime) -> GrowingStory:
    outlets = bucket["outlets"]["value"]
    arrived = datetime.fromtimestamp(bucket["arrived"]["value"] / 1000, UTC)
    first, newest = (read_copy(bucket[name]["hits"]["hits"][0]) for name in ("first", "newest"))
    young = until - arrived <= BREAKING_AGE and until - max(first.listed_at, newest.listed_at) <= BREAKING_LAG
    return GrowingStory(
        id=bucket["key"],
        growth=outlets - bucket["before_quarter"]["outlets"]["value"],
        growth_window=outlets - bucket["before_window"]["outlets"]["value"],
        outlets=outlets,
        articles=bucket["doc_count"],
        series=[step["doc_count"] for step in bucket["series"]["buckets"]],
        places=[place["key"] for place in bucket["places"]["buckets"]],
        breaking=outlets >= BREAKING_OUTLETS and young,
        first=first,
        first_is_sure=bucket["undated"]["doc_count"] == 0,
        newest=newest,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def build_members(cluster: str, size: int) -> Body:
    """Build the search for the articles of a story in the order in which they appeared, whole."""
    return {
        "query": {"bool": {"filter": {"term": {FOLD: cluster}}}},
        "sort": list(FIRST_APPEARED),
        "size": size,
        "timeout": TIMEOUT,
        "track_total_hits": True,
    }
