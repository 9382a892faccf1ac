"""Listing and replaying dead letters hold few of them, however many there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from aiokafka.record import default_records

from streams.cli.dlq import Listing
from streams.errors import OperatorError
from streams.kafka import dead_letters
from streams.kafka.dead_letters import DeadLetter, DeadLetters, Origin, replay


class Value(bytes):
    """A letter's value that counts how many of its kind are in memory."""

    alive: ClassVar[int] = 0
    most: ClassVar[int] = 0

    def __init__(self, _: bytes) -> None:
        Value.alive += 1
        Value.most = max(Value.most, Value.alive)

    def __del__(self) -> None:
        Value.alive -= 1


@pytest.fixture(autouse=True)
def counted() -> None:
    Value.alive = Value.most = 0


def letter(offset: int, *, minute: int = 0, reason: str = "poison", value: bytes = b"v") -> DeadLetter:
    time = datetime(2026, 2, 3, 12, minute, tzinfo=UTC)
    origin = Origin("articles.raw", 0, offset)
    return DeadLetter(0, offset, time, "clean", reason, "why", origin, key=b"k", value=Value(value))


async def stream(letters: Iterable[DeadLetter]) -> AsyncIterator[DeadLetter]:
    for item in letters:
        yield item


async def test_a_listing_keeps_rows_of_the_newest_and_no_values() -> None:
    listing = Listing()
    kept = []

    async def watched() -> AsyncIterator[DeadLetter]:
        for offset in range(1000):
            # The newest are not the last ones: partitions come one after another.
            yield letter(offset, minute=offset * 7 % 60, reason="poison" if offset % 4 else "empty_body")
            kept.append(len(listing.newest))

    await listing.fill(watched(), limit=20)
    assert max(kept) == 20
    assert Value.most <= 2, "the one that is read and the one before it"
    expected = sorted(range(1000), key=lambda offset: (offset * 7 % 60, offset))[-20:]
    assert [offset for _, _, offset, _ in sorted(listing.newest)] == expected
    assert listing.counts == {"poison": 750, "empty_body": 250}


async def test_a_listing_without_rows_counts_all_the_same() -> None:
    listing = Listing()
    await listing.fill(stream(letter(offset) for offset in range(3)), limit=0)
    assert (listing.newest, listing.counts) == ([], {"poison": 3})


@dataclass
class Producer:
    """Holds what it was sent until somebody waits for its delivery, as a broker's client does."""

    pending: list[bytes] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    sent: int = 0

    async def send(self, topic: str, value: bytes, *, key: bytes | None, headers: Any) -> Any:
        assert (topic, key) == ("articles.raw", b"k")
        assert headers == [("rasd.replayed_from", f"0:{self.sent}".encode())]
        self.sent += 1
        self.pending.append(value)
        self.sizes.append((len(self.pending), sum(map(len, self.pending))))

        async def delivery() -> None:
            self.pending.remove(value)

        return asyncio.ensure_future(delivery())


@pytest.mark.parametrize(("size", "letters", "size_at_once"), [(1, 10, 10), (40, 3, 120)])
async def test_a_replay_waits_after_so_many_letters_and_after_so_many_bytes(
    monkeypatch: pytest.MonkeyPatch, size: int, letters: int, size_at_once: int
) -> None:
    monkeypatch.setattr(dead_letters, "REPLAY_LETTERS", 10)
    monkeypatch.setattr(dead_letters, "REPLAY_BYTES", 100)
    producer: Any = Producer()
    read = (letter(offset, value=b"v" * size) for offset in range(205))
    assert await replay(producer, stream(read)) == producer.sent == 205
    assert max(producer.sizes) == (letters, size_at_once)
    assert not producer.pending, "all were confirmed"
    assert Value.most <= letters + 2


async def test_of_a_batch_that_was_unreadable_its_records_are_sent_or_it_is_named() -> None:
    builder = default_records.DefaultRecordBatchBuilder(2, 0, 0, 9, 0, 0, 10_000)
    for offset, value in enumerate([b"one", b"two"]):
        builder.append(offset, 1_700_000_000_000, b"k", value, [])
    batch = bytes(builder.build())
    letters = [
        letter(0, reason="unreadable", value=batch),
        letter(1, reason="unreadable", value=b""),
        letter(2, reason="unreadable", value=batch[:-1] + b"X"),
        letter(3, value=b"three"),
    ]
    sent: list[tuple[Any, ...]] = []

    class Collecting(Producer):
        async def send(self, topic: str, value: bytes, *, key: bytes | None, headers: Any) -> Any:
            sent.append((topic, key, value, *headers))
            return asyncio.sleep(0)

    collecting: Any = Collecting()
    with pytest.raises(OperatorError) as refused:
        await replay(collecting, stream(letters))
    assert refused.value.message == "3 records sent back; batches that still cannot be read: 0:2"
    assert sent == [
        ("articles.raw", b"k", b"one", ("rasd.replayed_from", b"0:0")),
        ("articles.raw", b"k", b"two", ("rasd.replayed_from", b"0:0")),
        ("articles.raw", b"k", b"three", ("rasd.replayed_from", b"0:3")),
    ]


@pytest.mark.parametrize("position", ["17", "0:", "a:b", "0:-1", "0:1:2", "٠:١", ""])
async def test_what_is_no_position_is_refused(position: str) -> None:
    with pytest.raises(OperatorError) as refused:
        await DeadLetters(None, {}, {}).find(position)
    assert refused.value.message == f"{position} is not a position"
    assert refused.value.status == 2
