"""Find the articles that share a band of their signature: an inverted index, derived from the table and never stored.

The index is a hash table in arrays: 10 bytes an entry, and 2 to 4 for its slots. An article has some fifty entries,
which as Python objects would take 4 KB. Each band has slots of its own, so that all bands of an article are read and
linked at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rank = tuple[float, str]
"""An article's rank in the order of the stream: when it first arrived (seconds since the epoch), then its id."""

Keys = NDArray[np.uint32]
Numbers = NDArray[np.int64]

_CHECK_BITS = 16
_END = -1
_UNLINKED = np.iinfo(np.int32).min
_FIRST_CAPACITY = 1024
_GROWTH = 1.25
_LOAD = 2


class Postings:
    """Index articles by key, newest first. An article has a number, which is reused after its removal.

    An entry is one article under one of its keys: entry = number * columns + column. The entries of a slot form a
    linked list; slot and check together are the 32 bits of the key, so that the slots can be doubled without the keys.

    Args:
        columns: maximum number of keys of an article. Keys of different columns are never equal.
        most: maximum number of entries, newest first, to look at for each key.
        capped: called once for each search in which a key had more entries than that.
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
        """Add an article under its keys, which belong to the first columns, and return its number."""
        number = self._number()
        self._times[number] = time
        entries = number * self._columns + self._offsets[: len(keys)]
        slots = self._slots(keys)
        heads = self._heads[slots]
        self._checks[entries] = keys & 0xFFFF
        self._next[entries] = heads
        self._previous[entries] = ~slots
        followed = heads >= 0
        self._previous[heads[followed]] = entries[followed]
        self._heads[slots] = entries
        return number

    def remove(self, number: int) -> None:
        """Remove an article; its number will be reused."""
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
        """Find the articles that share keys with these.

        Returns:
            Their numbers, ascending, and how many keys each shares: two arrays of shape (found,), int64.
        """
        found = self._walk(keys, self._most)
        return np.unique(found // self._columns, return_counts=True)

    def sharing(self, key: int) -> list[int]:
        """Return the numbers of all articles whose first key is this one, whatever the bound on entries."""
        found = self._walk(np.array([key], np.uint32), len(self) * self._columns + 1)
        return (found // self._columns).tolist()  # type: ignore[no-any-return]

    def time(self, number: int) -> float:
        """Return when an article arrived, in seconds since the epoch."""
        return float(self._times[number])

    def times(self, numbers: Numbers) -> NDArray[np.float64]:
        """Return when these articles arrived, in seconds since the epoch: the shape of `numbers`, float64."""
        return self._times[numbers]

    def sort(self) -> None:
        """Order every list by time, so that the order in which articles were added no longer matters."""
        self._relink(self._bits)

    def _walk(self, keys: Keys, most: int) -> Numbers:
        entries = self._heads[self._slots(keys)]
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

    def _slots(self, keys: Keys) -> Numbers:
        """Return where the lists of these keys begin: indices into `_heads`."""
        within: Numbers = (keys >> (32 - self._bits)).astype(np.int64)
        return (self._offsets[: len(keys)] << self._bits) + within

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
        """Rebuild all lists, newest article first, in 2 ** bits slots a column."""
        heads = np.full(self._columns << bits, _END, np.int32)
        for column in range(self._columns):
            entries, old_slots = self._column(column)
            keys = old_slots >> (self._bits - _CHECK_BITS) << _CHECK_BITS | self._checks[entries]
            slots = (column << bits) + (keys >> (32 - bits))
            order = np.lexsort((self._times[entries // self._columns], slots))
            entries, slots = entries[order], slots[order]
            same = slots[1:] == slots[:-1]
            self._next[entries] = _END
            self._previous[entries] = ~slots
            self._next[entries[1:][same]] = entries[:-1][same]
            self._previous[entries[:-1][same]] = entries[1:][same]
            heads[slots] = entries  # of equal slots the last assignment wins, which is the newest article
        self._heads, self._bits = heads, bits

    def _column(self, column: int) -> tuple[Numbers, Numbers]:
        """Return all entries of a column and the slot within the column that each belongs to."""
        entries = self._heads[column << self._bits : column + 1 << self._bits].astype(np.int64)
        slots = np.arange(len(entries))
        found, found_slots = [], []
        while len(entries):
            inside = entries >= 0
            entries, slots = entries[inside], slots[inside]
            found.append(entries)
            found_slots.append(slots)
            entries = self._next[entries].astype(np.int64)
        return np.concatenate(found), np.concatenate(found_slots)
