from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.cnn import Layers, Networks
from agents.entities.model.features import FeatureCache, WordEntry
from agents.entities.training import fitting
from agents.entities.training.batches import Encoder, ReadContext
from agents.entities.training.convolution import HIDDEN_WIDTH, impossible, initial
from agents.entities.training.corpus import FINE_TAGS, Tagged
from agents.entities.training.fitting import (
    FineLayer,
    fine_loss_and_gradients,
    fit,
    loss_and_gradients,
    tag_numbers,
)

WORDS = {"بيروت": WordEntry(9, (1, 2)), "زار": WordEntry(8, (3, 4)), "سلمى": WordEntry(7, (5, 6))}
NUMBERS = {"بيروت": 0, "زار": 1}
VECTORS = np.random.default_rng(1).normal(size=(2, 6)).astype(np.float32)
SENTENCES = [
    Tagged(("زارت", "سلمى", "بيروت", "."), ("O", "B-PER", "B-LOC", "O")),
    Tagged(("بيروت",), ("B-LOC",)),
    Tagged(("قال", "نادر", "الصالح"), ("O", "B-PER", "I-PER")),
]


TOKENS = [sentence.tokens for sentence in SENTENCES]
GOLD = tag_numbers(SENTENCES)


class ByLength:
    """Context vectors of four components, which depend on the sentence's length and a word's place and letters."""

    width = 4

    def __call__(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[len(tokens), place, len(token), 1] for place, token in enumerate(tokens)], dtype=np.float32)


def encoder(context: ReadContext | None = None) -> Encoder:
    return Encoder(WORDS, NUMBERS, VECTORS, context)


def exact(layers: Layers) -> Layers:
    """In double precision, so that differences are not rounding."""
    parameters = {field.name: getattr(layers, field.name) for field in fields(layers)}
    return replace(
        layers, **{name: value.astype(np.float64) for name, value in parameters.items() if value is not None}
    )


def tagger(*layers: Layers) -> Networks:
    return Networks(FeatureCache(WORDS), NUMBERS, VECTORS, layers)


@pytest.mark.parametrize("dropping", [False, True])
@pytest.mark.parametrize("name", [field.name for field in fields(Layers)])
def test_gradients_are_finite_differences(name: str, dropping: bool) -> None:
    def random() -> np.random.Generator | None:
        return np.random.default_rng(5) if dropping else None

    layers = exact(initial(6, np.random.default_rng(0), ByLength.width))
    batch = encoder(ByLength()).batch(TOKENS)
    batch = replace(batch, features=batch.features.astype(np.float64), vectors=batch.vectors.astype(np.float64))
    _, gradients = loss_and_gradients(layers, batch, GOLD, random())
    parameter = getattr(layers, name)
    assert gradients[name].shape == parameter.shape
    largest = np.argsort(-np.abs(gradients[name]).ravel())[:8]
    for index in (np.unravel_index(i, parameter.shape) for i in largest):
        losses = []
        for change in (1e-7, -2e-7):
            parameter[index] += change
            losses.append(loss_and_gradients(layers, batch, GOLD, random())[0])
        parameter[index] += 1e-7
        assert gradients[name][index] == pytest.approx((losses[0] - losses[1]) / 2e-7, rel=1e-3, abs=1e-8)


def test_training_learns_its_sentences_and_inference_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 60)
    layers = fit(SENTENCES, [], encoder(), seed=3)
    probability = tagger(layers).probabilities(TOKENS)[0]
    assert [TAGS[i] for i in probability.argmax(axis=1)] == [tag for s in SENTENCES for tag in s.tags]
    batch = encoder().batch(TOKENS)
    _, gradients = loss_and_gradients(layers, batch, GOLD, None)
    one_hot = np.eye(len(TAGS))[GOLD]
    expected = (probability - one_hot).sum(axis=0) / len(GOLD)
    np.testing.assert_allclose(gradients["last_bias"], expected, atol=1e-3)


def test_inference_reads_context_as_training_does() -> None:
    layers = initial(6, np.random.default_rng(0), ByLength.width)
    context = np.concatenate([ByLength()(tokens) for tokens in TOKENS])
    (probability,), (without,) = (tagger(layers).probabilities(TOKENS, given) for given in (context, 0 * context))
    _, gradients = loss_and_gradients(layers, encoder(ByLength()).batch(TOKENS), GOLD, None)
    expected = (probability - np.eye(len(TAGS))[GOLD]).sum(axis=0) / len(GOLD)
    np.testing.assert_allclose(gradients["last_bias"], expected, atol=1e-4)
    assert np.abs(probability - without).max() > 0.01


def test_added_sentences_are_learnt_and_the_own_ones_have_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 60)
    added = [Tagged(("بيروت",), ("B-ORG",)), Tagged(("هبطت", "العنقاء"), ("O", "B-ORG"))]
    asked = [("هبطت", "العنقاء"), ("بيروت",)]
    (with_added,), (without,) = (
        tagger(fit(SENTENCES, more, encoder(), seed=3)).probabilities(asked) for more in (added, [])
    )
    organisation = TAGS.index("B-ORG")
    assert with_added[1, organisation] > without[1, organisation] + 0.1
    assert TAGS[with_added[2].argmax()] == "B-LOC"


def test_what_is_forbidden_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 3)
    layers = fit(SENTENCES, [], encoder(), seed=3)
    wrong = impossible() < 0
    assert wrong[TAGS.index("O"), TAGS.index("I-PER")]
    assert wrong[TAGS.index("B-LOC"), TAGS.index("I-PER")]
    assert not wrong[TAGS.index("B-PER"), TAGS.index("I-PER")]
    assert (layers.transitions[wrong] < -25).all()


def test_the_same_seed_gives_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 2)
    one, two, other = (fit(SENTENCES, [], encoder(), seed=seed) for seed in (1, 1, 2))
    named = [field.name for field in fields(Layers) if field.name != "context"]
    assert all(np.array_equal(getattr(one, name), getattr(two, name)) for name in named)
    assert one.context is None
    assert not np.array_equal(one.last, other.last)


def test_sentences_do_not_see_each_other() -> None:
    networks = tagger(initial(6, np.random.default_rng(0)))
    together = networks.scores(TOKENS)[0]
    apart = np.concatenate([networks.scores([part])[0] for part in TOKENS])
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_networks_side_by_side_are_each_itself() -> None:
    several = [initial(6, np.random.default_rng(seed)) for seed in range(3)]
    together = tagger(*several).scores(TOKENS)
    apart = np.concatenate([tagger(layers).scores(TOKENS) for layers in several])
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_a_strange_word_is_shown_by_its_letters_alone() -> None:
    known, strange = (encoder().batch([["بيروت", "زار"]], np.array([hidden, False])) for hidden in (False, True))
    assert known.vectors[0].any()
    assert not strange.vectors[0].any()
    assert (strange.vectors[1] == known.vectors[1]).all()
    stranger = Encoder({}, {}, VECTORS).batch([["بيروت"]])
    # Less the two features that are the word itself.
    assert 0 < strange.features[0].sum() == stranger.features.sum() - 2
    assert (stranger.features - strange.features[0]).min() >= 0


FINE = [
    Tagged(("زارت", "سلمى", "بيروت", "."), ("O", "B-PER", "B-LOC-settled", "O")),
    Tagged(("قال", "نادر", "الصالح"), ("O", "B-PER", "I-PER")),
]


@pytest.mark.parametrize("name", ["fine", "fine_bias", "features", "first", "third_bias"])
def test_gradients_of_the_fine_layer_are_finite_differences(name: str) -> None:
    layers = exact(initial(6, np.random.default_rng(0)))
    random = np.random.default_rng(2)
    weights: tuple[Any, Any] = random.normal(size=(HIDDEN_WIDTH, len(FINE_TAGS))), random.normal(size=len(FINE_TAGS))
    other = FineLayer(*weights)
    batch = encoder().batch([sentence.tokens for sentence in FINE])
    batch = replace(batch, features=batch.features.astype(np.float64), vectors=batch.vectors.astype(np.float64))
    gold = tag_numbers(FINE, FINE_TAGS)
    _, gradients = fine_loss_and_gradients(layers, other, batch, gold, None)
    assert "last" not in gradients
    parameter = getattr(other if name.startswith("fine") else layers, name)
    largest = np.argsort(-np.abs(gradients[name]).ravel())[:5]
    for index in (np.unravel_index(i, parameter.shape) for i in largest):
        losses = []
        for change in (1e-6, -2e-6):
            parameter[index] += change
            losses.append(fine_loss_and_gradients(layers, other, batch, gold, None)[0])
        parameter[index] += 1e-6
        assert gradients[name][index] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-3, abs=1e-8)


def test_fine_sentences_are_learnt_beside_the_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 40)
    seen: list[float] = []
    loss = fine_loss_and_gradients

    def watched(*arguments: Any) -> tuple[float, Any]:
        result = loss(*arguments)
        seen.append(result[0])
        return result

    monkeypatch.setattr(fitting, "fine_loss_and_gradients", watched)
    layers = fit(SENTENCES, [], encoder(), seed=3, fine=FINE)
    assert len(seen) == 24  # in the first epochs alone
    assert seen[-1] < seen[0] / 2
    probability = tagger(layers).probabilities(TOKENS)[0]
    assert [TAGS[i] for i in probability.argmax(axis=1)] == [tag for s in SENTENCES for tag in s.tags]
