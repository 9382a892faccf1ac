"""Run the conditional random field: the scores of a tag are sums of the rows of the words around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.features import BEYOND, OFFSETS, FeatureCache, WordFeatures
from agents.entities.model.forward_backward import SentenceLayout, marginals
from agents.entities.model.row_cache import RowCache

Floats = NDArray[np.float32]

_REACH = max(OFFSETS)
_BESIDE = [OFFSETS.index(-1), OFFSETS.index(1)]
# Rows of 49 floats: 40 MB at most.
_CACHED_WORDS = 200_000
# The column of each distance, as the names of features write it.
_COLUMNS = {str(offset): column for column, offset in enumerate(OFFSETS)}


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Hold a trained linear chain (Lafferty et al., 2001), and score sentences by it.

    Attributes:
        features: extracts the features of a word.
        weights: [tags] for each feature; a feature's name begins with the distance of its word (-1w=…).
        transitions: [tags, tags] log potentials from row to column.
    """

    features: FeatureCache
    weights: Mapping[str, Floats]
    transitions: Floats
    _matrix: Floats = field(init=False)
    _numbers: dict[str, int] = field(init=False)
    _edge: Floats = field(init=False)
    _rows: RowCache = field(init=False)

    def __post_init__(self) -> None:
        # One row holds a feature's weights at all distances, 0 where it is not seen. Row 0, all zeros, is reserved for
        # features without any weight.
        numbers: dict[str, int] = {}
        rows: list[int] = []
        columns: list[int] = []
        for name in self.weights:
            start = 2 if name[0] == "-" else 1
            columns.append(_COLUMNS[name[:start]])
            rows.append(numbers.setdefault(name[start:], len(numbers) + 1))
        matrix = np.zeros((len(numbers) + 1, len(OFFSETS), len(TAGS)), dtype=np.float32)
        if rows:
            matrix[rows, columns] = list(self.weights.values())
        object.__setattr__(self, "_matrix", matrix)
        object.__setattr__(self, "_numbers", numbers)
        object.__setattr__(self, "_edge", self._sums([BEYOND]))
        object.__setattr__(self, "_rows", RowCache(self._compute, matrix.shape[1:], np.float32, _CACHED_WORDS))

    def scores(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """Compute [tokens, tags] log potentials of the sentences one after the other, none of them empty."""
        rows = self._rows([token for tokens in sentences for token in tokens])
        gaps = _REACH * np.arange(1, len(sentences) + 1)
        here = np.arange(len(rows)) + np.repeat(gaps, [len(tokens) for tokens in sentences])
        stacked = np.broadcast_to(self._edge, (here[-1] + 1 + _REACH, *rows.shape[1:])).copy()
        stacked[here] = rows
        total = np.zeros((len(here), len(TAGS)), dtype=np.float32)
        for index, offset in enumerate(OFFSETS):
            total += stacked[here + offset, index]
        return total

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """Compute [tokens, tags] probabilities; arguments as those of `scores`, and each row adds up to 1."""
        layout = SentenceLayout.of([len(tokens) for tokens in sentences])
        result: Floats = marginals(self.scores(sentences)[None], self.transitions[None], layout)[0]
        return result

    def _compute(self, words: Sequence[str]) -> Floats:
        return self._sums([self.features(word) for word in words])

    def _sums(self, seen: Sequence[WordFeatures]) -> Floats:
        """Compute [words, offsets, tags]: what each word adds to the scores of the tags around it."""
        found = [list(map(self._numbers.get, features.names + features.kinds, repeat(0))) for features in seen]
        starts = np.cumsum([0, *map(len, found[:-1])])
        # The token at distance +1 is tagged with this word at distance -1, and the reverse.
        sums: Floats = np.add.reduceat(self._matrix[list(chain.from_iterable(found))], starts, axis=0)
        beside = [(row, self._numbers.get(name, 0)) for row, word in enumerate(seen) for name in word.beside]
        if beside:
            rows, numbers = np.array(beside).T
            np.add.at(sums, (rows[:, None], _BESIDE), self._matrix[numbers[:, None], _BESIDE])
        return sums
