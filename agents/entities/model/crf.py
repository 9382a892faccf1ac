"""The linear tagger: a conditional random field as the sum of what each word says of the tags around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.features import BEYOND, OFFSETS, FeatureCache, WordFeatures
from agents.entities.model.forward_backward import Layout, marginals
from agents.entities.model.row_cache import RowCache

Floats = NDArray[np.float32]

_REACH = max(OFFSETS)
_BESIDE = [OFFSETS.index(-1), OFFSETS.index(1)]
# Rows of 49 floats: 40 MB at most.
_CACHED_WORDS = 200_000
_DISTANCE = re.compile(r"(-?\d)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A trained linear chain.

    Attributes:
        features: the features of a word.
        weights: [tags] of each feature; a feature's name begins with the distance of its word (-1w=…).
        transitions: [tags, tags] from row to column.
    """

    features: FeatureCache
    weights: Mapping[str, Floats]
    transitions: Floats
    _matrix: Floats = field(init=False)
    _numbers: dict[str, int] = field(init=False)
    _edge: Floats = field(init=False)
    _rows: RowCache = field(init=False)

    def __post_init__(self) -> None:
        # A feature that is not seen at some distance has no weight there: one row of zeros and weights serves all.
        # Row 0 is nothing: it stands for the features that have no weight at all.
        numbers: dict[str, int] = {}
        places: list[tuple[int, int]] = []
        for name in self.weights:
            distance, rest = _DISTANCE.match(name).groups()  # type: ignore[union-attr]
            places.append((numbers.setdefault(rest, len(numbers) + 1), OFFSETS.index(int(distance))))
        matrix = np.zeros((len(numbers) + 1, len(OFFSETS), len(TAGS)), dtype=np.float32)
        for (row, column), weight in zip(places, self.weights.values(), strict=True):
            matrix[row, column] = weight
        object.__setattr__(self, "_matrix", matrix)
        object.__setattr__(self, "_numbers", numbers)
        object.__setattr__(self, "_edge", self._sums([BEYOND]))
        object.__setattr__(self, "_rows", RowCache(self._compute, matrix.shape[1:], np.float32, _CACHED_WORDS))

    def scores(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[tokens, tags] of the sentences one after the other, none of them empty."""
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
        """[tokens, tags]; every row adds up to 1."""
        layout = Layout.of([len(tokens) for tokens in sentences])
        result: Floats = marginals(self.scores(sentences)[None], self.transitions[None], layout)[0]
        return result

    def _compute(self, words: Sequence[str]) -> Floats:
        return self._sums([self.features(word) for word in words])

    def _sums(self, seen: Sequence[WordFeatures]) -> Floats:
        """[words, offsets, tags]: what each word adds to the tags of the tokens around it."""
        found = [list(map(self._numbers.get, features.names + features.kinds, repeat(0))) for features in seen]
        starts = np.cumsum([0, *map(len, found[:-1])])
        # The token at distance +1 is tagged with this word at distance -1, and the reverse.
        sums: Floats = np.add.reduceat(self._matrix[list(chain.from_iterable(found))], starts, axis=0)
        beside = [(row, self._numbers.get(name, 0)) for row, word in enumerate(seen) for name in word.beside]
        if beside:
            rows, numbers = np.array(beside).T
            np.add.at(sums, (rows[:, None], _BESIDE), self._matrix[numbers[:, None], _BESIDE])
        return sums
