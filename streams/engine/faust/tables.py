"""Faust tables whose changes can be awaited.

A Faust table sends its changelog records in the background and ignores their delivery. A stateful stage must not pass a
result on before Kafka has the state that it depends on.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import faust
from faust.streams import _current_event

from streams.errors import Retryable
from streams.observability.logs import FAUST_LOGGER


def claim_folder(parent: Path) -> Path:
    """Return a folder for this process's tables: the first that no other process has locked.

    RocksDB locks its files, so workers cannot share a folder, even for standby tables. The lock is released when the
    process ends; the next worker then continues with the tables in the folder.

    Args:
        parent: folder in which the workers' folders are created.
    """
    for number in count():
        folder = parent / f"worker-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return folder
    raise AssertionError("count() does not end")


@contextmanager
def current_event(event: Any) -> Iterator[None]:
    """Attribute table writes inside the context to `event`. Faust does so for single events, not for batches."""
    token = _current_event.set(weakref.ref(event))
    try:
        yield
    finally:
        _current_event.reset(token)


class ConfirmedTable(faust.Table[str, Any]):
    """A table that keeps its changelog records until Kafka has confirmed them."""

    logger = FAUST_LOGGER

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unconfirmed: list[tuple[int, Any, Any, asyncio.Future[Any]]] = []

    def _send_changelog(
        self,
        event: Any,
        key: Any,
        value: Any,
        key_serializer: Any = None,  # noqa: ARG002  (Faust's signature)
        value_serializer: Any = None,  # noqa: ARG002
    ) -> None:
        if event is None:
            raise RuntimeError(f"table {self.name} was written outside of a stage")
        self._send(event.message.partition, key, value)

    def _send(self, partition: int, key: Any, value: Any) -> None:
        self._unconfirmed.append((partition, key, value, self.send_changelog(partition, key, value)))

    async def confirm(self) -> None:
        """Wait until Kafka has every change.

        Raises:
            Retryable: changes were not delivered. They have been sent again; call again after a wait.
        """
        pending, self._unconfirmed = self._unconfirmed, []
        results = await asyncio.gather(*(future for *_, future in pending), return_exceptions=True)
        failures = [
            (change, result)
            for change, result in zip(pending, results, strict=True)
            if isinstance(result, BaseException)
        ]
        for (partition, key, value, _), _error in failures:
            self._send(partition, key, value)
        if failures:
            raise Retryable(f"changelog of {self.name}: {failures[0][1]}") from failures[0][1]
