"""A network that reads context vectors beside what the other models know of words, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.entities.model.cnn import Layers, Networks
from agents.entities.model.context import UNKNOWN, ContextVectors, context_vectors
from agents.entities.model.file import LAYERS, Layout, layers_of, lines, read, reading_shipped, strings, write
from agents.entities.model.pieces import Pieces

Floats = NDArray[np.float32]

SHIPPED = Path(__file__).parents[1] / "models" / "accurate.safetensors"

_HINT = "install rasd again, or make train-accurate"
_LAYOUT = Layout(
    "rasd-context-tagger",
    1,
    {
        "encoder": ("uint8", ("bytes of the ONNX model",)),
        "pieces.text": ("uint8", ("bytes of pieces.text",)),  # with a newline between two
        "pieces.scores": ("float32", ("pieces",)),
    },
    LAYERS | {"context": ("context width", "states")},
)


@dataclass(frozen=True, slots=True)
class ContextNetwork:
    """Hold a network that reads context vectors, and what computes them. Safe to call from several threads.

    Attributes:
        networks: one network.
        context: computes the context vectors of a sentence.
    """

    networks: Networks
    context: ContextVectors

    def vectors(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """Compute [tokens, C], the context vectors of sentences one after the other.

        Args:
            sentences: tokens of each sentence as printed, none empty.
        """
        return np.concatenate([self.context(tokens) for tokens in sentences])


def save(encoder: bytes, scores: dict[str, float], layers: Layers, path: Path) -> None:
    """Write the file; equal arguments give equal bytes.

    Args:
        encoder: the ONNX model that computes context vectors.
        scores: log probability of each piece of words that it reads, in the order of their ids.
        layers: the network.
        path: of the file.
    """
    tensors: dict[str, NDArray[Any]] = {
        "encoder": np.frombuffer(encoder, dtype=np.uint8),
        "pieces.text": lines(scores),
        "pieces.scores": np.array(list(scores.values()), dtype=np.float32),
    }
    write(_LAYOUT, tensors, [layers], path)


def load(path: Path, words: Networks) -> ContextNetwork:
    """Read a file that `save` wrote.

    Args:
        path: of the file.
        words: networks of the model file by which the network was trained, for what they know of words.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file or is damaged; the message is one line that begins with the path.
        ModuleNotFoundError: onnxruntime is not installed.
    """
    try:
        tensors, _ = read(_LAYOUT, path)
        scores = tensors["pieces.scores"].astype(np.float64).tolist()
        pieces = dict(zip(strings(tensors, "pieces.text", len(scores)), scores, strict=True))
        layers = layers_of(_LAYOUT, tensors, 0)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    context = context_vectors(tensors["encoder"].tobytes(), Pieces(pieces, UNKNOWN))
    return ContextNetwork(Networks(words.features, words.numbers, words.vectors, (layers,)), context)


def read_shipped(words: Networks) -> ContextNetwork:
    """Read the network that ships with the code; arguments as those of `load`.

    Raises:
        OperatorError: the file cannot be read.
        ModuleNotFoundError: onnxruntime is not installed.
    """
    with reading_shipped(SHIPPED, _HINT):
        return load(SHIPPED, words)
