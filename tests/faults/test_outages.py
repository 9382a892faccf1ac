"""Kafka or Elasticsearch away when a worker starts or stops: it waits, says so, and nothing is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import stack as native
from streams.settings import Settings
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import rasd, wait_until, worker

ARTICLES = 200
# Waiting is said once for a stage and once more by what it waits on; a flood would be thousands of lines.
FEW_LINES = 60


def _ids(number: int) -> list[str]:
    return sorted(f"n{index}" for index in range(number))


@pytest.mark.timeout(600)
def test_neither_is_there_when_the_worker_starts(settings: Settings, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "articles.jsonl", records(50))
    log = tmp_path / "worker.log"
    assert rasd("ingest", str(file), settings=settings).returncode == 0
    for name in ("elasticsearch", "kafka"):
        native.stop_service(settings, name)
    with worker(settings, log, wait=False) as running:
        wait_until(lambda: "Kafka" in running.tail(), 60, running.tail)
        assert not running.ready()
        native.start_service(settings, "kafka")
        wait_until(lambda: "Elasticsearch" in running.tail(), 120, running.tail)
        assert not running.ready()
        native.start_service(settings, "elasticsearch")
        wait_until(lambda: count(settings) == 50, 120, running.tail)
        wait_until(running.ready, 60, running.tail)
        assert running.stop() == 0
    assert [doc["_id"] for doc in documents(settings, "id")] == _ids(50)
    said = log.read_text()
    assert "Traceback" not in said, said
    assert len(said.splitlines()) < FEW_LINES, said


@pytest.mark.timeout(600)
def test_a_worker_that_is_stopped_while_kafka_hangs_ends(settings: Settings, tmp_path: Path) -> None:
    """Kafka takes connections and answers nothing: what Faust waits for on its way down never comes."""
    file = write_lines(tmp_path / "articles.jsonl", records(ARTICLES))
    with worker(settings, tmp_path / "worker.log") as running:
        assert rasd("ingest", str(file), settings=settings).returncode == 0
        wait_until(lambda: count(settings) > 0, 120, running.tail)
        with _frozen(settings, "kafka"):
            assert running.stop() == 0
    with worker(settings, tmp_path / "next.log") as running:
        wait_until(lambda: count(settings) == ARTICLES, 120, running.tail)
    assert [doc["_id"] for doc in documents(settings, "id")] == _ids(ARTICLES)


@contextmanager
def _frozen(settings: Settings, name: str) -> Iterator[None]:
    pid = native.status(settings)[name].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
