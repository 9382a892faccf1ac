"""Follow changes of clusters (`articles.moves`), so that a story that gets another id is not told twice."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import Rejected
from streams.kafka.clients import assign_paused, open_reader, read_new, translate_errors
from streams.records import ClusterMove, decode
from streams.settings import Settings
from streams.topics import Topic, topic_name

# How much longer than the clusterer's window moves are read back: articles may have waited before it.
_MARGIN_HOURS = 24.0


class MoveFollower:
    """The moves since the last call of `refresh`.

    Args:
        reader: assigned all partitions of the topic, paused.
        settings: for messages, and the clusterer's window.
    """

    def __init__(self, reader: AIOKafkaConsumer, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self._rewind = True

    def rewind(self) -> None:
        """Read the moves of the clusterer's window again, next time: searches were added to which they may matter."""
        self._rewind = True

    async def refresh(self) -> list[tuple[str, str]]:
        """Read what was moved up to now.

        Returns:
            The ids of articles with those of their new clusters, in order.

        Raises:
            Retryable: the broker is unavailable.
        """
        moves = []
        with translate_errors(self._settings):
            tps = sorted(self._reader.assignment())
            if self._rewind:
                await self._seek(tps)
                self._rewind = False
            async for record in read_new(self._reader, tps):
                try:
                    move = decode(ClusterMove, record.value or b"")
                except Rejected:
                    continue  # the stage `moves` makes it a dead letter
                moves.append((move.id, move.cluster.id))
        return moves

    async def _seek(self, tps: list[TopicPartition]) -> None:
        hours = self._settings.dedupe_window_hours + _MARGIN_HOURS
        since = int((time.time() - hours * 3600) * 1000)
        ends = await self._reader.end_offsets(tps)
        found = await self._reader.offsets_for_times(dict.fromkeys(tps, since))
        for tp in tps:
            entry = found.get(tp)
            self._reader.seek(tp, ends[tp] if entry is None else entry.offset)


@asynccontextmanager
async def follow_moves(settings: Settings) -> AsyncIterator[MoveFollower]:
    """Open a follower that has read nothing yet.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_reader(settings) as reader:
        topic = topic_name(Topic.MOVES, settings)
        assign_paused(reader, [TopicPartition(topic, number) for number in range(settings.partitions)])
        yield MoveFollower(reader, settings)
