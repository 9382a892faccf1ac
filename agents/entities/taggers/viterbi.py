"""From the probabilities of tags to the tags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import BREAKS, TAGS

Floats = NDArray[np.float32]

# Taggers trained on few names are too shy of new ones: O has to be this much likelier than a name. Cross-validated
# (docs/explanation/entities.md).
_PREFERENCE = np.array([0.67, *(1.0 for _ in TAGS[1:])], dtype=np.float32)
_BREAKS = np.array(BREAKS)
# Far below any probability, and finite.
_NEVER = -1e4


def decode(probabilities: Floats, lengths: Sequence[int]) -> tuple[list[str], list[float]]:
    """The tags, in which every I- continues an entity of its class, and the probability of each.

    The likeliest tags together (Viterbi, 1967); where the likeliest tag of each token makes a whole, they are the same.

    Args:
        probabilities: [tokens, tags] of sentences one after the other.
        lengths: tokens of each sentence.
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
    """The path of the highest sum through [tokens, tags]."""
    moves = np.where(_BREAKS, _NEVER, 0.0)
    best = chances[0] + moves[0]
    came: list[NDArray[np.intp]] = []
    for row in chances[1:]:
        sums = best[:, None] + moves
        came.append(sums.argmax(axis=0))
        best = sums.max(axis=0) + row
    path = [int(best.argmax())]
    for step in reversed(came):
        path.append(int(step[path[-1]]))
    return path[::-1]
