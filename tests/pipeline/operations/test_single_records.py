"""No single record stops a partition: whatever it is, what stands behind it goes on, and its bytes are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local import stack as native
from streams.kafka.clients import client_options, create_topics
from streams.kafka.dead_letters import read_all
from streams.settings import MIB, Settings
from streams.topics import Topic, topic_name
from tests.support.corpus import records, write_lines
from tests.support.hanging import DEEDS
from tests.support.index import count, documents
from tests.support.processes import free_port, rasd, start, wait_until, worker

# A worker unpacks batches of up to 64 MiB if its largest record is smaller.
BOMB_BYTES = 65 * MIB
DAMAGED = b"DAMAGED-ON-DISK"

# What other programs may write into a topic, and the reason of its dead letter.
FOREIGN: dict[str, tuple[bytes | None, str]] = {
    "tombstone": (None, "not_json"),
    "empty": (b"", "not_json"),
    "Avro, as the Confluent registry frames it": (b"\x00\x00\x00\x00\x2a\x0eheadline\x02", "not_json"),
    "protobuf": (b"\x0a\x04text\x12\x03\xd8\xa7\xff\x08\x96\x01", "not_json"),
    "plain text": ("خبر بلا غلاف".encode(), "not_json"),
    "array": (b"[1, 2, 3]", "bad_schema"),
    "number": (b"17", "bad_schema"),
    "null": (b"null", "bad_schema"),
    "UTF-16": ('{"url": "https://a.example.com/"}'.encode("utf-16"), "not_json"),
    "deep": (b"[" * 100_000, "not_json"),
    # Its dead letter, which has headers besides, is larger than the largest record, and sent in parts.
    "as large as a record may be": (b"x" * (MIB - 300), "not_json"),
}
# Other programs may compress what they send by any codec of Kafka.
CODECS = ("zstd", "snappy", "lz4", "gzip")


def line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


async def send_foreign(settings: Settings, good: Sequence[dict[str, Any]]) -> None:
    """Send what a foreign producer may, each record in a batch of its own, with good articles around it."""
    raw = topic_name(Topic.RAW, settings)
    options = client_options(settings) | {"max_request_size": 2 * BOMB_BYTES}
    async with AIOKafkaProducer(**options) as producer:
        await producer.send_and_wait(raw, line(good[0]))
    async with AIOKafkaProducer(**options, transactional_id=f"{settings.app_id}-foreign") as producer:
        with pytest.raises(ZeroDivisionError):  # a hole right behind offset 0
            async with producer.transaction():
                await producer.send_and_wait(raw, line(good[0] | {"id": "aborted-at-the-start"}))
                raise ZeroDivisionError
    async with AIOKafkaProducer(**options) as producer:
        for value, _ in FOREIGN.values():
            await producer.send_and_wait(raw, value, key=b"k")
        await producer.send_and_wait(raw, line(good[1]), key=None)
        await producer.send_and_wait(raw, line(good[2]), key=b"\xff" * 1000, headers=[("h" * 300, b"x" * 700_000)] * 1)
        await producer.send_and_wait(raw, DAMAGED, key=b"k")
    for codec, article in zip(CODECS, good[6:], strict=True):
        async with AIOKafkaProducer(**options, compression_type=codec) as producer:
            await producer.send_and_wait(raw, line(article))
    async with AIOKafkaProducer(**options, compression_type="gzip") as producer:
        await producer.send_and_wait(raw, bytes(BOMB_BYTES))
    async with AIOKafkaProducer(**options, transactional_id=f"{settings.app_id}-foreign") as producer:
        async with producer.transaction():
            await producer.send_and_wait(raw, line(good[3]))
        with pytest.raises(ZeroDivisionError):
            async with producer.transaction():
                for number in range(3):
                    await producer.send_and_wait(raw, line(good[0] | {"id": f"aborted-{number}"}))
                raise ZeroDivisionError
        async with producer.transaction():
            await producer.send_and_wait(raw, line(good[4]))
        with pytest.raises(ZeroDivisionError):
            async with producer.transaction():
                await producer.send_and_wait(raw, line(good[0] | {"id": "aborted-at-the-end"}))
                raise ZeroDivisionError


def damage(settings: Settings) -> None:
    """Change one byte of a record in Kafka's file, while Kafka is stopped."""
    native.stop_service(settings, "kafka")
    assert settings.local_dir is not None
    (segment,) = settings.local_dir.glob(f"**/{topic_name(Topic.RAW, settings)}-0/*.log")
    data = segment.read_bytes()
    assert data.count(DAMAGED) == 1
    with segment.open("r+b") as file:
        file.seek(data.index(DAMAGED))
        file.write(b"X")
    native.start_service(settings, "kafka")


async def committed_and_end(settings: Settings) -> tuple[int | None, int]:
    """The group's offset of articles.raw, and the end of the partition."""
    tp = TopicPartition(topic_name(Topic.RAW, settings), 0)
    async with AIOKafkaConsumer(
        **client_options(settings), group_id=settings.app_id, enable_auto_commit=False
    ) as consumer:
        return await consumer.committed(tp), (await consumer.end_offsets([tp]))[tp]


@pytest.mark.timeout(600)
async def test_records_of_foreign_producers_are_indexed_or_kept(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"max_message_bytes": MIB, "partitions": 1})
    good = records(6 + len(CODECS))
    await create_topics(settings)
    await send_foreign(settings, good)
    damage(settings)
    assert rasd("ingest", str(write_lines(tmp_path / "last.jsonl", good[5:6])), settings=settings).returncode == 0
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(lambda: count(settings) == len(good), 120, running.tail)
        wait_until(lambda: 'rasd_consumer_lag_messages{partition="0",stage="clean"} 0.0' in running.metrics(), 60)
        assert "rasd_worker_restarts 0.0" in running.metrics()
        assert running.stop() == 0
    assert {doc["_id"] for doc in documents(settings)} == {article["id"] for article in good}
    committed, end = await committed_and_end(settings)
    assert committed == end, "nothing waits, also not the marks of transactions"

    letters = [letter async for letter in read_all(settings)]
    unreadable = [letter for letter in letters if letter.reason == "unreadable"]
    expected = [(value or b"", reason) for value, reason in FOREIGN.values()]
    assert sorted((each.value, each.reason) for each in letters if each not in unreadable) == sorted(expected)
    damaged, bomb = sorted(unreadable, key=lambda each: each.origin.offset)
    assert DAMAGED[1:] in damaged.value, "the bytes of the batch"
    assert "CRC" in damaged.message
    assert 10_000 < len(bomb.value) < MIB
    assert f"more than {64 * MIB} bytes" in bomb.message
    assert f"batch of offsets {bomb.origin.offset} to {bomb.origin.offset}" in bomb.message


@pytest.mark.timeout(600)
async def test_pages_that_cleaning_never_finishes_are_kept(settings: Settings, tmp_path: Path) -> None:
    """The worker goes on, in the same process and the same place of its group."""
    settings = settings.model_copy(update={"partitions": 1, "record_seconds": 5.0, "record_memory": 256 * MIB})
    pages = records(20)
    guilty = pages[2:17:3]
    for page, mark in zip(guilty, DEEDS, strict=True):
        page["content"] = f"{mark}. {page['content']}"
    port = free_port()
    log = tmp_path / "worker.log"
    running = start(settings, log, "worker", "--port", str(port), port=port, module="tests.support.hanging")
    try:
        wait_until(running.ready, 120, running.tail)
        assert rasd("ingest", str(write_lines(tmp_path / "1.jsonl", pages)), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == len(pages) - len(guilty), 180, running.tail)
        assert "rasd_worker_restarts 0.0" in running.metrics()
        assert running.ready()
        wait_until(lambda: _counted(running.metrics(), len(guilty)), 60, running.tail)
        assert running.stop() == 0
    finally:
        if running.process.poll() is None:
            running.kill()
    letters = {json.loads(letter.value)["id"]: letter async for letter in read_all(settings)}
    assert sorted(letters) == sorted(page["id"] for page in guilty)
    found = [letters[page["id"]] for page in guilty]
    assert [letter.reason for letter in found] == [*["too_slow"] * 3, "too_much_memory", "crashed"]
    assert [json.loads(letter.value)["content"] for letter in found] == [page["content"] for page in guilty]
    assert all(letter.message.startswith("clean took more than 5 s (RASD_RECORD_SECONDS), at ") for letter in found[:3])
    assert "SIGSEGV" in found[4].message
    assert {letter.stage for letter in found} == {"clean"}


def _counted(metrics: str, number: int) -> bool:
    return f'rasd_articles_total{{outcome="rejected",stage="clean"}} {number}.0' in metrics
