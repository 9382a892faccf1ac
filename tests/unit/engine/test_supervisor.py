"""Several workers as children of one process: their pages are merged, and they are begun again and stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.engine.supervisor import merge_metrics
from streams.settings import Settings
from tests.support.processes import Running, free_port, start, wait_until


def page(count: int) -> str:
    """The metrics of a worker that took so many records."""
    registry = CollectorRegistry()
    Counter("taken", "Records taken.", ["stage"], registry=registry).labels("clean").inc(count)
    Gauge("lag", "Records that wait.", registry=registry).set(10 * count)
    seconds = Histogram("seconds", "Time of a record.", buckets=(1.0,), registry=registry)
    for _ in range(count):
        seconds.observe(0.5)
    return generate_latest(registry).decode()


def test_metrics_keep_their_kind_and_say_which_worker_they_are_of() -> None:
    merged = merge_metrics([(1, page(3)), (2, page(4))]).decode()
    families = {family.name: family for family in text_string_to_metric_families(merged)}
    assert families["taken"].type == "counter"
    assert families["seconds"].type == "histogram"
    assert families["lag"].documentation == "Records that wait."
    assert 'taken_total{process="1",stage="clean"} 3.0' in merged
    assert 'taken_total{process="2",stage="clean"} 4.0' in merged
    assert 'seconds_bucket{le="1.0",process="2"} 4.0' in merged
    assert merged.count("# TYPE lag gauge") == 1


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Running]:
    """Two workers whose folder is `tmp_path`, ready."""
    port = free_port()
    arguments = ("worker", "--port", str(port), str(tmp_path))
    settings = Settings(_env_file=None)
    running = start(settings, tmp_path / "log", *arguments, port=port, module="tests.support.supervised")
    try:
        wait_until(running.ready, 60, running.tail)
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


def values(running: Running, name: str) -> dict[int, int]:
    """The value of a metric, by worker."""
    families = text_string_to_metric_families(running.metrics())
    samples = [sample for family in families if family.name == name for sample in family.samples]
    return {int(sample.labels["process"]): int(sample.value) for sample in samples}


def test_a_worker_that_ends_is_begun_again_and_the_other_stays(supervisor: Running) -> None:
    before = values(supervisor, "pid")
    assert sorted(before) == [1, 2]
    os.kill(before[1], signal.SIGKILL)
    wait_until(lambda: values(supervisor, "restarts") == {1: 1, 2: 0}, 30, supervisor.tail)
    after = values(supervisor, "pid")
    assert after[2] == before[2]
    assert after[1] != before[1]
    assert "status=-9" in supervisor.tail()


def test_it_is_ready_when_all_workers_are(supervisor: Running, tmp_path: Path) -> None:
    (tmp_path / "unready-2").touch()
    answer = httpx.get(f"{supervisor.url}/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"ok": False, "faults": ["process 2: Kafka: not connected"], "warnings": []},
    )
    assert httpx.get(f"{supervisor.url}/livez").status_code == 200


def test_a_worker_that_hangs_is_a_fault_of_all(supervisor: Running) -> None:
    hanging = values(supervisor, "pid")[1]
    os.kill(hanging, signal.SIGSTOP)
    try:
        answer = httpx.get(f"{supervisor.url}/livez", timeout=30)
        assert (answer.status_code, answer.json()["faults"]) == (503, ["process 1: does not answer"])
    finally:
        os.kill(hanging, signal.SIGCONT)


def test_sigterm_stops_all(supervisor: Running) -> None:
    workers = [psutil.Process(pid) for pid in values(supervisor, "pid").values()]
    assert supervisor.stop() == 0
    assert not any(each.is_running() for each in workers)


def test_workers_end_with_a_supervisor_that_is_killed(supervisor: Running) -> None:
    workers = [psutil.Process(pid) for pid in values(supervisor, "pid").values()]
    supervisor.kill()
    assert not psutil.wait_procs(workers, timeout=30)[1]
