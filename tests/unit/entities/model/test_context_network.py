"""The file of the tagger `accurate`: what is written is read, and another or a damaged file is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.entities.model import context_network
from agents.entities.model.cnn import Networks
from agents.entities.model.context_network import load, read_shipped, save
from agents.entities.model.features import FeatureCache, WordEntry
from agents.entities.model.file import SHIPPED
from agents.entities.training.convolution import initial
from agents.entities.training.encoder_graph import encoder_graph
from streams.errors import OperatorError
from tests.unit.entities.model.test_context import SCORES, WEIGHTS, WIDTH

VECTORS = np.random.default_rng(7).normal(size=(1, 6)).astype(np.float32)
WORDS = Networks(
    FeatureCache({"زار": WordEntry(9, (1,))}), {"زار": 0}, VECTORS, (initial(6, np.random.default_rng(0)),)
)
SENTENCES = [["زار", "بيروت"], ["بيروتها"]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "accurate.safetensors"
    save(encoder_graph(WEIGHTS, 2), SCORES, initial(6, np.random.default_rng(1), WIDTH), path)
    return path


def test_a_saved_network_reads_the_context_of_words(path: Path) -> None:
    network = load(path, WORDS)
    vectors = network.vectors(SENTENCES)
    assert vectors.shape == (3, WIDTH)
    with_context = network.networks.scores(SENTENCES, vectors)
    assert np.abs(with_context - network.networks.scores(SENTENCES, 0 * vectors)).max() > 0.1
    # The words are those of the other model.
    assert network.networks.features is WORDS.features


def test_the_same_parts_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save(encoder_graph(WEIGHTS, 2), SCORES, initial(6, np.random.default_rng(1), WIDTH), again)
    assert again.read_bytes() == path.read_bytes()


def test_a_damaged_file_is_refused_with_its_name(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "accurate.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(ValueError, match=r"accurate\.safetensors: damaged model: .*SHA-256"):
        load(damaged, WORDS)
    monkeypatch.setattr(context_network, "SHIPPED", damaged)
    with pytest.raises(OperatorError, match="SHA-256") as error:
        read_shipped(WORDS)
    assert "make train-accurate" in (error.value.hint or "")


def test_the_file_of_fast_is_refused() -> None:
    with pytest.raises(ValueError, match="its format is rasd-tagger, not rasd-context-tagger"):
        load(SHIPPED, WORDS)
