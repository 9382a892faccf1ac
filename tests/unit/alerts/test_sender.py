"""Retries, the circuit breaker and dead letters, with channels of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from streams.alerts import sender as senders
from streams.alerts.alert_metrics import DeliveryMetrics
from streams.alerts.channels.base import DeliveryFailed
from streams.alerts.message import AlertMessage
from streams.alerts.records import Alert, Delivery
from streams.alerts.rules import SearchMemory
from streams.alerts.sender import FAILURES, Breaker, Sender, new_delivery
from streams.alerts.standing_search import StandingSearch, Target
from streams.settings import Settings
from tests.support.alert_records import match, standing_search

SETTINGS = Settings(_env_file=None)


class Receiver:
    """A channel that fails as often as it is told to."""

    def __init__(self, *faults: DeliveryFailed) -> None:
        self.faults = list(faults)
        self.took: list[str] = []
        self.attempts = 0

    async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:  # noqa: ARG002
        self.attempts += 1
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop(0)
        self.took.append(message.id)


class Desk:
    """A sender with its surroundings.

    Attributes:
        saved: every stored delivery, in order.
    """

    def __init__(self, receiver: Receiver, settings: Settings = SETTINGS) -> None:
        self.search = standing_search(targets=[{"to": "log:desk"}])
        self.alerts: dict[str, Alert] = {}
        self.saved: list[Delivery] = []
        self.metrics = DeliveryMetrics()
        self.sender = Sender(settings, receiver, lambda _, alert: self.alerts.get(alert), self._save, self.metrics)

    async def _save(self, delivery: Delivery) -> None:
        self.saved.append(delivery)

    def due(self, count: int = 1) -> None:
        memory = SearchMemory(self.search)
        for number in range(count):
            memory.take(match(f"a{number}", number))
        self.alerts |= memory.alerts
        for alert in memory.alerts.values():
            target = self.search.targets[0]
            self.sender.put(new_delivery(alert, target, datetime.now(UTC)), self.search, target)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.saved) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def sending(desk: Desk) -> AsyncIterator[None]:
    task = asyncio.create_task(desk.sender.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(senders, "FIRST_BREAK", 0.01)
    monkeypatch.setattr(senders, "_IDLE", 0.01)


async def test_a_delivery_is_tried_again_until_it_is_accepted() -> None:
    receiver = Receiver(DeliveryFailed("away"), DeliveryFailed("still away"))
    desk = Desk(receiver)
    desk.due()
    async with sending(desk):
        await desk.until(3)
    assert [(d.state, d.attempts, d.fault) for d in desk.saved] == [
        ("pending", 1, "away"),
        ("pending", 2, "still away"),
        ("delivered", 3, None),
    ]
    assert len(receiver.took) == 1 and desk.sender.waiting(datetime.now(UTC)) == {}


async def test_what_is_tried_for_too_long_is_dead() -> None:
    desk = Desk(Receiver(*[DeliveryFailed("away")] * 50), SETTINGS.model_copy(update={"alerts_retry_hours": 1e-7}))
    desk.due()
    async with sending(desk):
        async with asyncio.timeout(30):
            while not desk.saved or desk.saved[-1].state == "pending":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert (desk.saved[-1].state, desk.saved[-1].fault) == ("dead", "away")


async def test_a_final_failure_is_dead_at_once() -> None:
    desk = Desk(Receiver(DeliveryFailed("gone", final=True)))
    desk.due()
    async with sending(desk):
        await desk.until(1)
    assert [d.state for d in desk.saved] == ["dead"]


async def test_a_target_that_fails_gets_one_message_at_a_time_and_everything_when_it_is_back() -> None:
    receiver = Receiver(*[DeliveryFailed("away")] * 8)
    desk = Desk(receiver)
    desk.due(20)
    async with sending(desk):
        await desk.until(28)
    assert sorted(receiver.took) == sorted(desk.alerts)
    assert receiver.attempts == 28


async def test_when_a_target_is_back_nothing_waits_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "FIRST_RETRY", 1800.0)
    desk = Desk(Receiver(*[DeliveryFailed("away")] * FAILURES))
    desk.due(FAILURES + 1)
    async with sending(desk):
        await desk.until(2 * FAILURES + 1)
    assert [d.state for d in desk.saved] == ["pending"] * FAILURES + ["delivered"] * (FAILURES + 1)


async def test_a_message_whose_alert_is_not_there_yet_waits_for_it() -> None:
    receiver = Receiver()
    desk = Desk(receiver)
    desk.due()
    alerts, desk.alerts = desk.alerts, {}
    async with sending(desk):
        await asyncio.sleep(0)
        desk.alerts = alerts
        await desk.until(1)
    assert [d.state for d in desk.saved] == ["delivered"]


async def test_an_attempt_under_way_ends_before_its_partition_changes_hands() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Receiver):
        async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:  # noqa: ARG002
            begun.set()
            await go_on.wait()
            self.took.append(message.id)

    receiver = Slow()
    desk = Desk(receiver)
    desk.due()
    async with sending(desk):
        await begun.wait()
        dropping = asyncio.create_task(desk.sender.drop(desk.search.id))
        await asyncio.sleep(0)
        assert not dropping.done()
        go_on.set()
        await dropping
    assert [d.state for d in desk.saved] == ["delivered"]


def failing(desk: Desk) -> float | None:
    desk.sender.publish()
    return desk.metrics.registry.get_sample_value("rasd_alerts_failing_targets")


async def test_a_target_to_which_nothing_is_left_to_be_sent_fails_no_more() -> None:
    desk = Desk(Receiver(*[DeliveryFailed("away")] * 50))
    desk.due(FAILURES)
    async with sending(desk):
        await desk.until(FAILURES)
        assert failing(desk) == 1
        await desk.sender.drop(desk.search.id)
        async with asyncio.timeout(30):
            while failing(desk):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_delivery_that_is_dropped_and_put_again_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "_IDLE", 30.0)
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Receiver):
        async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:
            begun.set()
            await go_on.wait()
            await super().send(message, target, search)

    receiver = Slow()
    desk = Desk(receiver)
    desk.due()
    await desk.sender.drop(desk.search.id)
    desk.due()
    async with sending(desk):
        await begun.wait()
        go_on.set()
        await desk.until(1)
    assert receiver.attempts == 1


def test_the_breaker_opens_after_failures_in_a_row_and_admits_one_message_after_its_time() -> None:
    now, breaker = datetime.now(UTC), Breaker()
    for _ in range(FAILURES - 1):
        breaker.failed(now)
    assert breaker.admits(now)
    breaker.failed(now)
    later = now + timedelta(seconds=1)
    assert not breaker.admits(now) and breaker.admits(later)
    breaker.running = 1
    assert not breaker.admits(later)
    breaker.succeeded()
    assert breaker.admits(now)
