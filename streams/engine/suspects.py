"""Find the record during which a worker dies, so that it does not end the worker for ever.

Map stages compute in a process of their own (`streams.engine.stage_process`). What the worker itself does with a
record, such as decoding it for a sink, and the look-up, can still end the worker: by a segmentation fault, for want of
memory, or because it never returns. Nothing can be written down at that moment, so it is written before: each stage
marks the records that it has in hand in a file mapped into memory, which outlives the process.

A worker that starts reads the marks that the one before it left. Each of these records is then tried alone. A record
during which the worker died `DEATHS` times although it was alone becomes a dead letter.

A worker also dies for reasons of its own, and its records are innocent. Hence marks do not count if the event loop ran
on for `WAITED_BEATS` seconds with the record in hand: the stage was then waiting for a server.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import struct
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple

from streams.observability.logs import get_logger

log = get_logger(__name__)

DEATHS = 3
WAITED_BEATS = 5
SETTLED_SECONDS = 3600.0
_ROOM = 1 << 16
# Beats, then the length of the marks as JSON.
_HEAD = struct.Struct("qq")
# Suspects that never come again belong to partitions that other workers have taken over.
_MOST = 20_000


class Place(NamedTuple):
    """Where a record is."""

    topic: str
    partition: int
    offset: int


class _Mark(NamedTuple):
    """Records of one partition that a stage has in hand.

    Attributes:
        alone: whether it is one record that is tried alone.
        beats: beats of the event loop when it was taken.
        time: Kafka's time of the first record, by which it is told from one of a topic that was created anew.
    """

    topic: str
    partition: int
    first: int
    last: int
    alone: bool
    beats: int
    time: float


class _Record(NamedTuple):
    """What is known of a suspect.

    Attributes:
        deaths: how often the worker died while it was tried alone.
        time: Kafka's time of it.
        settled: when it became a dead letter, seconds since the epoch; 0 if it has not.
    """

    deaths: int
    time: float
    settled: float = 0.0

    @property
    def guilty(self) -> bool:
        """Return whether the worker died too often."""
        return self.deaths >= DEATHS


class Suspects:
    """The records that may have ended a worker, and the marks of those that it has in hand.

    Args:
        folder: folder that no other running process uses; None to keep nothing, in tests and outside of workers.

    Attributes:
        excused: whether the event loop is blocked by work that is no record's, such as reading a table back.
        steps: a number that grows while records are being finished.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = None if folder is None else folder / "suspects.json"
        self._known: dict[Place, _Record] = {}
        self._held: dict[str, list[_Mark]] = {}
        self._turn = asyncio.Lock()
        self._beats = 0
        self._memory: mmap.mmap | None = None
        self.excused = False
        self.steps = 0
        if folder is not None:
            self._open(folder / "in-hand")

    @property
    def holding_any(self) -> bool:
        """Whether a stage has records in hand."""
        return bool(self._held)

    @property
    def beats(self) -> int:
        """How often `beat` was called."""
        return self._beats

    def beat(self) -> None:
        """Note that the event loop runs; called once a second."""
        self._beats += 1
        if self._memory is not None:
            struct.pack_into("q", self._memory, 0, self._beats)

    def groups(self, messages: Sequence[Any]) -> Iterator[slice]:
        """Divide a batch: each suspect alone, and what is between them together."""
        start = 0
        if self._known:
            for at, message in enumerate(messages):
                if _place(message) in self._known:
                    if start < at:
                        yield slice(start, at)
                    yield slice(at, at + 1)
                    start = at + 1
        if start < len(messages):
            yield slice(start, len(messages))

    def is_guilty(self, message: Any) -> bool:
        """Whether a record ended the worker too often."""
        found = self._known.get(_place(message))
        return found is not None and found.guilty and found.time == message.timestamp

    @asynccontextmanager
    async def in_hand(self, stage: str, messages: Sequence[Any]) -> AsyncIterator[None]:
        """Mark records as in hand of a stage while the context lasts. Only one suspect is in hand at a time."""
        alone = self._is_alone(messages)
        async with self._turn if alone else nullcontext():
            self._held[stage] = _marks(messages, self._beats, alone=alone)
            self._write()
            try:
                yield
            except (Exception, asyncio.CancelledError):  # not what ends the process
                self._release(stage)
                raise
            else:
                self._release(stage)

    def blame(self, messages: Sequence[Any]) -> None:
        """Count that the worker has to restart because of an error while it had these records."""
        self._count(_marks(messages, self._beats, alone=self._is_alone(messages)))
        self._save()

    def acquit(self, messages: Sequence[Any]) -> None:
        """Forget records that are finished, except guilty ones, which come again if the worker dies before it commits.

        Those are forgotten after `SETTLED_SECONDS`, so that one may send them through a mended version.
        """
        changed = False
        for message in messages if self._known else ():
            place = _place(message)
            found = self._known.pop(place, None)
            if found is not None and found.guilty and found.time == message.timestamp:
                self._known[place] = found._replace(settled=found.settled or time.time())
            changed |= found is not None and (found.deaths > 0 or not self._known)
        if changed:
            self._save()

    def forgive(self) -> None:
        """Remove all marks: the process ends for reasons of its own."""
        self._held.clear()
        self._write()

    def _is_alone(self, messages: Sequence[Any]) -> bool:
        return len(messages) == 1 and _place(messages[0]) in self._known

    def _release(self, stage: str) -> None:
        self._held.pop(stage, None)
        self._write()

    def _write(self) -> None:
        if self._memory is None:
            return
        data = json.dumps([mark for marks in self._held.values() for mark in marks]).encode()
        if len(data) > _ROOM - _HEAD.size:
            data = b"[]"
        # No length while the marks are incomplete.
        _HEAD.pack_into(self._memory, 0, self._beats, 0)
        self._memory[_HEAD.size : _HEAD.size + len(data)] = data
        _HEAD.pack_into(self._memory, 0, self._beats, len(data))

    def _open(self, path: Path) -> None:
        try:
            left = path.read_bytes() if path.exists() else b""
            with path.open("wb") as file:
                file.write(bytes(_ROOM))
            with path.open("r+b") as file:
                self._memory = mmap.mmap(file.fileno(), _ROOM)
        except OSError as error:
            log.warning("the records in hand cannot be marked", file=str(path), cause=str(error))
            return
        self._load()
        if marks := list(_read_marks(left)):
            self._count(marks)
            log.warning(
                "the worker ended with records in hand; each is tried alone",
                records=sum(mark.last - mark.first + 1 for mark in marks),
                first=f"{marks[0].topic} {marks[0].partition}:{marks[0].first}",
            )
            self._save()

    def _count(self, marks: Sequence[_Mark]) -> None:
        for mark in marks:
            for offset in range(mark.first, mark.last + 1):
                place = Place(mark.topic, mark.partition, offset)
                found = self._known.pop(place, _Record(0, 0.0))
                self._known[place] = _Record(found.deaths + mark.alone, mark.time if mark.alone else found.time)
        for place in list(self._known)[: max(0, len(self._known) - _MOST)]:
            del self._known[place]

    def _load(self) -> None:
        if self._file is None:
            return
        with suppress(OSError, ValueError, TypeError):
            for place, known in json.loads(self._file.read_text(encoding="utf-8")):
                record = _Record(*known)
                if not record.settled or time.time() - record.settled < SETTLED_SECONDS:
                    self._known[Place(*place)] = record

    def _save(self) -> None:
        if self._file is None:
            return
        data = json.dumps(list(self._known.items()))
        new = self._file.with_suffix(".new")
        try:
            new.write_text(data, encoding="utf-8")
            new.replace(self._file)
        except OSError as error:  # a full disk, or a folder that is gone
            log.warning("the records that may have ended the worker cannot be noted", cause=str(error))


def _place(message: Any) -> Place:
    return Place(message.topic, message.partition, message.offset)


def _marks(messages: Sequence[Any], beats: int, *, alone: bool) -> list[_Mark]:
    """Return a mark for each partition; messages are in the order of their partition."""
    first: dict[tuple[str, int], Any] = {}
    last: dict[tuple[str, int], int] = {}
    for message in messages:
        first.setdefault((message.topic, message.partition), message)
        last[message.topic, message.partition] = message.offset
    return [_Mark(*key, message.offset, last[key], alone, beats, message.timestamp) for key, message in first.items()]


def _read_marks(data: bytes) -> Iterator[_Mark]:
    """Yield the marks that count of a process that ended."""
    if len(data) < _HEAD.size:
        return
    beats, length = _HEAD.unpack_from(data)
    try:
        held = [_Mark(*each) for each in json.loads(data[_HEAD.size : _HEAD.size + length] or b"[]")]
    except (ValueError, TypeError):
        return
    for mark in held:
        if beats - mark.beats <= WAITED_BEATS:
            yield mark
