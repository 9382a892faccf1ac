"""Read a partition past batches that cannot be read, and hear of every offset.

aiokafka raises when a batch of records is damaged or cannot be unpacked, and comes to the same batch again after every
restart. It is silent about offsets that hold no record for the reader: those of aborted transactions, and the marks at
the end of each transaction. A reader that acknowledges offsets in order cannot tell such a hole from a record that it
was not given, and its committed offset stays before marks at the end of a partition, so that it seems to lag.

`install` makes consumers with the isolation level read_committed yield a record for each of these offsets, whose value
is an `Unreadable` or `Nothing`. Other consumers of the process are as before.
"""

from __future__ import annotations

import gzip
import io
import mmap
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record._crecords import default_records, legacy_records
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.observability.logs import get_logger

log = get_logger(__name__)

# A batch that was damaged on its way is whole when it is fetched again.
_TRIES = 3
# More offsets than this without a record are a hole that compaction left, not a transaction.
_MOST_MARKS = 100_000
# The tables of stages are restored from these topics. They take no such records.
_CHANGELOG = "-changelog"
# Offset and length of a batch, before what is counted in the length.
_OVERHEAD = struct.Struct(">qi")
_MAGIC_AT, _LAST_OFFSET_DELTA_AT, _HEADER_BYTES = 16, 23, 61
_XERIAL = b"\x82SNAPPY\0"
_XERIAL_HEADER_BYTES = 16

_PartitionRecords: Any = fetcher.PartitionRecords
_MemoryRecords: Any = fetcher.MemoryRecords


class Nothing(bytes):
    """The value of an offset that holds no record, to be acknowledged and nothing else."""


class Unreadable(bytes):
    """The value of a record in a batch that cannot be read: the bytes of the whole batch.

    Only the first record of a batch has them, the others are empty.

    Attributes:
        cause: why the batch cannot be read, and which offsets it has.
    """

    cause: str = ""

    @classmethod
    def of(cls, data: bytes, cause: str) -> Unreadable:
        """Make a value with its cause."""
        value = cls(data)
        value.cause = cause
        return value


class UnpackedTooLargeError(ValueError):
    """A compressed batch is larger than the reader takes."""


class _Batch(NamedTuple):
    """Where a batch is in what was fetched.

    Attributes:
        begin, end: position in the bytes.
        first, last: its offsets; None if its header is damaged too.
    """

    begin: int
    end: int
    first: int
    last: int | None


class _KeptRecords:
    """aiokafka's `MemoryRecords`, which keeps the bytes and knows where in them the current batch is.

    Args:
        data: what Kafka returned: whole batches, and perhaps a part of one.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytes(data)
        self._records = _MemoryRecords(self.data)
        self._next = 0
        self.batch: _Batch | None = None

    def size_in_bytes(self) -> int:
        return len(self.data)

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        self.batch = self._locate(self._next)
        self._next = self.batch.end
        return self._records.next_batch()

    def _locate(self, begin: int) -> _Batch:
        first, length = _OVERHEAD.unpack_from(self.data, begin)
        end = begin + _OVERHEAD.size + length
        last = None
        if end - begin >= _HEADER_BYTES and end <= len(self.data) and self.data[begin + _MAGIC_AT] == 2:
            (delta,) = struct.unpack_from(">i", self.data, begin + _LAST_OFFSET_DELTA_AT)
            if 0 <= delta < _MOST_MARKS:
                last = first + delta
        return _Batch(begin, end, first, last)


class _TolerantRecords(_PartitionRecords):  # type: ignore[misc]
    """aiokafka's `PartitionRecords`, with a record for each offset.

    Args:
        tp: the partition.
        records: what was fetched.
        rest: the further arguments of `PartitionRecords`.
    """

    tries: ClassVar[Counter[tuple[TopicPartition, int]]] = Counter()
    next_fetch_offset: int
    _records: _KeptRecords

    def __init__(self, tp: TopicPartition, records: _KeptRecords, *rest: Any) -> None:
        super().__init__(tp, records, *rest)

    def _unpack_records(self) -> Iterator[ConsumerRecord]:
        while True:
            before = self.next_fetch_offset
            try:
                # The offsets between what aiokafka yields hold nothing.
                for record in super()._unpack_records():
                    yield from self._nothing(before, record.offset)
                    before = self.next_fetch_offset = record.offset + 1
                    yield record
                yield from self._nothing(before, self.next_fetch_offset)
            except Exception as error:
                self.next_fetch_offset = max(before, self.next_fetch_offset)
                batch = self._records.batch
                where = (self._tp, self.next_fetch_offset if batch is None else batch.first)
                self.tries[where] += 1
                if self.tries[where] < _TRIES:
                    log.warning("Kafka returned a batch that cannot be read; fetching it again", cause=str(error))
                    return
                del self.tries[where]
                yield from self._nothing(before, self.next_fetch_offset)
                yield from self._unreadable(batch, error)
                if batch is None or batch.last is None:
                    return  # the next fetch begins behind the offset that was passed over
                self._records = _KeptRecords(self._records.data[batch.end :])
            else:
                return

    def _nothing(self, start: int, end: int) -> Iterator[ConsumerRecord]:
        if self._tp.topic.endswith(_CHANGELOG):
            return
        # Of a long hole, both ends: Faust does not notice a hole right behind offset 0, and would never commit again.
        ends = (start, end - 1) if end - start > _MOST_MARKS else range(start, end)
        for offset in ends:
            self.next_fetch_offset = offset + 1
            yield self._record(offset, Nothing())
        self.next_fetch_offset = max(start, end)

    def _unreadable(self, batch: _Batch | None, error: Exception) -> Iterator[ConsumerRecord]:
        first, last, data = self.next_fetch_offset, self.next_fetch_offset, b""
        if batch is not None:
            data = self._records.data[batch.begin : max(batch.begin, batch.end)]
            if batch.last is not None and batch.last >= first:
                last = batch.last
        cause = f"{type(error).__name__}: {error}; batch of offsets {first} to {last}"
        log.error(
            "Kafka has a batch that cannot be read",
            topic=self._tp.topic,
            partition=self._tp.partition,
            offsets=f"{first} to {last}",
            cause=str(error),
        )
        if self._tp.topic.endswith(_CHANGELOG):
            self.next_fetch_offset = last + 1
            return
        for offset in range(first, last + 1):
            self.next_fetch_offset = offset + 1
            yield self._record(offset, Unreadable.of(data if offset == first else b"", cause))

    def _record(self, offset: int, value: bytes) -> ConsumerRecord:
        tp = self._tp
        return ConsumerRecord(tp.topic, tp.partition, offset, 0, 0, None, value, None, -1, len(value), ())


def read_batch(data: bytes) -> list[tuple[bytes | None, bytes | None]]:
    """Read the records of a batch that an `Unreadable` had, without a limit of size.

    Returns:
        Key and value of each record.

    Raises:
        Exception: it is damaged, or of a codec that there is not.
    """
    batches = _MemoryRecords(bytes(data))
    found = []
    while batches.has_next():
        batch = batches.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException("the checksum is wrong")
        found += [(record.key, record.value) for record in batch]
    if not found:
        raise CorruptRecordException("no whole batch")
    return found


def install(limit: int) -> None:
    """Let all consumers with the isolation level read_committed that are created in this process read past faults.

    Args:
        limit: size of a batch, in bytes, beyond which it is not unpacked. A batch of some kilobytes can otherwise take
            all memory.
    """

    def partition_records(tp: TopicPartition, records: Any, aborted: Any, offset: int, *rest: Any) -> Any:
        kind = _TolerantRecords if rest[-1] == fetcher.READ_COMMITTED else _PartitionRecords
        return kind(tp, records, aborted, offset, *rest)

    fetcher.PartitionRecords = partition_records
    fetcher.MemoryRecords = _KeptRecords
    for module in (default_records, legacy_records):
        for name, unpack in unpackers(limit).items():
            if hasattr(module, name):
                setattr(module, name, unpack)


def unpackers(limit: int) -> dict[str, Callable[[Any], bytes]]:
    """Return functions that unpack a compressed batch, by their name in aiokafka.

    Each raises `UnpackedTooLargeError`, or an error of its library if the data is damaged.

    Args:
        limit: size of what they return, in bytes.
    """
    too_large = UnpackedTooLargeError(f"the batch unpacks to more than {limit} bytes")

    def unpack_gzip(data: Any) -> bytes:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            unpacked = file.read(limit + 1)
        if len(unpacked) > limit:
            raise too_large
        return unpacked

    def into_buffer(unpack_into: Callable[[Any, Any], int]) -> Callable[[Any], bytes]:
        def unpack(data: Any) -> bytes:
            with mmap.mmap(-1, limit) as room:  # takes memory only where it is written to
                try:
                    size = unpack_into(bytes(data), room)
                except cramjam.DecompressionError as error:
                    if "whole buffer" in str(error):
                        raise too_large from error
                    raise
                return room[:size]

        return unpack

    def unpack_snappy(data: Any) -> bytes:
        data = memoryview(data)
        blocks = list(_snappy_blocks(data))
        if sum(map(cramjam.snappy.decompress_raw_len, blocks)) > limit:
            raise too_large
        return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)

    return {
        "gzip_decode": unpack_gzip,
        "snappy_decode": unpack_snappy,
        "lz4_decode": into_buffer(cramjam.lz4.decompress_into),
        "zstd_decode": into_buffer(cramjam.zstd.decompress_into),
    }


def _snappy_blocks(data: memoryview) -> Iterator[bytes]:
    """Yield the blocks of a snappy batch: one, or several after the header of the Java library (xerial)."""
    if bytes(data[: len(_XERIAL)]) != _XERIAL:
        yield bytes(data)
        return
    at = _XERIAL_HEADER_BYTES
    while at < len(data):
        (size,) = struct.unpack_from(">i", data, at)
        if size <= 0:
            raise ValueError(f"a block of {size} bytes in a snappy batch")
        yield bytes(data[at + 4 : at + 4 + size])
        at += 4 + size
