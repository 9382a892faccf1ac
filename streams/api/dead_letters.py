"""The dead letters of the last day by stage, read now and then, however many ask and however often."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from streams.kafka.dead_letters import RecentLetters, count_recent
from streams.settings import Settings

HOURS = 24
# A letter may have 128 MiB, and most have a page of some 100 KB.
MOST = 500
FRESH_SECONDS = 30.0


class RecentDeadLetters:
    """Counts the dead letters of the last day when asked.

    Args:
        settings: names of topics.
        fresh_seconds: how old the counts may be.
    """

    def __init__(self, settings: Settings, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._settings = settings
        self._fresh_seconds = fresh_seconds
        self._lock = asyncio.Lock()
        self._found: RecentLetters | None = None
        self._read_at = 0.0

    async def count(self) -> RecentLetters:
        """Return the counts, at most `fresh_seconds` old.

        Raises:
            Retryable: Kafka is unavailable.
        """
        async with self._lock:
            if self._found is None or time.monotonic() - self._read_at > self._fresh_seconds:
                self._found = await count_recent(self._settings, datetime.now(UTC) - timedelta(hours=HOURS), MOST)
                self._read_at = time.monotonic()
            return self._found
