"""A copy of the directory that follows its topics, for processes that only read it."""

from __future__ import annotations

import asyncio

from streams.errors import RasdError
from streams.kafka.clients import UNAVAILABLE_ERRORS, end_task, missing_topics, open_reader
from streams.observability.logs import get_logger
from streams.settings import Settings
from streams.sources.watch.store import PARTITIONS, SOURCES, STATE, Directory, begin
from streams.topics import topic_name

log = get_logger(__name__)

_POLL_MS = 1000
_AGAIN_SECONDS = 10.0


class DirectoryFollower:
    """Keeps a `Directory` up to date.

    Args:
        settings: addresses and names.

    Attributes:
        directory: the sources and their states as last read; empty while there are no such topics.
        complete: whether the topics were read to their ends since they were last reached.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._task: asyncio.Task[None] | None = None
        self._found = asyncio.Event()
        self.directory = Directory()
        self.complete = False

    def read(self) -> Directory | None:
        """Return the directory as last read; None before it was read for the first time."""
        return self.directory if self._found.is_set() else None

    async def wait(self) -> None:
        """Wait until the directory was read for the first time."""
        await self._found.wait()

    def start(self) -> None:
        """Start following, in the background."""
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stop following."""
        await end_task(self._task)

    async def _follow(self) -> None:
        while True:
            try:
                topics = [topic_name(topic, self._settings) for topic in (SOURCES, STATE)]
                if await missing_topics(self._settings, topics):
                    self.show(Directory())  # nobody watches anything
                else:
                    await self._read()
            except (RasdError, *UNAVAILABLE_ERRORS):
                self.complete = False
            except Exception:
                self.complete = False
                log.exception("following the directory of sources failed; retrying")
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _read(self) -> None:
        """Read the topics from their beginnings and follow them.

        Raises:
            Retryable, KafkaError, OSError, TimeoutError: the broker is unavailable.
        """
        found = Directory()
        async with open_reader(self._settings) as reader:
            tps = await begin(reader, self._settings, range(PARTITIONS))
            ends = await reader.end_offsets(tps)
            left = {tp for tp in tps if ends[tp] > await reader.position(tp)}
            while True:
                for records in (await reader.getmany(timeout_ms=_POLL_MS)).values():
                    for record in records:
                        found.take(record, self._settings)
                left = {tp for tp in left if ends[tp] > await reader.position(tp)}
                if not left:
                    self.show(found)

    def show(self, directory: Directory) -> None:
        """Replace the directory by one that was read to the end."""
        self.directory, self.complete = directory, True
        self._found.set()
