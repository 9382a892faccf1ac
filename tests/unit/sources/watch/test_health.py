"""The verdict on a source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.sources.watch.directory import HOURS_A_WEEK, Kind, WatchedSource, Watching
from streams.sources.watch.health import ABNORMAL, Verdict, expected_items, judge, learn, remember_outage

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
SOURCE = WatchedSource(name="jisr", url="https://jisr.example/rss", kind=Kind.FEED, outlet="الجسر")


def state(**changes: Any) -> Watching:
    """A source that was watched for a month, with three items an hour from 6 to 18."""
    day = [3.0 if 6 <= hour < 18 else 0.0 for hour in range(24)]
    fields: dict[str, Any] = {
        "visits": 100,
        "items": 900,
        "first_visit": NOW - timedelta(days=30),
        "last_visit": NOW,
        "last_success": NOW,
        "last_new": NOW - timedelta(minutes=10),
        "hourly": tuple(day * 7),
        "hourly_weight": (4.0,) * HOURS_A_WEEK,
    }
    return Watching(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "moment", "verdict"),
    [
        ({}, NOW, Verdict.HEALTHY),
        ({"last_new": NOW - timedelta(hours=1)}, NOW, Verdict.HEALTHY),
        ({"last_new": NOW - timedelta(hours=3)}, NOW, Verdict.SILENT),
        ({"last_new": NOW.replace(hour=17)}, NOW.replace(hour=23), Verdict.QUIET),
        ({"last_new": NOW.replace(hour=17)}, NOW + timedelta(days=1), Verdict.SILENT),
        ({"last_visit": None}, NOW, Verdict.NEW),
        ({"failures": 1, "fault": "x", "fault_kind": "network"}, NOW, Verdict.HEALTHY),
        ({"failures": 2, "fault": "x", "fault_kind": "network"}, NOW, Verdict.FAILING),
        ({"failures": 1, "fault": "x", "fault_kind": "format", "last_success": None}, NOW, Verdict.FAILING),
        ({"failures": 1, "fault": "429", "fault_kind": "blocked"}, NOW, Verdict.BLOCKED),
        ({"failures": 1, "fault": "x", "fault_kind": "robots"}, NOW, Verdict.BLOCKED),
        ({"failures": 1, "fault": "410", "fault_kind": "gone"}, NOW, Verdict.GONE),
        ({"url": "https://jisr.example/feed"}, NOW, Verdict.MOVED),
        ({"wrong_dates": 2, "lead_hours": 3.0}, NOW, Verdict.CLOCK),
        ({"next_visit": NOW - timedelta(minutes=20)}, NOW, Verdict.HEALTHY),
        ({"next_visit": NOW - timedelta(minutes=40)}, NOW, Verdict.OVERDUE),
    ],
)
def test_verdicts(changes: dict[str, Any], moment: datetime, verdict: Verdict) -> None:
    found = judge(SOURCE, state(**changes), moment)
    assert found.verdict is verdict
    assert found.advice
    good = {Verdict.HEALTHY, Verdict.NEW, Verdict.QUIET, Verdict.PAUSED}
    assert (found.verdict in ABNORMAL) == (found.verdict not in good)


def test_a_paused_source_is_nothing_else() -> None:
    paused = SOURCE.model_copy(update={"paused": True})
    assert judge(paused, state(failures=9, fault_kind="gone"), NOW).verdict is Verdict.PAUSED


def test_before_its_rate_is_known_a_week_of_nothing_is_silence() -> None:
    young = {"hourly": (), "hourly_weight": (), "first_visit": NOW - timedelta(days=9)}
    assert judge(SOURCE, state(**young), NOW).verdict is Verdict.HEALTHY
    assert judge(SOURCE, state(**young, last_new=NOW - timedelta(days=8)), NOW).verdict is Verdict.SILENT


def test_expectation_counts_hours_and_parts_of_hours() -> None:
    assert expected_items(state(), NOW.replace(hour=10), NOW) == pytest.approx(6)
    assert expected_items(state(), NOW.replace(hour=11, minute=30), NOW) == pytest.approx(1.5)
    assert expected_items(state(), NOW - timedelta(days=1), NOW) == pytest.approx(36)
    assert expected_items(state(), NOW - timedelta(days=16), NOW) == pytest.approx(16 * 36)
    assert expected_items(state(first_visit=NOW - timedelta(days=1)), NOW - timedelta(hours=1), NOW) is None


def watched(items_by_hour: list[int], start: datetime) -> Watching:
    """Visit every 20 minutes; an hour's items come with its first visit."""
    found = Watching(first_visit=start, current_hour=start, last_success=start)
    for hour, items in enumerate(items_by_hour):
        for part in range(3):
            moment = start + timedelta(hours=hour, minutes=20 * part)
            found = learn(found, moment, items if part == 0 else 0).model_copy(update={"last_success": moment})
    return found


def test_rates_are_learned_by_hour_of_the_week() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
    week = [4 if hour % 24 == 9 else 1 for hour in range(HOURS_A_WEEK)]
    found = watched([*week, *week, 0], start)
    assert found.hourly[9] == 4
    assert found.hourly[10] == 1
    assert set(found.hourly_weight) == {2.0}


def test_the_first_list_says_nothing_about_a_rate() -> None:
    found = learn(Watching(), NOW, 50)
    assert (found.current_items, found.hourly) == (0, ())


def test_hours_that_were_not_watched_are_left_out() -> None:
    before = Watching(current_hour=NOW - timedelta(hours=10), current_items=2, last_success=NOW - timedelta(hours=10))
    found = learn(before, NOW, 3)
    assert sum(found.hourly_weight) == 1.0
    assert sum(found.hourly) == 2.0
    assert found.current_items == 3


def periods(found: Watching) -> list[tuple[str, datetime, datetime | None]]:
    return [(outage.verdict, outage.since, outage.until) for outage in found.outages]


def test_abnormal_periods_are_remembered_with_their_beginning_and_end() -> None:
    hour = timedelta(hours=1)
    began = NOW - 3 * hour
    silent = remember_outage(SOURCE, state(), state(last_new=began), NOW)
    assert periods(silent) == [("silent", began, None)]
    assert remember_outage(SOURCE, silent, silent, NOW) == silent
    fault = {"failures": 2, "fault": "x", "fault_kind": "network", "last_success": NOW}
    failing = remember_outage(SOURCE, silent, silent.model_copy(update=fault), NOW + hour)
    assert periods(failing) == [("silent", began, NOW + hour), ("failing", NOW, None)]
    well = failing.model_copy(update={"failures": 0, "fault_kind": None, "last_new": NOW + 2 * hour})
    over = remember_outage(SOURCE, failing, well, NOW + 2 * hour)
    assert periods(over) == [("silent", began, NOW + hour), ("failing", NOW, NOW + 2 * hour)]


def test_a_time_without_visits_is_remembered() -> None:
    before = state(last_visit=NOW - timedelta(hours=9), next_visit=NOW - timedelta(hours=8))
    after = state(next_visit=NOW + timedelta(minutes=1))
    assert periods(remember_outage(SOURCE, before, after, NOW)) == [("overdue", NOW - timedelta(hours=9), NOW)]
    assert periods(remember_outage(SOURCE, after, after, NOW)) == []
