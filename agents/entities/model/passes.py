"""Compute the tag probabilities of many sentences in passes over those of like lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.forward_backward import side_by_side

Floats = NDArray[np.float32]

# Most steps times sentences of one pass. Memory grows with them; beyond this, waiting for memory costs more time than
# longer passes save.
_MOST_CELLS = 1 << 12
# No sentence of the news is as long, only lists without a stop. Longer sentences are tagged in pieces, which bounds
# memory.
_LONGEST_SENTENCE = 1024


def in_passes(lengths: Sequence[int], compute: Callable[[Sequence[tuple[int, slice]]], Floats]) -> Floats:
    """Compute the probability of each tag.

    Args:
        lengths: tokens of each sentence, none 0.
        compute: computes [tokens, tags] of parts of sentences one after the other; each part is the number of a
            sentence and which of its tokens.

    Returns:
        [tokens, tags] of the sentences one after the other; each row adds up to 1.
    """
    parts = [
        (number, slice(start, min(start + _LONGEST_SENTENCE, length)))
        for number, length in enumerate(lengths)
        for start in range(0, length, _LONGEST_SENTENCE)
    ]
    sizes = np.array([part.stop - part.start for _, part in parts], dtype=np.intp)
    starts = np.cumsum(sizes) - sizes
    result = np.empty((sizes.sum(), len(TAGS)), dtype=np.float32)
    for group in side_by_side(sizes.tolist(), _MOST_CELLS):
        rows = np.concatenate([np.arange(starts[each], starts[each] + sizes[each]) for each in group])
        result[rows] = compute([parts[each] for each in group])
    return result
