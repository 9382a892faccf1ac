"""Faust tables whose changes can be awaited.

A Faust table sends its changelog records in the background and ignores their delivery. A stateful stage must not pass a
result on before Kafka has the state that it depends on.

The table's files are a copy of the changelog. RocksDB takes no further change after one that it could not write, as on
a full disk, also when there is room again. What cannot be read or written is therefore the fault of no record: the
worker restarts, opens the files anew and reads what they lack from the changelog.
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
from faust.stores.rocksdb import Store
from faust.streams import _current_event

from streams.errors import RestartNeeded, Retryable
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


class TableUnusable(RestartNeeded):
    """The files of a table cannot be read or written: a full disk, a folder that is gone, a broken file."""


class LocalStore(Store):
    """The files of a table.

    Its reads and writes raise `TableUnusable` whatever RocksDB, whose errors have no type of their own, raises.
    """

    logger = FAUST_LOGGER

    def _get(self, key: bytes) -> bytes | None:
        with self._usable():
            return super()._get(key)

    def _set(self, key: bytes, value: bytes | None) -> None:
        with self._usable():
            super()._set(key, value)

    def _del(self, key: bytes) -> None:
        with self._usable():
            super()._del(key)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise TableUnusable(f"table {self.table_name}: {error}") from error


class ConfirmedTable(faust.Table[str, Any]):
    """A table that keeps its changelog records until Kafka has confirmed them."""

    logger = FAUST_LOGGER

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unconfirmed: list[tuple[int, Any, Any, asyncio.Future[Any]]] = []

    def _new_store_by_url(self, url: Any) -> Any:
        return LocalStore(
            url,
            self.app,
            self,
            table_name=self.name,
            key_type=self.key_type,
            key_serializer=self.key_serializer,
            value_serializer=self.value_serializer,
            value_type=self.value_type,
            loop=self.loop,
            options=self.options,
        )

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
