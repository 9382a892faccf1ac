"""A worker is killed with kill -9 midway and Elasticsearch is restarted under load: no article lost, none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import stack as native
from streams.settings import Settings
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import rasd, wait_until, worker

ARTICLES = 5_000


@pytest.mark.timeout(1800)
def test_every_article_is_in_the_index_once(settings: Settings, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "articles.jsonl", records(ARTICLES))
    log = tmp_path / "worker.log"
    with worker(settings, log) as first:
        sent = rasd("ingest", str(file), settings=settings)
        assert sent.returncode == 0, sent.stderr.decode()
        wait_until(lambda: count(settings) >= ARTICLES // 5, 600, first.tail)
        first.kill()
    assert count(settings) < ARTICLES, "the kill came too late to test anything"

    with worker(settings, log, wait=False) as second:
        wait_until(second.ready, 90, second.tail)
        before = count(settings)
        wait_until(lambda: count(settings) > before, 300, second.tail)
        native.stop_service(settings, "elasticsearch", kill=True)
        native.start_service(settings, "elasticsearch")
        wait_until(lambda: count(settings) == ARTICLES, 900, lambda: f"{count(settings)} indexed\n{second.tail()}")
        assert second.stop() == 0

    found = documents(settings, "id")
    assert sorted(doc["_id"] for doc in found) == sorted(f"n{index}" for index in range(ARTICLES))
    letters = rasd("dlq", "list", settings=settings).stdout.decode()
    assert letters.strip().endswith("0 dead letters"), letters
