"""Keep rows of numbers that belong to words, so that each is computed once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_FIRST_SIZE = 1024


class RowCache:
    """Keep a row for each word, and compute those of new words together. Safe to call from several threads.

    Args:
        compute: returns [words, *shape], one row for each of its words, which are distinct.
        shape: shape of a row.
        dtype: type of the rows as kept.
        most: most rows to keep; when a batch would exceed it, all rows are dropped first.
    """

    def __init__(
        self, compute: Callable[[Sequence[str]], NDArray[Any]], shape: tuple[int, ...], dtype: DTypeLike, most: int
    ) -> None:
        self._compute = compute
        self._most = most
        self._numbers: dict[str, int] = {}
        self._rows = np.zeros((_FIRST_SIZE, *shape), dtype=dtype)
        self._lock = threading.Lock()

    def __call__(self, words: Sequence[str]) -> NDArray[Any]:
        """Return [words, *shape], a row for each word in order; words may repeat."""
        with self._lock:
            numbers = self._numbers
            new = [word for word in dict.fromkeys(words) if word not in numbers]
            if len(numbers) + len(new) > self._most:
                numbers.clear()
                new = list(dict.fromkeys(words))
            if new:
                self._add(new)
            found: NDArray[Any] = self._rows[[numbers[word] for word in words]]
            return found

    def _add(self, words: Sequence[str]) -> None:
        start, end = len(self._numbers), len(self._numbers) + len(words)
        if end > len(self._rows):
            # Larger than `most` only while a single batch has more words than that.
            grown = np.zeros((max(end, min(2 * len(self._rows), self._most)), *self._rows.shape[1:]), self._rows.dtype)
            grown[:start] = self._rows[:start]
            self._rows = grown
        self._rows[start:end] = self._compute(words)
        self._numbers.update(zip(words, range(start, end), strict=True))
