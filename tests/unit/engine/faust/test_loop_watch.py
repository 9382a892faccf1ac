"""A worker whose event loop stands still on a record is restarted; one that waits or was suspended is not."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from streams.engine.faust.loop_watch import TICK_SECONDS, LoopWatch
from streams.engine.suspects import Suspects

RECORD = SimpleNamespace(topic="articles.fingerprinted", partition=0, offset=5, timestamp=1.7e9)
TICKS = 20


class Clock:
    """Takes the place of the watch's timer: a tick is over when the test says so."""

    def __init__(self, watch: LoopWatch) -> None:
        self._asked, self._answers = threading.Semaphore(0), threading.Semaphore(0)
        self._over = False
        setattr(watch, "_stop", self)  # noqa: B010

    def wait(self, _: float) -> bool:
        self._asked.release()
        self._answers.acquire()
        return self._over

    def set(self) -> None:
        self._over = True
        self._answers.release()

    def tick(self) -> None:
        """Let a tick pass, as soon as the watch has looked at what happened in the one before."""
        assert self._asked.acquire(timeout=60)
        self._answers.release()


@pytest.fixture
def suspects(tmp_path: Path) -> Suspects:
    return Suspects(tmp_path)


async def test_a_loop_that_stands_still_on_a_record_is_ended(suspects: Suspects) -> None:
    ended = threading.Event()
    watch = LoopWatch(suspects, TICKS * TICK_SECONDS, ended.set)
    clock = Clock(watch)
    async with suspects.in_hand("dedupe", [RECORD]):
        watch.start()
        for _ in range(TICKS):
            clock.tick()
        assert not ended.is_set()
        clock.tick()
        assert ended.wait(60)


@pytest.mark.parametrize("reason", ["beats", "steps", "excused", "idle"])
async def test_a_loop_that_does_something_else_is_left_alone(suspects: Suspects, reason: str) -> None:
    ended = threading.Event()
    watch = LoopWatch(suspects, TICKS * TICK_SECONDS, ended.set)
    clock = Clock(watch)
    suspects.excused = reason == "excused"
    async with nullcontext() if reason == "idle" else suspects.in_hand("dedupe", [RECORD]):
        watch.start()
        for _ in range(3 * TICKS):
            if reason == "beats":
                suspects.beat()
            elif reason == "steps":
                suspects.steps += 1
            clock.tick()
    assert not ended.is_set()
    watch.stop()
