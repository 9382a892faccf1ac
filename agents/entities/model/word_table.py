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
        # The number of each word, and its entry from the first time on that it is asked for.
        self._entries: dict[str, int | WordEntry] = dict(zip(texts, range(len(texts)), strict=True))
        self._counts = counts
        self._classes = classes
        self._kinds = kinds
        self._places = places

    def __getitem__(self, word: str) -> WordEntry:
        found = self._entries[word]
        return self._entry(word, found) if isinstance(found, int) else found

    @overload
    def get(self, key: str, /) -> WordEntry | None: ...
    @overload
    def get(self, key: str, /, default: WordEntry) -> WordEntry: ...
    @overload
    def get(self, key: str, /, default: Any) -> Any: ...
    def get(self, key: str, /, default: Any = None) -> Any:
        """Return what is known of a word. It is asked several times a word, so it does without an exception."""
        found = self._entries.get(key, default)
        return self._entry(key, found) if found.__class__ is int else found

    def __contains__(self, word: object) -> bool:
        return word in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _entry(self, word: str, number: int) -> WordEntry:
        places = self._places[number]
        entry = self._entries[word] = WordEntry(
            self._counts[number],
            tuple(self._classes[number].tolist()),
            tuple((self._kinds[number] / 255).tolist()),
            tuple(places.split(",")) if places else (),
        )
        return entry
