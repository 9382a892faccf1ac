"""Find the record that stands first among those that wait in a partition: when it came, and which article it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

# To know the first waiting records, their batches must be fetched: no more than that. Kafka sends a first batch that is
# larger whole.
FIRST_BYTES = 16 * 1024
READ_SECONDS = 5.0
# A record that could not be read is not waited for at every poll.
AGAIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class FirstRecord:
    """The first waiting record of a partition.

    Attributes:
        offset: its offset; where it cannot be read, that of the first record that is not finished.
        time: Kafka's time of the record, seconds since the epoch; None if it cannot be read.
        article: the article's id, in articles.raw the page's URL; None if it cannot be read.
        empty_until: the offsets before this one hold no record, only marks of transactions; None if that is not known.
        asked: monotonic time at which it was read, or could not be.
    """

    offset: int
    time: float | None = None
    article: str | None = None
    empty_until: int | None = None
    asked: float = 0.0


FirstRecords = MutableMapping[tuple[TopicPartition, int], FirstRecord]
"""First records by partition and offset, kept from one poll to the next."""


async def find_first_records(
    reader: AIOKafkaConsumer,
    firsts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    known: FirstRecords,
) -> dict[TopicPartition, FirstRecord]:
    """Return the first record of each partition at an offset or after it.

    Args:
        reader: a consumer without a group; it is assigned the partitions that have to be read.
        firsts: first offset that is not finished, of the partitions where there is one.
        ends: next offset to be written, of at least these partitions.
        known: those of the call before, which are not read again; changed to those of this call.
    """
    for gone in known.keys() - firsts.items():
        del known[gone]
    now = time.monotonic()
    unknown = {tp: first for tp, first in firsts.items() if _ask(known.get((tp, first)), ends[tp], now)}
    if unknown:
        await _read(reader, unknown, known, now)
    return {tp: known[tp, first] for tp, first in firsts.items()}


def _ask(found: FirstRecord | None, end: int, now: float) -> bool:
    """Whether a first record is to be read (again)."""
    if found is None:
        return True
    if found.time is not None:
        return False
    grown = found.empty_until is not None and end > found.empty_until
    return grown or now - found.asked > AGAIN_SECONDS


async def _read(
    reader: AIOKafkaConsumer, firsts: Mapping[TopicPartition, int], known: FirstRecords, now: float
) -> None:
    reader.assign(list(firsts))
    for tp, offset in firsts.items():
        reader.seek(tp, offset)
        known[tp, offset] = FirstRecord(offset, asked=now)
    unread = set(firsts)
    with suppress(TimeoutError):
        async with asyncio.timeout(READ_SECONDS):
            while unread:
                for tp, records in (await _fetch(reader, unread)).items():
                    if records:
                        first = records[0]
                        known[tp, firsts[tp]] = FirstRecord(
                            first.offset, first.timestamp / 1000, _article(first), first.offset, now
                        )
                    reader.pause(tp)
                    unread.discard(tp)
                for tp in list(unread):
                    # The marks that end transactions take offsets, and no consumer is given them.
                    if (position := await reader.position(tp)) > firsts[tp]:
                        known[tp, firsts[tp]] = FirstRecord(firsts[tp], empty_until=position, asked=now)
                        if position >= (reader.highwater(tp) or 0):
                            unread.discard(tp)


async def _fetch(
    reader: AIOKafkaConsumer, partitions: set[TopicPartition]
) -> dict[TopicPartition, Sequence[ConsumerRecord[bytes, bytes]]]:
    """Fetch once from the partitions; one whose first batch cannot be unpacked has no records in the result."""
    try:
        return dict(await reader.getmany(*partitions, timeout_ms=500))
    except KafkaError:
        pass
    found: dict[TopicPartition, Sequence[ConsumerRecord[bytes, bytes]]] = {}
    for tp in partitions:  # the error does not say whose it is
        try:
            found |= await reader.getmany(tp, timeout_ms=500)
        except KafkaError:
            found[tp] = ()
    return found


def _article(record: ConsumerRecord[bytes, bytes]) -> str | None:
    """The article's id or the page's URL: the record's key, or, of a foreign producer without keys, a field of it."""
    if record.key is not None:
        return bytes(record.key).decode(errors="replace")
    try:
        fields: object = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return None
    found = (fields.get("id") or fields.get("url")) if isinstance(fields, dict) else None
    return str(found) if found else None
