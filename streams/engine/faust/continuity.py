"""Verify that a stage receives every record of its partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faust.types import TP

from streams.engine.faust.worker_app import WorkerApp
from streams.kafka.clients import beginning_offset, committed_offset, first_offset


class RecordsPassedOverError(RuntimeError):
    """A stage received a record, but not those before it in its partition."""


class Continuity:
    """A check that a stage receives every record of its partitions, from the committed offset on.

    When Faust drops a record, it either waits for its acknowledgement for ever or counts it as done. Ending the worker
    loses nothing, as it restarts from the committed offsets.

    Args:
        app: the worker's app.
        stage: name of the stage.
    """

    def __init__(self, app: WorkerApp, stage: str) -> None:
        self._app = app
        self._stage = stage
        self._next: dict[TP, int] = {}

    async def check(self, events: Sequence[Any]) -> None:
        """Check a batch before the stage processes it. If records are missing, crash the app.

        Args:
            events: Faust events, each partition in order.

        Raises:
            RecordsPassedOverError: Kafka has records between these and the last ones received or committed.
            Retryable: no broker can be reached.
        """
        consumer: Any = self._app.consumer
        for event in events:
            tp, offset = event.message.tp, event.message.offset
            expected = max(self._next.get(tp, 0), consumer._committed_offset[tp] or 0)
            if offset > expected:  # transactions and deletion also leave gaps
                settings = self._app.settings
                expected = max(expected, await committed_offset(settings, tp.topic, tp.partition))
                first = await first_offset(settings, tp.topic, tp.partition, min(expected, offset))
                if first < offset:
                    error = RecordsPassedOverError(f"{tp.topic} {tp.partition}: {first} to {offset - 1} did not come")
                    await self._app.crash(error)
                    raise error
                if tp in self._next or consumer._committed_offset[tp] is not None:
                    await self._count_deleted(tp, expected, offset)
            self._next[tp] = offset + 1

    async def _count_deleted(self, tp: TP, expected: int, offset: int) -> None:
        """Count the records that Kafka deleted between what was expected and what came."""
        settings = self._app.settings
        begin = await beginning_offset(settings, tp.topic, tp.partition)
        topic = tp.topic.removeprefix(settings.topic_prefix)
        self._app.health.deleted.note(self._stage, topic, tp.partition, expected, min(begin, offset))
