"""Rates between two looks at the topics."""

from __future__ import annotations

from streams.kafka.flow import Look, TopicFlow, flows
from streams.kafka.topic_offsets import TopicState


def _look(moment: float, end: int, committed: int) -> Look:
    return Look(moment, {"articles.raw": TopicState("articles.raw", {0: 0}, {0: end}, {0: committed}, 0)})


def _flow(before: Look | None, now: Look) -> TopicFlow:
    return flows(before, now)["articles.raw"]


def test_rates_are_those_between_two_looks() -> None:
    flow = _flow(_look(10, 100, 50), _look(20, 200, 180))
    assert (flow.written, flow.read, flow.state.waiting) == (10, 13, 20)
    assert flow.seconds_left == 20 / 3


def test_what_nobody_reads_is_never_done() -> None:
    flow = _flow(_look(10, 100, 50), _look(20, 200, 50))
    assert (flow.written, flow.read, flow.seconds_left) == (10, 0, None)


def test_without_an_earlier_look_or_after_a_new_beginning_no_rate_is_known() -> None:
    assert (_flow(None, _look(20, 200, 50)).written, _flow(None, _look(20, 200, 50)).read) == (None, None)
    anew = _flow(_look(10, 100, 50), _look(20, 5, 0))
    assert (anew.written, anew.read, anew.seconds_left) == (None, None, None)
    assert _flow(None, _look(20, 200, 200)).seconds_left == 0
