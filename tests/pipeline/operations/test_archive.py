"""The tap archive on real Kafka: killed in the middle, it has every page, and `rasd ingest` sends all of them again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiokafka import TopicPartition

from streams.archive.files import whole_bytes
from streams.kafka.clients import create_topics, open_producer, open_reader
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.corpus import records, write_lines
from tests.support.processes import Running, free_port, rasd, start, wait_until


def tap(settings: Settings, log: Path) -> Running:
    port = free_port()
    running = start(settings, log, "worker", "--tap", "archive", "--port", str(port), port=port)
    wait_until(running.ready, 90, running.tail)
    return running


async def values(settings: Settings) -> list[bytes]:
    """Everything in articles.raw."""
    name = topic_name(Topic.RAW, settings)
    async with open_reader(settings) as reader:
        partitions = [TopicPartition(name, number) for number in range(settings.partitions)]
        reader.assign(partitions)
        left = sum((await reader.end_offsets(partitions)).values())
        return [bytes((await asyncio.wait_for(reader.getone(), 30)).value) for _ in range(left)]


async def send(settings: Settings, value: bytes) -> None:
    async with open_producer(settings) as producer:
        await producer.send_and_wait(topic_name(Topic.RAW, settings), value)


def test_killed_in_the_middle_it_has_every_page_and_they_can_be_sent_again(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    archiving = settings.model_copy(update={"archive_dir": folder})
    asyncio.run(create_topics(settings))
    pages = records(60)
    assert rasd("ingest", str(write_lines(tmp_path / "a.jsonl", pages[:30])), settings=settings).returncode == 0
    asyncio.run(send(settings, b"no JSON"))
    first = tap(archiving, tmp_path / "first.log")
    wait_until(lambda: 'rasd_articles_total{outcome="ok",stage="archive"} 31.0' in first.metrics(), 60, first.tail)
    assert 'rasd_dead_letters_total{reason="not_json",stage="archive"} 0.0' in first.metrics()
    assert rasd("ingest", str(write_lines(tmp_path / "b.jsonl", pages[30:])), settings=settings).returncode == 0
    first.kill()
    assert len(list(folder.glob("*.warc.gz.open"))) == 1
    second = tap(archiving, tmp_path / "second.log")
    lag = [f'rasd_consumer_lag_messages{{partition="{number}",stage="archive"}} 0.0' for number in range(3)]
    wait_until(lambda: all(each in second.metrics() for each in lag), 60, second.tail)
    assert second.stop() == 0, second.tail()
    files = list(folder.iterdir())
    assert [path.name.endswith(".warc.gz") for path in files] == [True] * len(files)
    assert all(whole_bytes(path) == path.stat().st_size for path in files)

    again = settings.model_copy(update={"topic_prefix": f"again-{settings.topic_prefix}"})
    asyncio.run(create_topics(again))
    sent = rasd("ingest", "--from", "archive", str(folder), settings=again)
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.decode() == "60 records sent to articles.raw\n"
    before = [json.loads(value) for value in asyncio.run(values(settings)) if value != b"no JSON"]
    after = [json.loads(value) for value in asyncio.run(values(again))]
    assert sorted(before, key=str) == sorted(after, key=str)
