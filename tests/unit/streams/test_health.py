"""Liveness is real progress: a worker that has work and does none must fail its check."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from streams.health import WorkerHealth
from streams.settings import Settings
from streams.topics import Topic

TP = TopicPartition("articles.clean", 2)


class Consumer:
    """As much of Faust's consumer as health looks at."""

    def __init__(self, end: int) -> None:
        self.end = end
        self._committed_offset: dict[Any, int] = {}

    def assignment(self) -> list[Any]:
        return [TP]

    def highwater(self, _: Any) -> int:
        return self.end


def health(end: int, done: int) -> tuple[WorkerHealth, Any, Consumer]:
    runner = SimpleNamespace(
        stage=SimpleNamespace(name="clean", reads=Topic.CLEAN), done={2: done}, waits_since={}, waiting=False
    )
    consumer = Consumer(end)
    app = SimpleNamespace(
        _consumer=consumer,
        consumer=consumer,
        rebalancing=False,
        settings=Settings(_env_file=None),
        runners={"clean": runner},
    )
    return WorkerHealth(app, stall_seconds=60), runner, consumer  # type: ignore[arg-type]


def test_lag_is_what_is_not_finished() -> None:
    watch, _, _ = health(end=10, done=4)
    assert watch.lag() == {("clean", 2): 6}


def test_work_without_progress_is_a_stall() -> None:
    watch, runner, _ = health(end=10, done=4)
    watch.observe(100)
    assert watch.stalled(159) == []
    assert watch.stalled(161) == ["clean"]
    runner.done[2] = 5
    watch.observe(162)
    assert watch.stalled(163) == [], "it moved"


def test_an_idle_worker_is_alive_however_long() -> None:
    watch, _, consumer = health(end=10, done=10)
    watch.observe(0)
    assert watch.stalled(10_000) == []
    consumer.end = 11
    watch.observe(10_000)
    assert watch.stalled(10_001) == [], "new work after a quiet night is no stall"


def test_waiting_for_the_world_is_no_stall_but_not_ready_either() -> None:
    watch, runner, _ = health(end=10, done=4)
    runner.waiting = True
    watch.observe(0)
    assert watch.stalled(1_000) == []
    assert watch.waiting() == ["clean"]


def test_the_age_of_what_waits_is_that_of_its_oldest_record() -> None:
    watch, runner, _ = health(end=10, done=4)
    assert watch.lag_seconds(1_000.0) == {}, "nothing was read yet, so nothing is known"
    runner.waits_since[2] = 970.0
    assert watch.lag_seconds(1_000.0) == {("clean", 2): 30.0}
    runner.done[2] = 10
    assert watch.lag_seconds(2_000.0) == {("clean", 2): 0.0}, "an old record that is finished does not wait"
