"""The detector distinguishes stalled work from finished work and from work that has just begun."""

from __future__ import annotations

from streams.observability.stall_detector import StallDetector


def test_a_place_is_stuck_when_it_has_work_and_stays_where_it_is() -> None:
    progress: StallDetector[str] = StallDetector()
    progress.observe({"a": (4, 10), "b": (10, 10), "c": (0, 5)}, now=100)
    progress.observe({"a": (4, 12), "b": (10, 10), "c": (1, 5)}, now=150)
    assert progress.stuck(now=161, seconds=60) == ["a"], "new work is no progress; done is done; c moved at 150"
    assert progress.stuck(now=211, seconds=60) == ["a", "c"]


def test_what_is_not_named_any_more_is_forgotten() -> None:
    progress: StallDetector[str] = StallDetector()
    progress.observe({"a": (4, 10)}, now=100)
    progress.observe({}, now=110)
    progress.observe({"a": (4, 10)}, now=120)
    assert progress.stuck(now=179, seconds=60) == []
    assert progress.stuck(now=181, seconds=60) == ["a"]
