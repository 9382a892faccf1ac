"""A day is processed once more after a stage changed, beside the workers that go on: the procedure of the manual."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx

from streams.settings import Settings
from tests.support.corpus import records, write_lines
from tests.support.index import count
from tests.support.processes import rasd, wait_until, worker

EACH = 10


def versions(settings: Settings) -> dict[str, int]:
    """The version of each document, by id."""
    url = f"{settings.elasticsearch_url}{settings.index_prefix}-read/_search"
    hits = httpx.post(url, json={"size": 100, "version": True, "_source": False}, timeout=30).json()["hits"]["hits"]
    return {hit["_id"]: hit["_version"] for hit in hits}


def test_what_came_since_a_moment_is_processed_again_and_replaces(settings: Settings, tmp_path: Path) -> None:
    made = records(2 * EACH)
    early, late = made[:EACH], made[EACH:]
    with worker(settings, tmp_path / "live.log") as live:
        assert rasd("ingest", str(write_lines(tmp_path / "1.jsonl", early)), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == EACH, 60, live.tail)
        moment = datetime.now(UTC)
        assert rasd("ingest", str(write_lines(tmp_path / "2.jsonl", late)), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == 2 * EACH, 60, live.tail)
        before = versions(settings)

        arguments = ("topics", "rewind", "--since", moment.isoformat(), "--stages", "entities,geotag,index,moves")
        refused = rasd(*arguments, settings=settings)
        assert refused.returncode == 1
        assert b"stop them first, or use another RASD_APP_ID" in refused.stderr
        assert b"Traceback" not in refused.stderr

        again = settings.model_copy(update={"app_id": f"{settings.app_id}-again", "pipeline_revision": 1})
        done = rasd(*arguments, settings=again)
        assert done.returncode == 0, done.stderr
        assert f"articles.clustered\t{EACH} records" in done.stdout.decode()
        assert "articles.enriched\t0 records" in done.stdout.decode()
        with worker(again, tmp_path / "again.log", "entities,geotag,index,moves") as second:

            def changed() -> set[str]:
                now = versions(settings)
                return {name for name in now if now[name] > before[name]}

            wait_until(lambda: changed() == {item["id"] for item in late}, 60, second.tail)
            # Both applications place and index what the second one tagged anew; versions keep the order.
            finished = f'rasd_articles_total{{outcome="ok",stage="index"}} {4 * EACH}.0'
            wait_until(lambda: finished in live.metrics(), 60, live.tail)
            assert changed() == {item["id"] for item in late}
        assert live.stop() == 0


def test_a_wrong_time_and_a_missing_topic_are_one_line(settings: Settings) -> None:
    wrong = rasd("topics", "rewind", "--since", "yesterday", settings=settings)
    assert wrong.returncode == 2
    missing = rasd("topics", "rewind", "--since", "2026-11-20", settings=settings)
    assert missing.returncode == 1
    assert b"there is no topic" in missing.stderr
    assert b"Traceback" not in wrong.stderr + missing.stderr
