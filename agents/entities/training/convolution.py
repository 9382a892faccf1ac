"""Run the convolutional layers in training, and compute the gradients by their parameters.

Plain NumPy with gradients by hand, which a test compares with finite differences: the networks are small, and a
framework would be the largest dependency by far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from agents.entities.bio import BREAKS, TAGS
from agents.entities.model.cnn import BAG_SCALE, BUCKETS, Layers, collected, rectified, spaced
from agents.entities.training.batches import Batch

Floats = NDArray[np.float32]
Gradients = dict[str, Floats]

FEATURE_WIDTH = 64
HIDDEN_WIDTH = 128
# Tokens that the first layer and the other two read around each, itself included.
_FIRST, _OTHERS = 5, 3
# Log potential of a transition that must not occur: into an I- of another class.
FORBIDDEN = -30.0


@dataclass(frozen=True, slots=True)
class Shares:
    """Hold the shares, 0 to 1, that dropout keeps in training (Srivastava et al., 2014).

    Attributes:
        features: share of a word's features.
        vectors: share of the words' vectors, each kept or dropped whole.
        input: share of the components that the first layer reads.
        states: share of the states that the second layer reads.
        last: share of the states that the tags are read from.
        context: share of the components of context vectors.
    """

    features: float
    vectors: float
    input: float
    states: float
    last: float
    context: float


@dataclass(frozen=True, slots=True)
class Encoding:
    """Hold the result of `encode`, and what its gradient needs.

    Attributes:
        kept: [T, H] states of the tokens, 0 where dropped.
    """

    kept: Floats
    _features: sparse.csr_matrix
    _words: Floats
    _here: NDArray[np.intp]
    _low: Floats
    _middle: Floats
    _second: Floats
    _third: Floats
    _input_mask: Floats
    _low_mask: Floats
    _last_mask: Floats
    _context: Floats | None


def initial(vector_width: int, random: np.random.Generator, context_width: int = 0) -> Layers:
    """Draw random parameters for vectors of `vector_width` components (Glorot & Bengio, 2010).

    Args:
        vector_width: components of a word's vector.
        random: draws them.
        context_width: components of a context vector; 0 for a network that reads none.
    """
    wide, hidden = vector_width + FEATURE_WIDTH, HIDDEN_WIDTH

    def drawn(*shape: int, scale: float) -> Floats:
        return (random.standard_normal(shape) * scale).astype(np.float32)

    def nothing() -> Floats:
        return np.zeros(hidden, dtype=np.float32)

    return Layers(
        features=drawn(BUCKETS, FEATURE_WIDTH, scale=0.05),
        first=drawn(wide, _FIRST, hidden, scale=(2 / (wide * _FIRST)) ** 0.5 / 2),
        first_bias=nothing(),
        second=drawn(hidden, _OTHERS, hidden, scale=(2 / (hidden * _OTHERS)) ** 0.5 / 2),
        second_bias=nothing(),
        third=drawn(hidden, _OTHERS, hidden, scale=(2 / (hidden * _OTHERS)) ** 0.5 / 2),
        third_bias=nothing(),
        last=drawn(hidden, len(TAGS), scale=0.1),
        last_bias=np.zeros(len(TAGS), dtype=np.float32),
        transitions=impossible(),
        context=drawn(context_width, hidden, scale=context_width**-0.5 / 2) if context_width else None,
    )


def impossible() -> Floats:
    """Return [tags, tags] with `FORBIDDEN` where an I- would continue another class, and 0 elsewhere."""
    return np.where(BREAKS, np.float32(FORBIDDEN), np.float32(0))


def encode(layers: Layers, batch: Batch, shares: Shares, random: np.random.Generator | None) -> Encoding:
    """Run all layers below the chain over a batch.

    Args:
        random: draws what is dropped; None drops nothing.
    """
    count = len(batch.vectors)
    features = batch.features.copy()
    features.data *= _mask(features.data.shape, shares.features, random) * np.float32(BAG_SCALE)
    # A vector is kept or dropped whole, and those kept are not scaled up.
    seen = _mask((count, 1), shares.vectors, random) * np.float32(shares.vectors if random else 1)
    input_mask = _mask((count, batch.vectors.shape[1] + layers.features.shape[1]), shares.input, random)
    words: Floats = np.concatenate([batch.vectors * seen, features @ layers.features], axis=1) * input_mask
    here, inside = spaced(batch.layout)
    given = np.zeros((len(inside), *layers.first.shape[1:]), dtype=words.dtype)
    given[here] = (words @ _flat(layers.first)).reshape(count, *layers.first.shape[1:])
    low_mask = _mask((len(inside), layers.first.shape[2]), shares.states, random)
    totals, context = collected(given, 1), None
    if layers.context is not None and batch.context is not None:
        context = batch.context * _mask(batch.context.shape, shares.context, random)
        totals[here] += context @ layers.context
    low: Floats = rectified(totals, layers.first_bias, inside) * low_mask
    second = rectified(_convolved(low, layers.second, 1), layers.second_bias, inside)
    middle = low + second
    third = rectified(_convolved(middle, layers.third, 2), layers.third_bias, inside)
    last_mask = _mask((count, low.shape[1]), shares.last, random)
    kept: Floats = (middle + third)[here] * last_mask
    return Encoding(kept, features, words, here, low, middle, second, third, input_mask, low_mask, last_mask, context)


def gradients_of(layers: Layers, encoding: Encoding, by_kept: Floats) -> Gradients:
    """Compute the gradient by each parameter below the chain from `by_kept`, [T, H], the gradient by the states."""
    by_high = np.zeros_like(encoding._low)
    by_high[encoding._here] = by_kept * encoding._last_mask
    by_third = by_high * (encoding._third > 0)
    given = _spread(by_third, _OTHERS, 2)
    by_middle = by_high + _flat(given) @ _flat(layers.third).T
    by_second = by_middle * (encoding._second > 0)
    also = _spread(by_second, _OTHERS, 1)
    # `_low` is 0 where a state was dropped or negative.
    by_low = (by_middle + _flat(also) @ _flat(layers.second).T) * encoding._low_mask * (encoding._low > 0)
    by_given = _flat(_spread(by_low, _FIRST, 1)[encoding._here])
    by_words = (by_given @ _flat(layers.first).T) * encoding._input_mask
    of_context = {} if encoding._context is None else {"context": encoding._context.T @ by_low[encoding._here]}
    return of_context | {
        "features": encoding._features.T @ by_words[:, -layers.features.shape[1] :],
        "first": (encoding._words.T @ by_given).reshape(layers.first.shape),
        "first_bias": by_low.sum(axis=0),
        "second": (encoding._low.T @ _flat(also)).reshape(layers.second.shape),
        "second_bias": by_second.sum(axis=0),
        "third": (encoding._middle.T @ _flat(given)).reshape(layers.third.shape),
        "third_bias": by_third.sum(axis=0),
    }


def _convolved(states: Floats, weights: Floats, step: int) -> Floats:
    return collected((states @ _flat(weights)).reshape(len(states), *weights.shape[1:]), step)


def _spread(by_totals: Floats, count: int, step: int) -> Floats:
    """Compute [rows, count, H], the gradient by what each row gave to its neighbours (`collected`)."""
    found = np.zeros((len(by_totals), count, by_totals.shape[1]), dtype=by_totals.dtype)
    for index in range(count):
        distance = (index - count // 2) * step
        if distance > 0:
            found[distance:, index] = by_totals[:-distance]
        elif distance < 0:
            found[:distance, index] = by_totals[-distance:]
        else:
            found[:, index] = by_totals
    return found


def _flat(several: Floats) -> Floats:
    return several.reshape(len(several), -1)


def _mask(shape: tuple[int, ...], keep: float, random: np.random.Generator | None) -> Floats:
    if random is None:
        return np.ones(shape, dtype=np.float32)
    return (random.random(shape, dtype=np.float32) < keep).astype(np.float32) / np.float32(keep)
