"""Linear chains over a batch of sentences: tag probabilities (Lafferty et al., 2001; scaling as in Rabiner, 1989)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        ends = np.cumsum(sizes)
        order = np.argsort(-sizes, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        active = np.cumsum(np.bincount(sizes, minlength=int(sizes.max()) + 1)[::-1])[::-1][1:]
        steps = np.arange(ends[-1]) - np.repeat(ends - sizes, sizes)
        backs = np.repeat(sizes, sizes) - 1 - steps
        return cls(sizes[order], active.tolist(), np.repeat(rank, sizes), steps, backs)


def side_by_side(lengths: Sequence[int], cells: int) -> Iterator[list[int]]:
    """Sentences to be read together, of like lengths, the longest ones first.

    Args:
        lengths: of the sentences.
        cells: most sentences of a group times its longest; a sentence that is longer still stands alone. Memory follows
            it: one endless sentence beside a thousand short ones would take a thousand times its own.

    Returns:
        The places in `lengths` of each group's sentences.
    """
    group: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        if group and (len(group) + 1) * lengths[group[0]] > cells:
            yield group
            group = []
        group.append(place)
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a chain expects of a batch.

    Attributes:
        tags: [chains, tokens, tags] probability of each tag.
        moves: [chains, tags, tags] expected number of each move.
        log_sums: [chains] logarithm of the sum over all paths, over all sentences.
    """

    tags: Floats
    moves: Floats
    log_sums: Floats


def marginals(scores: Floats, transitions: Floats, layout: Layout) -> Floats:
    """Probability of each tag at each token; several chains over the same sentences in one pass.

    Args:
        scores: [chains, tokens, tags] log potentials, the sentences one after the other.
        transitions: [chains, tags, tags] log potentials, from row to column.
        layout: of the sentences.

    Returns:
        [chains, tokens, tags]; every row adds up to 1.
    """
    emitted, messages, _ = _messages(scores, transitions, layout)
    before = messages[layout.steps, 0, :, layout.ranks] * emitted[layout.steps, 0, :, layout.ranks]
    joint = before * messages[layout.backs, 1, :, layout.ranks]
    result: Floats = (joint / joint.sum(axis=2, keepdims=True)).transpose(1, 0, 2)
    return result


def expectations(scores: Floats, transitions: Floats, layout: Layout) -> Expectations:
    """As `marginals`, with what a gradient needs besides."""
    emitted, messages, log_sums = _messages(scores, transitions, layout)
    before = messages[layout.steps, 0, :, layout.ranks] * emitted[layout.steps, 0, :, layout.ranks]
    behind = messages[layout.backs, 1, :, layout.ranks]
    tags = before * behind
    tags /= tags.sum(axis=2, keepdims=True)
    inner = np.flatnonzero(layout.steps > 0)
    behind = (behind * emitted[layout.backs, 1, :, layout.ranks])[inner]
    pairs = before[inner - 1][..., :, None] * np.exp(transitions) * behind[..., None, :]
    pairs /= pairs.sum(axis=(2, 3), keepdims=True)
    # `_messages` works on scores less their largest.
    log_sums = log_sums + scores.max(axis=2).sum(axis=1)
    return Expectations(tags.transpose(1, 0, 2), pairs.sum(axis=0), log_sums)


def _messages(scores: Floats, transitions: Floats, layout: Layout) -> tuple[Floats, Floats, Floats]:
    """Both directions in one pass: what the tokens before say, and, each sentence from its end, the tokens behind.

    Returns:
        [steps, 2, chains, sentences, tags] potentials, and messages that add up to 1; [chains] log sums.
    """
    chains, _, width = scores.shape
    moves = np.exp(np.stack([transitions, transitions.transpose(0, 2, 1)]))
    emitted = np.ones((len(layout.active), 2, chains, len(layout.lengths), width), dtype=scores.dtype)
    likely = np.exp(scores - scores.max(axis=2, keepdims=True)).transpose(1, 0, 2)
    emitted[layout.steps, 0, :, layout.ranks] = emitted[layout.backs, 1, :, layout.ranks] = likely
    messages = np.ones_like(emitted)
    norms = np.ones_like(emitted[:, 0, :, :, 0])
    for step in range(1, len(layout.active)):
        count = layout.active[step]
        message = (messages[step - 1, :, :, :count] * emitted[step - 1, :, :, :count]) @ moves
        norm = message.sum(axis=3, keepdims=True)
        messages[step, :, :, :count] = message / norm
        norms[step, :, :count] = norm[0, ..., 0]
    ranks = np.arange(len(layout.lengths))
    last = (messages * emitted)[layout.lengths - 1, 0, :, ranks].sum(axis=2)
    log_sums: Floats = np.log(norms).sum(axis=(0, 2)) + np.log(last).sum(axis=0)
    return emitted, messages, log_sums
