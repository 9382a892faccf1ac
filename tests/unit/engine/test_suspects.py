"""Marks that outlive the process, and the record during which it dies again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.engine.suspects import DEATHS, WAITED_BEATS, Suspects


class DeathError(BaseException):
    """The process dies; nothing in it can catch this."""


def messages(*offsets: int, topic: str = "articles.enriched", time: float = 1.7e9) -> list[Any]:
    return [SimpleNamespace(topic=topic, partition=0, offset=offset, timestamp=time) for offset in offsets]


def die(suspects: Suspects, held: Sequence[Any], stage: str = "index", beats: int = 0) -> None:
    """End a process while a stage has records in hand, after so many seconds."""

    async def work() -> None:
        async with suspects.in_hand(stage, held):
            for _ in range(beats):
                suspects.beat()
            raise DeathError

    with pytest.raises(DeathError):
        asyncio.run(work())


def test_the_records_of_a_process_that_died_are_tried_alone_by_the_next_one(tmp_path: Path) -> None:
    batch = messages(3, 4, 5, 6, 7)
    assert list(Suspects(tmp_path).groups(batch)) == [slice(0, 5)]
    die(Suspects(tmp_path), batch[1:3])
    assert list(Suspects(tmp_path).groups(batch)) == [slice(0, 1), slice(1, 2), slice(2, 3), slice(3, 5)]


def test_a_record_during_which_it_dies_alone_is_guilty_in_the_end_and_its_neighbours_never_are(tmp_path: Path) -> None:
    good, bad = messages(4, 5)
    die(Suspects(tmp_path), [good, bad])
    for _ in range(DEATHS):
        assert not Suspects(tmp_path).is_guilty(bad)
        die(Suspects(tmp_path), [bad])
    last = Suspects(tmp_path)
    assert last.is_guilty(bad)
    assert not last.is_guilty(good)
    last.acquit([bad])
    assert Suspects(tmp_path).is_guilty(bad), "it comes again if the worker dies before it commits"


def test_a_guilty_record_may_be_sent_through_a_mended_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bad,) = messages(5)
    for _ in range(DEATHS + 1):
        die(Suspects(tmp_path), [bad])
    Suspects(tmp_path).acquit([bad])
    monkeypatch.setattr("streams.engine.suspects.SETTLED_SECONDS", 0.0)
    assert list(Suspects(tmp_path).groups([bad, *messages(6)])) == [slice(0, 2)]


def test_a_topic_that_was_created_anew_has_other_records(tmp_path: Path) -> None:
    (bad,) = messages(5)
    for _ in range(DEATHS + 1):
        die(Suspects(tmp_path), [bad])
    assert not Suspects(tmp_path).is_guilty(*messages(5, time=1.8e9))


def test_a_record_that_waited_for_a_server_when_the_process_was_killed_is_no_suspect(tmp_path: Path) -> None:
    batch = messages(4, 5)
    die(Suspects(tmp_path), batch, beats=WAITED_BEATS + 1)
    assert list(Suspects(tmp_path).groups(batch)) == [slice(0, 2)]


async def test_nothing_is_left_of_records_that_were_finished_or_failed(tmp_path: Path) -> None:
    suspects = Suspects(tmp_path)
    batch = messages(4, 5)
    async with suspects.in_hand("index", batch):
        assert suspects.holding_any
    with pytest.raises(ValueError, match="bad"):
        async with suspects.in_hand("index", batch):
            raise ValueError("bad")
    assert not suspects.holding_any
    assert list(Suspects(tmp_path).groups(batch)) == [slice(0, 2)]


async def test_a_process_that_ends_itself_leaves_no_suspects(tmp_path: Path) -> None:
    suspects = Suspects(tmp_path)
    batch = messages(4, 5)
    async with suspects.in_hand("index", batch):
        suspects.forgive()
        assert list(Suspects(tmp_path).groups(batch)) == [slice(0, 2)]


def test_errors_of_the_runner_count_as_deaths(tmp_path: Path) -> None:
    (bad,) = messages(5)
    for _ in range(DEATHS + 1):
        Suspects(tmp_path).blame([bad])
    assert Suspects(tmp_path).is_guilty(bad)


async def test_two_stages_do_not_try_their_suspects_at_the_same_time(tmp_path: Path) -> None:
    here, there = messages(1), messages(1, topic="articles.moves")
    for held in (here, there):
        Suspects(tmp_path).blame(held)
    suspects = Suspects(tmp_path)
    first_began, first_is_done = asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def first() -> None:
        async with suspects.in_hand("index", here):
            order.append("index")
            first_began.set()
            await first_is_done.wait()
            order.append("index is done")

    async def second() -> None:
        async with suspects.in_hand("moves", there):
            order.append("moves")

    tasks = [asyncio.create_task(first()), asyncio.create_task(second())]
    await first_began.wait()
    await asyncio.sleep(0)  # the second one has its chance
    first_is_done.set()
    await asyncio.gather(*tasks)
    assert order == ["index", "index is done", "moves"]


def test_damaged_files_are_as_none(tmp_path: Path) -> None:
    die(Suspects(tmp_path), messages(5))
    (tmp_path / "in-hand").write_bytes(b"\xff" * 100)
    (tmp_path / "suspects.json").write_text("{", encoding="utf-8")
    assert list(Suspects(tmp_path).groups(messages(5, 6))) == [slice(0, 2)]


def test_a_folder_that_cannot_be_written_to_costs_the_marks_only(tmp_path: Path) -> None:
    suspects = Suspects(tmp_path / "missing")
    die(suspects, messages(5))
    suspects.blame(messages(5))
    assert suspects.groups(messages(5)) is not None
