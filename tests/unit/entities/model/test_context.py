"""Context vectors: the ONNX model computes what the layers are, within the rounding to 8 bits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.entities.model.context import FIRST, LAST, UNKNOWN, ContextVectors, context_vectors
from agents.entities.model.pieces import Pieces
from agents.entities.training.encoder_graph import encoder_graph

WIDTH, INSIDE, HEADS, PLACES = 48, 96, 12, 256
SCORES = dict.fromkeys(["<s>", "<pad>", "</s>", "<unk>"], 0.0) | {"▁": -1.0, "▁زار": -2.0, "بيروت": -2.0, "ها": -3.0}


def random_weights() -> dict[str, NDArray[np.float16]]:
    chance = np.random.default_rng(4)
    shapes = {"emb.word": (len(SCORES), WIDTH), "emb.pos": (PLACES, WIDTH), "emb.type": (2 * WIDTH,)}
    dense = {"q": WIDTH, "k": WIDTH, "v": WIDTH, "ao": WIDTH, "fi": INSIDE, "fo": WIDTH}
    for layer in ("l0", "l1"):
        shapes |= {f"{layer}.{name}.b": (size,) for name, size in dense.items()}
        shapes |= {f"{layer}.{name}.w": (size * (INSIDE if name == "fo" else WIDTH),) for name, size in dense.items()}
    norms = ("emb.ln", "l0.aln", "l0.oln", "l1.aln", "l1.oln")
    # Small enough for the words to be seen through two layers.
    scale = {"w": 0.1, "b": 0.05, "word": 1, "pos": 0.5, "type": 0.3}
    found = {name: chance.normal(size=shape, scale=scale[name.split(".")[-1]]) for name, shape in shapes.items()}
    found |= {
        f"{norm}.{part}": chance.normal(size=WIDTH, loc=part == "w", scale=0.2) for norm in norms for part in "wb"
    }
    return {name: value.astype(np.float16) for name, value in found.items()}


def exact_states(ids: list[int], weights: dict[str, NDArray[np.float16]]) -> NDArray[np.float64]:
    """The layers in double precision, without any rounding."""
    exact = {name: value.astype(np.float64) for name, value in weights.items()}

    def normalised(states: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        centred = states - states.mean(axis=1, keepdims=True)
        scaled: NDArray[np.float64] = centred / centred.std(axis=1, keepdims=True)
        return scaled * exact[f"{name}.w"] + exact[f"{name}.b"]

    def dense(states: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        bias = exact[f"{name}.b"]
        return states @ exact[f"{name}.w"].reshape(len(bias), -1).T + bias

    def gelu(states: NDArray[np.float64]) -> NDArray[np.float64]:
        # Within 1e-3 of the exact one, by the error function.
        below: NDArray[np.float64] = (1 + np.tanh((2 / np.pi) ** 0.5 * (states + 0.044715 * states**3))) / 2
        return states * below

    states = normalised(exact["emb.word"][ids] + exact["emb.pos"][: len(ids)] + exact["emb.type"][:WIDTH], "emb.ln")
    for layer in ("l0", "l1"):
        q, k, v = (dense(states, f"{layer}.{part}").reshape(len(ids), HEADS, -1) for part in "qkv")
        weight = np.exp(np.einsum("ihd,jhd->hij", q, k) / (WIDTH // HEADS) ** 0.5)
        weight /= weight.sum(axis=2, keepdims=True)
        read = np.einsum("hij,jhd->ihd", weight, v).reshape(len(ids), WIDTH)
        states = normalised(states + dense(read, f"{layer}.ao"), f"{layer}.aln")
        states = normalised(states + dense(gelu(dense(states, f"{layer}.fi")), f"{layer}.fo"), f"{layer}.oln")
    return states


WEIGHTS = random_weights()


@pytest.fixture(scope="module")
def context() -> ContextVectors:
    return context_vectors(encoder_graph(WEIGHTS, 2), Pieces(SCORES, UNKNOWN))


def test_a_vector_is_the_mean_of_the_pieces_of_its_word(context: ContextVectors) -> None:
    assert context.width == WIDTH
    vectors = context(["زار", "بيروتها"])
    names = list(SCORES)
    ids = [FIRST, *(names.index(piece) for piece in ("▁زار", "▁", "بيروت", "ها")), LAST]
    states = exact_states(ids, WEIGHTS)
    wanted = np.stack([states[1], states[2:5].mean(axis=0)])
    # Eight bits leave an error of a hundredth of what distinguishes two words.
    assert np.abs(vectors - wanted).mean() < 0.02
    assert np.abs(vectors[0] - vectors[1]).mean() > 0.3


def test_what_stands_around_a_word_changes_its_vector(context: ContextVectors) -> None:
    alone, behind = context(["بيروتها"])[0], context(["زار", "بيروتها"])[1]
    assert np.abs(alone - behind).mean() > 0.1


def test_vowel_signs_change_nothing(context: ContextVectors) -> None:
    np.testing.assert_array_equal(context(["زارَ", "بيـروت"]), context(["زار", "بيروت"]))


def test_a_sentence_of_more_pieces_than_places_is_read_in_parts(context: ContextVectors) -> None:
    tokens = ["زار"] * 254 + ["بيروتها", "زار"]
    vectors = context(tokens)
    assert vectors.shape == (256, WIDTH)
    np.testing.assert_array_equal(vectors[254:], context(tokens[254:]))
