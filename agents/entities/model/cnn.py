"""The convolutional tagger: word vectors and hashed word features, three layers of neighbours, a linear chain on top.

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
from agents.entities.model.forward_backward import Layout, marginals
from agents.entities.model.row_cache import RowCache

Floats = NDArray[np.float32]

BUCKETS = 1 << 14
_RUNS = (3, 4)
# Keeps the sum of some thirty hashed features in the size of the word vectors.
BAG_SCALE = 0.3
VECTOR_LENGTH = 3.0
_POWERS = np.cumprod(np.full(64, 0x01000193, dtype=np.uint32), dtype=np.uint32)
# Bytes of rows kept, whatever the number of networks.
_CACHED_BYTES = 120_000_000
# Rows of the products that must not depend on how many rows there are.
_BLOCK = 32
# The farthest neighbours that a layer looks at.
_GAP = 2


def bags(words: Sequence[WordFeatures]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows of the feature table that each word adds up: its features and its stem's runs of three and four letters.

    Returns:
        [rows] of the words one after the other, and [words] where each begins; no word is without a row.
    """
    names = _rows_of([name for features in words for name in features.names])
    owners = np.repeat(np.arange(len(words)), [len(features.names) for features in words])
    runs, run_owners = _letter_runs([features.stem for features in words])
    owner = np.concatenate([owners, run_owners])
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(words)))
    return np.concatenate([names, runs])[order], starts


def _rows_of(names: Sequence[str]) -> NDArray[np.intp]:
    """The row of each feature, none empty: a polynomial hash of its letters (Karp & Rabin, 1987), all in one go."""
    codes = np.frombuffer("".join(names).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, names), dtype=np.intp, count=len(names))
    starts = np.cumsum(lengths) - lengths
    places = np.arange(len(codes)) - np.repeat(starts, lengths)
    return _row(np.add.reduceat(codes * _POWERS[places % len(_POWERS)], starts))


def _row(hashes: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Spread hashes over the rows; the high bits are the well mixed ones. Row 0 is nobody's."""
    mixed = (hashes ^ (hashes >> 15)) * np.uint32(0x85EBCA6B)
    return (1 + (mixed ^ (mixed >> 13)) % (BUCKETS - 1)).astype(np.intp)


def _letter_runs(stems: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows of all runs of letters, a stem's beginning and end counted as letters, and which stem each is of."""
    framed = [f"<{stem}>" for stem in stems]
    codes = np.frombuffer("".join(framed).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owners = np.repeat(np.arange(len(stems)), [len(stem) for stem in framed])
    found, of = [], []
    for size in _RUNS:
        count = max(len(codes) - size + 1, 0)
        # FNV-1a (Fowler, Noll & Vo), a code point at a time.
        mixed = np.full(count, 2166136261 + size, dtype=np.uint32)
        for at in range(size):
            mixed = (mixed ^ codes[at : at + count]) * np.uint32(16777619)
        inside = owners[:count] == owners[size - 1 :]
        found.append(_row(mixed[inside]))
        of.append(owners[:count][inside])
    return np.concatenate(found), np.concatenate(of)


def vector_row(features: WordFeatures, numbers: Mapping[str, int]) -> int | None:
    """The row of a word's vector, or of its stem's, without and with its article; None when all are unknown."""
    for form in (features.plain, features.stem, features.stem.removeprefix("ال")):
        if form in numbers:
            return numbers[form]
    return None


def unpacked(vectors: NDArray[np.int8], width: int) -> Floats:
    """Stored vectors as the network reads them: [words, views·width], each view of a word of one length."""
    views = vectors.astype(np.float32).reshape(len(vectors), -1, width)
    length = np.maximum(np.linalg.norm(views, axis=2, keepdims=True), 1)
    # In place: whole temporaries would be the largest memory that a worker takes while it starts.
    views *= VECTOR_LENGTH
    views /= length
    return views.reshape(vectors.shape)


def row_by_row(left: Floats, right: Floats) -> Floats:
    """`left @ right`, each row as it is without the others, to the last digit.

    BLAS takes another kernel, and adds in another order, for few rows than for many: an article's scores would depend
    on the articles that came with it. So all products are of one shape.

    Args:
        left: [..., rows, K].
        right: [..., K, columns].
    """
    *before, rows, width = left.shape
    padded = np.zeros((*before, rows + -rows % _BLOCK, width), dtype=left.dtype)
    padded[..., :rows, :] = left
    product = padded.reshape(*before, -1, _BLOCK, width) @ right[..., None, :, :]
    return product.reshape(*before, -1, product.shape[-1])[..., :rows, :]


def spaced(layout: Layout) -> tuple[NDArray[np.intp], Floats]:
    """The rows of the tokens when empty ones stand before, between and behind the sentences: no layer looks across.

    Returns:
        [tokens] the row of each, and [rows, 1] of 1 where there is a token, else 0.
    """
    here = np.arange(len(layout.steps)) + _GAP * np.cumsum(layout.steps == 0)
    inside = np.zeros((here[-1] + 1 + _GAP, 1), dtype=np.float32)
    inside[here] = 1
    return here, inside


def collected(given: Floats, step: int) -> Floats:
    """[rows, H]: what the neighbours give to each row, added up.

    Args:
        given: [rows, n, H] what each row gives to those n // 2 · `step` rows before it, …, and as many behind it.
        step: distance of neighbours.
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
    """The positive part of [rows, H] totals and their bias, 0 where no token is."""
    result = totals + bias
    np.maximum(result, 0, out=result)
    result *= inside
    return result


@dataclass(frozen=True, slots=True)
class Layers:
    """Parameters of one network.

    Attributes:
        features: [BUCKETS, F] of hashed features.
        first: [D+F, 5, H] what the word vector and the features' sum give to the tokens from two before to two behind;
            bias [H].
        second, third: [H, 3, H] what a state gives to its neighbours at distance 1 and 2, and to itself; bias [H].
        last: [H, tags]; bias [tags].
        transitions: [tags, tags] from row to column.
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


@dataclass(frozen=True, slots=True)
class Networks:
    """Trained networks of one size with the words they know.

    Attributes:
        features: the features of a word.
        numbers: row of `vectors` of each folded word that has one.
        vectors: [vectors, D].
        layers: one each, at least one.
        transitions: [networks, tags, tags].
    """

    features: FeatureCache
    numbers: Mapping[str, int]
    vectors: Floats
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

    def scores(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[networks, tokens, tags] of the sentences one after the other, none of them empty."""
        rows = self._rows([token for tokens in sentences for token in tokens])
        here, inside = spaced(Layout.of([len(tokens) for tokens in sentences]))
        given = np.zeros((len(inside), *rows.shape[2:]), dtype=np.float32)
        found = []
        for number, layers in enumerate(self.layers):
            given[here] = rows[:, number]
            low = rectified(collected(given, 1), layers.first_bias, inside)
            middle = low + rectified(_convolved(low, layers.second, 1), layers.second_bias, inside)
            high = middle + rectified(_convolved(middle, layers.third, 2), layers.third_bias, inside)
            found.append(row_by_row(high[here], layers.last) + layers.last_bias)
        return np.stack(found)

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[networks, tokens, tags]; every row adds up to 1."""
        return marginals(self.scores(sentences), self.transitions, Layout.of([len(tokens) for tokens in sentences]))

    def _compute(self, words: Sequence[str]) -> Floats:
        """[words, networks, 5, H]: what each word gives to the tokens around it."""
        vectors = np.zeros((len(words), self.vectors.shape[1]), dtype=np.float32)
        seen = list(map(self.features, words))
        for row, features in enumerate(seen):
            number = vector_row(features, self.numbers)
            if number is not None:
                vectors[row] = self.vectors[number]
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
