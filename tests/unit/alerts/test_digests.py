"""Digests: when they are due, what is in them, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from streams.alerts.digest_preview import make
from streams.alerts.digest_times import next_time
from streams.alerts.matching import SearchMatcher
from streams.alerts.message import compose
from streams.alerts.records import Alert, Match
from streams.alerts.rehearsal import Past
from streams.alerts.rules import SearchMemory
from streams.alerts.standing_search import Digest, StandingSearch
from streams.cli.alert_settings import read_condition
from streams.errors import QueryRefused
from streams.search.source_scope import SourceScope
from tests.support.alert_records import BEGIN, match, standing_search
from tests.support.articles import article

DAILY = {"kind": "digest", "every": "day", "at": "09:00"}


def digest(**fields: Any) -> StandingSearch:
    return standing_search(**({"name": "موجز الصباح", "when": DAILY, "zone": "Asia/Riyadh"} | fields))


def told(search: StandingSearch, matches: Iterable[Match], until: datetime) -> list[Alert]:
    memory = SearchMemory(search)
    for each in matches:
        memory.take(each)
    memory.advance(until)
    return sorted(memory.alerts.values(), key=lambda alert: alert.moment)


@pytest.mark.parametrize(
    ("fields", "zone", "after", "due"),
    [
        ({"every": "day", "at": "08:00"}, "Asia/Riyadh", "2026-11-01T04:59Z", "2026-11-01T05:00Z"),
        ({"every": "day", "at": "08:00"}, "Asia/Riyadh", "2026-11-01T05:00Z", "2026-11-02T05:00Z"),
        ({"every": "week", "at": "08:00", "weekday": "sun"}, "UTC", "2026-11-02T00:00Z", "2026-11-08T08:00Z"),
        ({"every": "hour", "at": "00:15"}, "Asia/Riyadh", "2026-11-01T05:15Z", "2026-11-01T06:15Z"),
        ({"every": "hour", "at": "00:15"}, "Asia/Kathmandu", "2026-11-01T05:00Z", "2026-11-01T05:30Z"),
        # Cairo puts the clock forward on 24 April 2026 at midnight, and back on 30 October.
        ({"every": "day", "at": "00:30"}, "Africa/Cairo", "2026-04-23T12:00Z", "2026-04-23T22:30Z"),
        ({"every": "day", "at": "23:30"}, "Africa/Cairo", "2026-10-29T12:00Z", "2026-10-29T20:30Z"),
        ({"every": "day", "at": "23:30"}, "Africa/Cairo", "2026-10-29T20:30Z", "2026-10-30T21:30Z"),
    ],
)
def test_a_digest_is_due_at_the_local_time(fields: dict[str, str], zone: str, after: str, due: str) -> None:
    condition = Digest.model_validate({"kind": "digest", **fields})
    assert next_time(condition, zone, datetime.fromisoformat(after)) == datetime.fromisoformat(due)


def test_it_has_what_is_new_since_the_last_one_the_largest_stories_first() -> None:
    # BEGIN is at nine in Riyadh.
    day = 24 * 60
    matches = [
        match("small", 10),
        match("large", 20),
        match("large2", 30, story="large", outlet="annahr", relation="near"),
        match("late", 40),
        match("large3", day + 10, story="large", outlet="aljisr", relation="near"),
        match("next", day + 20),
    ]
    first, second = told(digest(), matches, BEGIN + timedelta(days=2))
    assert (first.moment, second.moment) == (BEGIN + timedelta(days=1), BEGIN + timedelta(days=2))
    assert [story.clusters[0] for story in first.stories] == ["large", "late", "small"]
    assert [story.clusters[0] for story in second.stories] == ["next"], "what only grew was told"
    assert first.stories[0].outlets == ["almina", "annahr", "aljisr"], "but it is brought up to date"


def test_nothing_is_sent_for_nothing_and_outages_repeat_nothing() -> None:
    assert told(digest(), [], BEGIN + timedelta(days=5)) == []
    (only,) = told(digest(), [match("a")], BEGIN + timedelta(days=5))
    assert only.moment == BEGIN + timedelta(days=1)


def test_a_batch_that_is_judged_again_makes_the_same_digests() -> None:
    search, matches = digest(), [match(name, 60 * 12 * number) for number, name in enumerate("abcd")]
    until = BEGIN + timedelta(days=3)
    assert told(search, matches, until) == told(search, matches, until) != []


def test_quiet_sources_are_named_and_alone_only_when_they_are_new() -> None:
    memory = SearchMemory(digest(zone="UTC"))
    memory.quiet = {"jisr": "silent: nothing for two days"}
    memory.advance(BEGIN + timedelta(days=2))
    (alert,) = memory.alerts.values()
    assert (alert.count, alert.detail) == (0, ("jisr: silent: nothing for two days",))
    memory.take(match("a", 60 * 50))
    memory.advance(BEGIN + timedelta(days=3))
    assert [(a.count, len(a.detail)) for a in memory.alerts.values()] == [(0, 1), (1, 1)]


def test_a_paused_digest_waits() -> None:
    search = digest()
    memory = SearchMemory(search.model_copy(update={"paused": True}))
    memory.take(match("a"))
    memory.advance(BEGIN + timedelta(days=2))
    assert memory.deadline() is None and not memory.alerts


def matched(*searches: StandingSearch) -> list[tuple[str, str | None]]:
    matcher = SearchMatcher(SourceScope(lambda: None))
    for search in searches:
        matcher.put(search)
    found = matcher.match(article(title="افتتاح معرض الكتاب", body="افتتح المعرض اليوم", ingested_at=BEGIN))
    return sorted((match.search, match.section) for together in found for match in together.each())


def test_it_gets_the_matches_of_the_searches_that_it_names() -> None:
    books = standing_search(name="معارض", filters={"q": "المعرض"}).model_copy(update={"owner": "desk"})
    when = DAILY | {"searches": [books.id, "000000000000"]}
    own, other, operator = (
        digest(when=when, filters={}).model_copy(update={"owner": owner}) for owner in ("desk", "stranger", "")
    )
    found = matched(books, own, other, operator)
    assert found == sorted([(books.id, None), (own.id, "معارض"), (operator.id, "معارض")]), "of its owner alone"


def test_a_story_of_several_searches_is_in_it_once_with_their_names() -> None:
    search = digest()
    twice = [match("a").model_copy(update={"section": name}) for name in ("معارض", "كتب")]
    (alert,) = told(search, [*twice, *twice], BEGIN + timedelta(days=1))
    assert [story.searches for story in alert.stories] == [("معارض", "كتب")]
    message = compose(alert, search)
    assert "معارض" in message.text and "معارض" in message.html


def test_a_search_that_is_changed_is_no_longer_in_it() -> None:
    books = standing_search(name="معارض", filters={"q": "المعرض"})
    matcher = SearchMatcher(SourceScope(lambda: None))
    listing = digest(when=DAILY | {"searches": [books.id]}, filters={})
    matcher.put(books)
    matcher.put(listing)
    matcher.remove(listing.id)
    (found,) = matcher.match(article(body="افتتح المعرض", ingested_at=BEGIN))
    assert [match.search for match in found.each()] == [books.id]


async def test_a_digest_of_other_searches_is_not_rehearsed_as_a_search_for_everything() -> None:
    nothing: Any = None
    past = Past(nothing, nothing, nothing)
    with pytest.raises(QueryRefused):
        await past.rehearse(digest(when=DAILY | {"searches": ["000000000000"]}, filters={}).settings())


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_message_names_stories_first_and_quiet_sources_last(language: str) -> None:
    search = digest(language=language)
    message = make(search, [match("a"), match("b", 2)], {"jisr": "silent"}, BEGIN, BEGIN + timedelta(hours=1))
    assert message is not None
    assert message.text.index("ارتفاع منسوب السد b") < message.text.index("ارتفاع منسوب السد a"), "the newest first"
    assert message.text.index("ارتفاع منسوب السد a") < message.text.index("jisr: silent")
    assert message.html.index("ارتفاع منسوب السد a") < message.html.index("jisr: silent")
    assert make(search, [], {}, BEGIN, BEGIN + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("digest", {}),
        ("digest:hour", {"every": "hour"}),
        ("digest:day@07:30", {"every": "day", "at": "07:30"}),
        ("digest:sun@07:30", {"every": "week", "weekday": "sun", "at": "07:30"}),
    ],
)
def test_the_command_line_writes_its_times(text: str, fields: dict[str, str]) -> None:
    assert read_condition(text) == {"kind": "digest", **fields}
    Digest.model_validate(read_condition(text))


@pytest.mark.parametrize(
    "fields",
    [
        {"when": DAILY | {"at": "24:00"}},
        {"when": DAILY, "filters": {}},
        {"when": DAILY, "pause_minutes": 5},
        {"when": DAILY | {"every": "month"}},
    ],
)
def test_what_makes_no_digest_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        digest(**fields)
