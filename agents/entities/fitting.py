"""Fits the recurrent taggers: AdamW (Loshchilov & Hutter, 2019) on the log likelihood of each sentence's tags.

Plain NumPy with hand-written gradients, held against finite differences by a test: the networks are small, and training
them needs nothing that the pipeline itself does not install.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from agents.entities.bio import TAGS
from agents.entities.chain import Layout, expectations
from agents.entities.corpus import Tagged
from agents.entities.features import WordEntry, word_features
from agents.entities.network import BAG_SCALE, BUCKETS, Layers, bags, vector_row

Floats = NDArray[np.float32]
Gradients = dict[str, Floats]

FEATURE_WIDTH = 64
HIDDEN_WIDTH = 64
EPOCHS = 10
BATCH = 24
# Batches whose sentences are sorted by length before they are cut, so that few steps are run for one sentence alone.
BUCKET = 20
LEARNING_RATE = 3e-3
WARM_UP = 0.15
DECAY = 1e-3
BETAS = (0.9, 0.99)
LARGEST_NORM = 5.0
# Shares kept in training: of a word's features, of the words' vectors, of the input, of the states.
KEEP_FEATURES, KEEP_VECTORS, KEEP_INPUT, KEEP_STATES = 0.6, 0.95, 0.65, 0.55
# A move that never occurs and must never be chosen: into an I- of another class.
FORBIDDEN = -30.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences laid end to end.

    Attributes:
        layout: of the sentences.
        vectors: [T, D].
        features: [T, BUCKETS] sparse, how often each hashed feature occurs.
        tags: [T].
    """

    layout: Layout
    vectors: Floats
    features: sparse.csr_matrix
    tags: NDArray[np.intp]


class Encoder:
    """Turns sentences into batches; every word is looked up once."""

    def __init__(self, words: Mapping[str, WordEntry], numbers: Mapping[str, int], vectors: Floats) -> None:
        self._words, self._numbers, self._vectors = words, numbers, vectors
        self._known: dict[str, tuple[int | None, NDArray[np.intp]]] = {}

    def batch(self, sentences: Sequence[Tagged]) -> Batch:
        """Encode the sentences, none of them empty."""
        looked_up = [self._look_up(token) for sentence in sentences for token in sentence.tokens]
        vectors = np.zeros((len(looked_up), self._vectors.shape[1]), dtype=np.float32)
        for row, (number, _) in enumerate(looked_up):
            if number is not None:
                vectors[row] = self._vectors[number]
        columns = np.concatenate([bag for _, bag in looked_up])
        rows = np.repeat(np.arange(len(looked_up)), [len(bag) for _, bag in looked_up])
        ones = np.ones(len(rows), dtype=np.float32)
        features = sparse.csr_matrix((ones, (rows, columns)), shape=(len(looked_up), BUCKETS))
        tags = np.array([TAGS.index(tag) for sentence in sentences for tag in sentence.tags])
        return Batch(Layout.of([len(sentence.tokens) for sentence in sentences]), vectors, features, tags)

    def _look_up(self, word: str) -> tuple[int | None, NDArray[np.intp]]:
        found = self._known.get(word)
        if found is None:
            features = word_features(word, self._words)
            found = self._known[word] = vector_row(features, self._numbers), bags([features])[0]
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
    """Random parameters (Glorot & Bengio, 2010); forget gates begin open (Jozefowicz et al., 2015)."""
    wide, hidden = vector_width + FEATURE_WIDTH, HIDDEN_WIDTH

    def drawn(*shape: int, scale: float) -> Floats:
        return (random.standard_normal(shape) * scale).astype(np.float32)

    bias = np.zeros((2, 4 * hidden), dtype=np.float32)
    bias[:, hidden : 2 * hidden] = 1
    return Layers(
        features=drawn(BUCKETS, FEATURE_WIDTH, scale=0.05),
        first=drawn(wide, 2, 4 * hidden, scale=(2 / (wide + hidden)) ** 0.5 / 2),
        first_bias=bias,
        recurrent=drawn(2, hidden, 4 * hidden, scale=(1 / hidden) ** 0.5 / 2),
        last=drawn(2 * hidden, len(TAGS), scale=0.1),
        last_bias=np.zeros(len(TAGS), dtype=np.float32),
        transitions=impossible(),
    )


def impossible() -> Floats:
    """[tags, tags] of `FORBIDDEN` where an I- would continue another class, 0 elsewhere."""
    wrong = [[after[0] == "I" and before[2:] != after[2:] for after in TAGS] for before in TAGS]
    return np.where(wrong, np.float32(FORBIDDEN), np.float32(0))


def loss_and_gradients(layers: Layers, batch: Batch, random: np.random.Generator | None) -> tuple[float, Gradients]:
    """The negative log likelihood a token, and its gradient by every parameter.

    Args:
        random: draws what is dropped (Srivastava et al., 2014); None drops nothing.
    """
    layout, count = batch.layout, len(batch.tags)
    hidden = layers.recurrent.shape[1]
    features = batch.features.copy()
    features.data *= _mask(features.data.shape, KEEP_FEATURES, random) * np.float32(BAG_SCALE)
    seen = _mask((count, 1), KEEP_VECTORS, random) * np.float32(KEEP_VECTORS if random else 1)
    input_mask = _mask((count, batch.vectors.shape[1] + FEATURE_WIDTH), KEEP_INPUT, random)
    state_mask = _mask((count, 2 * hidden), KEEP_STATES, random)

    words: Floats = np.concatenate([batch.vectors * seen, features @ layers.features], axis=1) * input_mask
    first = layers.first.reshape(len(layers.first), -1)
    given = (words @ first).reshape(count, 2, -1) + layers.first_bias
    run = _forward(given, layers.recurrent, layout)
    kept: Floats = run.states.reshape(count, -1) * state_mask
    scores: Floats = kept @ layers.last
    scores += layers.last_bias
    expected = expectations(scores[None], layers.transitions[None], layout)
    moves = np.zeros_like(layers.transitions)
    inner = np.flatnonzero(layout.steps > 0)
    np.add.at(moves, (batch.tags[inner - 1], batch.tags[inner]), 1)
    right = scores[np.arange(count), batch.tags].sum() + (moves * layers.transitions).sum()
    loss = float(expected.log_sums[0] - right) / count

    error = expected.tags[0].copy()
    error[np.arange(count), batch.tags] -= 1
    error /= count
    gradients: Gradients = {"last": kept.T @ error, "last_bias": error.sum(axis=0)}
    # What is forbidden stays so.
    gradients["transitions"] = np.where(impossible() < 0, 0, (expected.moves[0] - moves) / count).astype(scores.dtype)
    by_states = ((error @ layers.last.T) * state_mask).reshape(run.states.shape)
    by_given, gradients["recurrent"] = _backward(by_states, run, layers.recurrent, layout)
    gradients["first_bias"] = by_given.sum(axis=0)
    flat = by_given.reshape(count, -1)
    gradients["first"] = (words.T @ flat).reshape(layers.first.shape)
    by_words = (flat @ first.T) * input_mask
    gradients["features"] = features.T @ by_words[:, batch.vectors.shape[1] :]
    return loss, gradients


@dataclass(frozen=True, slots=True)
class _Run:
    """What both directions computed: [T, 2, H] states, [T, 2, 4H] gates, [T, 2, H] cells."""

    states: Floats
    gates: Floats
    cells: Floats


def _forward(given: Floats, recurrent: Floats, layout: Layout) -> _Run:
    """Run both directions.

    Args:
        given: [T, 2, 4H] what the words give to the gates.
    """
    hidden = recurrent.shape[1]
    gates = np.empty_like(given)
    states = np.empty((len(given), 2, hidden), dtype=given.dtype)
    cells = np.empty_like(states)
    state = cell = np.zeros((2, len(layout.lengths), hidden), dtype=given.dtype)
    for step, active in enumerate(layout.active):
        here = _places(layout, step, active)
        gate = given[here, _SIDES] + state[:, :active] @ recurrent
        gate[..., : 3 * hidden] = 0.5 + 0.5 * np.tanh(0.5 * gate[..., : 3 * hidden])
        gate[..., 3 * hidden :] = np.tanh(gate[..., 3 * hidden :])
        entry, forget, leave, new = np.split(gate, 4, axis=2)
        cell = forget * cell[:, :active] + entry * new
        state = leave * np.tanh(cell)
        gates[here, _SIDES], cells[here, _SIDES], states[here, _SIDES] = gate, cell, state
    return _Run(states, gates, cells)


def _backward(by_states: Floats, run: _Run, recurrent: Floats, layout: Layout) -> tuple[Floats, Floats]:
    """The gradient by what the words give, and by the recurrent weights."""
    states, gates, cells = run.states, run.gates, run.cells
    hidden = recurrent.shape[1]
    by_given = np.empty_like(gates)
    by_recurrent = np.zeros_like(recurrent)
    back = recurrent.transpose(0, 2, 1)
    by_state = np.zeros((2, len(layout.lengths), hidden), dtype=gates.dtype)
    by_cell = np.zeros_like(by_state)
    for step in range(len(layout.active) - 1, -1, -1):
        active = layout.active[step]
        here = _places(layout, step, active)
        entry, forget, leave, new = np.split(gates[here, _SIDES], 4, axis=2)
        out = np.tanh(cells[here, _SIDES])
        through = by_states[here, _SIDES] + by_state[:, :active]
        cell = through * leave * (1 - out**2) + by_cell[:, :active]
        before = _places(layout, step - 1, active)
        old = cells[before, _SIDES] if step else np.zeros_like(cell)
        gate = np.concatenate(
            [
                cell * new * entry * (1 - entry),
                cell * old * forget * (1 - forget),
                through * out * leave * (1 - leave),
                cell * entry * (1 - new**2),
            ],
            axis=2,
        )
        by_given[here, _SIDES] = gate
        by_cell[:, :active] = cell * forget
        by_state[:, :active] = gate @ back
        if step:
            by_recurrent += states[before, _SIDES].transpose(0, 2, 1) @ gate
    return by_given, by_recurrent


_SIDES = np.arange(2)[:, None]


def _places(layout: Layout, step: int, active: int) -> NDArray[np.intp]:
    """[2, active] where both directions stand at a step."""
    return np.stack([layout.starts[:active] + step, layout.ends[:active] - 1 - step])


def _mask(shape: tuple[int, ...], keep: float, random: np.random.Generator | None) -> Floats:
    if random is None:
        return np.ones(shape, dtype=np.float32)
    return (random.random(shape, dtype=np.float32) < keep).astype(np.float32) / np.float32(keep)


def _shuffled(sentences: Sequence[Tagged], random: np.random.Generator) -> Iterator[list[Tagged]]:
    """Batches of sentences of like length, in random order."""
    order = random.permutation(len(sentences)).tolist()
    batches: list[list[Tagged]] = []
    for start in range(0, len(order), BATCH * BUCKET):
        chosen = sorted((sentences[i] for i in order[start : start + BATCH * BUCKET]), key=lambda s: len(s.tokens))
        batches += [chosen[first : first + BATCH] for first in range(0, len(chosen), BATCH)]
    return (batches[index] for index in random.permutation(len(batches)))


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
