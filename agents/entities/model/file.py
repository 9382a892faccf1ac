"""The shipped model file: word statistics, the linear tagger and the networks, compressed."""

from __future__ import annotations

import io
import lzma
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.entities.model.cnn import Layers, Networks, unpacked
from agents.entities.model.crf import LinearModel
from agents.entities.model.features import FeatureCache, WordEntry
from streams.errors import OperatorError

SHIPPED = Path(__file__).parents[1] / "models" / "tagger.xz"


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that training makes.

    Attributes:
        vectors: [vectors, views·width] of the first words.
        width: dimensions of one view.
        linear: the conditional random field, and with it what is known of words, the most frequent first.
        networks: parameters of each network.
    """

    vectors: NDArray[np.int8]
    width: int
    linear: LinearModel
    networks: tuple[Layers, ...]

    @property
    def words(self) -> Mapping[str, WordEntry]:
        """What is known of words."""
        return self.linear.features.words

    def joined(self) -> Networks:
        """The networks, ready to run side by side."""
        numbers = {word: number for number, word in zip(range(len(self.vectors)), self.words, strict=False)}
        return Networks(self.linear.features, numbers, unpacked(self.vectors, self.width), self.networks)


def read_shipped(networks: int) -> Model:
    """Read the model that ships with the code, with its first `networks` networks.

    Raises:
        OperatorError: the file cannot be read, or is not one that this code wrote.
    """
    try:
        return load(SHIPPED, networks)
    except (OSError, ValueError) as error:
        raise OperatorError(str(error), hint="install rasd again, or make train-entities") from error


def save(model: Model, path: Path) -> None:
    """Write the model, the same bytes for the same model."""
    entries = list(model.words.values())
    names = sorted(model.linear.weights)
    buffer = io.BytesIO()
    for array in (
        _lines(model.words),
        np.array([entry.count for entry in entries], dtype=np.uint32),
        np.array([entry.classes for entry in entries], dtype=np.int16),
        np.rint(255 * np.array([entry.kinds for entry in entries])).astype(np.uint8),
        _lines(",".join(entry.places) for entry in entries),
        model.vectors,
        np.array(model.width),
        _lines(names),
        np.array([model.linear.weights[name] for name in names], dtype=np.float16),
        model.linear.transitions.astype(np.float32),
        *(array.astype(np.float16) for layers in model.networks for array in _arrays(layers)),
    ):
        np.save(buffer, array, allow_pickle=False)
    path.write_bytes(lzma.compress(buffer.getvalue(), preset=9))


def load(path: Path, networks: int) -> Model:
    """Read a model that `save` wrote.

    Args:
        networks: how many of its networks to read.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such model, or has fewer networks.
    """
    try:
        buffer = io.BytesIO(lzma.decompress(path.read_bytes()))
        words, counts, classes, kinds, places, vectors, width, names, weights, transitions = _read(buffer, 10)
        layers = tuple(Layers(*(part.astype(np.float32) for part in _read(buffer, _PARTS))) for _ in range(networks))
    except (lzma.LZMAError, EOFError, ValueError) as error:
        raise ValueError(f"{path}: damaged model: {error}") from error
    rows = zip(
        counts.tolist(),
        map(tuple, classes.tolist()),
        map(tuple, (kinds / 255).tolist()),
        (tuple(letters.split(",")) if letters else () for letters in _strings(places)),
        strict=True,
    )
    known = dict(zip(_strings(words), (WordEntry(*row) for row in rows), strict=True))
    linear = LinearModel(
        FeatureCache(known), dict(zip(_strings(names), weights.astype(np.float32), strict=True)), transitions
    )
    return Model(vectors, int(width), linear, layers)


_PARTS = len(fields(Layers))


def _arrays(layers: Layers) -> Sequence[NDArray[np.float32]]:
    return astuple(layers)


def _read(buffer: io.BytesIO, count: int) -> list[NDArray[Any]]:
    return [np.load(buffer, allow_pickle=False) for _ in range(count)]


def _lines(strings: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(strings).encode(), dtype=np.uint8)


def _strings(lines: NDArray[Any]) -> list[str]:
    return lines.tobytes().decode().split("\n")
