"""The linear tagger: a conditional random field as the sum of what each word says of the tags around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.chain import marginals
from agents.entities.features import OFFSETS, OUTSIDE, WordEntry, WordFeatures, word_features

Floats = NDArray[np.float32]

_REACH = max(OFFSETS)
# Rows of 49 floats: 40 MB at most.
_CACHED_WORDS = 200_000
_BEYOND = WordFeatures((OUTSIDE,), (OUTSIDE,), (OUTSIDE,))


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A trained linear chain.

    Attributes:
        words: what is known of each word of the unlabelled news.
        weights: [tags] of each feature; a feature's name begins with the distance of its word (-1w=…).
        transitions: [tags, tags] from row to column.
    """

    words: Mapping[str, WordEntry]
    weights: Mapping[str, Floats]
    transitions: Floats
    _rows: dict[str, Floats] = field(default_factory=dict)

    def scores(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[tokens, tags] of the sentences one after the other, none of them empty."""
        edge = [self._row(None)] * _REACH
        rows = list(edge)
        keep: list[NDArray[np.intp]] = []
        for tokens in sentences:
            keep.append(np.arange(len(rows), len(rows) + len(tokens)))
            rows += map(self._row, tokens)
            rows += edge
        stacked = np.concatenate(rows)
        here = np.concatenate(keep)
        total = np.zeros((len(here), len(TAGS)), dtype=np.float32)
        for index, offset in enumerate(OFFSETS):
            total += stacked[here + offset, index]
        return total

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[tokens, tags]; every row adds up to 1."""
        return marginals(self.scores(sentences), self.transitions, [len(tokens) for tokens in sentences])

    def _row(self, word: str | None) -> Floats:
        """[1, offsets, tags]: what a word adds to the tags of the tokens around it; None is beyond the sentence."""
        key = word or ""
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= _CACHED_WORDS:
                self._rows.clear()
            row = self._rows[key] = self._sum(word_features(word, self.words) if word else _BEYOND)
        return row

    def _sum(self, features: WordFeatures) -> Floats:
        row = np.zeros((1, len(OFFSETS), len(TAGS)), dtype=np.float32)
        for index, offset in enumerate(OFFSETS):
            # The token at distance +1 is tagged with this word at distance -1, and the reverse.
            for name in features.at(offset):
                weight = self.weights.get(f"{offset}{name}")
                if weight is not None:
                    row[0, index] += weight
        return row
