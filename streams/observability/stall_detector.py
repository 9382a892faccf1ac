"""Detects which of several positions (partitions, tables) have work left but make no progress."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


class StallDetector(Generic[P]):
    """Remembers since when each position with work left has not advanced. Times are monotonic, in seconds."""

    def __init__(self) -> None:
        self._since: dict[P, tuple[int, float]] = {}

    def observe(self, positions: Mapping[P, tuple[int, int]], now: float) -> None:
        """Record all positions; forget those that are no longer given.

        Args:
            positions: by key, the amount done and the amount to do.
            now: monotonic time in seconds.
        """
        standing: dict[P, tuple[int, float]] = {}
        for key, (done, end) in positions.items():
            if end > done:
                before, since = self._since.get(key, (done, now))
                standing[key] = (done, since if before == done else now)
        self._since = standing

    def stuck(self, now: float, seconds: float) -> list[P]:
        """Return the keys with work left that have not advanced for more than `seconds`."""
        return [key for key, (_, since) in self._since.items() if now - since > seconds]
