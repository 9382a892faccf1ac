"""Tag probabilities of a linear chain for a batch of sentences (Lafferty et al., 2001; scaling as in Rabiner, 1989)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where each token of the batch stands: sentences longest first, so that step t has the first `active[t]` rows."""

    rows: NDArray[np.intp]
    steps: NDArray[np.intp]
    active: NDArray[np.intp]
    lengths: NDArray[np.intp]

    @classmethod
    def of(cls, lengths: Sequence[int]) -> _Layout:
        sizes = np.asarray(lengths, dtype=np.intp)
        order = np.argsort(-sizes, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        starts = np.cumsum(sizes) - sizes
        steps = np.arange(sizes.sum()) - np.repeat(starts, sizes)
        active = (sizes[order][None, :] > np.arange(sizes.max())[:, None]).sum(axis=1)
        return cls(np.repeat(rank, sizes), steps, active, sizes[order])


def marginals(scores: Floats, transitions: Floats, lengths: Sequence[int]) -> Floats:
    """Probability of each tag at each token.

    Args:
        scores: [tokens, tags] log potentials, the sentences one after the other.
        transitions: [tags, tags] log potentials, from row to column.
        lengths: tokens of each sentence, none 0; they add up to the rows of `scores`.

    Returns:
        [tokens, tags]; every row adds up to 1.
    """
    layout = _Layout.of(lengths)
    steps, width = len(layout.active), scores.shape[1]
    moves = np.exp(transitions)
    emitted = np.ones((steps, len(lengths), width), dtype=np.float32)
    emitted[layout.steps, layout.rows] = np.exp(scores - scores.max(axis=1, keepdims=True))
    forward = emitted.copy()
    for t in range(steps):
        n = layout.active[t]
        if t:
            forward[t, :n] *= forward[t - 1, :n] @ moves
        forward[t, :n] /= forward[t, :n].sum(axis=1, keepdims=True)
    # The backward message of a finished row is all ones, which is what the array begins with.
    emitted = np.ones_like(forward)
    emitted[layout.steps, layout.rows] = np.exp(scores - scores.max(axis=1, keepdims=True))
    backward = np.ones_like(forward)
    for t in range(steps - 2, -1, -1):
        n = layout.active[t + 1]
        message = (emitted[t + 1, :n] * backward[t + 1, :n]) @ moves.T
        backward[t, :n] = message / message.sum(axis=1, keepdims=True)
    joint = forward[layout.steps, layout.rows] * backward[layout.steps, layout.rows]
    result: Floats = joint / joint.sum(axis=1, keepdims=True)
    return result
