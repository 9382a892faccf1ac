"""The API is alive while what runs beside its requests does its work."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from streams.api import feed as feeds
from streams.api.api_health import STALL_SECONDS, WATCH_SECONDS, ApiHealth, SharedCheck
from streams.api.app import create_api
from streams.api.cluster_monitor import ClusterMonitor
from streams.api.feed import LiveFeed
from streams.observability.metrics import Metrics, ServerMetrics
from streams.settings import Settings
from tests.support.processes import free_port
from tests.support.serving import in_process

SETTINGS = Settings(_env_file=None, retry_first=0.01)


def health() -> tuple[ApiHealth, Any, Any]:
    feed = SimpleNamespace(positions={0: 5, 1: 7})
    watch = SimpleNamespace(live_ends={0: 5, 1: 7}, asked_at=0.0)
    return ApiHealth(feed, watch, Metrics()), feed, watch  # type: ignore[arg-type]


def whole_seconds() -> float:
    """Read the clock, rounded up: adding whole seconds to it is then exact, whatever it says."""
    return float(math.ceil(time.monotonic()))


def lag(watched: ApiHealth) -> float | None:
    return watched._metrics.registry.get_sample_value("rasd_live_lag_messages")


def test_a_feed_that_has_articles_to_read_and_does_not_move_is_dead() -> None:
    watched, feed, watch = health()
    now = watch.asked_at = whole_seconds()
    watched.observe(now)
    watch.live_ends = {0: 9, 1: 7}
    watched.observe(now + 1)
    assert lag(watched) == 4
    assert watched.faults(now + STALL_SECONDS) == []
    (fault,) = watched.faults(now + STALL_SECONDS + 2)
    assert fault == "live feed: no progress for 60 s in partition 0"
    feed.positions[0] = 9
    watched.observe(now + STALL_SECONDS + 3)
    assert lag(watched) == 0
    assert watched.faults(now + STALL_SECONDS + 4) == []


def test_a_quiet_night_and_a_kafka_that_is_away_are_no_death() -> None:
    watched, _, watch = health()
    now = watch.asked_at = whole_seconds()
    watched.observe(now)
    assert watched.faults(now + WATCH_SECONDS) == []
    watch.live_ends = {0: 9}
    watched.observe(now)
    watch.live_ends = {}  # it does not answer any more
    watched.observe(now + 50)
    assert watched.faults(now + WATCH_SECONDS) == []


def test_a_feed_that_never_began_is_dead_when_there_is_something_to_read() -> None:
    watched, feed, watch = health()
    now = watch.asked_at = whole_seconds()
    feed.positions = {}
    watched.observe(now)
    assert lag(watched) == 0, "where it will begin is not known yet"
    assert watched.faults(now + STALL_SECONDS + 1) != []


def test_servers_that_are_not_asked_any_more_are_a_fault() -> None:
    watched, _, watch = health()
    now = watch.asked_at = whole_seconds()
    assert watched.faults(now + WATCH_SECONDS - 1) == []
    assert watched.faults(now + WATCH_SECONDS + 1) == ["servers: not polled for 120 s"]


async def test_the_event_loops_delay_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.observability.health_checks.MEASURE_SECONDS", 0.01)
    watched, _, _ = health()
    measured = asyncio.Event()
    monkeypatch.setattr(watched, "observe", lambda _: measured.set())
    watched.start()
    await asyncio.wait_for(measured.wait(), 60)
    await watched.close()
    count = watched._metrics.registry.get_sample_value("rasd_event_loop_delay_seconds_count")
    assert count is not None
    assert count >= 1


class Tries:
    """A call that always fails, and an event that is set after `number` of them."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.enough = asyncio.Event()

    def fail(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.enough.set()
        raise KeyError("a defect")


async def test_a_defect_in_the_feed_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = Tries(3)

    @asynccontextmanager
    async def reader(_: Settings) -> Any:
        tries.fail()
        yield

    monkeypatch.setattr(feeds, "open_reader", reader)
    feed = LiveFeed(SETTINGS, Metrics())
    feed.start()
    await asyncio.wait_for(tries.enough.wait(), 60)
    await feed.close()


async def test_a_defect_in_the_watch_does_not_end_it_and_no_round_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.api.cluster_monitor.ASK_SECONDS", 0.01)
    metrics = Metrics()
    watch = ClusterMonitor(SETTINGS, ServerMetrics(metrics.registry), SimpleNamespace())  # type: ignore[arg-type]
    tries = Tries(6)

    async def fails() -> None:
        tries.fail()

    monkeypatch.setattr(watch, "ask_elasticsearch", fails)
    monkeypatch.setattr(watch, "ask_kafka", fails)
    watch.start()
    await asyncio.wait_for(tries.enough.wait(), 60)
    assert watch.asked_at == 0
    await watch.close()


async def test_searches_are_ready_without_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    async def well(*_: Any) -> dict[str, str]:
        return {"status": "green"}

    monkeypatch.setattr("streams.api.app.check_elasticsearch", well)
    settings = SETTINGS.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{free_port()}", "kafka_connect_timeout": 1.0})
    async with in_process(create_api(settings)) as api:
        whole = await api.get("/readyz")
        assert whole.status_code == 503
        assert [fault.split(" at ")[0] for fault in whole.json()["faults"]] == ["no Kafka"]
        assert (await api.get("/readyz", params={"needs": "search"})).json() == {
            "ok": True,
            "faults": [],
            "warnings": [],
        }
        assert (await api.get("/readyz", params={"needs": "luck"})).status_code == 422


async def test_a_flood_of_probes_asks_a_server_once() -> None:
    asked: list[int] = []
    answer = asyncio.Event()

    async def check() -> str | None:
        asked.append(1)
        await answer.wait()
        return "no Kafka"

    shared = SharedCheck(check)
    probes = [asyncio.create_task(shared.fault()) for _ in range(100)]
    await asyncio.sleep(0)
    probes[0].cancel()  # a prober that leaves does not take the answer from the others
    answer.set()
    assert await asyncio.gather(*probes[1:]) == ["no Kafka"] * 99
    assert len(asked) == 1
    # What comes later sees the server as it is then.
    assert await shared.fault() == "no Kafka"
    assert len(asked) == 2
