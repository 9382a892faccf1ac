"""When a source is visited next."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from streams.sources.watch.directory import Watching
from streams.sources.watch.schedule import JITTER, MOST_BACKOFF, Limits, after_fault, after_success, next_interval
from streams.sources.watch.web import Fault, FetchError

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LIMITS = Limits(60.0, 3600.0)
DRAW = random.Random(7)


def settle(new_items: list[int]) -> float:
    interval = 600.0
    for new in new_items:
        interval = next_interval(Watching(interval=interval), new, LIMITS, overlap=True)
    return interval


def test_the_interval_follows_the_source() -> None:
    assert settle([5, 5, 5, 5, 5, 5]) == LIMITS.least
    assert settle([0] * 30) == LIMITS.most
    assert settle([1] * 20) == LIMITS.least
    hourly = [1 if visit % 10 == 0 else 0 for visit in range(400)]
    assert LIMITS.least < settle(hourly) < LIMITS.most, "one visit in ten finds something"
    assert next_interval(Watching(interval=3600.0), 20, LIMITS, overlap=False) == LIMITS.least
    assert next_interval(Watching(), 0, LIMITS, overlap=True) == pytest.approx(64.8)


def test_a_list_is_not_asked_for_while_it_is_fresh() -> None:
    for _ in range(50):
        soon = after_success(60.0, timedelta(), frozenset(), NOW, DRAW)
        assert timedelta(seconds=60) <= soon - NOW <= timedelta(seconds=60 * (1 + JITTER))
    assert after_success(60.0, timedelta(minutes=30), frozenset(), NOW, DRAW) == NOW + timedelta(minutes=30)


def test_hours_in_which_a_list_does_not_change_are_skipped() -> None:
    moment = after_success(3600.0, timedelta(), frozenset({13, 14}), NOW, DRAW)
    assert moment == datetime(2026, 3, 1, 15, tzinfo=UTC)
    every_hour = after_success(60.0, timedelta(), frozenset(range(24)), NOW, DRAW)
    assert every_hour - NOW <= timedelta(hours=25)


@pytest.mark.parametrize("kind", Fault)
def test_failures_back_off_up_to_a_day(kind: Fault) -> None:
    waits = [after_fault(FetchError(kind, ""), failures, NOW, random.Random(1)) - NOW for failures in range(1, 40)]
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(minutes=1)
    assert waits[-1] <= MOST_BACKOFF * (1 + JITTER)


def test_refusals_wait_longer_than_a_network_that_is_down() -> None:
    first = {kind: after_fault(FetchError(kind, ""), 1, NOW, random.Random(1)) for kind in Fault}
    assert first[Fault.NETWORK] < first[Fault.SERVER] < first[Fault.BLOCKED] < first[Fault.ROBOTS] < first[Fault.GONE]


def test_what_the_server_asks_for_is_observed() -> None:
    asked = FetchError(Fault.SERVER, "", wait=timedelta(hours=5))
    assert after_fault(asked, 1, NOW, DRAW) == NOW + timedelta(hours=5)
