"""Fit convolutional networks by the log likelihood of each sentence's tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.cnn import Layers
from agents.entities.model.forward_backward import expectations
from agents.entities.training.batches import Batch, Encoder, shuffled
from agents.entities.training.convolution import (
    HIDDEN_WIDTH,
    Gradients,
    Shares,
    encode,
    gradients_of,
    impossible,
    initial,
)
from agents.entities.training.corpus import FINE_TAGS, Tagged
from agents.entities.training.descent import Descent, rate

Floats = NDArray[np.float32]

EPOCHS = 10
# Share of the epochs, the first ones, that read the added sentences too: the last ones read the domain itself alone.
ADDED_EPOCHS = 0.6
BATCH = 24
LEARNING_RATE = 2e-3
SHARES = Shares(features=0.6, vectors=0.95, input=0.65, states=0.8, last=0.55, context=0.7)
# Share of the tokens that are encoded as words that the news does not have, so that letters and neighbours are learnt.
STRANGE = 0.1


@dataclass(frozen=True, slots=True)
class FineLayer:
    """Hold an output layer for `FINE_TAGS`, which training alone uses: it teaches the layers that both share.

    Attributes:
        fine: [H, fine tags]; fine_bias [fine tags].
    """

    fine: Floats
    fine_bias: Floats


def fit(
    sentences: Sequence[Tagged],
    added: Sequence[Tagged],
    encoder: Encoder,
    seed: int,
    fine: Sequence[Tagged] = (),
) -> Layers:
    """Train a network; the same arguments give the same parameters on one kind of machine.

    Args:
        sentences: none empty.
        added: sentences of another domain, for the first epochs (`ADDED_EPOCHS`).
        encoder: encodes the sentences.
        seed: seed of all that is drawn.
        fine: sentences with `FINE_TAGS`, none empty, for the first epochs too, through an output layer of their own
            (Caruana, 1997): their guidelines may differ.
    """
    random = np.random.default_rng(seed)
    # What the fine sentences need is drawn apart, so that without them the same numbers are drawn as ever.
    fine_random = np.random.default_rng([seed, 1])
    layers = initial(encoder.width, random, encoder.context_width)
    other = FineLayer(
        (fine_random.standard_normal((HIDDEN_WIDTH, len(FINE_TAGS))) * 0.1).astype(np.float32),
        np.zeros(len(FINE_TAGS), dtype=np.float32),
    )
    parameters = {field.name: getattr(part, field.name) for part in (layers, other) for field in fields(part)}
    descent = Descent({name: parameter for name, parameter in parameters.items() if parameter is not None})
    first = round(ADDED_EPOCHS * EPOCHS)
    epochs = [([*sentences, *added], list(fine))] * first + [(list(sentences), [])] * (EPOCHS - first)
    steps = sum(-(-len(part) // BATCH) for epoch in epochs for part in epoch)
    for own, others in epochs:
        batches = [(own, numbers) for numbers in _drawn(own, random)]
        if others:
            batches += [(others, numbers) for numbers in _drawn(others, fine_random)]
            batches = [batches[index] for index in fine_random.permutation(len(batches)).tolist()]
        for part, numbers in batches:
            chosen = [part[number] for number in numbers]
            count = sum(len(sentence.tokens) for sentence in chosen)
            batch = encoder.batch([sentence.tokens for sentence in chosen], random.random(count) < STRANGE)
            if part is own:
                _, gradients = loss_and_gradients(layers, batch, tag_numbers(chosen), random)
            else:
                _, gradients = fine_loss_and_gradients(layers, other, batch, tag_numbers(chosen, FINE_TAGS), random)
            descent.step(gradients, rate((descent.steps + 1) / steps, LEARNING_RATE))
    return layers


def _drawn(sentences: Sequence[Tagged], random: np.random.Generator) -> list[list[int]]:
    return list(shuffled([len(sentence.tokens) for sentence in sentences], BATCH, random))


def tag_numbers(sentences: Sequence[Tagged], tags: Sequence[str] = TAGS) -> NDArray[np.intp]:
    """Return [T], the index in `tags` of each token's tag."""
    numbers = {tag: number for number, tag in enumerate(tags)}
    return np.array([numbers[tag] for sentence in sentences for tag in sentence.tags], dtype=np.intp)


def fine_loss_and_gradients(
    layers: Layers, other: FineLayer, batch: Batch, tags: NDArray[np.intp], random: np.random.Generator | None
) -> tuple[float, Gradients]:
    """Compute the cross entropy of the fine tags per token, in nats, and its gradient by the parameters that it reads.

    Args:
        tags: [T] indices in `FINE_TAGS` of the right tags.
        random: draws what is dropped; None drops nothing.
    """
    encoding = encode(layers, batch, SHARES, random)
    scores = encoding.kept @ other.fine + other.fine_bias
    scores -= scores.max(axis=1, keepdims=True)
    error = np.exp(scores)
    sums = error.sum(axis=1, keepdims=True)
    here = np.arange(len(tags))
    loss = float((np.log(sums[:, 0]) - scores[here, tags]).mean())
    error /= sums
    error[here, tags] -= 1
    error /= len(tags)
    gradients: Gradients = {"fine": encoding.kept.T @ error, "fine_bias": error.sum(axis=0)}
    return loss, gradients | gradients_of(layers, encoding, error @ other.fine.T)


def loss_and_gradients(
    layers: Layers, batch: Batch, tags: NDArray[np.intp], random: np.random.Generator | None
) -> tuple[float, Gradients]:
    """Compute the negative log likelihood per token, in nats, and its gradient by each parameter.

    Args:
        tags: [T] indices in `TAGS` of the right tags.
        random: draws what is dropped; None drops nothing.
    """
    layout, count = batch.layout, len(tags)
    encoding = encode(layers, batch, SHARES, random)
    scores = encoding.kept @ layers.last
    scores += layers.last_bias
    expected = expectations(scores[None], layers.transitions[None], layout)
    seen = np.zeros_like(layers.transitions)
    inner = np.flatnonzero(layout.steps > 0)
    np.add.at(seen, (tags[inner - 1], tags[inner]), 1)
    right = scores[np.arange(count), tags].sum() + (seen * layers.transitions).sum()
    loss = float(expected.log_sums[0] - right) / count

    error = expected.tags[0].copy()
    error[np.arange(count), tags] -= 1
    error /= count
    gradients: Gradients = {"last": encoding.kept.T @ error, "last_bias": error.sum(axis=0)}
    # Transitions that are forbidden stay so.
    gradients["transitions"] = np.where(impossible() < 0, 0, (expected.transitions[0] - seen) / count).astype(
        scores.dtype
    )
    return loss, gradients | gradients_of(layers, encoding, error @ layers.last.T)
