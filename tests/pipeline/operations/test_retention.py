"""Retention goes by the time of arrival, and what is left of it for unread records is known.

Nothing that nobody has read yet is deleted because its sender says it is old.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete
from prometheus_client import CollectorRegistry

from streams.api.cluster_monitor import ClusterMonitor
from streams.elastic.client import make_client
from streams.kafka.clients import client_options, create_topics, open_admin, open_producer, open_reader
from streams.kafka.first_records import FirstRecords
from streams.kafka.topic_config import read_configs
from streams.kafka.topic_offsets import read_topics
from streams.observability.metrics import ServerMetrics
from streams.settings import Settings
from streams.topics import Topic, topic_name, topic_specs
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import rasd, wait_until, worker
from tests.support.serving import until

OLD = datetime(2015, 6, 1, tzinfo=UTC)
LOG_APPEND_TIME = 1


async def _send_old(settings: Settings, pages: list[dict[str, object]]) -> None:
    """Send pages as a foreign producer does that gives an archive's records the time of its articles."""
    async with open_producer(settings) as producer:
        raw = topic_name(Topic.RAW, settings)
        sent = [
            await producer.send(raw, json.dumps(page).encode(), timestamp_ms=int(OLD.timestamp() * 1000))
            for page in pages
        ]
        await asyncio.gather(*sent)


async def _create(settings: Settings, name: str, config: dict[str, str]) -> None:
    async with open_admin(settings) as admin:
        await admin.create_topics([NewTopic(name, settings.partitions, 1, topic_configs=config)])


async def _own(settings: Settings, name: str) -> Mapping[str, str | None]:
    async with open_admin(settings) as admin:
        return (await read_configs(admin, [name]))[name].own


async def _first(settings: Settings, name: str) -> ConsumerRecord[bytes, bytes]:
    async with open_reader(settings, name) as reader:
        return await asyncio.wait_for(reader.getone(), 30)


async def _values(settings: Settings, key: str) -> dict[str, str | None]:
    async with open_admin(settings) as admin:
        configs = await read_configs(admin, [spec.name for spec in topic_specs(settings)])
    return {name: config.values[key] for name, config in configs.items()}


async def test_a_record_has_the_time_of_its_arrival_whatever_its_sender_says(settings: Settings) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=1)
    await create_topics(settings)
    kinds = await _values(settings, "message.timestamp.type")
    assert kinds == {spec.name: "LogAppendTime" for spec in topic_specs(settings)}
    await _send_old(settings, [{"content": f"{number}"} for number in range(200)])
    async with open_reader(settings, topic_name(Topic.RAW, settings)) as reader:
        for _ in range(200):
            record = await asyncio.wait_for(reader.getone(), 30)
            assert record.timestamp_type == LOG_APPEND_TIME
            assert record.timestamp >= begun.timestamp() * 1000


def test_topics_of_earlier_versions_are_changed_and_keep_their_other_settings(settings: Settings) -> None:
    raw = topic_name(Topic.RAW, settings)
    # As an earlier version made it and its operator then changed it.
    own = {"max.message.bytes": "70000000", "retention.ms": "86400000", "segment.bytes": "20000000"}
    asyncio.run(_create(settings, raw, own))
    made = rasd("topics", "create", settings=settings)
    assert made.returncode == 0, made.stderr
    assert f"{raw}\t3 partitions\texists" in made.stdout.decode()
    changed = "its records get the time of their arrival"
    assert made.stderr.decode().count(changed) == 1
    wait_until(lambda: asyncio.run(_own(settings, raw)).get("message.timestamp.type"), 30)
    assert asyncio.run(_own(settings, raw)) == own | {"message.timestamp.type": "LogAppendTime"}
    again = rasd("topics", "create", settings=settings)
    assert again.returncode == 0
    assert changed not in again.stderr.decode(), "a change is logged once"
    asyncio.run(_send_old(settings, [{"content": "1"}]))
    assert asyncio.run(_first(settings, raw)).timestamp_type == LOG_APPEND_TIME


async def _finish(settings: Settings, name: str) -> None:
    """Commit, as the workers' group, that everything is processed."""
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=settings.app_id, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(name, number) for number in range(settings.partitions)]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


async def _left(settings: Settings) -> dict[str, float | None]:
    return await _gauge(settings, "rasd_kafka_retention_left_seconds")


async def _gauge(settings: Settings, name: str) -> dict[str, float | None]:
    """A gauge of each topic, after a poll that Kafka answered: a new broker has no coordinator of groups at first."""
    registry, client = CollectorRegistry(), make_client(settings)
    monitor = ClusterMonitor(settings, ServerMetrics(registry), client)

    async def up() -> bool:
        await monitor.ask_kafka()
        return registry.get_sample_value("rasd_kafka_up") == 1

    try:
        await until(up)
    finally:
        await client.close()
    return {topic: registry.get_sample_value(name, {"topic": topic}) for topic in Topic}


def _status(settings: Settings) -> dict[str, list[str]]:
    """The columns about retention, by topic."""
    status = rasd("topics", "status", settings=settings)
    assert status.returncode == 0, status.stderr
    rows = [row for row in status.stdout.decode().splitlines()[1:] if not row.startswith("first waiting: ")]
    return {row.split()[0]: row.split()[5:] for row in rows}


def test_what_retention_leaves_to_unread_records_is_known(settings: Settings) -> None:
    day = 86400.0
    raw, enriched = topic_name(Topic.RAW, settings), topic_name(Topic.ENRICHED, settings)
    # A test cannot wait for days: these records have the time that it gives them.
    asyncio.run(_create(settings, raw, {"retention.ms": str(int(10 * day * 1000))}))
    asyncio.run(_create(settings, enriched, {"retention.ms": "-1"}))
    now = time.time()
    asyncio.run(_send(settings, raw, {0: now - 3 * day, 2: now - 6 * day}))
    asyncio.run(_send(settings, enriched, {1: now - 6 * day}))
    left = asyncio.run(_left(settings))
    assert left[Topic.RAW] == pytest.approx(4 * day, abs=300)
    assert left[Topic.ENRICHED] == math.inf
    assert left[Topic.DLQ] is None, "nobody has to read the dead letters"
    rows = _status(settings)
    assert rows["articles.raw"][:2] == ["10d", "6d"]
    assert float(rows["articles.raw"][2]) == pytest.approx(96, abs=0.2)
    assert rows["articles.enriched"] == ["no", "limit", "6d", "no", "limit"]
    status = rasd("topics", "status", settings=settings).stdout.decode()
    # Each partition has a record of days ago first. Those of now behind them do not stand first.
    standing = [line.split(" since ") for line in status.splitlines() if line.startswith("first waiting: ")]
    assert [(where, "(" + since.split("(")[1]) for where, since in standing] == [
        ("first waiting: articles.raw 0:0", "(3d), without a key"),
        ("first waiting: articles.raw 2:0", "(6d), without a key"),
        ("first waiting: articles.enriched 1:0", "(6d), without a key"),
    ]

    asyncio.run(_finish(settings, raw))
    assert asyncio.run(_left(settings))[Topic.RAW] == 10 * day, "nothing waits"
    assert _status(settings)["articles.raw"] == ["10d", "-", "-"]


async def _send(settings: Settings, name: str, times: Mapping[int, float]) -> None:
    """Send one record with the given time to each of some partitions, and one of now after it."""
    async with open_producer(settings) as producer:
        for partition, seconds in times.items():
            for moment in (seconds, time.time()):
                await producer.send_and_wait(name, b"{}", partition=partition, timestamp_ms=int(moment * 1000))


async def test_the_time_of_a_record_that_still_waits_is_read_once(settings: Settings) -> None:
    raw = topic_name(Topic.RAW, settings)
    await _create(settings, raw, {})
    await _send(settings, raw, {0: time.time() - 3600})
    known: FirstRecords = {}
    async with open_admin(settings) as admin, open_reader(settings) as reader:
        first = (await read_topics(settings, [Topic.RAW], admin, reader, known))[Topic.RAW]
        assert reader.assignment() == {TopicPartition(raw, 0)}
        reader.unsubscribe()
        again = (await read_topics(settings, [Topic.RAW], admin, reader, known))[Topic.RAW]
        assert reader.assignment() == frozenset()
    assert again.oldest == first.oldest is not None
    await _finish(settings, raw)
    async with open_admin(settings) as admin, open_reader(settings) as reader:
        assert (await read_topics(settings, [Topic.RAW], admin, reader, known))[Topic.RAW].oldest is None
    assert known == {}


async def _delete(settings: Settings, name: str, offsets: Mapping[int, int]) -> None:
    """Delete the records before an offset of some partitions, as retention does with old ones."""
    async with open_admin(settings) as admin:
        await admin.delete_records({TopicPartition(name, p): RecordsToDelete(offset) for p, offset in offsets.items()})


async def _commit(settings: Settings, name: str, offsets: Mapping[int, int]) -> None:
    """Commit offsets as the workers' group."""
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=settings.app_id, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(name, p) for p in offsets])
        await consumer.commit({TopicPartition(name, p): offset for p, offset in offsets.items()})
    finally:
        await consumer.stop()


def test_records_that_were_deleted_unread_are_counted_and_hold_nothing_up(settings: Settings, tmp_path: Path) -> None:
    raw = topic_name(Topic.RAW, settings)
    asyncio.run(create_topics(settings))
    asyncio.run(_send(settings, raw, dict.fromkeys((0, 1), time.time())))
    asyncio.run(_send(settings, raw, dict.fromkeys((0, 1), time.time())))
    # Of four records of each partition the workers have finished one. Of the others, all of partition 0 are deleted,
    # and two of partition 1.
    asyncio.run(_commit(settings, raw, {0: 1, 1: 1}))
    asyncio.run(_delete(settings, raw, {0: 4, 1: 3}))
    status = rasd("topics", "status", "--first", settings=settings)
    said = status.stderr.decode()
    assert "articles.raw 0: Kafka deleted 3 records before they were read (1 to 3)" in said
    assert "articles.raw 1: Kafka deleted 2 records before they were read (1 to 2)" in said
    (standing,) = [line for line in status.stdout.decode().splitlines() if line.startswith("first waiting")]
    assert standing.startswith("first waiting: articles.raw 1:3 since ")
    assert asyncio.run(_gauge(settings, "rasd_kafka_deleted_unread_messages"))[Topic.RAW] == 5
    with worker(settings, tmp_path / "worker.log") as running:
        lag = 'rasd_consumer_lag_messages{partition="0",stage="clean"} 0.0'
        wait_until(lambda: lag in running.metrics(), 60, running.tail)
        counted = 'rasd_records_deleted_unread_total{stage="clean",topic="articles.raw"} 5.0'
        wait_until(lambda: counted in running.metrics(), 60, running.tail)
        sent = rasd("ingest", str(write_lines(tmp_path / "new.jsonl", records(6))), settings=settings)
        assert sent.returncode == 0, sent.stderr
        wait_until(lambda: count(settings) == 6, 60, running.tail)
        assert counted in running.metrics(), "each is counted once"


async def test_old_pages_sent_while_no_worker_runs_are_all_indexed(settings: Settings, tmp_path: Path) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=1)
    await create_topics(settings)
    pages = records(200)
    await _send_old(settings, pages)
    # What retention deletes first are whole segments whose newest record is old.
    async with open_reader(settings) as reader:
        partitions = [TopicPartition(topic_name(Topic.RAW, settings), number) for number in range(settings.partitions)]
        found = await reader.offsets_for_times(dict.fromkeys(partitions, int(begun.timestamp() * 1000)))
    assert {at.offset for at in found.values() if at is not None} == {0}, "no record is older than the test"
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(lambda: count(settings) == len(pages), 120, running.tail)
        arrivals = {datetime.fromisoformat(doc["ingested_at"]) for doc in documents(settings, "ingested_at")}
    assert min(arrivals) >= begun
