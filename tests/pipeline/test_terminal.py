"""rasd top and rasd tap on a real Kafka."""

from __future__ import annotations

import asyncio
import json

import pytest

from streams.cli.main import run
from streams.errors import Reason, Rejected
from streams.kafka.clients import open_producer, wait_for_topics
from streams.kafka.dead_letters import Origin, failure_headers
from streams.settings import Settings, get_settings
from streams.topics import Topic, topic_name
from tests.support.articles import article
from tests.support.serving import publish


def test_the_pipeline_and_its_records_are_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    async def fill() -> None:
        await wait_for_topics(settings)
        await publish(settings, [article(id=f"a{number}", title=f"خبر {number}") for number in range(3)])
        async with open_producer(settings) as producer:
            headers = failure_headers("geotag", Rejected(Reason.NOT_JSON, "no JSON"), Origin("articles.tagged"))
            await producer.send_and_wait(topic_name(Topic.DLQ, settings), b"{", headers=headers)
            await producer.send_and_wait(topic_name(Topic.RAW, settings), b"no JSON", key=b"k")

    asyncio.run(fill())
    for name in ("kafka_bootstrap", "topic_prefix", "app_id"):
        monkeypatch.setenv(f"RASD_{name.upper()}", getattr(settings, name))

    def rasd(*arguments: str, status: int = 0) -> str:
        get_settings.cache_clear()
        capfdbinary.readouterr()
        try:
            assert run(list(arguments)) == status
        finally:
            get_settings.cache_clear()
        return capfdbinary.readouterr().out.decode()

    rows = [line.split() for line in rasd("top", "--seconds", "0.2").splitlines()]
    by_stage = {row[0]: row for row in rows}
    assert by_stage["index"][1:5] == ["articles.enriched", "0.0", "0.0", "3"]
    assert by_stage["index"][5:] == ["never", "0"]
    assert by_stage["geotag"][-1] == "1"
    (stages,) = [json.loads(line)["stages"] for line in rasd("top", "--json", "--once").splitlines()]
    assert {stage["stage"]: stage["waiting"] for stage in stages}["index"] == 3
    lines = rasd("tap", "articles.enriched", "--last", "3", "-n", "3", "--fields", "id,title").splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == ["a0", "a1", "a2"]
    assert "خبر" in lines[0]
    (line,) = rasd("tap", "articles.raw", "--last", "1", "-n", "1", "--envelope").splitlines()
    assert json.loads(line)["record"] == {"text": "no JSON"}
    assert json.loads(line)["key"] == "k"
    assert rasd("tap", "articles.none", status=1) == ""
