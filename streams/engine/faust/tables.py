"""Faust tables whose writes can be waited for.

A plain Faust table sends its changelog records in the background and forgets them. The look-up stage must know that
its state is in Kafka before it passes a result on.
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
    """A folder for this process's tables: the first that no other living worker of this machine holds.

    RocksDB locks its files, so workers cannot share one folder, not even for standby copies. The claim lasts as long as
    the process; whoever comes next takes the folder over with the state in it.
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
    """Let table writes inside belong to `event`: Faust sets this for single events, not for `noack_take`'s batches."""
    token = _current_event.set(weakref.ref(event))
    try:
        yield
    finally:
        _current_event.reset(token)


class ConfirmedTable(faust.Table[str, Any]):
    """A table that remembers its changelog writes until Kafka has confirmed them."""

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
        """Wait until Kafka has every change; those that failed are sent again.

        Raises:
            Retryable: a change did not arrive; call again after a wait.
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
