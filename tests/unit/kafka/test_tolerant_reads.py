"""Batches that cannot be read are passed over, and every offset is heard of. The bytes are those that Kafka returns."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cramjam
import pytest
from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled
from aiokafka.record._crecords import legacy_records as compiled_legacy
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.kafka.tolerant_reads import (
    Nothing,
    UnpackedTooLargeError,
    Unreadable,
    install,
    read_batch,
    unpackers,
)

TP = TopicPartition("articles.raw", 0)
LIMIT = 100_000
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install it for the length of a test."""
    for name in ("PartitionRecords", "MemoryRecords"):
        monkeypatch.setattr(fetcher, name, getattr(fetcher, name))
    for module in (compiled, compiled_legacy):
        for name in unpackers(LIMIT):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, getattr(module, name))
    install(LIMIT)


def batch(base: int, *values: bytes, transactional: bool = False, compression: int = 0) -> bytes:
    """A batch of records with offsets from `base` on."""
    builder = default_records.DefaultRecordBatchBuilder(2, compression, int(transactional), 9, 0, 0, 10_000_000)
    for offset, value in enumerate(values):
        builder.append(offset, 1_700_000_000_000, None, value, [])
    return struct.pack(">q", base) + bytes(builder.build())[8:]


def damaged(data: bytes) -> bytes:
    """The batch with its last byte changed."""
    return data[:-1] + bytes([data[-1] ^ 0xFF])


def fetched(*parts: bytes, start: int = 0, topic: str = TP.topic, aborted: Sequence[tuple[int, int]] = ()) -> Any:
    """What one fetch from offset `start` on yields."""
    records = fetcher.MemoryRecords(b"".join(parts))
    return fetcher.PartitionRecords(
        TopicPartition(topic, 0), records, aborted, start, None, None, True, fetcher.READ_COMMITTED
    )


def read(make: Callable[[int], Any], start: int = 0) -> Iterator[ConsumerRecord]:
    """Fetch again from where each fetch ended, until one goes no further twice as often as a fault is tried."""
    idle = 0
    while idle < 6:
        found = make(start)
        yield from found
        idle = idle + 1 if found.next_fetch_offset == start else 0
        start = found.next_fetch_offset


def kinds(records: Iterator[ConsumerRecord]) -> list[tuple[int, type[Any]]]:
    return [(record.offset, type(record.value)) for record in records]


def from_offset(*parts: tuple[int, bytes], **more: Any) -> Callable[[int], Any]:
    """As a broker: return whole batches, the one with the offset first."""
    return lambda start: fetched(*(data for last, data in parts if last >= start), start=start, **more)


def test_whole_batches_are_read_as_ever() -> None:
    found = list(fetched(batch(0, b"a", b"b"), batch(2, b"c")))
    assert [(record.offset, record.value) for record in found] == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert {type(record.value) for record in found} == {bytes}


def test_a_damaged_batch_is_fetched_again_before_it_is_given_up() -> None:
    bad = damaged(batch(2, b"c", b"d"))
    tries = 0

    def make(start: int) -> Any:
        nonlocal tries
        tries += start == 2
        parts = [(1, batch(0, b"a", b"b")), (3, bad), (4, batch(4, b"e"))]
        return from_offset(*parts)(start)

    found = list(read(make))
    assert kinds(iter(found)) == [(0, bytes), (1, bytes), (2, Unreadable), (3, Unreadable), (4, bytes)]
    assert tries == 2, "after the first fetch"
    first, second = (record.value for record in found[2:4])
    assert first == bad
    assert second == b""
    assert first.cause == second.cause
    assert "CRC" in first.cause
    assert first.cause.endswith("batch of offsets 2 to 3")


def test_a_batch_that_was_damaged_on_its_way_loses_nothing() -> None:
    good = batch(0, b"a")
    answers = iter([damaged(good), damaged(good), good])
    found = [record for _ in range(3) for record in fetched(next(answers))]
    assert [(record.offset, record.value) for record in found] == [(0, b"a")]


@pytest.mark.parametrize("name", CODECS)
def test_a_batch_that_does_not_unpack_is_unreadable(name: str) -> None:
    """The checksum is right: the producer sent it so."""
    whole = bytearray(batch(0, b"a" * 1000, compression=CODECS[name]))
    whole[70:] = bytes(len(whole) - 70)
    checksum = default_records.calc_crc32c(bytes(whole[21:]))
    whole[17:21] = struct.pack(">I", checksum)
    found = list(read(from_offset((0, bytes(whole)), (1, batch(1, b"b")))))
    assert kinds(iter(found)) == [(0, Unreadable), (1, bytes)]
    assert found[0].value == whole


@pytest.mark.parametrize("name", CODECS)
def test_a_batch_that_unpacks_to_more_than_the_limit_is_unreadable(name: str) -> None:
    fits, bomb = (batch(0, b"\0" * size, compression=CODECS[name]) for size in (LIMIT - 100, LIMIT + 1))
    assert len(bomb) < LIMIT // 10
    assert [(record.offset, len(record.value)) for record in fetched(fits)] == [(0, LIMIT - 100)]
    (record,) = read(from_offset((0, bomb)))
    assert record.value == bomb
    assert f"more than {LIMIT} bytes" in record.value.cause


def test_a_codec_that_does_not_exist_is_unreadable() -> None:
    whole = bytearray(batch(0, b"a"))
    whole[22] |= 7
    whole[17:21] = struct.pack(">I", default_records.calc_crc32c(bytes(whole[21:])))
    assert kinds(read(from_offset((0, bytes(whole)), (1, batch(1, b"b"))))) == [(0, Unreadable), (1, bytes)]


@pytest.mark.parametrize("length", [-1, 0, 20])
def test_a_batch_with_a_damaged_length_costs_its_offsets_only(length: int) -> None:
    bad = bytearray(batch(0, b"a", b"b"))
    bad[8:12] = struct.pack(">i", length)
    assert kinds(read(from_offset((1, bytes(bad)), (2, batch(2, b"c"))))) == [
        (0, Unreadable),
        (1, Unreadable),
        (2, bytes),
    ]


def test_offsets_of_aborted_transactions_hold_nothing() -> None:
    parts = [batch(0, b"a"), batch(1, b"x", b"y", transactional=True), batch(3, b"b")]
    found = list(fetched(*parts, aborted=[(9, 1)]))
    assert kinds(iter(found)) == [(0, bytes), (1, Nothing), (2, Nothing), (3, bytes)]
    assert [record.value for record in found] == [b"a", b"", b"", b"b"]


def test_a_reader_that_stops_in_a_hole_comes_back_to_it() -> None:
    found = fetched(batch(0, b"a"), batch(4, b"b"))
    assert [next(found).offset for _ in range(3)] == [0, 1, 2]
    assert found.next_fetch_offset == 3
    assert [record.offset for record in found] == [3, 4]
    assert found.next_fetch_offset == 5


def test_of_a_hole_that_compaction_left_both_ends_are_heard_of() -> None:
    # Faust fills the rest, but only behind a record whose offset is not 0.
    found = fetched(batch(0, b"a"), batch(200_000, b"b"))
    assert kinds(iter(found)) == [(0, bytes), (1, Nothing), (199_999, Nothing), (200_000, bytes)]


def test_a_table_is_restored_without_what_cannot_be_read() -> None:
    topic = "rasd-dedupe-changelog"
    make = from_offset((0, batch(0, b"a")), (3, damaged(batch(2, b"b", b"c"))), (6, batch(6, b"d")), topic=topic)
    assert kinds(read(make)) == [(0, bytes), (6, bytes)]


@pytest.mark.parametrize("compression", [0, *CODECS.values()])
def test_a_batch_that_was_not_read_is_read_later(compression: int) -> None:
    assert read_batch(batch(7, b"a", b"b", compression=compression)) == [(None, b"a"), (None, b"b")]


@pytest.mark.parametrize("data", [damaged(batch(0, b"a")), batch(0, b"a")[:-1], b"junk"])
def test_a_batch_that_is_damaged_stays_unread(data: bytes) -> None:
    with pytest.raises(CorruptRecordException):
        read_batch(data)


def test_other_consumers_are_as_before() -> None:
    def upstream(*parts: bytes) -> Any:
        records = fetcher.MemoryRecords(b"".join(parts))
        return fetcher.PartitionRecords(TP, records, [], 0, None, None, True, fetcher.READ_UNCOMMITTED)

    assert kinds(upstream(batch(0, b"a"), batch(4, b"b"))) == [(0, bytes), (4, bytes)]
    with pytest.raises(Exception, match="CRC"):
        list(upstream(damaged(batch(0, b"a"))))


@pytest.mark.parametrize("size", [0, 1, 40_000, LIMIT])
def test_what_every_codec_packs_is_unpacked(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    unpack = unpackers(LIMIT)
    assert unpack["gzip_decode"](gzip.compress(data)) == data
    assert unpack["zstd_decode"](memoryview(codec.zstd_encode(data))) == data
    assert unpack["lz4_decode"](codec.lz4_encode(data)) == data
    assert unpack["snappy_decode"](codec.snappy_encode(data)) == data
    assert unpack["snappy_decode"](bytes(cramjam.snappy.compress_raw(data))) == data


@pytest.mark.parametrize("name", CODECS)
def test_damaged_data_raises(name: str) -> None:
    packed = getattr(codec, f"{name}_encode")(b"abc" * 1000)
    with pytest.raises((ValueError, OSError, EOFError, cramjam.DecompressionError)) as found:
        unpackers(LIMIT)[f"{name}_decode"](packed[: len(packed) // 2])
    assert not isinstance(found.value, UnpackedTooLargeError)
