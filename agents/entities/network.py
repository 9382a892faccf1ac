"""The convolutional tagger: word vectors and hashed word features, three layers, a softmax a token.

Strubell et al. (2017) tag as well with convolutions as with recurrent networks; unlike those, convolutions run over a
whole batch in a few matrix products. The first layer is linear in each word, so that its part of the sum is computed
once a word (`_row`).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agents.entities.features import FeatureCache, WordEntry, WordFeatures, core, split_clitics

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
    return [1 + zlib.crc32(name.encode()) % (BUCKETS - 1) for name in features.own]


def vector_row(word: str, words: Mapping[str, WordEntry], numbers: Mapping[str, int]) -> int | None:
    """The row of a word's vector, or of its stem's, without and with its article; None when all are unknown."""
    plain = core(word)
    _, stem = split_clitics(plain, words)
    for form in (plain, stem, stem.removeprefix("ال")):
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
    _rows: dict[str, NDArray[np.float16]] = field(default_factory=dict)

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[tokens, tags] of the sentences one after the other; every row adds up to 1."""
        layers = self.layers
        width = layers.last.shape[0]
        empty = np.zeros((1, 2 * REACH + 1, width), dtype=np.float16)
        gap = [empty] * REACH
        rows = list(gap)
        keep: list[NDArray[np.intp]] = []
        for tokens in sentences:
            keep.append(np.arange(len(rows), len(rows) + len(tokens)))
            rows += map(self._row, tokens)
            rows += gap
        here = np.concatenate(keep)
        stacked = np.concatenate(rows)
        hidden = np.zeros((len(rows), width), dtype=np.float32)
        total = np.tile(layers.first_bias, (len(here), 1))
        for offset in range(-REACH, REACH + 1):
            total += stacked[here + offset, offset + REACH]
        hidden[here] = np.maximum(total, 0)
        hidden[here] += _convolve(hidden, here, 1, layers.second, layers.second_bias)
        final = hidden[here] + _convolve(hidden, here, 2, layers.third, layers.third_bias)
        logits = final @ layers.last + layers.last_bias
        exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: Floats = exponent / exponent.sum(axis=1, keepdims=True)
        return result

    def _row(self, word: str) -> NDArray[np.float16]:
        """[1, offsets, H]: what a word adds to the first layer at each token around it."""
        row = self._rows.get(word)
        if row is None:
            if len(self._rows) >= _CACHED_WORDS:
                self._rows.clear()
            number = vector_row(word, self.features.words, self.numbers)
            vector = np.zeros(self.vectors.shape[1], dtype=np.float32) if number is None else self.vectors[number]
            bag = self.layers.features[buckets(self.features(word))].sum(axis=0) * BAG_SCALE
            first = np.concatenate([vector, bag]) @ self.layers.first
            row = self._rows[word] = first[None].astype(np.float16)
        return row


def _convolve(hidden: Floats, here: NDArray[np.intp], step: int, weights: Floats, bias: Floats) -> Floats:
    around = np.concatenate([hidden[here - step], hidden[here], hidden[here + step]], axis=1)
    result: Floats = np.maximum(around @ weights + bias, 0)
    return result
