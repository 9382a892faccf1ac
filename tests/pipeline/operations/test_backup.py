"""Lose the index, restore it by the commands of docs/guides/production.md, and get the same answers as before."""

from __future__ import annotations

import asyncio
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.clean.page import Limits, clean_page
from streams.api.app import create_api
from streams.kafka.clients import open_producer
from streams.records import RawArticle
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import ROOT, rasd, wait_until, worker
from tests.support.serving import in_process

EARLY, LATE = 12, 10
QUERIES = ("الميناء", "في بيروت", "الخبر رقم 3")


def manual(settings: Settings) -> dict[str, str]:
    """The shell commands of the manual's section, by the heading of their step, for this test's servers and names."""
    text = (ROOT / "docs" / "guides" / "production.md").read_text(encoding="utf-8")
    section = text.partition("\n## Back up and restore\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\d\. \*\*(.+?)\*\*.*?^ +```\n(.+?)^ +```$", section, re.MULTILINE | re.DOTALL)
    assert [step for step, _ in found] == ["Register", "Take", "Delete", "Restore"]
    address = str(settings.elasticsearch_url).rstrip("/")
    return {
        step: re.sub(r"\brasd(?=-)|(?<=_snapshot/)rasd", settings.index_prefix, block).replace(
            "http://127.0.0.1:29200", address
        )
        for step, block in found
    }


def run(commands: str) -> str:
    """What a person would paste into a shell, line by line; every command has to succeed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def answers(settings: Settings) -> dict[str, tuple[int, list[str]]]:
    """How many articles the API finds for each query, and which."""
    found = {}
    async with in_process(create_api(settings)) as api:
        for query in QUERIES:
            page = (await api.get("/search", params={"q": query, "fold": False, "size": 50})).raise_for_status().json()
            found[query] = (page["total"], sorted(hit["article"]["id"] for hit in page["hits"]))
    return found


async def send_late(settings: Settings, record: dict[str, Any]) -> None:
    """Hand in an article that a slow partition of articles.raw has held for an hour; its copies are clustered."""
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    (article,) = clean_page(RawArticle.model_validate(record), ingested_at=hour_ago, limits=Limits())
    async with open_producer(settings) as producer:
        await producer.send_and_wait(topic_name(Topic.CLEAN, settings), article.to_json(), key=article.id.encode())


@pytest.mark.timeout(600)
def test_a_restored_index_answers_as_the_lost_one_did(settings: Settings, tmp_path: Path) -> None:
    steps = manual(settings)
    made = records(EARLY + LATE)
    original = made[0] | {"id": "original", "url": "https://alufuq.example.com/news/original", "source": "alufuq"}
    with worker(settings, tmp_path / "worker.log") as running:
        assert rasd("ingest", str(write_lines(tmp_path / "1.jsonl", made[:EARLY])), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == EARLY, 120, running.tail)
        moment = datetime.now(UTC)
        run(steps["Register"])
        assert '"state":"SUCCESS"' in run(steps["Take"])
        # After the snapshot more articles come, and one that moves an article of the snapshot into another cluster.
        assert rasd("ingest", str(write_lines(tmp_path / "2.jsonl", made[EARLY:])), settings=settings).returncode == 0
        asyncio.run(send_late(settings, original))

        def moved() -> bool:
            found = {doc["_id"]: doc["cluster"]["canonical_id"] for doc in documents(settings, "cluster")}
            return len(found) == EARLY + LATE + 1 and found["n0"] == "original"

        wait_until(moved, 120, running.tail)
        assert running.stop() == 0
    before, found = documents(settings), asyncio.run(answers(settings))
    assert all(total > 0 for total, _ in found.values())

    run(steps["Delete"])
    assert count(settings) == 0
    run(steps["Restore"])
    assert count(settings) == EARLY, "the index is as it was when the snapshot was taken"
    assert documents(settings) != before
    again = rasd("topics", "rewind", "--since", moment.isoformat(), "--stages", "index,moves", settings=settings)
    assert again.returncode == 0, again.stderr
    with worker(settings, tmp_path / "again.log", "index") as running:
        wait_until(moved, 120, running.tail)
        assert documents(settings) == before
        assert asyncio.run(answers(settings)) == found
        assert running.stop() == 0
