"""A replay judges as live, and says what each part of a search brings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from streams.alerts.matching import SearchMatcher
from streams.alerts.records import Match
from streams.alerts.rehearsal import judge, replay, report
from streams.alerts.rules import SearchMemory
from streams.records import Article
from streams.search.source_scope import SourceScope
from tests.support.alert_records import BEGIN, standing_search
from tests.support.articles import article

SCOPE = SourceScope(lambda: None)


def story(name: str, hours: float, title: str, cluster: str | None = None, **fields: Any) -> Article:
    known = {"id": cluster or name, "relation": "first", "score": 1.0, "canonical_id": cluster or name}
    return article(
        id=name, title=title, body=title, ingested_at=BEGIN + timedelta(hours=hours), cluster=known, **fields
    )


ARTICLES = [
    story("a", 1, "زلزال يضرب الساحل"),
    story("a2", 2, "زلزال يضرب الساحل اليوم", "a", source="annahr"),
    story("b", 3, "هزة في الأسواق"),
    story("c", 30, "هزة جديدة"),
    story("d", 31, "زلزال وهزة ارتدادية"),
    story("e", 32, "طقس معتدل"),
]


def test_a_rehearsal_counts_alerts_stories_copies_and_days() -> None:
    search = standing_search(filters={"q": "زلزال أو هزة"})
    found = report(search, replay(search, ARTICLES, SCOPE), BEGIN + timedelta(days=2))
    assert (found.articles, found.stories, found.alerts, found.alerts_a_day) == (5, 4, 4, 2.0)
    assert [(day.date, day.alerts) for day in found.days] == [("2026-11-01", 2), ("2026-11-02", 2)]
    assert [(share.name, share.articles, share.stories) for share in found.outlets] == [
        ("almina", 4, 4),
        ("annahr", 1, 1),
    ]
    assert len(found.examples) == 4


def test_it_says_how_many_alerts_each_alternative_brings_alone() -> None:
    search = standing_search(filters={"q": "زلزال أو هزة", "source": ["almina", "annahr"]})
    found = report(search, replay(search, ARTICLES, SCOPE), BEGIN + timedelta(days=2))
    parts = {part.name: (part.articles, part.stories, part.alerts, part.fewer) for part in found.parts}
    assert parts == {
        "هزه": (2, 2, 2, 0.5),
        "زلزال": (2, 1, 3, 0.25),
        "source:almina": (4, 4, 1, 0.75),
        "source:annahr": (1, 1, 4, 0.0),
    }


def test_a_search_of_what_is_needed_has_no_parts_to_do_without() -> None:
    search = standing_search(filters={"q": "زلزال الساحل"})
    assert report(search, replay(search, ARTICLES, SCOPE), BEGIN + timedelta(days=2)).parts == []


def test_a_replay_makes_the_alerts_that_live_matching_makes() -> None:
    kinds: list[dict[str, Any]] = [
        {"when": {"kind": "story"}},
        {"when": {"kind": "story"}, "pause_minutes": 180},
        {"when": {"kind": "frequency", "count": 2, "minutes": 240}},
        {"when": {"kind": "silence", "hours": 12}},
        {"when": {"kind": "frequency", "count": 2, "of": "outlets", "minutes": 600}},
    ]
    for fields in kinds:
        search = standing_search(filters={"q": "زلزال أو هزة"}, **fields)
        matcher = SearchMatcher(SCOPE)
        matcher.put(search)
        memory = SearchMemory(search)
        for each in ARTICLES:
            for match in (match for together in matcher.match(each) for match in together.each()):
                memory.take(Match.model_validate_json(match.model_dump_json(exclude_none=True)))
        until = BEGIN + timedelta(days=3)
        memory.advance(until)
        live = sorted(memory.alerts.values(), key=lambda alert: (alert.moment, alert.id))
        rehearsed = judge(search, replay(search, ARTICLES, SCOPE).matches, until)
        assert rehearsed == live != []


def test_history_causes_no_alert_and_is_known_afterwards() -> None:
    search = standing_search(filters={"q": "زلزال أو هزة"}, when={"kind": "new-name", "learn_hours": 0})
    past = [each.model_copy(update={"ingested_at": each.ingested_at - timedelta(days=9)}) for each in ARTICLES]
    matches = replay(search, past, SCOPE, history=True).matches
    assert len(matches) == 5 and all(match.history for match in matches)
    assert judge(search, matches, BEGIN) == []
