"""The servers killed under a running worker, frozen while it stops, away when the next one starts: nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.local import stack as native
from streams.settings import Settings
from tests.faults.cases.servers import frozen
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import Running, rasd, wait_until, worker

FIRST, MORE = 400, 100
ARTICLES = FIRST + MORE
# Waiting is said once for a stage and once more by what it waits on; a flood would be thousands of lines.
FEW_LINES = 60


@pytest.mark.timeout(1200)
def test_every_article_is_in_the_index_once_whatever_happens_to_the_servers(settings: Settings, tmp_path: Path) -> None:
    made = records(ARTICLES)
    with worker(settings, tmp_path / "first.log") as running:
        _send(settings, tmp_path, made[:FIRST])
        wait_until(lambda: count(settings) > 0, 300, running.tail)
        _kill_both(settings)
        wait_until(lambda: count(settings) == FIRST, 600, lambda: f"{count(settings)} indexed\n{running.tail()}")
        wait_until(running.ready, 120, running.tail)
        _send(settings, tmp_path, made[FIRST:])
        wait_until(lambda: count(settings) > FIRST, 300, running.tail)
        # Kafka takes connections and answers nothing: what Faust waits for on its way down never comes.
        with frozen(settings, "kafka"):
            assert running.stop() == 0
    for name in ("elasticsearch", "kafka"):
        native.stop_service(settings, name)
    log = tmp_path / "next.log"
    with worker(settings, log, wait=False) as running:
        _start_one_by_one(settings, running)
        wait_until(lambda: count(settings) == ARTICLES, 300, running.tail)
        wait_until(running.ready, 120, running.tail)
        assert running.stop() == 0
    said = log.read_text()
    assert "Traceback" not in said, said
    assert len(said.splitlines()) < FEW_LINES, said

    found = documents(settings, "id")
    assert sorted(doc["_id"] for doc in found) == sorted(f"n{index}" for index in range(ARTICLES))
    letters = rasd("dlq", "list", settings=settings).stdout.decode()
    assert letters.strip().endswith("0 dead letters"), letters


def _send(settings: Settings, folder: Path, made: Sequence[dict[str, Any]]) -> None:
    sent = rasd("ingest", str(write_lines(folder / "articles.jsonl", list(made))), settings=settings)
    assert sent.returncode == 0, sent.stderr.decode()


def _kill_both(settings: Settings) -> None:
    """Kill both servers under load, and start them again."""
    native.stop_service(settings, "kafka", kill=True)
    assert count(settings) < FIRST, "the kill came too late to test anything"
    native.stop_service(settings, "elasticsearch", kill=True)
    for name in ("kafka", "elasticsearch"):
        native.start_service(settings, name)


def _start_one_by_one(settings: Settings, running: Running) -> None:
    """Start each server when the worker has said that it waits for it."""
    wait_until(lambda: "Kafka" in running.tail(), 120, running.tail)
    assert not running.ready()
    native.start_service(settings, "kafka")
    wait_until(lambda: "Elasticsearch" in running.tail(), 120, running.tail)
    assert not running.ready()
    native.start_service(settings, "elasticsearch")
