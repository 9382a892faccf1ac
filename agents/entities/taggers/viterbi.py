"""Decode the probabilities of tags to tags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import BREAKS, TAGS

Floats = NDArray[np.float32]

# Taggers trained on few names miss new ones, so the probability of O is multiplied by this. Cross-validated
# (docs/experiments/entities.md).
_PREFERENCE = np.array([0.67, *(1.0 for _ in TAGS[1:])], dtype=np.float32)
_BREAKS = np.array(BREAKS)
# Below any sum of logarithms of probabilities, and finite.
_NEVER = -1e4


def decode(probabilities: Floats, lengths: Sequence[int]) -> tuple[list[str], list[float]]:
    """Choose the likeliest sequence of tags in which every I- continues an entity of its class (Viterbi, 1967).

    Where the likeliest tag of each token makes such a sequence, no search is needed.

    Args:
        probabilities: [tokens, tags] of sentences one after the other.
        lengths: [sentences] in tokens.

    Returns:
        [tokens] the tags, and [tokens] the probability of each.
    """
    chances = probabilities * _PREFERENCE
    path = chances.argmax(axis=1)
    ends = np.cumsum(lengths)
    before = np.concatenate([[0], path[:-1]])
    before[ends[:-1]] = 0
    for number in np.unique(np.searchsorted(ends, np.flatnonzero(_BREAKS[before, path]), side="right")).tolist():
        here = slice(int(ends[number]) - lengths[number], int(ends[number]))
        path[here] = _best(np.log(np.maximum(chances[here], 1e-9)))
    return [TAGS[number] for number in path.tolist()], probabilities[np.arange(len(path)), path].tolist()


def _best(chances: Floats) -> list[int]:
    """Find the path of the highest sum through [tokens, tags] log probabilities."""
    penalties = np.where(_BREAKS, _NEVER, 0.0)
    best = chances[0] + penalties[0]
    came: list[NDArray[np.intp]] = []
    for row in chances[1:]:
        sums = best[:, None] + penalties
        came.append(sums.argmax(axis=0))
        best = sums.max(axis=0) + row
    path = [int(best.argmax())]
    for step in reversed(came):
        path.append(int(step[path[-1]]))
    return path[::-1]
