"""How long the loops wait that try again."""

from __future__ import annotations

import asyncio

import pytest

from streams.retry import Backoff


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were slept, without sleeping."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


async def test_waits_double_up_to_the_longest(waits: list[float]) -> None:
    backoff = Backoff(0.5, 3)
    for _ in range(5):
        await backoff.wait()
    assert waits == [0.5, 1, 2, 3, 3]


async def test_a_reset_begins_with_the_first_wait_again(waits: list[float]) -> None:
    backoff = Backoff(0.5, 3)
    await backoff.wait()
    await backoff.wait()
    backoff.reset()
    await backoff.wait()
    assert waits == [0.5, 1, 0.5]


async def test_a_longest_wait_below_the_first_holds_from_the_second_on(waits: list[float]) -> None:
    backoff = Backoff(5, 2)
    await backoff.wait()
    await backoff.wait()
    assert waits == [5, 2]


async def test_the_next_wait_can_be_asked_for_before_it_begins(waits: list[float]) -> None:
    backoff = Backoff(0.5, 3)
    await backoff.wait()
    assert backoff.seconds == 1
    await backoff.wait()
    assert waits == [0.5, 1]
