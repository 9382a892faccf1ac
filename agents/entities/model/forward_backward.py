"""Run linear chains over a batch of sentences by the forward-backward algorithm.

Sources: Lafferty et al. (2001); scaling as in Rabiner (1989).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class SentenceLayout:
    """Index the tokens of sentences that are stored end to end and read side by side, one token of each in a step.

    Sentences are ranked by length, the longest first, so that those not yet read to their end come first in every step.

    Attributes:
        lengths: [sentences] tokens of each sentence, by rank.
        active: [steps] how many sentences have a token at each step.
        ranks: [tokens] the rank of the token's sentence.
        steps: [tokens] the step at which a token is read from the front.
        backs: [tokens] the step at which it is read from the end.
    """

    lengths: Indices
    active: list[int]
    ranks: Indices
    steps: Indices
    backs: Indices

    @classmethod
    def of(cls, lengths: Sequence[int]) -> SentenceLayout:
        """Lay out sentences of these lengths, in tokens, none 0."""
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
    """Group sentences of like lengths to be read together, the longest ones first.

    Args:
        lengths: [sentences] in tokens.
        cells: most sentences times tokens of the longest in a group; a longer sentence is a group of its own. Memory is
            proportional to it: an endless sentence grouped with a thousand short ones would take a thousand times its
            own memory.

    Yields:
        The indices in `lengths` of a group's sentences.
    """
    group: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        if group and (len(group) + 1) * lengths[group[0]] > cells:
            yield group
            group = []
        group.append(index)
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class Expectations:
    """Hold the expectations of chains over a batch of sentences.

    Attributes:
        tags: [chains, tokens, tags] probability of each tag.
        transitions: [chains, tags, tags] expected number of each transition.
        log_sums: [chains] logarithm of the sum over all paths, added up over all sentences.
    """

    tags: Floats
    transitions: Floats
    log_sums: Floats


def marginals(scores: Floats, transitions: Floats, layout: SentenceLayout) -> Floats:
    """Compute the probability of each tag at each token, for several chains over the same sentences in one pass.

    Args:
        scores: [chains, tokens, tags] log potentials, the sentences one after the other.
        transitions: [chains, tags, tags] log potentials, from row to column.
        layout: layout of the sentences.

    Returns:
        [chains, tokens, tags]; each row adds up to 1.
    """
    emitted, messages, _ = _messages(scores, transitions, layout)
    before = messages[layout.steps, 0, :, layout.ranks] * emitted[layout.steps, 0, :, layout.ranks]
    joint = before * messages[layout.backs, 1, :, layout.ranks]
    result: Floats = (joint / joint.sum(axis=2, keepdims=True)).transpose(1, 0, 2)
    return result


def expectations(scores: Floats, transitions: Floats, layout: SentenceLayout) -> Expectations:
    """Compute what a gradient of the log likelihood needs; arguments as those of `marginals`."""
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


def _messages(scores: Floats, transitions: Floats, layout: SentenceLayout) -> tuple[Floats, Floats, Floats]:
    """Pass messages forwards and backwards at once; arguments as those of `marginals`.

    Returns:
        [steps, 2, chains, sentences, tags] potentials, and messages that add up to 1, with direction 0 from the front
        and 1 from the end; [chains] log sums of paths, for scores less their largest at each token.
    """
    chains, _, width = scores.shape
    potentials = np.exp(np.stack([transitions, transitions.transpose(0, 2, 1)]))
    emitted = np.ones((len(layout.active), 2, chains, len(layout.lengths), width), dtype=scores.dtype)
    likely = np.exp(scores - scores.max(axis=2, keepdims=True)).transpose(1, 0, 2)
    emitted[layout.steps, 0, :, layout.ranks] = emitted[layout.backs, 1, :, layout.ranks] = likely
    messages = np.ones_like(emitted)
    norms = np.ones_like(emitted[:, 0, :, :, 0])
    for step in range(1, len(layout.active)):
        count = layout.active[step]
        message = (messages[step - 1, :, :, :count] * emitted[step - 1, :, :, :count]) @ potentials
        norm = message.sum(axis=3, keepdims=True)
        messages[step, :, :, :count] = message / norm
        norms[step, :, :count] = norm[0, ..., 0]
    ranks = np.arange(len(layout.lengths))
    last = (messages * emitted)[layout.lengths - 1, 0, :, ranks].sum(axis=2)
    log_sums: Floats = np.log(norms).sum(axis=(0, 2)) + np.log(last).sum(axis=0)
    return emitted, messages, log_sums
