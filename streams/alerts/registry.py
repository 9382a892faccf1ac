"""Read and change standing searches from a server: what was stored is seen by the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from streams.alerts.follower import SearchFollower, follow_searches
from streams.alerts.standing_search import StandingSearch
from streams.alerts.store import Directory, alert_specs, remove_search, save_search
from streams.errors import Retryable
from streams.kafka.clients import create_topics
from streams.settings import Settings


class SearchRegistry:
    """The standing searches, read from Kafka at each question.

    Args:
        settings: of the process.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._follower: SearchFollower | None = None

    async def read(self) -> Directory:
        """Return all standing searches.

        Raises:
            Retryable: no broker can be reached.
        """
        async with self._lock:
            try:
                if self._follower is None:
                    await create_topics(self._settings, alert_specs(self._settings))
                    self._stack = AsyncExitStack()
                    self._follower = await self._stack.enter_async_context(follow_searches(self._settings))
                await self._follower.refresh()
            except Retryable:
                await self._release()
                raise
            return self._follower.directory

    async def save(self, search: StandingSearch) -> None:
        """Store a search. Raises like `read`."""
        await save_search(self._settings, search)

    async def change(self, search_id: str, change: Callable[[StandingSearch], StandingSearch]) -> StandingSearch | None:
        """Store what a function makes of a search, and return it; None if there is no such search. Raises like `read`.

        Changes through one registry happen one after the other, so none undoes another. Of changes by two processes at
        the same moment, the last to be written stays.
        """
        async with self._changing:
            search = (await self.read()).searches.get(search_id)
            if search is None:
                return None
            changed = change(search)
            if changed != search:
                await self.save(changed)
            return changed

    async def remove(self, search_id: str) -> None:
        """Delete a search. Raises like `read`."""
        async with self._changing:
            await remove_search(self._settings, search_id)

    async def close(self) -> None:
        """Close the connection."""
        async with self._lock:
            await self._release()

    async def _release(self) -> None:
        self._follower = None
        await self._stack.aclose()
