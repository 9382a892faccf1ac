"""The linear tagger: a conditional random field as the sum of what each word says of the tags around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.chain import marginals
from agents.entities.features import OFFSETS, OUTSIDE, FeatureCache, WordFeatures

Floats = NDArray[np.float32]

_REACH = max(OFFSETS)
# Rows of 49 floats: 40 MB at most.
_CACHED_WORDS = 200_000
_DISTANCE = re.compile(r"(-?\d)(.*)", re.DOTALL)
_BEYOND = WordFeatures((OUTSIDE,), (OUTSIDE,), (OUTSIDE,))


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
    _numbers: tuple[dict[str, int], ...] = field(init=False)
    _rows: dict[str, Floats] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        numbers: dict[int, dict[str, int]] = {offset: {} for offset in OFFSETS}
        for number, name in enumerate(self.weights, start=1):
            offset, rest = _DISTANCE.match(name).groups()  # type: ignore[union-attr]
            numbers[int(offset)][rest] = number
        # Row 0 is nothing: it stands for the features that have no weight.
        matrix = np.stack([np.zeros(len(TAGS), dtype=np.float32), *self.weights.values()])
        object.__setattr__(self, "_matrix", matrix)
        object.__setattr__(self, "_numbers", tuple(numbers[offset] for offset in OFFSETS))

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
            row = self._rows[key] = self._sum(self.features(word) if word else _BEYOND)
        return row

    def _sum(self, features: WordFeatures) -> Floats:
        # The token at distance +1 is tagged with this word at distance -1, and the reverse.
        found: list[int] = []
        starts: list[int] = []
        for offset, numbers in zip(OFFSETS, self._numbers, strict=True):
            starts.append(len(found))
            found.append(0)
            found += [number for name in features.at(offset) if (number := numbers.get(name))]
        row: Floats = np.add.reduceat(self._matrix[found], starts, axis=0)[None]
        return row
