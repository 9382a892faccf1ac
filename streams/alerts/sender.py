"""Deliver alerts: retries with back-off, a circuit breaker for each target, dead letters after a day."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from streams.alerts.alert_metrics import DeliveryMetrics
from streams.alerts.channels.base import Channel, DeliveryFailed
from streams.alerts.message import compose
from streams.alerts.records import Alert, Delivery, delivery_id
from streams.alerts.secret_store import unsubscribe_token
from streams.alerts.standing_search import StandingSearch, Target
from streams.errors import OperatorError
from streams.kafka.clients import UNAVAILABLE_ERRORS
from streams.observability.logs import get_logger
from streams.settings import Settings

log = get_logger(__name__)

FIRST_RETRY = 5.0
LONGEST_RETRY = 3600.0
#: Failures in a row after which a target counts as failing: then one message at a time is tried.
FAILURES = 3
FIRST_BREAK = 10.0
LONGEST_BREAK = 120.0
AT_ONCE = 32
AT_ONCE_A_TARGET = 4
_IDLE = 1.0


@dataclass(slots=True)
class Breaker:
    """What is known of one target.

    Attributes:
        failures: in a row.
        until: nothing is sent before; None while it works.
        running: messages under way.
    """

    failures: int = 0
    until: datetime | None = None
    running: int = 0

    def failed(self, now: datetime) -> None:
        """Take over a failure."""
        self.failures += 1
        if self.failures >= FAILURES:
            seconds = min(FIRST_BREAK * 2 ** min(self.failures - FAILURES, 20), LONGEST_BREAK)
            self.until = now + timedelta(seconds=seconds)

    @property
    def is_open(self) -> bool:
        """Whether the target counts as failing."""
        return self.failures >= FAILURES

    def succeeded(self) -> None:
        """Take over a success."""
        self.failures, self.until = 0, None

    def admits(self, now: datetime) -> bool:
        """Return whether a message may be sent now."""
        if self.is_open:
            return self.running == 0 and (self.until is None or now >= self.until)
        return self.running < AT_ONCE_A_TARGET


@dataclass(slots=True)
class _Task:
    delivery: Delivery
    search: StandingSearch
    target: Target
    running: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Queue:
    """Deliveries of one target, by the time of their next attempt."""

    breaker: Breaker = field(default_factory=Breaker)
    due: list[tuple[datetime, str]] = field(default_factory=list)

    def succeeded(self, now: datetime) -> None:
        """Take over a success. If the target counted as failing, everything is due: the waits were for it."""
        if self.breaker.is_open:
            self.due = [(min(time, now), key) for time, key in self.due]
            heapq.heapify(self.due)
        self.breaker.succeeded()


class Sender:
    """The deliveries of this process.

    Args:
        settings: of the process.
        channels: how messages reach targets.
        alert: returns an alert as it is now; None while it is not known.
        save: stores a delivery in Kafka, and raises Kafka's errors.
        metrics: of the process.
    """

    def __init__(
        self,
        settings: Settings,
        channels: Channel,
        alert: Callable[[str, str], Alert | None],
        save: Callable[[Delivery], Awaitable[None]],
        metrics: DeliveryMetrics,
    ) -> None:
        self._settings = settings
        self._channels = channels
        self._alert = alert
        self._save = save
        self._metrics = metrics
        self._tasks: dict[str, _Task] = {}
        self._queues: dict[str, _Queue] = {}
        self._wake = asyncio.Event()
        self._base = str(settings.alerts_url).rstrip("/") if settings.alerts_url else None

    def put(self, delivery: Delivery, search: StandingSearch, target: Target) -> None:
        """Add a delivery that is stored as pending."""
        if delivery.id in self._tasks:
            return
        self._tasks[delivery.id] = _Task(delivery, search, target)
        queue = self._queues.setdefault(target.to, _Queue())
        heapq.heappush(queue.due, (delivery.next_attempt or delivery.created_at, delivery.id))
        self._wake.set()

    async def drop(self, search_id: str) -> None:
        """Forget the deliveries of a search, after the attempts under way: broken off, they might be made twice."""
        gone = [task for task in self._tasks.values() if task.delivery.search == search_id]
        for task in gone:
            del self._tasks[task.delivery.id]
        for to in {task.target.to for task in gone} & self._queues.keys():
            # A delivery that is put again must not find its earlier place, by which it would be sent twice.
            queue = self._queues[to]
            queue.due = [place for place in queue.due if place[1] in self._tasks]
            heapq.heapify(queue.due)
            self._forget_if_done(to)
        await asyncio.gather(*(task.running for task in gone if task.running is not None), return_exceptions=True)

    def waiting(self, now: datetime) -> dict[str, float]:
        """Return the ages of all deliveries that are not done, in seconds, by id."""
        return {key: (now - task.delivery.created_at).total_seconds() for key, task in self._tasks.items()}

    def publish(self) -> None:
        """Publish the state of the queue as metrics."""
        failing = sum(queue.breaker.is_open for queue in self._queues.values())
        self._metrics.publish(self.waiting(datetime.now(UTC)), failing)

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        try:
            while True:
                self._wake.clear()
                self._start_due(datetime.now(UTC))
                try:
                    # Not wait_for: in Python 3.11 it forgets a cancellation that comes as the event is set.
                    async with asyncio.timeout(_IDLE):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            running = [task.running for task in self._tasks.values() if task.running is not None]
            if running:
                _, slow = await asyncio.wait(running, timeout=self._settings.alerts_timeout)
                for attempt in slow:
                    attempt.cancel()
                await asyncio.gather(*slow, return_exceptions=True)

    def _start_due(self, now: datetime) -> None:
        under_way = sum(queue.breaker.running for queue in self._queues.values())
        for to, queue in list(self._queues.items()):
            while under_way < AT_ONCE and queue.due and queue.due[0][0] <= now and queue.breaker.admits(now):
                _, key = heapq.heappop(queue.due)
                task = self._tasks.get(key)
                if task is None:
                    continue
                queue.breaker.running += 1
                under_way += 1
                task.running = asyncio.create_task(self._attempt(task, queue), name=f"deliver {key}")
            self._forget_if_done(to)

    def _forget_if_done(self, to: str) -> None:
        """Forget a target, and that it failed, once nothing is left to be sent to it."""
        queue = self._queues[to]
        if not queue.due and not queue.breaker.running:
            del self._queues[to]

    async def _attempt(self, task: _Task, queue: _Queue) -> None:
        try:
            after = await self._deliver(task, queue)
        finally:
            queue.breaker.running -= 1
            task.running = None
            self._wake.set()
        if task.delivery.id not in self._tasks:
            return
        if after.state == "pending":
            task.delivery = after
            heapq.heappush(queue.due, (after.next_attempt or after.created_at, after.id))
            self._queues.setdefault(task.target.to, queue)
        else:
            del self._tasks[task.delivery.id]

    async def _deliver(self, task: _Task, queue: _Queue) -> Delivery:
        """Make one attempt, and store its result.

        Returns:
            The delivery after it.
        """
        delivery, now = task.delivery, datetime.now(UTC)
        alert = self._alert(delivery.search, delivery.alert)
        if alert is None:
            # Its record is written next to the delivery's; without it the matches are judged again.
            return delivery.model_copy(update={"next_attempt": now + timedelta(seconds=FIRST_RETRY)})
        delivery = delivery.model_copy(
            update={"attempts": delivery.attempts + 1, "first_attempt": delivery.first_attempt or now}
        )
        try:
            message = compose(alert, task.search, self._base, self._unsubscribe(task.search, task.target))
            await self._channels.send(message, task.target, task.search)
        except DeliveryFailed as error:
            after = self._after_failure(delivery, error, queue.breaker)
        except Exception as error:
            log.exception("a channel failed unexpectedly", target=task.target.shown, alert=alert.id)
            unexpected = DeliveryFailed(f"unexpected {type(error).__name__}")
            after = self._after_failure(delivery, unexpected, queue.breaker)
        else:
            ended = datetime.now(UTC)
            queue.succeeded(ended)
            self._metrics.delay.observe(max(0.0, (ended - alert.moment).total_seconds()))
            after = delivery.model_copy(
                update={"state": "delivered", "ended_at": ended, "fault": None, "next_attempt": None}
            )
        self._metrics.deliveries.labels("failed" if after.state == "pending" else after.state).inc()
        return await self._stored(after)

    async def _stored(self, delivery: Delivery) -> Delivery:
        """Store the result of an attempt, as long as it takes: what was delivered must not be sent again."""
        while True:
            try:
                await self._save(delivery)
            except UNAVAILABLE_ERRORS as error:
                log.warning("the result of a delivery waits for Kafka", delivery=delivery.id, cause=str(error))
                await asyncio.sleep(self._settings.retry_first)
            else:
                return delivery

    def _after_failure(self, delivery: Delivery, error: DeliveryFailed, breaker: Breaker) -> Delivery:
        now = datetime.now(UTC)
        if not error.final:
            breaker.failed(now)
        began = delivery.first_attempt or now
        if error.final or now - began >= timedelta(hours=self._settings.alerts_retry_hours):
            log.error("an alert could not be delivered", delivery=delivery.id, target=delivery.to, cause=error.detail)
            return delivery.model_copy(
                update={"state": "dead", "ended_at": now, "fault": error.detail, "next_attempt": None}
            )
        seconds = min(FIRST_RETRY * 2 ** min(delivery.attempts - 1, 20), LONGEST_RETRY)
        seconds = max(seconds * random.uniform(0.8, 1.2), error.wait or 0.0)  # noqa: S311  (jitter)
        log.warning(
            "a delivery failed; it is tried again",
            delivery=delivery.id,
            target=delivery.to,
            cause=error.detail,
            seconds=round(seconds, 1),
        )
        return delivery.model_copy(update={"fault": error.detail, "next_attempt": now + timedelta(seconds=seconds)})

    def _unsubscribe(self, search: StandingSearch, target: Target) -> str | None:
        if self._base is None:
            return None
        try:
            token = unsubscribe_token(self._settings, search.id, target)
        except OperatorError as error:
            raise DeliveryFailed(error.message) from error
        return f"{self._base}/alerts/unsubscribe/{token}" if token is not None else None


def new_delivery(alert: Alert, target: Target, now: datetime) -> Delivery:
    """Make the delivery of an alert to a target."""
    return Delivery(
        id=delivery_id(alert.id, target.to),
        search=alert.search,
        alert=alert.id,
        owner=alert.owner,
        to=target.shown,
        created_at=now,
    )
