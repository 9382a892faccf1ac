"""Liveness is real progress: a worker that has work and does none must fail its check."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from subprocess import PIPE, Popen
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from streams.engine.faust.worker_health import (
    ASSIGNMENT_SECONDS,
    HealthServer,
    ServerChecks,
    StageProcessUse,
    WorkerHealth,
)
from streams.engine.runner import InHand
from streams.engine.suspects import Suspects
from streams.errors import OperatorError, Retryable
from streams.kafka.first_records import FirstRecord
from streams.kafka.topic_offsets import TopicState
from streams.observability.metrics import Metrics
from streams.pipeline import Link, WiredStage
from streams.records import Article
from streams.settings import Settings
from streams.stage import SinkStage
from streams.topics import Topic
from tests.support.processes import free_port

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
        wired=SimpleNamespace(name="clean", reads=Topic.CLEAN),
        stage=None,
        done={2: done},
        waits_since={},
        in_hand={},
        waiting=False,
        computing=False,
        writer=None,
    )
    consumer = Consumer(end)
    app = SimpleNamespace(
        tables=SimpleNamespace(recovery=SimpleNamespace(active_offsets={}, completed=asyncio.Event())),
        _consumer=consumer,
        consumer=consumer,
        rebalancing=False,
        settings=Settings(_env_file=None),
        metrics=Metrics(),
        runners={"clean": runner},
        steps=0,
        stopping=False,
        crashed=False,
        suspects=Suspects(),
        stage_process_id=None,
    )
    watch = WorkerHealth(app, stall_seconds=60)
    watch.servers.faults = []
    return watch, runner, consumer


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


def test_a_write_that_will_be_ended_when_its_time_is_over_is_no_stall() -> None:
    watch, runner, _ = health(end=10, done=4)
    runner.writer = SimpleNamespace(limited=True)
    for second in range(0, 200, 10):
        watch.observe(second)
    assert watch.stalled(200) == []
    runner.writer.limited = False
    watch.observe(200)
    watch.observe(210)
    assert watch.stalled(271) == ["clean"]


def test_a_stall_names_the_record_that_stands_first() -> None:
    watch, runner, _ = health(end=10, done=4)
    watch.observe(0)
    assert watch.not_alive(61) == ["clean: no progress for 60 s; first stands articles.clean 2:4, not taken yet"]
    runner.in_hand[2] = InHand("articles.clean", 2, 4, "a17", 1_780_000_000.0)
    runner.in_hand[0] = InHand("articles.clean", 0, 9, "a18", 1_770_000_000.0)
    (fault,) = watch.not_alive(61)
    assert fault.endswith("; first stands articles.clean 2:4 (a17), taken at 2026-05-28T20:26:40+00:00")


def test_the_stage_process_is_counted_beside_the_worker() -> None:
    metrics = Metrics()
    use = StageProcessUse(metrics)
    names = ("rasd_stage_process_resident_memory_bytes", "rasd_stage_process_cpu_seconds_total")

    def counted() -> list[float]:
        return [metrics.registry.get_sample_value(name) or 0.0 for name in names]

    used = []
    for _ in range(2):  # the second one takes the place of the first
        code = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
        with Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            use.measure(process.pid)
            use.measure(process.pid)
            used.append(counted())
            process.kill()
    assert all(memory > 1e6 for memory, _ in used)
    assert 0.1 < used[0][1] < used[1][1] - 0.1
    use.measure(None)
    assert counted() == [0, used[1][1]]


def unread(watch: WorkerHealth, monkeypatch: pytest.MonkeyPatch, **state: Any) -> None:
    """What Kafka says of articles.clean, of which this worker has partition 2."""
    found = TopicState("articles.clean", lacking=0, **state)

    async def read(*_: object) -> dict[str, TopicState]:
        return {"articles.clean": found}

    monkeypatch.setattr("streams.kafka.retention.read_topics", read)
    for client in ("open_admin", "open_reader"):
        monkeypatch.setattr(f"streams.kafka.retention.{client}", lambda *_, **__: nullcontext())


async def test_records_that_kafka_deleted_are_counted_once_and_wait_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, runner, consumer = health(end=10, done=0)
    consumer._committed_offset[TP] = 4
    # Partition 1 is another worker's.
    kafka = {"begins": {1: 10, 2: 10}, "ends": {1: 10, 2: 10}, "committed": {1: 3, 2: 4}}
    unread(watch, monkeypatch, **kafka)
    assert watch.lag() == {("clean", 2): 6}
    with capture_logs() as said:
        await watch.ask_unread()
        watch.count_deleted()
        await watch.ask_unread()
        watch.count_deleted()
    assert watch.lag() == {("clean", 2): 0}
    counted = watch.app.metrics.registry.get_sample_value
    assert counted("rasd_records_deleted_unread_total", {"stage": "clean", "topic": "articles.clean"}) == 6
    assert [(line["topic"], line["partition"], line["records"], line["offsets"]) for line in said] == [
        ("articles.clean", 2, 6, "4 to 9")
    ]
    # What has been finished and not committed yet is not unread.
    unread(watch, monkeypatch, **kafka | {"begins": {1: 10, 2: 14}, "ends": {1: 10, 2: 14}})
    consumer.end, runner.done[2] = 14, 13
    await watch.ask_unread()
    watch.count_deleted()
    assert counted("rasd_records_deleted_unread_total", {"stage": "clean", "topic": "articles.clean"}) == 7


async def test_a_topic_whose_unread_records_kafka_will_delete_is_a_warning_and_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, _, _ = health(end=10, done=4)
    day = 86400.0
    first = FirstRecord(4, time.time() - 6.75 * day, "a17")
    kafka = {"begins": {2: 0}, "ends": {2: 10}, "committed": {2: 4}, "retention": 7 * day}
    unread(watch, monkeypatch, firsts={2: first}, **kafka)
    await watch.ask_unread()
    app: Any = watch.app
    app.tables.recovery.completed.set()
    assert watch.not_ready() == []
    (warning,) = watch.unread.warnings
    assert warning.startswith("articles.clean: Kafka may delete unread records within 6.0 hours")
    answer = await HealthServer(watch, app.settings, app.metrics)._readyz(None)  # type: ignore[arg-type]
    assert answer.status == 200
    assert json.loads(answer.body) == {"ok": True, "faults": [], "warnings": [warning]}  # type: ignore[arg-type]
    unread(watch, monkeypatch, firsts={2: FirstRecord(4, time.time() - 7.5 * day)}, **kafka)
    await watch.ask_unread()
    assert "at any moment" in watch.unread.warnings[0]
    unread(watch, monkeypatch, firsts={2: FirstRecord(4, time.time() - day)}, **kafka)
    await watch.ask_unread()
    assert watch.unread.warnings == []


async def test_no_answer_about_unread_records_is_no_fault_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, _, _ = health(end=10, done=4)
    unread(watch, monkeypatch, begins={2: 6}, ends={2: 10}, committed={2: 6})
    await watch.ask_unread()

    async def away(*_: object) -> None:
        raise OSError("refused")

    monkeypatch.setattr("streams.kafka.retention.read_topics", away)
    await watch.ask_unread()
    assert watch.lag() == {("clean", 2): 4}, "what was known stays"


def test_a_long_computation_that_reports_progress_is_no_stall() -> None:
    watch, runner, _ = health(end=10, done=4)
    app: Any = watch.app
    runner.computing = True
    for now in range(0, 600, 50):
        app.steps += 1
        watch.observe(now)
        assert watch.stalled(now) == []
    watch.observe(611)
    assert watch.stalled(611) == ["clean"], "it reported nothing for a minute"


def test_what_another_stage_computes_is_no_progress_of_one_that_does_not() -> None:
    watch, _, _ = health(end=10, done=4)
    app: Any = watch.app
    for now in (0, 40, 80):
        app.steps += 1
        watch.observe(now)
    assert watch.stalled(80) == ["clean"]


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


def test_partitions_that_are_never_assigned_make_a_restart_worth_while() -> None:
    watch, _, _ = health(end=10, done=4)
    app: Any = watch.app
    app.rebalancing = True
    watch.observe(0)
    assert watch.not_alive(ASSIGNMENT_SECONDS) == []
    (fault,) = watch.not_alive(ASSIGNMENT_SECONDS + 1)
    assert fault.startswith("partitions:")
    app.rebalancing = False
    watch.observe(ASSIGNMENT_SECONDS + 2)
    (fault,) = watch.not_alive(2 * ASSIGNMENT_SECONDS)
    assert fault.startswith("clean: no progress for 60 s"), "it has its old work to do again"


def test_a_table_that_is_being_read_back_is_alive_however_long_it_takes() -> None:
    watch, _, _ = health(end=10, done=10)
    app: Any = watch.app
    app.rebalancing = True
    for minute in range(60):
        app.tables.recovery.active_offsets[TP] = minute
        watch.observe(60.0 * minute)
        assert watch.not_alive(60.0 * minute + 59) == []


def test_without_kafka_no_partitions_are_assigned_and_a_restart_would_not_help() -> None:
    watch, _, _ = health(end=10, done=10)
    app: Any = watch.app
    app.rebalancing = True
    watch.servers.faults = ["no Kafka"]
    watch.observe(0)
    assert watch.not_alive(2 * ASSIGNMENT_SECONDS) == []


@pytest.mark.parametrize("why", ["stopping", "crashed"])
def test_a_worker_that_ends_is_not_ready(why: str) -> None:
    watch, _, _ = health(end=10, done=10)
    app: Any = watch.app
    app.tables.recovery.completed.set()
    setattr(app, why, True)
    assert watch.not_ready() == ["worker: stopping"]


class Store:
    """A sink whose store is away, or not."""

    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault

    async def check(self) -> None:
        if self.fault is not None:
            raise self.fault


async def test_an_idle_worker_says_that_a_server_is_away() -> None:
    watch, _, _ = health(end=10, done=10)
    app: Any = watch.app
    app.tables.recovery.completed.set()
    assert watch.not_ready() == []
    port = free_port()
    app.settings = Settings(_env_file=None, kafka_bootstrap=f"127.0.0.1:{port}", kafka_connect_timeout=1)
    stage = SinkStage("index", "1", accepts=Article, build=lambda _: Store(None))  # type: ignore[arg-type, return-value]
    wired = WiredStage(stage, Link("index", reads=Topic.ENRICHED))
    away, refused = Retryable("no Elasticsearch at http://x"), OperatorError("Elasticsearch refuses access")
    odd = RuntimeError("500 is no answer to a question about health")
    for name, fault in (("index", away), ("moves", away), ("other", refused), ("odd", odd), ("well", None)):
        app.runners[name] = SimpleNamespace(stage=stage, wired=wired, function=Store(fault), waiting=False)
    await watch.servers.check()
    assert watch.servers.lost == []
    kafka, *stores = watch.not_ready()
    assert kafka.startswith(f"no Kafka at 127.0.0.1:{port}")
    assert stores == [str(away), str(refused), repr(odd)], "what two stages say alike is said once"


def test_a_second_reader_of_a_topic_does_not_hide_the_lag_of_the_first() -> None:
    watch, _, _ = health(end=10, done=4)
    app: Any = watch.app
    second = SimpleNamespace(**vars(app.runners["clean"]) | {"done": {2: 9}})
    second.wired = SimpleNamespace(name="second", reads=Topic.CLEAN)
    app.runners["second"] = second
    assert watch.lag() == {("clean", 2): 6, ("second", 2): 1}


async def test_topics_are_lost_when_kafka_answers_without_them_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, _, _ = health(end=10, done=10)
    there: list[str] | None = []
    now = 100.0

    async def missing(_: Settings, names: list[str]) -> list[str]:
        if there is None:
            raise Retryable("no Kafka")
        return [name for name in names if name not in there]

    monkeypatch.setattr("streams.engine.faust.worker_health.missing_topics", missing)
    servers = ServerChecks(watch.app, lambda: now)
    lost = []
    for there in ([], [], ["articles.clean"], [], None, [], [], [], []):
        await servers.check()
        lost.append(bool(servers.lost))
        assert bool(servers.faults) == (there != ["articles.clean"])
        now += 10
    assert lost == [False] * 7 + [True, True], "the time without Kafka does not count"


async def test_two_workers_of_one_machine_have_each_a_page_of_their_own(
    tmp_path: Path,
) -> None:
    settings = Settings(_env_file=None, worker_port=free_port(), state_dir=tmp_path)
    servers = []
    for number in (1, 2):
        metrics = Metrics()
        metrics.restarts.set(number)
        servers.append(HealthServer(health(end=10, done=10)[0], settings, metrics))
        await servers[-1].on_start()
    try:
        pages = set()
        async with httpx.AsyncClient() as client:
            for server in servers:
                assert server._runner is not None
                host, port = server._runner.addresses[0][:2]
                page = (await client.get(f"http://{host}:{port}/metrics")).text
                pages.add(
                    (port == settings.worker_port, *re.findall(r"^rasd_worker_restarts (\S+)", page, re.MULTILINE))
                )
        assert pages == {(True, "1.0"), (False, "2.0")}
    finally:
        for server in servers:
            await server.on_stop()
