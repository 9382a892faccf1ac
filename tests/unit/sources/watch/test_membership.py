"""Nothing is sent unless the group has just confirmed the membership."""

from __future__ import annotations

import asyncio

from streams.sources.watch.membership import QUESTIONS, SHARE, Membership


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_confirmation_counts_from_the_question_and_not_from_the_answer() -> None:
    clock = Clock()
    membership = Membership(20.0, clock)
    assert not membership.holds, "before the first answer"
    assert membership.is_due()
    clock.now += 14.0  # the answer is long in coming
    membership.renew()
    assert membership.holds
    clock.now = 100.0 + SHARE * 20.0
    assert not membership.holds


async def test_the_group_is_asked_several_times_in_a_session() -> None:
    clock = Clock()
    membership = Membership(20.0, clock)
    asked = 0
    for _ in range(200):
        asked += membership.is_due()
        clock.now += 0.1
    assert QUESTIONS - 1 <= asked <= QUESTIONS


async def test_who_waits_goes_on_once_it_is_confirmed() -> None:
    clock = Clock()
    membership = Membership(20.0, clock)
    waiting = asyncio.create_task(membership.confirmed())
    await asyncio.sleep(0)
    membership.is_due()
    clock.now += 16.0
    membership.renew()  # too late to count
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    membership.is_due()
    membership.renew()
    await waiting
