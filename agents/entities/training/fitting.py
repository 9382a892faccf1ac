"""Fit convolutional networks by the log likelihood of each sentence's tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.cnn import Layers
from agents.entities.model.forward_backward import expectations
from agents.entities.training.batches import Batch, Encoder, shuffled
from agents.entities.training.convolution import Gradients, Shares, encode, gradients_of, impossible, initial
from agents.entities.training.corpus import Tagged
from agents.entities.training.descent import Descent, rate

EPOCHS = 10
# Share of the epochs, the first ones, that read the added sentences too: the last ones read the domain itself alone.
ADDED_EPOCHS = 0.6
BATCH = 24
LEARNING_RATE = 2e-3
SHARES = Shares(features=0.6, vectors=0.95, input=0.65, states=0.8, last=0.55)
# Share of the tokens that are encoded as words that the news does not have, so that letters and neighbours are learnt.
STRANGE = 0.1


def fit(sentences: Sequence[Tagged], added: Sequence[Tagged], encoder: Encoder, seed: int) -> Layers:
    """Train a network; the same arguments give the same parameters on one kind of machine.

    Args:
        sentences: none empty.
        added: sentences of another domain, for the first epochs (`ADDED_EPOCHS`).
        encoder: encodes the sentences.
        seed: seed of all that is drawn.
    """
    random = np.random.default_rng(seed)
    layers = initial(encoder.width, random)
    descent = Descent({field.name: getattr(layers, field.name) for field in fields(layers)})
    first = round(ADDED_EPOCHS * EPOCHS)
    epochs = [[*sentences, *added]] * first + [list(sentences)] * (EPOCHS - first)
    steps = sum(-(-len(epoch) // BATCH) for epoch in epochs)
    for epoch in epochs:
        for numbers in shuffled([len(sentence.tokens) for sentence in epoch], BATCH, random):
            chosen = [epoch[number] for number in numbers]
            count = sum(len(sentence.tokens) for sentence in chosen)
            batch = encoder.batch([sentence.tokens for sentence in chosen], random.random(count) < STRANGE)
            _, gradients = loss_and_gradients(layers, batch, tag_numbers(chosen), random)
            descent.step(gradients, rate((descent.steps + 1) / steps, LEARNING_RATE))
    return layers


def tag_numbers(sentences: Sequence[Tagged]) -> NDArray[np.intp]:
    """Return [T], the index in `TAGS` of each token's tag."""
    return np.array([TAGS.index(tag) for sentence in sentences for tag in sentence.tags], dtype=np.intp)


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
