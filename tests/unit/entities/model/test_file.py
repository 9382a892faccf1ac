"""The model file: what is written is read, and anything else is refused in one line that names the file."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from agents.entities.bio import TAGS
from agents.entities.model import file as model_file
from agents.entities.model.crf import LinearModel
from agents.entities.model.features import FeatureCache, WordEntry
from agents.entities.model.file import Model, load, read_shipped, save
from agents.entities.training.convolution import initial
from streams.errors import OperatorError

Tensors = dict[str, NDArray[Any]]

CHANCE = np.random.default_rng(7)
WORDS = {
    "بيروت": WordEntry(9, (1, 2, 3), (0.0, 1.0, 0.2), places=("t",)),
    "وزارة": WordEntry(8, (3, 4, 5)),
    "اربد": WordEntry(1, (-1, -1, -1), places=("s", "sB")),
}
VECTORS = CHANCE.integers(-127, 128, size=(2, 12)).astype(np.int8)


def random_model(networks: int) -> Model:
    weights = {name: CHANCE.normal(size=len(TAGS)).astype(np.float32) for name in ("0w=بيروت", "-1w=في", "0s=بيروت")}
    transitions = CHANCE.normal(size=(len(TAGS), len(TAGS))).astype(np.float32)
    layers = tuple(initial(VECTORS.shape[1], np.random.default_rng(seed)) for seed in range(networks))
    return Model(VECTORS, 6, LinearModel(FeatureCache(WORDS), weights, transitions), layers)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file without networks, of a few kilobytes."""
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    save(random_model(0), path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with one network."""
    path = tmp_path_factory.mktemp("model") / "whole.safetensors"
    save(random_model(1), path)
    return path.read_bytes()


def refused(content: bytes, folder: Path, networks: int = 0) -> str:
    """The message with which a file of this content is refused, less its path."""
    path = folder / "tagger.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"\Atagger|tagger\.safetensors: ") as error:
        load(path, networks)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def header_of(content: bytes) -> dict[str, Any]:
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length])  # type: ignore[no-any-return]


def written(content: bytes, change: Callable[[Tensors, dict[str, Any]], None], *, sign: bool = False) -> bytes:
    """The file after a change to its tensors and our metadata; with `sign`, its digest is right again."""
    tensors = dict(read_tensors(content))
    metadata = json.loads(header_of(content)["__metadata__"]["rasd"])
    change(tensors, metadata)
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    if sign:
        metadata["sha256"] = model_file._digest(tensors)
    return write_tensors(tensors, {"rasd": json.dumps(metadata)})


def test_a_rewritten_file_without_a_change_is_read(whole: bytes, tmp_path: Path) -> None:
    """Or the refusals below would prove nothing."""
    path = tmp_path / "tagger.safetensors"
    for sign in (False, True):
        path.write_bytes(written(whole, lambda *_: None, sign=sign))
        assert load(path, 1).words == {word: replace(entry) for word, entry in load(path, 0).words.items()}
        np.testing.assert_array_equal(load(path, 1).vectors, VECTORS)


def test_arrays_of_any_memory_order_are_written_as_they_read(tmp_path: Path) -> None:
    model = random_model(0)
    turned = replace(model.linear, transitions=np.asfortranarray(model.linear.transitions))
    save(replace(model, linear=turned, vectors=np.asfortranarray(VECTORS)), tmp_path / "tagger.safetensors")
    loaded = load(tmp_path / "tagger.safetensors", 0)
    np.testing.assert_array_equal(loaded.linear.transitions, model.linear.transitions)
    np.testing.assert_array_equal(loaded.vectors, VECTORS)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 500, -1, -100])
def test_a_truncated_file_is_refused(small: bytes, tmp_path: Path, kept: int) -> None:
    assert "safetensors file" in refused(small[:kept], tmp_path)


def test_a_file_with_something_behind_it_is_refused(small: bytes, tmp_path: Path) -> None:
    assert "safetensors file" in refused(small + b"\0", tmp_path)


def test_a_flipped_bit_of_any_byte_of_the_header_is_seen(small: bytes, tmp_path: Path) -> None:
    (length,) = struct.unpack("<Q", small[:8])
    chance = random.Random(5)
    for index in range(8 + length):
        flipped = bytearray(small)
        flipped[index] ^= 1 << chance.randrange(8)
        assert refused(bytes(flipped), tmp_path), index


def test_a_flipped_bit_of_a_tensor_is_seen(whole: bytes, tmp_path: Path) -> None:
    (length,) = struct.unpack("<Q", whole[:8])
    chance = random.Random(3)
    for index in [8 + length, len(whole) - 1, *chance.sample(range(8 + length, len(whole)), 40)]:
        flipped = bytearray(whole)
        flipped[index] ^= 1 << chance.randrange(8)
        assert "SHA-256" in refused(bytes(flipped), tmp_path, 1)


def test_tensors_under_each_others_names_are_seen(whole: bytes, tmp_path: Path) -> None:
    def swap(tensors: Tensors, _: dict[str, Any]) -> None:
        tensors["cnn.0.second"], tensors["cnn.0.third"] = tensors["cnn.0.third"], tensors["cnn.0.second"]

    assert "SHA-256" in refused(written(whole, swap), tmp_path, 1)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("crf.weights", "crf.weight", "tensor crf.weight is unknown"),
        ("vectors", "zebra", "tensor vectors is missing"),
        ("cnn.0.last", "cnn.1.last", "tensor cnn.0.last is missing"),
    ],
)
def test_a_renamed_tensor_is_named(whole: bytes, tmp_path: Path, old: str, new: str, fault: str) -> None:
    content = written(whole, lambda tensors, _: tensors.update({new: tensors.pop(old)}), sign=True)
    assert fault in refused(content, tmp_path, 1)


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("crf.weights", lambda tensor: tensor.T, r"crf.weights is float16 (7, 3), not float16 ('features', 7)"),
        ("words.count", lambda tensor: tensor.astype(np.int32), r"words.count is int32 (3,), not uint32 ('words',)"),
        ("words.kinds", lambda tensor: tensor[:2], r"words.kinds is uint8 (2, 3), not uint8 ('words', 3)"),
        ("vectors", lambda tensor: tensor[0], r"vectors is int8 (2, 6), not int8 ('vectors', 'views', 'width')"),
        ("cnn.0.features", lambda tensor: tensor[1:], r"cnn.0.features is float16 (16383, 64), not float16 (16384, "),
    ],
)
def test_a_tensor_of_another_type_or_shape_is_named(
    whole: bytes, tmp_path: Path, name: str, change: Callable[[NDArray[Any]], NDArray[Any]], fault: str
) -> None:
    content = written(whole, lambda tensors, _: tensors.update({name: change(tensors[name])}), sign=True)
    assert fault in refused(content, tmp_path, 1)


def test_words_of_another_number_than_their_counts_are_refused(whole: bytes, tmp_path: Path) -> None:
    content = written(whole, lambda tensors, _: tensors.update({"words.text": tensors["words.text"][:10]}), sign=True)
    assert refused(content, tmp_path, 1) == "damaged model: tensor words.text has 1 lines, not 3"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"version": 2}, "rasd-tagger version 2; this code reads version 1"),
        ({"format": "rasd-gazetteer"}, "its format is rasd-gazetteer, not rasd-tagger"),
        ({"tags": ["O", *TAGS[3:], *TAGS[1:3]]}, "the order of its tags is O B-LOC I-LOC B-ORG I-ORG B-PER I-PER"),
        ({"networks": 0}, "tensor cnn.0.features is unknown"),
        ({"networks": 2}, "tensor cnn.1.features is missing"),
        ({"networks": None}, "no metadata of rasd-tagger"),
        ({"sha256": "0" * 64}, "SHA-256"),
    ],
)
def test_metadata_of_another_kind_is_named(whole: bytes, tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    content = written(whole, lambda _, metadata: metadata.update(change))
    assert fault in refused(content, tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xfd7zXZ\0" + bytes(500), "no safetensors file"),
        (random.Random(1).randbytes(4000), "no safetensors file"),
        (b'{"format": "rasd-tagger"}', "no safetensors file"),
        (write_tensors({"vectors": VECTORS}), "no metadata of rasd-tagger"),
        (write_tensors({"vectors": VECTORS}, {"format": "pt"}), "no metadata of rasd-tagger"),
        (write_tensors({"vectors": VECTORS}, {"rasd": "{"}), "no metadata of rasd-tagger"),
        (write_tensors({"vectors": VECTORS}, {"rasd": "[1]"}), "no metadata of rasd-tagger"),
    ],
)
def test_a_foreign_file_is_named_as_one(content: bytes, fault: str, tmp_path: Path) -> None:
    assert fault in refused(content, tmp_path)


def test_more_networks_than_there_are_cannot_be_read(whole: bytes, tmp_path: Path) -> None:
    assert refused(whole, tmp_path, 3) == "3 networks are wanted, and the file has 1"


def test_the_command_gets_one_line_and_a_hint(small: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tagger.safetensors"
    monkeypatch.setattr(model_file, "SHIPPED", path)
    for content, fault in ((None, "No such file"), (small[:-1], "damaged")):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(OperatorError) as error:
            read_shipped(0)
        assert str(path) in error.value.message
        assert fault in error.value.message
        assert "\n" not in error.value.message
        assert error.value.hint
