"""Compute context vectors: what the lowest layers of a transformer make of each word in its sentence.

The layers are the first four of the twelve of multilingual-e5-small (Wang et al., 2024), with weights of 8 bits and the
pieces of words that Arabic news needs (`agents.entities.training.encoder_graph`). onnxruntime runs them: NumPy has no
product of whole numbers, and that of 32-bit numbers takes three times as long (docs/experiments/entities.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.entities.model.normalise import plain
from agents.entities.model.pieces import Pieces

Floats = NDArray[np.float32]

#: Ids of the pieces before and behind a sentence, and of the one for unknown characters, as XLM-R has them.
FIRST, LAST, UNKNOWN = 0, 2, 3
# Pieces of one run, without the two around them: the layers know 256 places.
_MOST_PIECES = 254
_LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class ContextVectors:
    """Run the layers over sentences. Safe to call from several threads.

    Attributes:
        pieces: splits words.
        session: an `onnxruntime.InferenceSession` with the input `ids`, [pieces], and one output, [pieces, C].
        width: number of components of a context vector, C.
    """

    pieces: Pieces
    session: Any
    width: int

    def __call__(self, tokens: Sequence[str]) -> Floats:
        """Compute [tokens, C], the mean over each token's pieces.

        A sentence is a run of its own: a run's numbers are rounded by the largest of them, and the vectors must not
        depend on other sentences.

        Args:
            tokens: of one sentence, as printed, not empty.
        """
        found = [self.pieces(plain(token)[:_LONGEST_WORD]) for token in tokens]
        counts = np.array([len(ids) for ids in found])
        ids = np.array([number for numbers in found for number in numbers], dtype=np.int64)
        states = np.empty((len(ids), self.width), dtype=np.float32)
        for start in range(0, len(ids), _MOST_PIECES):
            part = slice(start, start + _MOST_PIECES)
            states[part] = self.session.run(None, {"ids": np.array([FIRST, *ids[part], LAST])})[0][1:-1]
        sums = np.add.reduceat(states, np.cumsum(counts) - counts, axis=0)
        return np.asarray(sums / counts[:, None], dtype=np.float32)


def context_vectors(graph: bytes, pieces: Pieces) -> ContextVectors:
    """Load the layers.

    Args:
        graph: an ONNX model (`agents.entities.training.encoder_graph`).
        pieces: splits words into the ids that the model reads.

    Raises:
        ModuleNotFoundError: onnxruntime, of the extra `accurate`, is not installed.
    """
    import onnxruntime  # noqa: PLC0415  (an extra)

    options = onnxruntime.SessionOptions()
    # A worker has one core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return ContextVectors(pieces, session, int(session.get_outputs()[0].shape[1]))
