"""The inverted index of the look-up: which articles share a band of their signature. Derived, never stored."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable

Rank = tuple[float, str]
"""An article's place in the order of the stream: when it came first (seconds since the epoch), then its id."""


class Postings:
    """The ranks of articles by key, oldest first. Most keys have one, so a list is made only when a second one comes.

    What is found depends on what is filed, not on the order in which it was filed: a rebuilt index answers alike.

    Args:
        most: newest articles that one key gives.
        capped: called when a key had more than that.
    """

    def __init__(self, most: int, capped: Callable[[], None]) -> None:
        self._most = most
        self._capped = capped
        self._ranks: dict[int, Rank | list[Rank]] = {}

    def add(self, keys: Iterable[int], rank: Rank) -> None:
        """File an article under its keys, once under each."""
        ranks = self._ranks
        for key in keys:
            held = ranks.setdefault(key, rank)
            if held is rank or held == rank:
                continue
            if isinstance(held, tuple):
                ranks[key] = sorted((held, rank))
            elif rank not in held:
                insort(held, rank)

    def remove(self, keys: Iterable[int], rank: Rank) -> None:
        """Take an article out; a key under which it is not filed is passed over."""
        for key in keys:
            held = self._ranks.get(key)
            if held == rank:
                del self._ranks[key]
            elif isinstance(held, list):
                at = bisect_left(held, rank)
                if held[at : at + 1] == [rank]:
                    del held[at]
                if len(held) == 1:
                    self._ranks[key] = held[0]

    def find(self, keys: Iterable[int]) -> set[Rank]:
        """All articles that share a key."""
        found: set[Rank] = set()
        for key in keys:
            held = self._ranks.get(key)
            if held is None:
                continue
            if isinstance(held, tuple):
                found.add(held)
                continue
            if len(held) > self._most:
                self._capped()
            found.update(held[-self._most :])
        return found
