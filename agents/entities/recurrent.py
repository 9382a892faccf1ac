"""The recurrent part of a tagger while it is trained: what its states are, and the gradients by its parameters.

Plain NumPy with hand-written gradients, held against finite differences by a test: the networks are small, and training
them needs nothing that the pipeline itself does not install.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from agents.entities.batches import Batch
from agents.entities.bio import BREAKS, TAGS
from agents.entities.chain import Layout
from agents.entities.network import BAG_SCALE, BUCKETS, Layers

Floats = NDArray[np.float32]
Gradients = dict[str, Floats]

FEATURE_WIDTH = 64
HIDDEN_WIDTH = 64
# A move that never occurs and must never be chosen: into an I- of another class.
FORBIDDEN = -30.0


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares kept in training (dropout: Srivastava et al., 2014).

    Attributes:
        features: of a word's features.
        vectors: of the words' vectors.
        input: of the numbers that the recurrence reads.
        states: of the states that are read from it.
    """

    features: float
    vectors: float
    input: float
    states: float


@dataclass(frozen=True, slots=True)
class Encoding:
    """What `encode` made, and what its gradient needs.

    Attributes:
        kept: [T, 2H] states of both directions, less those dropped.
    """

    kept: Floats
    _features: sparse.csr_matrix
    _words: Floats
    _run: _Run
    _input_mask: Floats
    _state_mask: Floats


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
    return np.where(BREAKS, np.float32(FORBIDDEN), np.float32(0))


def encode(layers: Layers, batch: Batch, shares: Shares, random: np.random.Generator | None) -> Encoding:
    """Run both directions over a batch.

    Args:
        random: draws what is dropped; None drops nothing.
    """
    count, hidden = len(batch.vectors), layers.recurrent.shape[1]
    features = batch.features.copy()
    features.data *= _mask(features.data.shape, shares.features, random) * np.float32(BAG_SCALE)
    # A vector comes whole or not at all, and is not made longer for those that do not come.
    seen = _mask((count, 1), shares.vectors, random) * np.float32(shares.vectors if random else 1)
    input_mask = _mask((count, batch.vectors.shape[1] + layers.features.shape[1]), shares.input, random)
    state_mask = _mask((count, 2 * hidden), shares.states, random)
    words: Floats = np.concatenate([batch.vectors * seen, features @ layers.features], axis=1) * input_mask
    given = (words @ _flat(layers.first)).reshape(count, 2, -1) + layers.first_bias
    run = _forward(given, layers.recurrent, batch.layout)
    kept: Floats = run.in_place(run.states).reshape(count, -1) * state_mask
    return Encoding(kept, features, words, run, input_mask, state_mask)


def gradients_of(layers: Layers, encoding: Encoding, by_kept: Floats) -> Gradients:
    """The gradient by every parameter of the recurrent part, from that by the kept states, [T, 2H]."""
    by_given, by_recurrent = _backward(by_kept * encoding._state_mask, encoding._run, layers.recurrent)
    flat = by_given.reshape(len(by_given), -1)
    by_words = (flat @ _flat(layers.first).T) * encoding._input_mask
    return {
        "features": encoding._features.T @ by_words[:, -layers.features.shape[1] :],
        "first": (encoding._words.T @ flat).reshape(layers.first.shape),
        "first_bias": by_given.sum(axis=0),
        "recurrent": by_recurrent,
    }


@dataclass(frozen=True, slots=True)
class _Run:
    """What both directions computed, in the order of their reading: [2, T, 4H] gates, [2, T, H] cells and states.

    Attributes:
        order: [2, T] the token that is read at each place.
        active: sentences under way at each step.
    """

    order: NDArray[np.intp]
    active: list[int]
    gates: Floats
    cells: Floats
    states: Floats

    def steps(self) -> Iterator[tuple[slice, slice]]:
        """Where each step stands, and where the step before it stands for the same sentences (empty at the first)."""
        start = before = 0
        for active in self.active:
            yield slice(start, start + active), slice(before, before + active if start else 0)
            before, start = start, start + active

    def in_place(self, read: Floats) -> Floats:
        """[T, 2, …] in the order of the tokens, of [2, T, …]."""
        found = np.empty((read.shape[1], 2, *read.shape[2:]), dtype=read.dtype)
        found[self.order[0], 0], found[self.order[1], 1] = read
        return found

    def as_read(self, tokens: Floats) -> Floats:
        """The reverse of `in_place`."""
        return np.stack([tokens[self.order[0], 0], tokens[self.order[1], 1]])


def _forward(given: Floats, recurrent: Floats, layout: Layout) -> _Run:
    """Run both directions.

    Args:
        given: [T, 2, 4H] what the words give to the gates.
    """
    hidden = recurrent.shape[1]
    order = layout.order()
    gates = np.stack([given[order[0], 0], given[order[1], 1]])
    cells = np.empty((*gates.shape[:2], hidden), dtype=given.dtype)
    run = _Run(order, layout.active, gates, cells, np.empty_like(cells))
    for here, before in run.steps():
        gate, cell = gates[:, here], cells[:, here]
        if here.start:
            gate += run.states[:, before] @ recurrent
        doors = gate[..., : 3 * hidden]
        doors *= 0.5
        np.tanh(gate, out=gate)
        doors *= 0.5
        doors += 0.5
        entry, forget, leave, new = np.split(gate, 4, axis=2)
        np.multiply(entry, new, out=cell)
        if here.start:
            cell += forget * cells[:, before]
        np.multiply(leave, np.tanh(cell), out=run.states[:, here])
    return run


def _backward(by_states: Floats, run: _Run, recurrent: Floats) -> tuple[Floats, Floats]:
    """The gradient by what the words give, [T, 2, 4H], and by the recurrent weights.

    Args:
        by_states: [T, 2H] the gradient by the states of both directions.
    """
    hidden = recurrent.shape[1]
    places = list(run.steps())
    first = run.active[0]
    before = np.concatenate([np.arange(before.start, before.stop) for _, before in places])
    old = np.zeros_like(run.cells)
    old[:, first:] = run.cells[:, before]
    entry, forget, leave, new = np.split(run.gates, 4, axis=2)
    out = np.tanh(run.cells)
    # What the gradient of a cell (of a state, for the leave gate) becomes at each gate.
    slopes = np.stack(
        [new * entry * (1 - entry), old * forget * (1 - forget), out * leave * (1 - leave), entry * (1 - new**2)],
        axis=2,
    )
    top = leave * (1 - out**2)
    arriving = run.as_read(by_states.reshape(len(by_states), 2, -1))
    by_gates = np.empty_like(run.gates)
    back = np.ascontiguousarray(recurrent.transpose(0, 2, 1))
    by_state = np.zeros((2, first, hidden), dtype=run.gates.dtype)
    by_cell = np.zeros_like(by_state)
    for here, _ in reversed(places):
        active = here.stop - here.start
        through = arriving[:, here] + by_state[:, :active]
        cell = through * top[:, here] + by_cell[:, :active]
        gate = slopes[:, here] * np.stack([cell, cell, through, cell], axis=2)
        by_gates[:, here] = gate.reshape(2, active, -1)
        by_cell[:, :active] = cell * forget[:, here]
        by_state[:, :active] = by_gates[:, here] @ back
    by_recurrent = run.states[:, before].transpose(0, 2, 1) @ by_gates[:, first:]
    return run.in_place(by_gates), by_recurrent


def _flat(first: Floats) -> Floats:
    return first.reshape(len(first), -1)


def _mask(shape: tuple[int, ...], keep: float, random: np.random.Generator | None) -> Floats:
    if random is None:
        return np.ones(shape, dtype=np.float32)
    return (random.random(shape, dtype=np.float32) < keep).astype(np.float32) / np.float32(keep)
