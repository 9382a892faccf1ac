"""The inverted index of the look-up: which articles share a band of their signature. Derived, never stored.

A hash table in arrays, 10 bytes an entry and 2 to 4 for its slots: an article has some fifty entries, and as many
Python objects would take 4 KB. Each band has slots of its own, so that all bands of an article are read and linked at
once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rank = tuple[float, str]
"""An article's place in the order of the stream: when it came first (seconds since the epoch), then its id."""

Keys = NDArray[np.uint32]
Numbers = NDArray[np.int64]

_CHECK_BITS = 16
_END = -1
_UNLINKED = np.iinfo(np.int32).min
_FIRST_CAPACITY = 1024
_GROWTH = 1.25
_LOAD = 2


class Postings:
    """Articles by key, newest first. An article is known by a number that is used again when it has gone.

    An entry is one article under one of its keys: entry = number * columns + column. The entries of a slot are a chain;
    slot and check together are the 32 bits of the key, so that slots can be doubled without the keys.

    Args:
        columns: most keys of an article. Keys of different columns never meet.
        most: newest entries of a key that are looked at.
        capped: called once for a search of which a key had more than that.
    """

    def __init__(self, columns: int, most: int, capped: Callable[[], None]) -> None:
        self._columns = columns
        self._most = most
        self._capped = capped
        self._bits = _CHECK_BITS
        self._heads = np.full(columns << self._bits, _END, np.int32)
        self._next = np.empty(0, np.int32)
        self._previous = np.empty(0, np.int32)
        self._checks = np.empty(0, np.uint16)
        self._times = np.empty(0, np.float64)
        self._offsets = np.arange(columns, dtype=np.int64)
        self._free: list[int] = []
        self._used = 0

    def __len__(self) -> int:
        return self._used - len(self._free)

    def add(self, keys: Keys, time: float) -> int:
        """File an article under its keys, the first ones of the columns; returns its number."""
        number = self._number()
        self._times[number] = time
        entries = number * self._columns + self._offsets[: len(keys)]
        places = self._places(keys)
        heads = self._heads[places]
        self._checks[entries] = keys & 0xFFFF
        self._next[entries] = heads
        self._previous[entries] = ~places
        followed = heads >= 0
        self._previous[heads[followed]] = entries[followed]
        self._heads[places] = entries
        return number

    def remove(self, number: int) -> None:
        """Take an article out; its number will be given to another one."""
        entries = number * self._columns + self._offsets
        previous = self._previous[entries]
        linked = previous != _UNLINKED
        previous, following = previous[linked], self._next[entries[linked]]
        first = previous < 0
        self._heads[~previous[first]] = following[first]
        self._next[previous[~first]] = following[~first]
        followed = following >= 0
        self._previous[following[followed]] = previous[followed]
        self._previous[entries] = _UNLINKED
        self._free.append(number)

    def find(self, keys: Keys) -> tuple[Numbers, Numbers]:
        """The articles that share keys with these, and how many each shares."""
        found = self._walk(keys, self._most)
        return np.unique(found // self._columns, return_counts=True)

    def sharing(self, key: int) -> list[int]:
        """All articles whose first key is this one, however many."""
        found = self._walk(np.array([key], np.uint32), len(self) * self._columns + 1)
        return (found // self._columns).tolist()  # type: ignore[no-any-return]

    def time(self, number: int) -> float:
        """When an article came."""
        return float(self._times[number])

    def times(self, numbers: Numbers) -> NDArray[np.float64]:
        """When these articles came."""
        return self._times[numbers]

    def sort(self) -> None:
        """Put every chain in the order of time: what was filed in another order answers alike from now on."""
        self._relink(self._bits)

    def _walk(self, keys: Keys, most: int) -> Numbers:
        entries = self._heads[self._places(keys)]
        checks = (keys & 0xFFFF).astype(np.uint16)
        found = []
        for _ in range(most):
            inside = entries >= 0
            if not inside.all():
                entries, checks = entries[inside], checks[inside]
                if not len(entries):
                    break
            found.append(entries[self._checks[entries] == checks])
            entries = self._next[entries]
        else:
            if (entries >= 0).any():
                self._capped()
        return np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64)

    def _places(self, keys: Keys) -> Numbers:
        """Where the chains of keys begin in `_heads`."""
        slots: Numbers = (keys >> (32 - self._bits)).astype(np.int64)
        return (self._offsets[: len(keys)] << self._bits) + slots

    def _number(self) -> int:
        if self._free:
            return self._free.pop()
        if self._used == len(self._times):
            self._extend()
        if self._used >= _LOAD << self._bits:
            self._relink(self._bits + 1)
        self._used += 1
        return self._used - 1

    def _extend(self) -> None:
        capacity = max(_FIRST_CAPACITY, int(_GROWTH * self._used))
        size = capacity * self._columns
        # No other reference to these arrays exists, so they may move in memory.
        self._next.resize(size, refcheck=False)
        self._checks.resize(size, refcheck=False)
        self._times.resize(capacity, refcheck=False)
        self._previous.resize(size, refcheck=False)
        self._previous[self._used * self._columns :] = _UNLINKED

    def _relink(self, bits: int) -> None:
        """Build all chains anew, newest article first, in 2 ** bits slots a column."""
        heads = np.full(self._columns << bits, _END, np.int32)
        for column in range(self._columns):
            entries, slots = self._column(column)
            keys = slots >> (self._bits - _CHECK_BITS) << _CHECK_BITS | self._checks[entries]
            places = (column << bits) + (keys >> (32 - bits))
            order = np.lexsort((self._times[entries // self._columns], places))
            entries, places = entries[order], places[order]
            same = places[1:] == places[:-1]
            self._next[entries] = _END
            self._previous[entries] = ~places
            self._next[entries[1:][same]] = entries[:-1][same]
            self._previous[entries[:-1][same]] = entries[1:][same]
            heads[places] = entries  # of equal places the last one stays, which is the newest
        self._heads, self._bits = heads, bits

    def _column(self, column: int) -> tuple[Numbers, Numbers]:
        """All entries of a column and their slots."""
        entries = self._heads[column << self._bits : column + 1 << self._bits].astype(np.int64)
        slots = np.arange(len(entries))
        chains, places = [], []
        while len(entries):
            inside = entries >= 0
            entries, slots = entries[inside], slots[inside]
            chains.append(entries)
            places.append(slots)
            entries = self._next[entries].astype(np.int64)
        return np.concatenate(chains), np.concatenate(places)
