"""Records through real Kafka and Elasticsearch: what comes out, what is refused, and what a repetition changes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.settings import MIB, Settings
from tests.conftest import Stack, own_settings
from tests.support.articles import raw_record
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import Running, free_port, rasd, start, wait_until, worker

NOT_JSON = b'{"url": "https://a.example.com/1", "source": '


@dataclass(frozen=True)
class Shared:
    """One worker with all stages for several tests, each with articles of its own."""

    settings: Settings
    running: Running

    def found(self, articles: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Which of these are in the index, by id."""
        ids = {article["id"] for article in articles}
        return (
            {doc["_id"]: doc for doc in documents(self.settings) if doc["_id"] in ids} if count(self.settings) else {}
        )

    def wait_for(self, articles: list[dict[str, Any]]) -> None:
        """Wait until all of these are in the index."""
        wait_until(lambda: len(self.found(articles)) == len(articles), 90, self.running.tail)

    def counted(self, stage: str, outcome: str) -> int:
        """How many records ended so in this stage."""
        row = f'rasd_articles_total{{outcome="{outcome}",stage="{stage}"}} '
        rows = self.running.metrics().splitlines()
        return sum(int(float(line.removeprefix(row))) for line in rows if line.startswith(row))


@pytest.fixture(scope="module")
def shared(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("shared")
    settings = own_settings(stack, folder / "state")
    with worker(settings, folder / "worker.log") as running:
        yield Shared(settings, running)
        assert running.stop() == 0


def test_articles_arrive_enriched_and_a_repetition_changes_nothing(shared: Shared, tmp_path: Path) -> None:
    sent = records(40)
    file = write_lines(tmp_path / "articles.jsonl", sent)
    before = shared.counted("index", "ok")
    assert rasd("ingest", str(file), settings=shared.settings).returncode == 0
    shared.wait_for(sent)
    first = shared.found(sent)
    assert rasd("ingest", str(file), settings=shared.settings).returncode == 0
    wait_until(lambda: shared.counted("index", "ok") == before + 80, 60, shared.running.tail)
    assert shared.found(sent) == first
    article = first["n0"]
    assert article["title"] == "الخبر رقم 0 من الميناء"
    assert article["language"] == "ar"
    assert article["cluster"]["canonical_id"] == "n0"
    assert set(article["trace"]) >= {"clean", "fingerprint", "dedupe", "entities", "geotag"}
    assert any(place["country"] for place in article["places"])


def test_stages_can_run_in_workers_of_their_own(settings: Settings, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "articles.jsonl", records(200))
    with (
        worker(settings, tmp_path / "one.log", "clean,dedupe") as one,
        worker(settings, tmp_path / "two.log", "entities,geotag,index") as two,
    ):
        assert rasd("ingest", str(file), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == 200, 90, lambda: one.tail() + two.tail())
        assert 'stage="entities"' not in one.metrics()
        assert 'stage="clean"' not in two.metrics()


def test_fausts_own_command_runs_the_same_worker(settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    settings = settings.model_copy(update={"worker_port": port})
    file = write_lines(tmp_path / "articles.jsonl", records(5))
    running = start(settings, tmp_path / "faust.log", "-A", "streams.app", "worker", port=port, module="faust")
    try:
        assert rasd("ingest", str(file), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == 5, 60, running.tail)
        wait_until(running.ready, 30, running.tail)
        assert "[info] metrics and health [streams.engine.faust.worker_health]" in running.tail()
    finally:
        assert running.stop() == 0


def _bad_inputs() -> list[tuple[bytes, str]]:
    def wire(**fields: Any) -> bytes:
        return json.dumps(raw_record(**fields), ensure_ascii=False).encode()

    return [
        (NOT_JSON, "not_json"),
        (b'["an", "array"]', "bad_schema"),
        (b"\xff\xfe\x00binary", "not_json"),
        (wire(content=None), "bad_schema"),
        (wire(source=17), "bad_schema"),
        (wire(url="not a url"), "bad_schema"),
        (wire(content="  \n\t "), "empty_body"),
        (
            wire(content=base64.b64encode(bytes(range(128, 256)) * 4).decode(), encoding="no-such-charset"),
            "bad_encoding",
        ),
        (wire(content="خبر طويل " * 4_000_000), "too_large"),
    ]


async def test_records_of_every_compression_codec_are_read(shared: Shared) -> None:
    from aiokafka import AIOKafkaProducer

    from streams.kafka.clients import client_options
    from streams.topics import Topic, topic_name

    codecs = (None, "gzip", "snappy", "lz4", "zstd")
    articles = records(10 * len(codecs), first=100)
    settings = shared.settings
    for number, codec in enumerate(codecs):
        async with AIOKafkaProducer(**client_options(settings), compression_type=codec) as producer:
            for article in articles[number :: len(codecs)]:
                await producer.send_and_wait(topic_name(Topic.RAW, settings), json.dumps(article).encode())
    shared.wait_for(articles)


async def test_bad_records_become_dead_letters_with_their_bytes_and_the_stream_goes_on(shared: Shared) -> None:
    from streams.kafka.clients import open_producer
    from streams.kafka.dead_letters import read_all
    from streams.topics import Topic, topic_name

    bad = _bad_inputs()
    assert len(bad[-1][0]) > 50_000_000
    good = records(3, first=200)
    began = datetime.now(UTC)
    refused = shared.counted("clean", "rejected")
    raw = topic_name(Topic.RAW, shared.settings)
    async with open_producer(shared.settings) as producer:
        for data, _ in bad:
            await producer.send_and_wait(raw, data)
        for item in good:
            await producer.send_and_wait(raw, json.dumps(item).encode())
    shared.wait_for(good)
    wait_until(lambda: shared.counted("clean", "rejected") == refused + len(bad), 60, shared.running.tail)
    letters = [letter async for letter in read_all(shared.settings) if letter.timestamp >= began]
    assert sorted((letter.value, letter.reason) for letter in letters) == sorted(bad)
    assert {letter.origin.topic for letter in letters} == {raw}
    assert all(letter.message and letter.stage == "clean" for letter in letters)


async def test_a_record_just_below_the_size_limit_does_not_stop_its_partition(
    settings: Settings, tmp_path: Path
) -> None:
    """Neither its article nor its dead letter, larger by their fields and headers, fits into a record of Kafka."""
    from streams.kafka.dead_letters import read_all

    settings = settings.model_copy(update={"max_message_bytes": MIB, "partitions": 1})
    good = records(6)
    large = raw_record(content="")
    large["content"] = "x" + "خبر طويل " * 80_000
    large["content"] = large["content"][: (MIB - 300 - len(_line(large | {"content": ""}))) * 5 // 9]
    large["content"] += "x" * (MIB - 300 - len(_line(large)))
    file = tmp_path / "day.jsonl"
    file.write_bytes(b"\n".join(map(_line, [*good[:3], large, *good[3:]])))
    with worker(settings, tmp_path / "worker.log") as running:
        assert rasd("ingest", str(file), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == len(good), 60, running.tail)
        assert running.stop() == 0
    (letter,) = [letter async for letter in read_all(settings)]
    assert (letter.reason, letter.value, letter.key) == ("too_large", _line(large), large["url"].encode())
    assert rasd("dlq", "show", letter.position, settings=settings).stdout == _line(large)
    assert rasd("dlq", "replay", "--all", settings=settings).stdout == b"1 records sent back\n"


async def test_a_compressed_record_that_is_larger_than_any_topic_takes_does_not_stop_its_partition(
    settings: Settings, tmp_path: Path
) -> None:
    """Compressed it fits into a record of Kafka. A worker writes uncompressed."""
    from aiokafka import AIOKafkaProducer

    from streams.kafka.clients import client_options, create_topics
    from streams.kafka.dead_letters import read_all
    from streams.topics import Topic, topic_name

    settings = settings.model_copy(update={"max_message_bytes": MIB, "partitions": 1})
    good = records(4)
    large = _line(raw_record(content="خبر طويل " * 1_000_000, id="long"))
    await create_topics(settings)
    options = client_options(settings) | {"compression_type": "gzip", "max_request_size": 2 * len(large)}
    async with AIOKafkaProducer(**options) as producer:
        for data in [*map(_line, good[:2]), large, *map(_line, good[2:])]:
            await producer.send_and_wait(topic_name(Topic.RAW, settings), data, key=b"k")
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(lambda: count(settings) == len(good), 60, running.tail)
        assert running.stop() == 0
    (letter,) = [letter async for letter in read_all(settings)]
    assert (letter.value, letter.key) == (large, b"k")
    refused = rasd("dlq", "replay", "--all", settings=settings)
    assert refused.returncode == 1
    assert f"larger than their topics take: {letter.position}" in refused.stderr.decode()


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


def test_ingest_names_file_and_line_and_keeps_the_bytes(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    file.write_bytes(json.dumps(records(1)[0]).encode() + b"\n" + NOT_JSON + b"\n")
    result = rasd("ingest", str(file), settings=settings)
    assert result.returncode == 1
    assert f"{file}:2:" in result.stderr.decode()
    assert b"Traceback" not in result.stderr
    assert "1 records sent" in result.stdout.decode()
    listed = rasd("dlq", "list", "--reason", "not_json", settings=settings).stdout.decode()
    assert f"{file}:2" in listed
    assert rasd("dlq", "show", "0:0", settings=settings).stdout == NOT_JSON


def test_waiting_tells_what_became_of_every_record(shared: Shared, settings: Settings, tmp_path: Path) -> None:
    sent = records(3, first=300)
    lines = [*map(json.dumps, sent), json.dumps(sent[0] | {"url": "https://example.org/blank", "content": "  "}), "{"]
    (tmp_path / "day.jsonl").write_text("\n".join(lines), encoding="utf-8")
    result = rasd("ingest", str(tmp_path / "day.jsonl"), "--wait", settings=shared.settings)
    assert "4 records sent to articles.raw, 3 searchable, 1 refused" in result.stdout.decode()
    assert "1 refused: content has no letter or digit in it (clean: empty_body); the first is" in result.stderr.decode()
    assert f"{tmp_path}/day.jsonl:4" in result.stderr.decode()
    assert result.returncode == 1  # for the line that is no JSON
    again = rasd("ingest", "-", "--wait", settings=shared.settings, stdin=json.dumps(sent[1]).encode())
    assert "1 records sent to articles.raw, 1 searchable, 0 refused" in again.stdout.decode()
    assert again.returncode == 0
    assert len(shared.found(sent)) == 3
    # No worker reads the topics of these settings.
    stopped = rasd("ingest", "-", "--wait", "--patience", "1", settings=settings, stdin=json.dumps(sent[2]).encode())
    assert stopped.returncode == 1
    assert "1 not searchable yet" in stopped.stderr.decode()


async def test_replayed_dead_letters_go_through_the_stage_that_refused_them(shared: Shared) -> None:
    from streams.errors import Reason, Rejected
    from streams.kafka.clients import open_producer
    from streams.kafka.dead_letters import Origin, failure_headers
    from streams.topics import Topic, topic_name

    settings, refused = shared.settings, records(1, first=400)
    raw = topic_name(Topic.RAW, settings)
    headers = failure_headers("clean", Rejected(Reason.EMPTY_BODY, "was refused"), Origin(raw, 0, 0))
    async with open_producer(settings) as producer:
        await producer.send_and_wait(topic_name(Topic.DLQ, settings), json.dumps(refused[0]).encode(), headers=headers)
    assert rasd("dlq", "replay", settings=settings).returncode == 2
    assert rasd("dlq", "replay", "--reason", "empty_body", settings=settings).returncode == 0
    shared.wait_for(refused)
