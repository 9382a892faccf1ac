"""More partitions on a system that runs, by the procedure of the manual: nothing is lost, and nothing twice."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from streams.errors import OperatorError
from streams.kafka.clients import create_topics
from streams.kafka.topic_offsets import grow, topic_states
from streams.settings import Settings
from streams.topics import Topic
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import rasd, wait_until, worker

EACH = 20


def test_topics_grow_while_workers_are_stopped(settings: Settings, tmp_path: Path) -> None:
    made = records(2 * EACH)
    first = write_lines(tmp_path / "1.jsonl", made[:EACH])
    newer = [record | {"fetched_at": "2024-02-03T05:00:00Z", "title": f"{record['title']} من جديد"} for record in made]
    with worker(settings, tmp_path / "before.log") as running:
        assert rasd("ingest", str(first), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == EACH, 120, running.tail)
        refused = rasd("topics", "grow", "5", settings=settings)
        assert refused.returncode == 1
        assert b"are running: 1" in refused.stderr
        assert b"Traceback" not in refused.stderr
        assert running.stop() == 0

    grown = rasd("topics", "grow", "5", settings=settings)
    assert grown.returncode == 0, grown.stderr
    prefix = settings.topic_prefix
    assert set(re.findall(r"(\S+)\t3 → 5 partitions", grown.stdout.decode())) == {
        f"{prefix}articles.{name}" for name in ("raw", "clean", "clustered", "moves", "tagged", "enriched")
    }
    assert asyncio.run(grow(settings, 5)) == {}, "nothing to do"
    with pytest.raises(OperatorError, match=r"has 5 partitions; Kafka cannot remove any"):
        asyncio.run(grow(settings, 4))
    with pytest.raises(OperatorError, match="has 5 partitions, the settings say 3"):
        asyncio.run(create_topics(settings))

    larger = settings.model_copy(update={"partitions": 5})
    with worker(larger, tmp_path / "after.log") as running:
        # The articles known already come once more, by partitions of another number, and newer.
        assert rasd("ingest", str(write_lines(tmp_path / "2.jsonl", newer)), settings=larger).returncode == 0

        def renewed() -> bool:
            found = documents(larger, "title")
            return len(found) == 2 * EACH and all(doc["title"].endswith("من جديد") for doc in found)

        wait_until(renewed, 120, running.tail)
        assert running.stop() == 0
    status = rasd("topics", "status", settings=larger)
    assert status.returncode == 0
    rows = {row.split()[0]: row.split()[1:] for row in status.stdout.decode().splitlines()[1:]}
    assert rows["articles.raw"] == ["5", str(3 * EACH), "0", "0", "7d", "-", "-"]
    assert rows["articles.fingerprinted"][0] == rows["articles.dlq"][0] == "1"
    assert {row[2] for row in rows.values()} == {"0"}, "nothing waits"


async def test_without_topics_it_is_one_line(settings: Settings) -> None:
    assert await topic_states(settings, tuple(Topic)) == {}
    with pytest.raises(OperatorError, match=r"there is no topic t\w+\.articles\.\w+"):
        await grow(settings, 5)
