"""The record that stands first: read once, whatever a partition holds, and never waited for at every poll."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

from streams.kafka import first_records
from streams.kafka.first_records import FirstRecords, find_first_records
from streams.kafka.topic_offsets import TopicState
from streams.topics import Topic

A, B, C = (TopicPartition("articles.raw", number) for number in range(3))


def record(offset: int, key: bytes | None = b"https://almina.example.com/1", value: bytes = b"{}") -> Any:
    return SimpleNamespace(offset=offset, timestamp=1_780_000_000_000, key=key, value=value)


class Reader:
    """As much of a consumer as is asked. `holds` has the records of a partition, or the error of its first batch."""

    def __init__(self, holds: dict[TopicPartition, Any], ends: dict[TopicPartition, int]) -> None:
        self.holds = holds
        self.ends = ends
        self.polls = 0
        self.positions: dict[TopicPartition, int] = {}

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.positions = dict.fromkeys(partitions, 0)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.positions[tp] = offset

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[Any]]:  # noqa: ARG002
        self.polls += 1
        await asyncio.sleep(0)
        found = {}
        for tp in partitions:
            if isinstance(fault := self.holds.get(tp), Exception):
                raise fault
        for tp in partitions:
            held = self.holds.get(tp, [])
            found[tp] = [each for each in held if each.offset >= self.positions[tp]]
            self.positions[tp] = self.ends[tp]  # past marks of transactions, too
        return {tp: records for tp, records in found.items() if records}

    def pause(self, tp: TopicPartition) -> None:
        assert tp in self.positions

    async def position(self, tp: TopicPartition) -> int:
        return self.positions[tp]

    def highwater(self, tp: TopicPartition) -> int:
        return self.ends[tp]


async def test_a_record_is_named_by_its_key_or_its_fields_and_read_once() -> None:
    ends = {A: 9, B: 9, C: 9}
    holds = {
        A: [record(4), record(5)],
        B: [record(3, None, b'{"url": "https://almina.example.com/2", "content": ""}')],
        C: [record(3, None, b"no JSON")],
    }
    reader = Reader(holds, ends)
    known: FirstRecords = {}
    found = await find_first_records(reader, {A: 4, B: 3, C: 3}, ends, known)
    assert [(found[tp].offset, found[tp].time, found[tp].article) for tp in (A, B, C)] == [
        (4, 1_780_000_000.0, "https://almina.example.com/1"),
        (3, 1_780_000_000.0, "https://almina.example.com/2"),
        (3, 1_780_000_000.0, None),
    ]
    polls = reader.polls
    assert await find_first_records(reader, {A: 4}, ends, known) == {A: found[A]}
    assert reader.polls == polls
    assert set(known) == {(A, 4)}, "what no longer waits is forgotten"


async def test_a_batch_that_cannot_be_unpacked_hides_no_other_partition_and_is_not_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = {A: 9, B: 9}
    reader = Reader({A: CorruptRecordException(), B: [record(3)]}, ends)
    known: FirstRecords = {}
    found = await find_first_records(reader, {A: 4, B: 3}, ends, known)
    assert (found[A].offset, found[A].time) == (4, None)
    assert found[B].time is not None
    polls = reader.polls
    await find_first_records(reader, {A: 4, B: 3}, ends, known)
    assert reader.polls == polls
    monkeypatch.setattr(first_records, "AGAIN_SECONDS", -1.0)
    reader.holds[A] = [record(4)]
    found = await find_first_records(reader, {A: 4, B: 3}, ends, known)
    assert found[A].time is not None, "after a while it is tried again"


async def test_marks_of_transactions_alone_are_nothing_that_waits() -> None:
    reader = Reader({}, {A: 5})
    known: FirstRecords = {}
    found = await find_first_records(reader, {A: 4}, {A: 5}, known)
    state = TopicState(Topic.RAW, {0: 0}, {0: 5}, {0: 4}, 0, retention=10.0, firsts={0: found[A]})
    assert state.first_waiting == {}
    assert state.waiting == 0
    assert state.retention_left(0.0) == 10.0
    polls = reader.polls
    await find_first_records(reader, {A: 4}, {A: 5}, known)
    assert reader.polls == polls
    # A record comes behind them.
    reader.ends, reader.holds = {A: 6}, {A: [record(5)]}
    found = await find_first_records(reader, {A: 4}, {A: 6}, known)
    state = TopicState(Topic.RAW, {0: 0}, {0: 6}, {0: 4}, 0, firsts={0: found[A]})
    assert state.first_waiting == {0: 5}
    assert state.oldest == 1_780_000_000.0


def test_what_kafka_deleted_behind_the_committed_offset_is_known() -> None:
    begins, ends = {0: 10, 1: 10, 2: 10}, {0: 20, 1: 20, 2: 20}
    committed = {0: 4, 1: 12}  # the group has never committed in partition 2
    assert TopicState(Topic.RAW, begins, ends, committed, 0).deleted_unread == {0: 6}
    assert TopicState(Topic.DLQ, begins, ends, committed, 0).deleted_unread == {}
