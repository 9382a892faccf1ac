"""A worker is killed with kill -9 midway, then both servers under load: no article lost, none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import stack as native
from streams.settings import Settings
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import rasd, wait_until, worker

HALF = 400
ARTICLES = 2 * HALF


@pytest.mark.timeout(1800)
def test_every_article_is_in_the_index_once(settings: Settings, tmp_path: Path) -> None:
    made = records(ARTICLES)
    halves = [write_lines(tmp_path / "1.jsonl", made[:HALF]), write_lines(tmp_path / "2.jsonl", made[HALF:])]
    log = tmp_path / "worker.log"
    with worker(settings, log) as first:
        sent = rasd("ingest", str(halves[0]), settings=settings)
        assert sent.returncode == 0, sent.stderr.decode()
        wait_until(lambda: count(settings) > 0, 300, first.tail)
        first.kill()
    assert count(settings) < HALF, "the kill came too late to test anything"
    # So that there is work left when the servers are killed, however quick the second worker is.
    assert rasd("ingest", str(halves[1]), settings=settings).returncode == 0

    with worker(settings, log, wait=False) as second:
        wait_until(second.ready, 90, second.tail)
        before = count(settings)
        wait_until(lambda: count(settings) > before, 300, second.tail)
        native.stop_service(settings, "kafka", kill=True)
        assert count(settings) < ARTICLES, "the kill came too late to test anything"
        native.stop_service(settings, "elasticsearch", kill=True)
        for name in ("kafka", "elasticsearch"):
            native.start_service(settings, name)
        wait_until(lambda: count(settings) == ARTICLES, 900, lambda: f"{count(settings)} indexed\n{second.tail()}")
        wait_until(second.ready, 60, second.tail)
        assert second.stop() == 0

    found = documents(settings, "id")
    assert sorted(doc["_id"] for doc in found) == sorted(f"n{index}" for index in range(ARTICLES))
    letters = rasd("dlq", "list", settings=settings).stdout.decode()
    assert letters.strip().endswith("0 dead letters"), letters
