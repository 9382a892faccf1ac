"""The directory as its topics say it: later records, void states, and a process that lost its sources."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiokafka import ConsumerRecord
from pydantic import BaseModel

from streams.settings import Settings
from streams.sources.watch.directory import Backfill, Kind, Progress, WatchedSource, Watching
from streams.sources.watch.store import BACKFILL, POKE, SOURCES, STATE, VISIT, Directory
from streams.sources.watch.websub import Poke

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = Settings(_env_file=None)
URL = "https://jisr.example/rss"
SOURCE = WatchedSource(name="jisr", url=URL, kind=Kind.FEED, outlet="الجسر")


def record(topic: str, key: str, value: BaseModel | bytes | None) -> ConsumerRecord:
    data = value.model_dump_json(exclude_defaults=True).encode() if isinstance(value, BaseModel) else value
    return ConsumerRecord(topic, 0, 0, 0, 0, key.encode(), data, None, 0, 0, ())


def read(*records: ConsumerRecord) -> Directory:
    found = Directory()
    for one in records:
        found.take(one, SETTINGS)
    return found


def state(epoch: int, *seen: str) -> ConsumerRecord:
    return record(STATE, "jisr", Watching(epoch=epoch, source_url=URL, seen=seen, items=len(seen)))


def sent(epoch: int, *keys: str) -> ConsumerRecord:
    return record(STATE, f"jisr{VISIT}", Progress(epoch=epoch, source_url=URL, sent=keys, last_new=NOW))


PUT = record(SOURCES, "jisr", SOURCE)


@pytest.mark.parametrize(
    ("records", "seen"),
    [
        ([state(1, "a"), sent(1, "b")], ("a", "b")),
        ([state(1, "a"), sent(1, "b"), state(1, "a", "b", "c")], ("a", "b", "c")),
        ([sent(0, "b")], ("b",)),
        # The process of epoch 1 lost the source, and stores what it knew.
        ([state(1, "a"), state(2, "a", "b"), state(1, "a")], ("a", "b")),
        ([state(1, "a"), state(2, "a", "b"), sent(1, "x")], ("a", "b")),
        ([state(1, "a"), state(2, "a", "b"), sent(2, "c"), state(1, "a")], ("a", "b", "c")),
        ([state(2, "a"), record(STATE, "jisr", None), record(STATE, f"jisr{VISIT}", None), state(1, "b")], ("b",)),
        ([state(1, "a"), record(STATE, "jisr", b"{")], ("a",)),
    ],
)
def test_the_state_is_what_its_owner_stored_last(records: list[ConsumerRecord], seen: tuple[str, ...]) -> None:
    found = read(PUT, *records).state("jisr")
    assert (found.seen, found.items) == (seen, len(seen))


def test_the_state_of_another_address_is_void_but_for_its_epoch() -> None:
    moved = record(SOURCES, "jisr", SOURCE.model_copy(update={"url": "https://jisr.example/atom"}))
    assert read(PUT, state(3, "a"), sent(3, "b"), moved).state("jisr") == Watching(epoch=3)


def test_what_belongs_to_a_source_does_not_become_one() -> None:
    backfill = Backfill(since=NOW, until=NOW, started=NOW)
    found = read(
        PUT,
        record(SOURCES, f"jisr{POKE}", Poke(at=NOW)),
        record(STATE, f"jisr{BACKFILL}", backfill),
        sent(0, "a"),
    )
    assert found.sources.keys() == {"jisr"} and not found.states
    assert found.backfills == {f"jisr{BACKFILL}": backfill}
    assert found.changes == 1
    assert not read(PUT, record(STATE, f"jisr{BACKFILL}", backfill), record(STATE, f"jisr{BACKFILL}", None)).backfills
