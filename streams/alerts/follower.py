"""A copy of the standing searches that follows their topic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.alerts.store import SEARCHES, Directory
from streams.kafka.clients import assign_paused, open_reader, read_new, translate_errors
from streams.settings import Settings
from streams.topics import topic_name


class SearchFollower:
    """The standing searches, as of the last `refresh`.

    Args:
        reader: assigned the topic's partition, paused, at its beginning.
        settings: for messages.

    Attributes:
        directory: the searches.
    """

    def __init__(self, reader: AIOKafkaConsumer, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self.directory = Directory()

    async def refresh(self) -> set[str]:
        """Read what was stored up to now. Whoever then reads an article knows every search that came before it.

        Returns:
            The ids of the searches that were changed, added or removed.

        Raises:
            Retryable: the broker is unavailable.
        """
        with translate_errors(self._settings):
            tps = list(self._reader.assignment())
            return {self.directory.take(record) async for record in read_new(self._reader, tps)}


@asynccontextmanager
async def follow_searches(settings: Settings) -> AsyncIterator[SearchFollower]:
    """Open a follower that has read nothing yet.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_reader(settings) as reader:
        with translate_errors(settings):
            tp = TopicPartition(topic_name(SEARCHES, settings), 0)
            assign_paused(reader, [tp])
            await reader.seek_to_beginning(tp)
        yield SearchFollower(reader, settings)
