"""Rows of numbers that belong to words, computed once a word and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_FIRST_SIZE = 1024


class RowCache:
    """Keeps a row for each word; unknown words of a batch are computed together. May be called from several threads.

    Args:
        compute: makes [words, *shape] of words, none twice.
        shape: of one row.
        dtype: of what is kept.
        most: rows kept; when they are full, all go.
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
        """[words, *shape] of the words as they come."""
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
            # More than `most` only while one batch alone has more words.
            grown = np.zeros((max(end, min(2 * len(self._rows), self._most)), *self._rows.shape[1:]), self._rows.dtype)
            grown[:start] = self._rows[:start]
            self._rows = grown
        self._rows[start:end] = self._compute(words)
        self._numbers.update(zip(words, range(start, end), strict=True))
