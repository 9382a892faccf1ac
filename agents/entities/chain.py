"""Linear chains over a batch of sentences: tag probabilities (Lafferty et al., 2001; scaling as in Rabiner, 1989)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Layout:
    """Sentences that lie end to end, read side by side: the longest first, so that those still under way at a step are
    the first of all.

    Attributes:
        lengths: [sentences] tokens of each, the longest first.
        active: how many sentences are still under way at each step.
        ranks: [tokens] which of the sentences a token is of.
        steps: [tokens] when a token is read from the front; `backs`: from the end.
    """

    lengths: Places
    active: list[int]
    ranks: Places
    steps: Places
    backs: Places

    @classmethod
    def of(cls, lengths: Sequence[int]) -> Layout:
        """The layout of sentences of these lengths, none 0."""
        sizes = np.asarray(lengths, dtype=np.intp)
        starts = np.cumsum(sizes) - sizes
        order = np.argsort(-sizes, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        active = np.cumsum(np.bincount(sizes, minlength=int(sizes.max()) + 1)[::-1])[::-1][1:]
        steps = np.arange(sizes.sum()) - np.repeat(starts, sizes)
        backs = np.repeat(sizes, sizes) - 1 - steps
        return cls(sizes[order], active.tolist(), np.repeat(rank, sizes), steps, backs)


def marginals(scores: Floats, transitions: Floats, layout: Layout) -> Floats:
    """Probability of each tag at each token; several chains over the same sentences in one pass.

    Args:
        scores: [chains, tokens, tags] log potentials, the sentences one after the other.
        transitions: [chains, tags, tags] log potentials, from row to column.
        layout: of the sentences.

    Returns:
        [chains, tokens, tags]; every row adds up to 1.
    """
    chains, _, width = scores.shape
    # Both directions in one pass: what the tokens before say, and, each sentence from its end, the tokens behind.
    moves = np.exp(np.stack([transitions, transitions.transpose(0, 2, 1)]))
    emitted = np.ones((len(layout.active), 2, chains, len(layout.lengths), width), dtype=scores.dtype)
    likely = np.exp(scores - scores.max(axis=2, keepdims=True)).transpose(1, 0, 2)
    emitted[layout.steps, 0, :, layout.ranks] = emitted[layout.backs, 1, :, layout.ranks] = likely
    messages = np.ones_like(emitted)
    for step in range(1, len(layout.active)):
        count = layout.active[step]
        message = (messages[step - 1, :, :, :count] * emitted[step - 1, :, :, :count]) @ moves
        messages[step, :, :, :count] = message / message.sum(axis=3, keepdims=True)
    before = messages[layout.steps, 0, :, layout.ranks] * likely
    joint = before * messages[layout.backs, 1, :, layout.ranks]
    result: Floats = (joint / joint.sum(axis=2, keepdims=True)).transpose(1, 0, 2)
    return result
