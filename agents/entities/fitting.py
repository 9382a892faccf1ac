"""Fits the convolutional tagger: AdamW (Loshchilov & Hutter, 2019) on the cross entropy of each token's tag.

Plain NumPy with hand-written gradients, held against finite differences by a test: the network is small, and training
it needs nothing that the pipeline itself does not install.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from agents.entities.bio import TAGS
from agents.entities.corpus import Tagged
from agents.entities.features import WordEntry, word_features
from agents.entities.network import BAG_SCALE, BUCKETS, REACH, Layers, buckets, vector_row

Floats = NDArray[np.float32]
Gradients = dict[str, Floats]

FEATURE_WIDTH = 64
HIDDEN_WIDTH = 128
EPOCHS = 9
BATCH = 32
LEARNING_RATE = 2e-3
WARM_UP = 0.15
DECAY = 1e-3
BETAS = (0.9, 0.99)
LARGEST_NORM = 5.0
# Shares kept in training: of a word's features, of the words' vectors, of the input, of each hidden layer.
KEEP_FEATURES, KEEP_VECTORS, KEEP_INPUT, KEEP_HIDDEN = 0.6, 0.95, 0.7, 0.65


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences laid end to end with empty tokens between them.

    Attributes:
        here: [T] place of each token in the padded sequence.
        size: length of the padded sequence.
        vectors: [T, D].
        features: [T, BUCKETS] sparse, how often each hashed feature occurs.
        tags: [T].
    """

    here: NDArray[np.intp]
    size: int
    vectors: Floats
    features: sparse.csr_matrix
    tags: NDArray[np.intp]


class Encoder:
    """Turns sentences into batches; every word is looked up once."""

    def __init__(self, words: Mapping[str, WordEntry], numbers: Mapping[str, int], vectors: Floats) -> None:
        self._words, self._numbers, self._vectors = words, numbers, vectors
        self._known: dict[str, tuple[int | None, list[int]]] = {}

    def batch(self, sentences: Sequence[Tagged]) -> Batch:
        """Encode the sentences, none of them empty."""
        lengths = [len(sentence.tokens) for sentence in sentences]
        ends = np.cumsum(lengths) + REACH * np.arange(1, len(lengths) + 1)
        here = np.concatenate([np.arange(end - length, end) for end, length in zip(ends, lengths, strict=True)])
        looked_up = [self._look_up(token) for sentence in sentences for token in sentence.tokens]
        vectors = np.zeros((len(here), self._vectors.shape[1]), dtype=np.float32)
        for row, (number, _) in enumerate(looked_up):
            if number is not None:
                vectors[row] = self._vectors[number]
        columns = np.concatenate([np.asarray(bag) for _, bag in looked_up])
        rows = np.repeat(np.arange(len(here)), [len(bag) for _, bag in looked_up])
        ones = np.ones(len(rows), dtype=np.float32)
        features = sparse.csr_matrix((ones, (rows, columns)), shape=(len(here), BUCKETS))
        tags = np.array([TAGS.index(tag) for sentence in sentences for tag in sentence.tags])
        return Batch(here, int(ends[-1]) + REACH, vectors, features, tags)

    def _look_up(self, word: str) -> tuple[int | None, list[int]]:
        found = self._known.get(word)
        if found is None:
            features = word_features(word, self._words)
            found = self._known[word] = vector_row(features, self._numbers), buckets(features)
        return found


def fit(sentences: Sequence[Tagged], encoder: Encoder, vector_width: int, seed: int) -> Layers:
    """A network trained on the sentences; the same arguments give the same parameters on one kind of machine."""
    random = np.random.default_rng(seed)
    layers = initial(vector_width, random)
    descent = Descent(layers)
    steps = EPOCHS * -(-len(sentences) // BATCH)
    for _ in range(EPOCHS):
        for chosen in _shuffled(sentences, random):
            _, gradients = loss_and_gradients(layers, encoder.batch(chosen), random)
            descent.step(gradients, _rate((descent.steps + 1) / steps))
    return layers


def initial(vector_width: int, random: np.random.Generator) -> Layers:
    """Random parameters in the size of He et al. (2015); residual layers begin at half of it."""
    wide, hidden = vector_width + FEATURE_WIDTH, HIDDEN_WIDTH

    def drawn(*shape: int, scale: float) -> Floats:
        return (random.standard_normal(shape) * scale).astype(np.float32)

    return Layers(
        features=drawn(BUCKETS, FEATURE_WIDTH, scale=0.05),
        first=drawn(2 * REACH + 1, wide, hidden, scale=(2 / ((2 * REACH + 1) * wide)) ** 0.5),
        first_bias=np.zeros(hidden, dtype=np.float32),
        second=drawn(3 * hidden, hidden, scale=0.5 * (2 / (3 * hidden)) ** 0.5),
        second_bias=np.zeros(hidden, dtype=np.float32),
        third=drawn(3 * hidden, hidden, scale=0.5 * (2 / (3 * hidden)) ** 0.5),
        third_bias=np.zeros(hidden, dtype=np.float32),
        last=drawn(hidden, len(TAGS), scale=0.05),
        last_bias=np.zeros(len(TAGS), dtype=np.float32),
    )


def loss_and_gradients(layers: Layers, batch: Batch, random: np.random.Generator | None) -> tuple[float, Gradients]:
    """The mean cross entropy and its gradient by every parameter.

    Args:
        random: draws what is dropped (Srivastava et al., 2014); None drops nothing.
    """
    here, count = batch.here, len(batch.here)
    hidden = layers.last.shape[0]
    features = batch.features.copy()
    features.data *= _mask(features.data.shape, KEEP_FEATURES, random) * np.float32(BAG_SCALE)
    seen = _mask((count, 1), KEEP_VECTORS, random) * (KEEP_VECTORS if random else 1)
    input_mask = _mask((count, batch.vectors.shape[1] + FEATURE_WIDTH), KEEP_INPUT, random)
    masks = [_mask((count, hidden), KEEP_HIDDEN, random) for _ in range(3)]

    words = np.concatenate([batch.vectors * seen, features @ layers.features], axis=1) * input_mask
    first_in = _around(words, here, batch.size, range(-REACH, REACH + 1))
    first_weights = layers.first.reshape(-1, hidden)
    first_out = np.maximum(first_in @ first_weights + layers.first_bias, 0)
    one = first_out * masks[0]
    second_in = _around(one, here, batch.size, (-1, 0, 1))
    second_out = np.maximum(second_in @ layers.second + layers.second_bias, 0)
    two = (one + second_out) * masks[1]
    third_in = _around(two, here, batch.size, (-2, 0, 2))
    third_out = np.maximum(third_in @ layers.third + layers.third_bias, 0)
    three = (two + third_out) * masks[2]
    logits = three @ layers.last + layers.last_bias
    logits -= logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(logits).sum(axis=1))
    loss = float((log_sum - logits[np.arange(count), batch.tags]).mean())

    error = np.exp(logits - log_sum[:, None])
    error[np.arange(count), batch.tags] -= 1
    error /= count
    gradients: Gradients = {"last": three.T @ error, "last_bias": error.sum(axis=0)}
    by_three = (error @ layers.last.T) * masks[2]
    through = by_three * (third_out > 0)
    gradients |= {"third": third_in.T @ through, "third_bias": through.sum(axis=0)}
    by_two = (by_three + _gathered(through @ layers.third.T, here, batch.size, (-2, 0, 2))) * masks[1]
    through = by_two * (second_out > 0)
    gradients |= {"second": second_in.T @ through, "second_bias": through.sum(axis=0)}
    by_one = (by_two + _gathered(through @ layers.second.T, here, batch.size, (-1, 0, 1))) * masks[0]
    through = by_one * (first_out > 0)
    gradients |= {"first": (first_in.T @ through).reshape(layers.first.shape), "first_bias": through.sum(axis=0)}
    by_words = _gathered(through @ first_weights.T, here, batch.size, range(-REACH, REACH + 1)) * input_mask
    gradients["features"] = features.T @ by_words[:, batch.vectors.shape[1] :]
    return loss, gradients


def _mask(shape: tuple[int, ...], keep: float, random: np.random.Generator | None) -> Floats:
    if random is None:
        return np.ones(shape, dtype=np.float32)
    return (random.random(shape, dtype=np.float32) < keep).astype(np.float32) / np.float32(keep)


def _around(rows: Floats, here: NDArray[np.intp], size: int, offsets: Sequence[int]) -> Floats:
    """[T, offsets·width]: each token's neighbours side by side, zeros beyond its sentence."""
    padded = np.zeros((size, rows.shape[1]), dtype=rows.dtype)
    padded[here] = rows
    return np.concatenate([padded[here + offset] for offset in offsets], axis=1)


def _gathered(rows: Floats, here: NDArray[np.intp], size: int, offsets: Sequence[int]) -> Floats:
    """The transpose of `_around`: what the neighbours send back to each token, added up."""
    width = rows.shape[1] // len(offsets)
    padded = np.zeros((size, width), dtype=rows.dtype)
    for index, offset in enumerate(offsets):
        padded[here + offset] += rows[:, index * width : (index + 1) * width]
    found: Floats = padded[here]
    return found


def _shuffled(sentences: Sequence[Tagged], random: np.random.Generator) -> Iterator[list[Tagged]]:
    order = random.permutation(len(sentences))
    for start in range(0, len(order), BATCH):
        yield [sentences[index] for index in order[start : start + BATCH]]


def _rate(progress: float) -> float:
    """One cycle (Smith & Topin, 2018): up along a cosine, and down to nothing along another."""
    if progress < WARM_UP:
        return float(LEARNING_RATE * (1 - np.cos(np.pi * progress / WARM_UP)) / 2)
    return float(LEARNING_RATE * (1 + np.cos(np.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2)


class Descent:
    """AdamW with clipped gradients; changes the parameters in place."""

    def __init__(self, layers: Layers) -> None:
        self.steps = 0
        self._parameters: Gradients = {field.name: getattr(layers, field.name) for field in fields(layers)}
        self._means = {name: np.zeros_like(parameter) for name, parameter in self._parameters.items()}
        self._squares = {name: np.zeros_like(parameter) for name, parameter in self._parameters.items()}

    def step(self, gradients: Gradients, rate: float) -> None:
        """Go down the gradients by the rate."""
        self.steps += 1
        norm = float(np.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients.values())))
        shrink = np.float32(min(1.0, LARGEST_NORM / (norm + 1e-12)))
        first, second = map(np.float32, BETAS)
        for name, parameter in self._parameters.items():
            gradient = shrink * gradients[name]
            mean, square = self._means[name], self._squares[name]
            mean += (1 - first) * (gradient - mean)
            square += (1 - second) * (gradient**2 - square)
            size = np.sqrt(square / (1 - second**self.steps)) + np.float32(1e-8)
            change = mean / (1 - first**self.steps) / size + np.float32(DECAY) * parameter
            np.subtract(parameter, np.float32(rate) * change, out=parameter)
