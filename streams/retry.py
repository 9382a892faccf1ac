"""The wait between two tries of what may succeed later."""

from __future__ import annotations

import asyncio


class Backoff:
    """Wait between tries, twice as long each time.

    Args:
        first: seconds of the first wait.
        most: seconds that no later wait exceeds.

    Attributes:
        seconds: how long the next wait takes.
    """

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self.seconds = first

    async def wait(self) -> None:
        """Sleep for `seconds`, and double them up to the longest wait."""
        await asyncio.sleep(self.seconds)
        self.seconds = min(self.seconds * 2, self._most)

    def reset(self) -> None:
        """Begin with the first wait again, after a success."""
        self.seconds = self._first
