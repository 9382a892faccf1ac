"""A process that hangs says so at /livez, by which a supervisor starts it anew: a real worker, a real API."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.api.app import create_api
from streams.api.feed import LiveFeed
from streams.kafka.clients import create_topics
from streams.settings import Settings
from tests.support.articles import article
from tests.support.corpus import records, write_lines
from tests.support.hanging import MARK
from tests.support.processes import Running, free_port, rasd, start, wait_until
from tests.support.serving import in_process, publish, until


def livez(running: Running) -> tuple[int, list[str]]:
    """Status and faults."""
    answer = httpx.get(f"{running.url}/livez", timeout=30)
    return answer.status_code, answer.json()["faults"]


def test_a_worker_that_hangs_on_a_record_is_not_alive(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"record_seconds": 600.0})
    port = free_port()
    arguments = ("worker", "--port", str(port), "--stages", "clean")
    running = start(settings, tmp_path / "worker.log", *arguments, port=port, module="tests.support.hanging")
    try:
        wait_until(running.ready, 120, running.tail)
        good, bad = records(2)
        assert rasd("ingest", str(write_lines(tmp_path / "1.jsonl", [good])), settings=settings).returncode == 0
        wait_until(
            lambda: 'rasd_articles_total{outcome="ok",stage="clean"} 1.0' in running.metrics(), 120, running.tail
        )
        wait_until(lambda: livez(running) == (200, []), 30, running.tail)
        bad["content"] = f"{MARK}. {bad['content']}"
        assert rasd("ingest", str(write_lines(tmp_path / "2.jsonl", [bad])), settings=settings).returncode == 0
        wait_until(lambda: livez(running)[0] == 503, 120, running.tail)
        (fault,) = livez(running)[1]
        assert fault.startswith("clean: no progress for 2 s; first stands ")
        assert running.ready(), "no server is at fault"
    finally:
        running.kill()


async def test_an_api_whose_live_feed_hangs_is_not_alive(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.api.api_health.STALL_SECONDS", 1.0)
    monkeypatch.setattr("streams.api.cluster_monitor.ASK_SECONDS", 0.2)
    await create_topics(settings)

    hangs = asyncio.Event()

    async def hang(*_: Any) -> None:
        hangs.set()
        await asyncio.Event().wait()

    async def dead(api: httpx.AsyncClient) -> bool:
        return (await api.get("/livez")).status_code == 503

    async with in_process(create_api(settings)) as api:
        await publish(settings, [article(id="a")])
        await until(lambda: _says(api, 'rasd_kafka_topic_records{topic="articles.enriched"} 1.0'))
        await until(lambda: _says(api, "rasd_live_lag_messages 0.0"))
        monkeypatch.setattr(LiveFeed, "_poll", hang)
        await asyncio.wait_for(hangs.wait(), 120)
        assert (await api.get("/livez")).json() == {"ok": True, "faults": [], "warnings": []}
        await publish(settings, [article(id="b")])
        await until(lambda: dead(api))
        (fault,) = (await api.get("/livez")).json()["faults"]
        assert fault.startswith("live feed: no progress for 1 s in partition ")


async def _says(api: httpx.AsyncClient, line: str) -> bool:
    return line in (await api.get("/metrics")).text
