"""What is known of words, as the model file stores it: an entry is made when a text has the word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from agents.entities.model.features import WordEntry


class WordTable(Mapping[str, WordEntry]):
    """The words of a model, the most frequent first. Of 135,000 a day of news has some 20,000.

    Args:
        texts: the normalised words.
        counts: occurrences of each.
        classes: [words, granularities] clusters of each.
        kinds: [words, types] probabilities of each, in steps of 1/255.
        places: parts of places' names that each is, with commas between.
    """

    def __init__(
        self,
        texts: Sequence[str],
        counts: Sequence[int],
        classes: NDArray[np.int16],
        kinds: NDArray[np.uint8],
        places: Sequence[str],
    ) -> None:
        self._numbers = dict(zip(texts, range(len(texts)), strict=True))
        self._counts = counts
        self._classes = classes
        self._kinds = kinds
        self._places = places
        self._entries: dict[int, WordEntry] = {}

    def __getitem__(self, word: str) -> WordEntry:
        number = self._numbers[word]
        return self._entries.get(number) or self._entry(number)

    @overload
    def get(self, key: str, /) -> WordEntry | None: ...
    @overload
    def get(self, key: str, /, default: WordEntry) -> WordEntry: ...
    @overload
    def get(self, key: str, /, default: Any) -> Any: ...
    def get(self, key: str, /, default: Any = None) -> Any:
        """Return what is known of a word. It is asked several times a word, so it does without an exception."""
        number = self._numbers.get(key)
        return default if number is None else self._entries.get(number) or self._entry(number)

    def __contains__(self, word: object) -> bool:
        return word in self._numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def _entry(self, number: int) -> WordEntry:
        places = self._places[number]
        entry = self._entries[number] = WordEntry(
            self._counts[number],
            tuple(self._classes[number].tolist()),
            tuple((self._kinds[number] / 255).tolist()),
            tuple(places.split(",")) if places else (),
        )
        return entry
