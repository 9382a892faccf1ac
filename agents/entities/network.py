"""The convolutional tagger: word vectors and hashed word features, three layers, a softmax a token.

Strubell et al. (2017) tag as well with convolutions as with recurrent networks; unlike those, convolutions run over a
whole batch in a few matrix products. The first layer is linear in each word, so that its part of the sum is computed
once a word (`_compute`).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from agents.entities.features import FeatureCache, WordFeatures
from agents.entities.rows import RowCache

Floats = NDArray[np.float32]

BUCKETS = 1 << 14
# The reach of the first layer, and with it of the empty tokens between sentences, which no layer may look across.
REACH = 2
# Keeps the sum of some thirty hashed features in the size of the word vectors.
BAG_SCALE = 0.3
VECTOR_LENGTH = 3.0
# Rows of 640 half-precision floats: 102 MB at most for each network.
_CACHED_WORDS = 80_000


def buckets(features: WordFeatures) -> list[int]:
    """The rows of the feature table that a word adds up. CRC-32, as it is the same on every machine."""
    return list(map(_bucket, features.names))


@lru_cache(maxsize=1 << 16)
def _bucket(name: str) -> int:
    return 1 + zlib.crc32(name.encode()) % (BUCKETS - 1)


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
    result: Floats = (VECTOR_LENGTH * views / length).reshape(vectors.shape)
    return result


@dataclass(frozen=True, slots=True)
class Layers:
    """Parameters of one network.

    Attributes:
        features: [BUCKETS, F] of hashed features.
        first: [2·REACH+1, D+F, H] on the word vector and the features' sum; bias [H].
        second, third: [3·H, H], over three neighbours at distances 1 and 2; bias [H].
        last: [H, tags]; bias [tags].
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


@dataclass(frozen=True, slots=True)
class Network:
    """One trained network with the words it knows.

    Attributes:
        features: the features of a word.
        numbers: row of `vectors` of each folded word that has one.
        vectors: [vectors, D].
    """

    features: FeatureCache
    numbers: Mapping[str, int]
    vectors: Floats
    layers: Layers
    _first: Floats = field(init=False)
    _rows: RowCache = field(init=False)

    def __post_init__(self) -> None:
        first = self.layers.first
        object.__setattr__(self, "_first", np.ascontiguousarray(first.transpose(1, 0, 2).reshape(first.shape[1], -1)))
        shape = (2 * REACH + 1, first.shape[2])
        object.__setattr__(self, "_rows", RowCache(self._compute, shape, np.float16, _CACHED_WORDS))

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[tokens, tags] of the sentences one after the other; every row adds up to 1."""
        layers = self.layers
        rows = self._rows([token for tokens in sentences for token in tokens])
        gaps = REACH * np.arange(1, len(sentences) + 1)
        here = np.arange(len(rows)) + np.repeat(gaps, [len(tokens) for tokens in sentences])
        total = np.tile(layers.first_bias, (here[-1] + 1 + REACH, 1))
        for offset in range(-REACH, REACH + 1):
            # A word adds to the tokens around it; no two words of one offset to the same.
            total[here - offset] += rows[:, offset + REACH]
        hidden = np.zeros_like(total)
        hidden[here] = np.maximum(total[here], 0)
        hidden[here] += _convolve(hidden, here, 1, layers.second, layers.second_bias)
        final = hidden[here] + _convolve(hidden, here, 2, layers.third, layers.third_bias)
        logits = final @ layers.last + layers.last_bias
        exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: Floats = exponent / exponent.sum(axis=1, keepdims=True)
        return result

    def _compute(self, words: Sequence[str]) -> Floats:
        """[words, offsets, H]: what each word adds to the first layer at each token around it."""
        vectors = np.zeros((len(words), self.vectors.shape[1]), dtype=np.float32)
        bags: list[list[int]] = []
        for row, features in enumerate(map(self.features, words)):
            number = vector_row(features, self.numbers)
            if number is not None:
                vectors[row] = self.vectors[number]
            bags.append(buckets(features))
        starts = np.cumsum([0, *map(len, bags[:-1])])
        sums = np.add.reduceat(self.layers.features[list(chain.from_iterable(bags))], starts, axis=0)
        found: Floats = np.concatenate([vectors, sums * np.float32(BAG_SCALE)], axis=1) @ self._first
        return found.reshape(len(words), *self.layers.first.shape[::2])


def _convolve(hidden: Floats, here: NDArray[np.intp], step: int, weights: Floats, bias: Floats) -> Floats:
    around = np.concatenate([hidden[here - step], hidden[here], hidden[here + step]], axis=1)
    result: Floats = np.maximum(around @ weights + bias, 0)
    return result
