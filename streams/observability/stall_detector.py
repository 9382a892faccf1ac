"""Which of several things have work to do and do not move."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


class Progress(Generic[P]):
    """Remembers since when a place that has work stands still. Its clock is monotonic, in seconds."""

    def __init__(self) -> None:
        self._since: dict[P, tuple[int, float]] = {}

    def observe(self, positions: Mapping[P, tuple[int, int]], now: float) -> None:
        """Take note of where everything is; what is not named any more is forgotten.

        Args:
            positions: how far each place is, and how far it has to go.
        """
        standing: dict[P, tuple[int, float]] = {}
        for place, (done, end) in positions.items():
            if end > done:
                before, since = self._since.get(place, (done, now))
                standing[place] = (done, since if before == done else now)
        self._since = standing

    def stuck(self, now: float, seconds: float) -> list[P]:
        """Places with work that have not moved for longer than `seconds`."""
        return [place for place, (_, since) in self._since.items() if now - since > seconds]
