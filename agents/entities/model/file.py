"""Write and read model files: that of word statistics, the random field and the networks, and others of this layout.

The format is safetensors (a length, a JSON header with the name, type, shape and offsets of each tensor, the tensors),
so that other programs can read the file too. What safetensors leaves open is ours, in its one metadata entry `rasd`, a
JSON object:

- `format`, `version`: the name and the number of the layout of the tensors (`Layout`).
- `tags`: the order of all axes of tags.
- `sha256`: digest of the names, types, shapes and bytes of all tensors, since safetensors has no checksum.

`_TENSORS` and `LAYERS` list the tensors.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from agents.entities.bio import TAGS, TYPES
from agents.entities.model.cnn import BUCKETS, Layers, Networks, PackedVectors
from agents.entities.model.crf import LinearModel
from agents.entities.model.features import FeatureCache, WordEntry
from agents.entities.model.word_table import WordTable
from streams.errors import OperatorError

SHIPPED = Path(__file__).parents[1] / "models" / "tagger.safetensors"

# A single entry: safetensors writes several in random order, and equal models are to give equal bytes.
_METADATA = "rasd"
_HINT = "install rasd again, or make train-entities"

Shape = tuple[int | str, ...]
_T = len(TAGS)
# Type and shape of each tensor. A size with a name is the same in all tensors: `words` of them, `vectors` of the first
# ones. Texts are UTF-8 with a newline between two: words, the most frequent first; the `places` of each word
# (`WordEntry`), with commas between; names of the random field's features, sorted.
_TENSORS: dict[str, tuple[str, Shape]] = {
    "words.text": ("uint8", ("bytes of words.text",)),
    "words.count": ("uint32", ("words",)),
    "words.classes": ("int16", ("words", "granularities")),
    "words.kinds": ("uint8", ("words", len(TYPES))),  # in steps of 1/255
    "words.places": ("uint8", ("bytes of words.places",)),
    "vectors": ("int8", ("vectors", "views", "width")),
    "crf.features": ("uint8", ("bytes of crf.features",)),
    "crf.weights": ("float16", ("features", _T)),
    "crf.transitions": ("float32", (_T, _T)),
}
# The tensors of network N are float16 and named cnn.N.field, after the fields of `Layers`.
LAYERS: dict[str, Shape] = {
    "features": (BUCKETS, "feature width"),
    "first": ("input", 5, "states"),
    "first_bias": ("states",),
    "second": ("states", 3, "states"),
    "second_bias": ("states",),
    "third": ("states", 3, "states"),
    "third_bias": ("states",),
    "last": ("states", _T),
    "last_bias": (_T,),
    "transitions": (_T, _T),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Describe the tensors of a file.

    Attributes:
        name: of the format, in the file's metadata.
        version: of the format.
        tensors: type and shape of each tensor but those of networks.
        layers: shape of each tensor of a network, without its `cnn.N.`.
    """

    name: str
    version: int
    tensors: Mapping[str, tuple[str, Shape]]
    layers: Mapping[str, Shape]


_TAGGER = Layout("rasd-tagger", 1, _TENSORS, LAYERS)


@dataclass(frozen=True, slots=True)
class Model:
    """Hold everything that training makes.

    Attributes:
        vectors: [V, views·width] of the first V words, in steps of 1/127 of a row's largest component.
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
        """Return what is known of normalised words, the most frequent first."""
        return self.linear.features.words

    def joined(self) -> Networks:
        """Return the networks side by side."""
        numbers = {word: number for number, word in zip(range(len(self.vectors)), self.words, strict=False)}
        return Networks(self.linear.features, numbers, PackedVectors(self.vectors, self.width), self.networks)


def read_shipped(networks: int) -> Model:
    """Read the model that ships with the code, with its first `networks` networks.

    Raises:
        OperatorError: the file cannot be read, or is not one that this code wrote.
    """
    with reading_shipped(SHIPPED, _HINT):
        return load(SHIPPED, networks)


@contextmanager
def reading_shipped(path: Path, hint: str) -> Iterator[None]:
    """Raise `OperatorError` with this hint where a file that ships with the code cannot be read or is another."""
    try:
        yield
    except OSError as error:
        raise OperatorError(f"{path}: {error}", hint=hint) from error
    except ValueError as error:
        raise OperatorError(str(error), hint=hint) from error


def save(model: Model, path: Path) -> None:
    """Write the model; equal models give equal bytes."""
    entries = list(model.words.values())
    names = sorted(model.linear.weights)
    tensors = {
        "words.text": lines(model.words),
        "words.count": np.array([entry.count for entry in entries], dtype=np.uint32),
        "words.classes": np.array([entry.classes for entry in entries], dtype=np.int16),
        "words.kinds": np.rint(255 * np.array([entry.kinds for entry in entries])).astype(np.uint8),
        "words.places": lines(",".join(entry.places) for entry in entries),
        "vectors": model.vectors.reshape(len(model.vectors), -1, model.width),
        "crf.features": lines(names),
        "crf.weights": np.array([model.linear.weights[name] for name in names], dtype=np.float16),
        "crf.transitions": model.linear.transitions.astype(np.float32),
    }
    write(_TAGGER, tensors, model.networks, path)


def write(layout: Layout, tensors: Mapping[str, NDArray[Any]], networks: Sequence[Layers], path: Path) -> None:
    """Write the tensors of a layout and those of its networks; equal ones give equal bytes."""
    tensors = dict(tensors)
    for number, layers in enumerate(networks):
        tensors |= {f"cnn.{number}.{name}": getattr(layers, name).astype(np.float16) for name in layout.layers}
    # safetensors takes the memory of an array as it lies, whatever its strides.
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    header = {
        "format": layout.name,
        "version": layout.version,
        "networks": len(networks),
        "tags": TAGS,
        "sha256": _digest(tensors),
    }
    save_file(tensors, path, {_METADATA: json.dumps(header)})


def load(path: Path, networks: int) -> Model:
    """Read a model that `save` wrote.

    Args:
        path: of the file.
        networks: how many of its networks to read, the first ones.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file, is damaged, is of another version, or has fewer networks; the message is one
            line that begins with the path.
    """
    try:
        return _model(*read(_TAGGER, path), networks)
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def _model(tensors: Mapping[str, NDArray[Any]], count: int, networks: int) -> Model:
    """Make the model of a file's tensors, of its `count` networks the first ones."""
    if count < networks:
        raise ValueError(f"{networks} networks are wanted, and the file has {count}")
    counts, weights = tensors["words.count"].tolist(), tensors["crf.weights"].astype(np.float32)
    words = WordTable(
        strings(tensors, "words.text", len(counts)),
        counts,
        tensors["words.classes"],
        tensors["words.kinds"],
        strings(tensors, "words.places", len(counts)),
    )
    names = strings(tensors, "crf.features", len(weights))
    linear = LinearModel(FeatureCache(words), dict(zip(names, weights, strict=True)), tensors["crf.transitions"])
    layers = tuple([layers_of(_TAGGER, tensors, number) for number in range(networks)])
    vectors = tensors["vectors"]
    return Model(vectors.reshape(len(vectors), -1), vectors.shape[2], linear, layers)


def layers_of(layout: Layout, tensors: Mapping[str, NDArray[Any]], number: int) -> Layers:
    """Return the parameters of one of a file's networks."""
    return Layers(**{name: tensors[f"cnn.{number}.{name}"].astype(np.float32) for name in layout.layers})


def read(layout: Layout, path: Path) -> tuple[dict[str, NDArray[Any]], int]:
    """Read the tensors of a file and check them.

    Returns:
        The tensors, and the number of networks.

    Raises:
        OSError: the file cannot be read.
        ValueError: as `load`, without the path.
    """
    try:
        with safe_open(path, framework="numpy", backend="pread") as file:
            header = _header(layout, file.metadata())
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no dict)
    except SafetensorError as error:
        raise ValueError(f"no safetensors file, or a damaged one: {error}") from error
    expected = dict(layout.tensors) | {
        f"cnn.{number}.{name}": ("float16", shape)
        for number in range(header["networks"])
        for name, shape in layout.layers.items()
    }
    if wrong := sorted(expected.keys() ^ found.keys()):
        raise ValueError(f"damaged model: tensor {wrong[0]} is {'missing' if wrong[0] in expected else 'unknown'}")
    sizes: dict[str, int] = {}
    for name, (dtype, shape) in expected.items():
        tensor = found[name]
        right = len(shape) == tensor.ndim and all(
            size == (sizes.setdefault(wanted, size) if isinstance(wanted, str) else wanted)
            for wanted, size in zip(shape, tensor.shape, strict=True)
        )
        if not right or tensor.dtype != dtype:
            raise ValueError(f"damaged model: tensor {name} is {tensor.dtype} {tensor.shape}, not {dtype} {shape}")
    if _digest(found) != header["sha256"]:
        raise ValueError("damaged model: the tensors do not have the SHA-256 that the file names")
    return found, header["networks"]


def _header(layout: Layout, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    """Read our part of a file's metadata.

    Raises:
        ValueError: there is none, or it is not of this format, version and order of tags.
    """
    try:
        header = json.loads((metadata or {}).get(_METADATA, "null"))
    except ValueError:
        header = None
    match header:
        case {"format": str(name), "version": int(version), "tags": [*tags], "networks": int(), "sha256": str()}:
            pass
        case _:
            raise ValueError(f"no model of the tagger: it has no metadata of {layout.name}")
    if name != layout.name:
        raise ValueError(f"no model of the tagger: its format is {name}, not {layout.name}")
    if version != layout.version:
        raise ValueError(f"{layout.name} version {version}; this code reads version {layout.version}")
    if tags != list(TAGS):
        raise ValueError(f"the order of its tags is {' '.join(map(str, tags))}; this code's is {' '.join(TAGS)}")
    return dict(header)


def _digest(tensors: Mapping[str, NDArray[Any]]) -> str:
    """Compute the SHA-256 of the names, types, shapes and bytes of contiguous tensors, in the order of their names."""
    digest = sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}\n".encode())
        digest.update(tensor.data)
    return digest.hexdigest()


def lines(strings: Iterable[str]) -> NDArray[np.uint8]:
    """Encode strings without newlines as a tensor."""
    return np.frombuffer("\n".join(strings).encode(), dtype=np.uint8)


def strings(tensors: Mapping[str, NDArray[Any]], name: str, count: int) -> list[str]:
    """Decode a tensor that `lines` encoded.

    Raises:
        ValueError: it has not `count` strings.
    """
    found = tensors[name].tobytes().decode().split("\n")
    if len(found) != count:
        raise ValueError(f"damaged model: tensor {name} has {len(found)} lines, not {count}")
    return found
