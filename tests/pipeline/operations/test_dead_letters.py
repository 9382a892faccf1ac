"""rasd dlq on a real Kafka: no topic, several partitions, offsets without a record, many letters."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete

from streams.cli.dlq import Listing
from streams.errors import Reason, Rejected
from streams.kafka.clients import open_admin, open_producer
from streams.kafka.dead_letters import POLL_RECORDS, DeadLetter, Origin, failure_headers, open_dead_letters
from streams.kafka.letter_parts import PART_BYTES, split
from streams.observability.spans import Headers
from streams.settings import MIB, Settings
from streams.topics import Topic, topic_name
from tests.support.processes import rasd


async def _create(settings: Settings, topic: Topic, partitions: int = 1) -> str:
    name = topic_name(topic, settings)
    async with open_admin(settings) as admin:
        await admin.create_topics([NewTopic(name, partitions, 1)])
    return name


def _headers(settings: Settings, reason: Reason = Reason.EMPTY_BODY) -> Headers:
    return failure_headers("clean", Rejected(reason, "was refused"), Origin(topic_name(Topic.RAW, settings), 0, 0))


def _refused(settings: Settings, position: str, command: str = "show") -> str:
    result = rasd("dlq", command, position, settings=settings)
    assert result.returncode == 1
    assert not result.stdout
    message, hint = result.stderr.decode().splitlines()
    assert "rasd dlq list" in hint
    return message


async def test_without_a_topic_there_are_no_letters_and_none_is_created(settings: Settings) -> None:
    listed = rasd("dlq", "list", settings=settings)
    assert (listed.returncode, listed.stdout.decode()) == (0, "no dead letters yet\n")
    assert _refused(settings, "0:0").endswith("no dead letter at 0:0: there are none yet")
    assert _refused(settings, "0:0", "replay").endswith("no dead letter at 0:0: there are none yet")
    assert rasd("dlq", "replay", "--all", settings=settings).stdout == b"0 records sent back\n"
    async with open_admin(settings) as admin:
        assert not [name for name in await admin.list_topics() if name.startswith(settings.topic_prefix)]


async def test_an_empty_topic_has_no_letters(settings: Settings) -> None:
    await _create(settings, Topic.DLQ, 2)
    listed = rasd("dlq", "list", settings=settings)
    assert listed.returncode == 0
    assert listed.stdout.decode().splitlines()[-1] == "0 dead letters"
    assert _refused(settings, "1:0").endswith("no dead letter at 1:0: partition 1 is empty")


async def test_offsets_without_a_record_are_passed_over_and_named(settings: Settings) -> None:
    """Partition 0: letters at 0, 1 and 3, marks of transactions at 2 and 4. Partition 1: a letter at 0, a mark at 1."""
    name = await _create(settings, Topic.DLQ, 2)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, transactional_id=uuid4().hex)
    await producer.start()
    try:
        for batch in ([(0, b"a"), (0, b"b")], [(0, b"c"), (1, b"d")]):
            async with producer.transaction():
                for partition, value in batch:
                    await producer.send_and_wait(name, value, partition=partition, headers=_headers(settings))
    finally:
        await producer.stop()

    *_, total = rasd("dlq", "list", settings=settings).stdout.decode().splitlines()
    assert total == "4 dead letters, 4 empty_body"
    for position, value in {"0:0": b"a", "0:1": b"b", "0:3": b"c", "1:0": b"d"}.items():
        shown = rasd("dlq", "show", position, settings=settings)
        assert (shown.returncode, shown.stdout) == (0, value)
    for position, why in {
        "0:2": "Kafka keeps no record there",
        "0:4": "Kafka keeps no record there",
        "0:5": "partition 0 ends at 0:4",
        "1:9": "partition 1 ends at 1:1",
        "2:0": "the topic has 2 partitions, counted from 0",
    }.items():
        assert _refused(settings, position).endswith(f"no dead letter at {position}: {why}")

    async with open_admin(settings) as admin:
        await admin.delete_records({TopicPartition(name, 0): RecordsToDelete(before_offset=1)})
    assert _refused(settings, "0:0").endswith("no dead letter at 0:0: Kafka has deleted it")
    *_, total = rasd("dlq", "list", settings=settings).stdout.decode().splitlines()
    assert total == "3 dead letters, 3 empty_body"


async def test_a_letter_in_parts_is_one_letter(settings: Settings) -> None:
    """Three parts between other letters; the first two were written before a crash, and all again after it."""
    name = await _create(settings, Topic.DLQ)
    async with open_admin(settings) as admin:
        limit = {"max.message.bytes": str(MIB)}
        await admin.create_topics([NewTopic(topic_name(Topic.RAW, settings), 1, 1, topic_configs=limit)])
    value = random.Random(1).randbytes(MIB + 1)
    one, two, three = split(b"key", value, _headers(settings, Reason.TOO_LARGE))
    lone = next(split(None, b"other" * PART_BYTES, _headers(settings, Reason.TOO_LARGE)))
    small = (b"k", b"small", _headers(settings))
    async with open_producer(settings) as producer:
        for key, data, headers in (small, one, two, lone, one, small, three, two):
            await producer.send_and_wait(name, data, key=key, headers=headers)

    *rows, total = rasd("dlq", "list", settings=settings).stdout.decode().splitlines()
    assert total == "3 dead letters, 2 empty_body, 1 too_large"
    assert [row.split()[0] for row in rows if "too_large" in row] == ["0:1"]
    assert str(len(value)) in next(row for row in rows if "too_large" in row)
    for position in ("0:1", "0:2", "0:4", "0:6", "0:7"):
        shown = rasd("dlq", "show", position, settings=settings)
        assert (shown.returncode, shown.stdout) == (0, value), position
    assert _refused(settings, "0:3").endswith("it is part 1 of 5, and others are missing")

    replayed = rasd("dlq", "replay", "--all", settings=settings)
    assert replayed.returncode == 1
    assert "2 records sent back; larger than their topics take: 0:1" in replayed.stderr.decode()
    raw = TopicPartition(topic_name(Topic.RAW, settings), 0)
    async with open_dead_letters(settings) as letters:
        assert (await letters._reader.end_offsets([raw]))[raw] == 2
        assert (await letters.find("0:6")).key == b"key"


def _in_memory() -> int:
    gc.collect()
    return sum(isinstance(thing, (DeadLetter, ConsumerRecord)) for thing in gc.get_objects())


async def _watched(letters: AsyncIterator[DeadLetter], held: list[int]) -> AsyncIterator[DeadLetter]:
    number, of_others = 0, _in_memory()  # other tests of this process may have left some
    async for letter in letters:
        yield letter
        number += 1
        if number % 500 == 0:
            held.append(_in_memory() - of_others)


@pytest.fixture
async def many(settings: Settings) -> Settings:
    """3000 dead letters on two partitions, every fifth of them not JSON, and a topic to send them back to."""
    name = await _create(settings, Topic.DLQ, 2)
    await _create(settings, Topic.RAW)
    async with open_producer(settings) as producer:
        sent = []
        for number in range(3000):
            reason = Reason.EMPTY_BODY if number % 5 else Reason.NOT_JSON
            headers = _headers(settings, reason)
            sent.append(await producer.send(name, b"%d" % number, partition=number % 2, headers=headers))
        await asyncio.gather(*sent)
    return settings


async def test_of_many_letters_a_listing_holds_no_more_than_its_limit(many: Settings) -> None:
    limit = 40
    held: list[int] = []
    listing = Listing()
    async with open_dead_letters(many) as letters:
        await listing.fill(_watched(letters.read(), held), limit)
    assert listing.counts == {"empty_body": 2400, "not_json": 600}
    assert len(listing.newest) == limit
    assert len(held) == 6
    assert max(held) <= 2 * POLL_RECORDS + 4 <= limit, "records of one poll, of either partition, and letters in hand"
    table = rasd("dlq", "list", "--limit", "3", "--reason", "not_json", settings=many).stdout.decode().splitlines()
    assert table[-1] == "600 dead letters, 600 not_json"
    assert len([line for line in table if "was refused" in line]) == 3


async def test_many_letters_are_sent_back_once_each(many: Settings) -> None:
    mismatch = rasd("dlq", "replay", "0:1", "--reason", "not_json", settings=many)
    assert mismatch.returncode == 2
    assert "the dead letter at 0:1 is one of clean, empty_body" in mismatch.stderr.decode()
    missing = rasd("dlq", "replay", "0:1", "0:99999", settings=many)
    assert missing.returncode == 1, "nothing is sent when one of several is missing"
    assert rasd("dlq", "replay", "--reason", "not_json", settings=many).stdout == b"600 records sent back\n"
    assert rasd("dlq", "replay", "1:1", "0:1", settings=many).stdout == b"2 records sent back\n"
    raw = TopicPartition(topic_name(Topic.RAW, many), 0)
    async with open_dead_letters(many) as letters:
        reader = letters._reader
        reader.assign([raw])
        reader.seek(raw, 0)
        sent = [(await reader.getone(raw)).value for _ in range(602)]
        assert (await reader.end_offsets([raw]))[raw] == 602
    assert sorted(map(int, sent[:600])) == list(range(0, 3000, 5))
    assert sent[600:] == [b"3", b"2"]
