"""See to it that a stage is given every record of its partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faust.types import TP

from streams.engine.faust.worker_app import WorkerApp
from streams.kafka.clients import committed_offset, first_offset


class RecordsPassedOverError(RuntimeError):
    """A stage was given a record, and not the ones before it in its partition."""


class Continuity:
    """Sees to it that a stage is given every record of its partitions, from the committed offset on.

    Faust, when it drops a record, waits for it to be acknowledged for ever, or takes it as done. Ending the worker
    instead loses nothing: it starts anew at what is committed.
    """

    def __init__(self, app: WorkerApp) -> None:
        self._app = app
        self._next: dict[TP, int] = {}

    async def check(self, events: Sequence[Any]) -> None:
        """Look at the next records of a stage before it works on them.

        Raises:
            RecordsPassedOverError: Kafka has records between the last one given, or committed, and these.
        """
        consumer: Any = self._app.consumer
        for event in events:
            tp, offset = event.message.tp, event.message.offset
            expected = max(self._next.get(tp, 0), consumer._committed_offset[tp] or 0)
            if offset > expected:  # transactions and deletion leave holes too
                settings = self._app.settings
                expected = max(expected, await committed_offset(settings, tp.topic, tp.partition))
                first = await first_offset(settings, tp.topic, tp.partition, min(expected, offset))
                if first < offset:
                    error = RecordsPassedOverError(f"{tp.topic} {tp.partition}: {first} to {offset - 1} did not come")
                    await self._app.crash(error)
                    raise error
            self._next[tp] = offset + 1
