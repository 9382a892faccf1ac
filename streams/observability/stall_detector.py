"""Which of several things have work to do and do not move."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


class StallDetector(Generic[P]):
    """Remember since when each thing that has work has not moved. Times are of a monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._since: dict[P, tuple[int, float]] = {}

    def observe(self, positions: Mapping[P, tuple[int, int]], now: float) -> None:
        """Take note of where everything is; what is not named any more is forgotten.

        Args:
            positions: how far each thing is, and how far it has to go.
        """
        standing: dict[P, tuple[int, float]] = {}
        for key, (done, end) in positions.items():
            if end > done:
                before, since = self._since.get(key, (done, now))
                standing[key] = (done, since if before == done else now)
        self._since = standing

    def stuck(self, now: float, seconds: float) -> list[P]:
        """Things with work that have not moved for longer than `seconds`."""
        return [key for key, (_, since) in self._since.items() if now - since > seconds]
