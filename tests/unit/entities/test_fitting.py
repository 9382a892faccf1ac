from dataclasses import fields, replace

import numpy as np
import pytest

from agents.entities import fitting
from agents.entities.bio import TAGS
from agents.entities.corpus import Tagged
from agents.entities.features import FeatureCache, WordEntry
from agents.entities.fitting import Encoder, fit, initial, loss_and_gradients
from agents.entities.network import Layers, Network

WORDS = {"بيروت": WordEntry(9, (1, 2)), "زار": WordEntry(8, (3, 4)), "سلمى": WordEntry(7, (5, 6))}
NUMBERS = {"بيروت": 0, "زار": 1}
VECTORS = np.random.default_rng(1).normal(size=(2, 6)).astype(np.float32)
SENTENCES = [
    Tagged(("زارت", "سلمى", "بيروت", "."), ("O", "B-PER", "B-LOC", "O")),
    Tagged(("بيروت",), ("B-LOC",)),
    Tagged(("قال", "نادر", "الصالح"), ("O", "B-PER", "I-PER")),
]


def encoder() -> Encoder:
    return Encoder(WORDS, NUMBERS, VECTORS)


def exact(layers: Layers) -> Layers:
    """In double precision, so that differences are not rounding."""
    return replace(layers, **{field.name: getattr(layers, field.name).astype(np.float64) for field in fields(layers)})


@pytest.mark.parametrize("name", [field.name for field in fields(Layers)])
def test_gradients_are_finite_differences(name: str) -> None:
    layers = exact(initial(6, np.random.default_rng(0)))
    batch = encoder().batch(SENTENCES)
    batch = replace(batch, features=batch.features.astype(np.float64))
    _, gradients = loss_and_gradients(layers, batch, None)
    parameter = getattr(layers, name)
    assert gradients[name].shape == parameter.shape
    largest = np.argsort(-np.abs(gradients[name]).ravel())[:5]
    for index in (np.unravel_index(i, parameter.shape) for i in largest):
        losses = []
        for change in (1e-5, -2e-5):
            parameter[index] += change
            losses.append(loss_and_gradients(layers, batch, None)[0])
        parameter[index] += 1e-5
        assert gradients[name][index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-2, abs=1e-8)


def test_training_learns_its_sentences_and_inference_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 60)
    layers = fit(SENTENCES, encoder(), 6, seed=3)
    network = Network(FeatureCache(WORDS), NUMBERS, VECTORS, layers)
    probability = network.probabilities([sentence.tokens for sentence in SENTENCES])
    assert [TAGS[i] for i in probability.argmax(axis=1)] == [tag for s in SENTENCES for tag in s.tags]
    loss, _ = loss_and_gradients(layers, encoder().batch(SENTENCES), None)
    gold = [TAGS.index(tag) for sentence in SENTENCES for tag in sentence.tags]
    assert loss == pytest.approx(-np.log(probability[range(len(gold)), gold]).mean(), rel=1e-3)


def test_the_same_seed_gives_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 2)
    one, two, other = (fit(SENTENCES, encoder(), 6, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(getattr(one, f.name), getattr(two, f.name)) for f in fields(Layers))
    assert not np.array_equal(one.last, other.last)


def test_sentences_do_not_see_each_other() -> None:
    layers = initial(6, np.random.default_rng(0))
    network = Network(FeatureCache(WORDS), NUMBERS, VECTORS, layers)
    tokens = [sentence.tokens for sentence in SENTENCES]
    together = network.probabilities(tokens)
    apart = np.concatenate([network.probabilities([part]) for part in tokens])
    np.testing.assert_allclose(together, apart, atol=1e-6)
