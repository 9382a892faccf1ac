"""Exponential back-off between retries."""

from __future__ import annotations

import asyncio


class Backoff:
    """A wait between retries that doubles each time.

    Args:
        first: length of the first wait, in seconds.
        most: upper limit of the length, in seconds.

    Attributes:
        seconds: length of the next wait.
    """

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self.seconds = first

    async def wait(self) -> None:
        """Sleep for `seconds`, then double them, up to the limit."""
        await asyncio.sleep(self.seconds)
        self.seconds = min(self.seconds * 2, self._most)

    def reset(self) -> None:
        """Return to the first wait, after a success."""
        self.seconds = self._first
