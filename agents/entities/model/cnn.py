"""Run the convolutional networks: word vectors and hashed features, three layers of neighbours, a linear chain on top.

Strubell et al. (2017) tag as well with convolutions as with recurrent networks. The first layer is linear in each word,
so that what a word adds to the tokens around it is a row that is computed once a word and kept (`_compute`); the other
layers are products over all tokens at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agents.entities.model.features import FeatureCache, WordFeatures
from agents.entities.model.forward_backward import SentenceLayout, marginals
from agents.entities.model.row_cache import RowCache

Floats = NDArray[np.float32]

BUCKETS = 1 << 14
_RUNS = (3, 4)
# Scales the sum of some thirty hashed features to the length of the word vectors.
BAG_SCALE = 0.3
VECTOR_LENGTH = 3.0
_POWERS = np.cumprod(np.full(64, 0x01000193, dtype=np.uint32), dtype=np.uint32)
# Bytes of rows kept, whatever the number of networks.
_CACHED_BYTES = 120_000_000
# Rows of each product in `row_by_row`.
_BLOCK = 32
# Distance of the farthest neighbours that a layer reads.
_GAP = 2


def bags(words: Sequence[WordFeatures]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Hash the features of each word and its stem's runs of three and four letters to rows of the feature table.

    Returns:
        [rows] the rows of the words one after the other, and [words] the index where each word's begin; every word has
        at least one row.
    """
    names = _rows_of([name for features in words for name in features.names])
    owners = np.repeat(np.arange(len(words)), [len(features.names) for features in words])
    runs, run_owners = _letter_runs([features.stem for features in words])
    owner = np.concatenate([owners, run_owners])
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(words)))
    return np.concatenate([names, runs])[order], starts


def _rows_of(names: Sequence[str]) -> NDArray[np.intp]:
    """Hash each feature's name, none empty, to a row: a polynomial in its code points (Karp & Rabin, 1987)."""
    codes = np.frombuffer("".join(names).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, names), dtype=np.intp, count=len(names))
    starts = np.cumsum(lengths) - lengths
    positions = np.arange(len(codes)) - np.repeat(starts, lengths)
    return _row(np.add.reduceat(codes * _POWERS[positions % len(_POWERS)], starts))


def _row(hashes: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Spread hashes over the rows 1 to `BUCKETS` - 1, high bits into low ones. Row 0 is reserved."""
    mixed = (hashes ^ (hashes >> 15)) * np.uint32(0x85EBCA6B)
    return (1 + (mixed ^ (mixed >> 13)) % (BUCKETS - 1)).astype(np.intp)


def _letter_runs(stems: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Hash the runs of `_RUNS` letters of stems to rows; a stem's beginning and end count as letters.

    Returns:
        [runs] the row of each run, and [runs] the index of its stem.
    """
    framed = [f"<{stem}>" for stem in stems]
    codes = np.frombuffer("".join(framed).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owners = np.repeat(np.arange(len(stems)), [len(stem) for stem in framed])
    found, of = [], []
    for size in _RUNS:
        count = max(len(codes) - size + 1, 0)
        # FNV-1a (Fowler, Noll & Vo), by code points.
        mixed = np.full(count, 2166136261 + size, dtype=np.uint32)
        for at in range(size):
            mixed = (mixed ^ codes[at : at + count]) * np.uint32(16777619)
        inside = owners[:count] == owners[size - 1 :]
        found.append(_row(mixed[inside]))
        of.append(owners[:count][inside])
    return np.concatenate(found), np.concatenate(of)


def vector_row(features: WordFeatures, numbers: Mapping[str, int]) -> int | None:
    """Return the row of the vector of a word, else of its stem, else of that without article; None if none has one."""
    for form in (features.plain, features.stem, features.stem.removeprefix("ال")):
        if form in numbers:
            return numbers[form]
    return None


def unpacked(vectors: NDArray[np.int8], width: int) -> Floats:
    """Scale stored vectors, [words, views·width], so that each view of a word has length `VECTOR_LENGTH`."""
    views = vectors.astype(np.float32).reshape(len(vectors), -1, width)
    length = np.maximum(np.linalg.norm(views, axis=2, keepdims=True), 1)
    views *= VECTOR_LENGTH
    views /= length
    return views.reshape(vectors.shape)


@dataclass(frozen=True, slots=True)
class PackedVectors:
    """Keep stored vectors as they are, a quarter of the memory, and scale the rows that are asked for.

    Attributes:
        packed: [words, views·width] in steps of 1/127 of a row's largest component.
        width: dimensions of one view.
    """

    packed: NDArray[np.int8]
    width: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of all vectors."""
        return self.packed.shape

    def __getitem__(self, rows: NDArray[np.intp]) -> Floats:
        return unpacked(self.packed[rows], self.width)


def row_by_row(left: Floats, right: Floats) -> Floats:
    """Compute `left @ right` so that a row of the result does not depend, to the last digit, on the other rows.

    BLAS chooses a kernel, and with it the order of additions, by the number of rows: an article's scores would depend
    on the articles that are tagged with it. So all products have `_BLOCK` rows.

    Args:
        left: [..., rows, K].
        right: [..., K, columns].

    Returns:
        [..., rows, columns].
    """
    *before, rows, width = left.shape
    padded = np.zeros((*before, rows + -rows % _BLOCK, width), dtype=left.dtype)
    padded[..., :rows, :] = left
    product = padded.reshape(*before, -1, _BLOCK, width) @ right[..., None, :, :]
    return product.reshape(*before, -1, product.shape[-1])[..., :rows, :]


def spaced(layout: SentenceLayout) -> tuple[NDArray[np.intp], Floats]:
    """Assign tokens to rows, with empty rows before, between and after the sentences, so that no layer reads across.

    Returns:
        [tokens] the row of each token, and [rows, 1] with 1 in the rows of tokens and 0 in empty ones.
    """
    here = np.arange(len(layout.steps)) + _GAP * np.cumsum(layout.steps == 0)
    inside = np.zeros((here[-1] + 1 + _GAP, 1), dtype=np.float32)
    inside[here] = 1
    return here, inside


def collected(given: Floats, step: int) -> Floats:
    """Add up what each row receives from its neighbours.

    Args:
        given: [rows, n, H] what each row gives to the rows from n // 2 · `step` before it to as many after it.
        step: distance between neighbours, in rows.

    Returns:
        [rows, H].
    """
    count, reach = given.shape[1], given.shape[1] // 2
    total = given[:, reach].copy()
    for index in range(count):
        distance = (index - reach) * step
        if distance > 0:
            total[:-distance] += given[distance:, index]
        elif distance < 0:
            total[-distance:] += given[:distance, index]
    return total


def rectified(totals: Floats, bias: Floats, inside: Floats) -> Floats:
    """Compute the positive part of `totals` + `bias`, [rows, H], with 0 in the rows without a token."""
    result = totals + bias
    np.maximum(result, 0, out=result)
    result *= inside
    return result


@dataclass(frozen=True, slots=True)
class Layers:
    """Hold the parameters of one network.

    Attributes:
        features: [BUCKETS, F] vectors of hashed features.
        first: [D+F, 5, H] what a word's vector and the sum of its features give to the tokens from two before it to two
            after it; bias [H].
        second, third: [H, 3, H] what a state gives to itself and to its neighbours at distance 1 and 2; bias [H].
        last: [H, tags]; bias [tags].
        transitions: [tags, tags] log potentials from row to column.
        context: [C, H] what a token's context vector adds to its own state in the first layer; None if the network
            reads no context vectors.
    """

    features: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    third: Floats
    third_bias: Floats
    last: Floats
    last_bias: Floats
    transitions: Floats
    context: Floats | None = None


@dataclass(frozen=True, slots=True)
class Networks:
    """Hold trained networks of one size, and score sentences by them.

    Attributes:
        features: extracts the features of a word.
        numbers: the row of `vectors` of each normalised word that has one.
        vectors: [vectors, D] as `unpacked` scales them, or those that are scaled when they are needed.
        layers: the parameters of each network, at least one.
        transitions: [networks, tags, tags] log potentials from row to column.
    """

    features: FeatureCache
    numbers: Mapping[str, int]
    vectors: Floats | PackedVectors
    layers: tuple[Layers, ...]
    transitions: Floats = field(init=False)
    _bags: Floats = field(init=False)
    _rows: RowCache = field(init=False)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "transitions", np.stack([layers.transitions for layers in self.layers]))
        set_(self, "_bags", np.concatenate([layers.features for layers in self.layers], axis=1))
        shape = (len(self.layers), *self.layers[0].first.shape[1:])
        most = _CACHED_BYTES // (2 * int(np.prod(shape)))
        set_(self, "_rows", RowCache(self._compute, shape, np.float16, most))

    def scores(self, sentences: Sequence[Sequence[str]], context: Floats | None = None) -> Floats:
        """Compute [networks, tokens, tags] log potentials of the sentences one after the other, none of them empty.

        Args:
            sentences: tokens of each sentence.
            context: [tokens, C] context vectors, for networks that read them.
        """
        rows = self._rows([token for tokens in sentences for token in tokens])
        here, inside = spaced(SentenceLayout.of([len(tokens) for tokens in sentences]))
        given = np.zeros((len(inside), *rows.shape[2:]), dtype=np.float32)
        found = []
        for number, layers in enumerate(self.layers):
            given[here] = rows[:, number]
            totals = collected(given, 1)
            if layers.context is not None and context is not None:
                totals[here] += row_by_row(context, layers.context)
            low = rectified(totals, layers.first_bias, inside)
            middle = low + rectified(_convolved(low, layers.second, 1), layers.second_bias, inside)
            high = middle + rectified(_convolved(middle, layers.third, 2), layers.third_bias, inside)
            found.append(row_by_row(high[here], layers.last) + layers.last_bias)
        return np.stack(found)

    def probabilities(self, sentences: Sequence[Sequence[str]], context: Floats | None = None) -> Floats:
        """Compute [networks, tokens, tags] probabilities; arguments as those of `scores`, and each row adds up to 1."""
        layout = SentenceLayout.of([len(tokens) for tokens in sentences])
        return marginals(self.scores(sentences, context), self.transitions, layout)

    def _compute(self, words: Sequence[str]) -> Floats:
        """Compute [words, networks, 5, H]: what each word gives to the tokens around it."""
        vectors = np.zeros((len(words), self.vectors.shape[1]), dtype=np.float32)
        seen = list(map(self.features, words))
        numbers = [vector_row(features, self.numbers) for features in seen]
        known = [row for row, number in enumerate(numbers) if number is not None]
        if known:
            vectors[known] = self.vectors[np.array([numbers[row] for row in known], dtype=np.intp)]
        rows, starts = bags(seen)
        sums = np.add.reduceat(self._bags[rows], starts, axis=0) * np.float32(BAG_SCALE)
        found = []
        for layers, bag in zip(self.layers, np.split(sums, len(self.layers), axis=1), strict=True):
            both = row_by_row(np.concatenate([vectors, bag], axis=1), layers.first.reshape(layers.first.shape[0], -1))
            found.append(both.reshape(len(words), *layers.first.shape[1:]))
        return np.stack(found, axis=1)


def _convolved(states: Floats, weights: Floats, step: int) -> Floats:
    flat = weights.reshape(len(weights), -1)
    return collected(row_by_row(states, flat).reshape(len(states), *weights.shape[1:]), step)
