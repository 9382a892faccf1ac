"""Fits the recurrent taggers on the log likelihood of each sentence's tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from agents.entities.batches import Batch, Encoder, shuffled
from agents.entities.bio import TAGS
from agents.entities.chain import expectations
from agents.entities.corpus import Tagged
from agents.entities.descent import Descent, rate
from agents.entities.network import Layers
from agents.entities.recurrent import Gradients, Shares, encode, gradients_of, impossible, initial

EPOCHS = 10
BATCH = 24
LEARNING_RATE = 3e-3
SHARES = Shares(features=0.6, vectors=0.95, input=0.65, states=0.55)
# Words shown as if the news had never had them: the tagger learns what their letters and their company tell.
STRANGE = 0.1


def fit(sentences: Sequence[Tagged], encoder: Encoder, seed: int) -> Layers:
    """A network trained on the sentences; the same arguments give the same parameters on one kind of machine."""
    random = np.random.default_rng(seed)
    layers = initial(encoder.width, random)
    descent = Descent({field.name: getattr(layers, field.name) for field in fields(layers)})
    lengths = [len(sentence.tokens) for sentence in sentences]
    steps = EPOCHS * -(-len(sentences) // BATCH)
    for _ in range(EPOCHS):
        for chosen in shuffled(lengths, BATCH, random):
            count = sum(lengths[number] for number in chosen)
            batch = encoder.batch([sentences[number].tokens for number in chosen], random.random(count) < STRANGE)
            _, gradients = loss_and_gradients(layers, batch, numbers_of([sentences[i] for i in chosen]), random)
            descent.step(gradients, rate((descent.steps + 1) / steps, LEARNING_RATE))
    return layers


def numbers_of(sentences: Sequence[Tagged]) -> NDArray[np.intp]:
    """[T] the number of each tag."""
    return np.array([TAGS.index(tag) for sentence in sentences for tag in sentence.tags], dtype=np.intp)


def loss_and_gradients(
    layers: Layers, batch: Batch, tags: NDArray[np.intp], random: np.random.Generator | None
) -> tuple[float, Gradients]:
    """The negative log likelihood a token, and its gradient by every parameter.

    Args:
        tags: [T] numbers of the right tags.
        random: draws what is dropped; None drops nothing.
    """
    layout, count = batch.layout, len(tags)
    encoding = encode(layers, batch, SHARES, random)
    scores = encoding.kept @ layers.last
    scores += layers.last_bias
    expected = expectations(scores[None], layers.transitions[None], layout)
    moves = np.zeros_like(layers.transitions)
    inner = np.flatnonzero(layout.steps > 0)
    np.add.at(moves, (tags[inner - 1], tags[inner]), 1)
    right = scores[np.arange(count), tags].sum() + (moves * layers.transitions).sum()
    loss = float(expected.log_sums[0] - right) / count

    error = expected.tags[0].copy()
    error[np.arange(count), tags] -= 1
    error /= count
    gradients: Gradients = {"last": encoding.kept.T @ error, "last_bias": error.sum(axis=0)}
    # What is forbidden stays so.
    gradients["transitions"] = np.where(impossible() < 0, 0, (expected.moves[0] - moves) / count).astype(scores.dtype)
    return loss, gradients | gradients_of(layers, encoding, error @ layers.last.T)
