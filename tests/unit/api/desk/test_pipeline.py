"""What the view of the pipeline shows of the last looks at Kafka."""

from __future__ import annotations

import time

import pytest
from fastapi import FastAPI

from streams.api.app import create_api
from streams.api.cluster_monitor import ClusterMonitor
from streams.api.dead_letters import RecentDeadLetters
from streams.kafka.dead_letters import RecentLetters
from streams.kafka.first_records import FirstRecord
from streams.kafka.flow import Look
from streams.kafka.topic_offsets import TopicState
from streams.settings import Settings
from streams.topics import Topic
from tests.support.processes import free_port
from tests.support.serving import in_process


@pytest.fixture
def api() -> FastAPI:
    """An API whose Kafka and Elasticsearch do not exist."""
    return create_api(
        Settings(
            _env_file=None,
            kafka_bootstrap=f"127.0.0.1:{free_port()}",
            kafka_connect_timeout=1,
            elasticsearch_url=f"http://127.0.0.1:{free_port()}",
        )
    )


async def test_before_kafka_answered_the_view_says_so(api: FastAPI) -> None:
    async with in_process(api) as http:
        page = await http.get("/en/pipeline")
        assert (page.status_code, "has not been read from Kafka yet" in page.text) == (200, True)
        assert (await http.get("/pipeline")).status_code == 503


async def test_each_stage_has_its_rate_what_waits_and_what_it_could_not_use(
    api: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count(_: RecentDeadLetters) -> RecentLetters:
        return RecentLetters({"clean": 3, "ingest": 1}, complete=False)

    monkeypatch.setattr(RecentDeadLetters, "count", count)
    monkeypatch.setattr(ClusterMonitor, "start", lambda _: None)  # the test looks in its place
    async with in_process(api) as http:
        _set_looks(api)
        answer = (await http.get("/pipeline")).json()
        clean, dedupe = answer["stages"]
        assert (clean["written_per_second"], clean["read_per_second"], clean["waiting"]) == (10, 8, 120)
        assert 59 < clean["oldest_seconds"] < 120
        assert (clean["dead_letters"], answer["other_dead_letters"], answer["dead_letters"]) == (3, {"ingest": 1}, 4)
        assert dedupe["writes"] == ["articles.clustered", "articles.moves"]
        page = (await http.get("/ar/pipeline")).text
        assert "١٠ في الثانية" in page.replace("<bdi>", "").replace("</bdi>", "")
        assert "عُدّ الأحدث منها فقط" in page
        assert "٤ سجلات تعذّرت معالجتها" in page


def _set_looks(api: FastAPI) -> None:
    def look(moment: float, end: int, done: int) -> Look:
        first = FirstRecord(done, time.time() - 60, "a")
        raw = TopicState(Topic.RAW, {0: 0}, {0: end}, {0: done}, 0, firsts={0: first})
        quiet = TopicState(Topic.FINGERPRINTED, {0: 0}, {0: 5}, {0: 5}, 0)
        letters = TopicState(Topic.DLQ, {0: 0}, {0: 4}, {}, 0)
        return Look(moment, {Topic.RAW: raw, Topic.FINGERPRINTED: quiet, Topic.DLQ: letters})

    looks = api.state.rasd.cluster.looks
    looks.clear()
    looks.extend([look(100, 1000, 900), look(110, 1100, 980)])
