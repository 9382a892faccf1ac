"""Count, embed and cluster the words of the unlabelled news.

Vectors are the leading singular vectors of the positive pointwise mutual information of a word with its neighbours
(Levy, Goldberg & Dagan, 2015), and classes are k-means clusters of the vectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils.extmath import randomized_svd

from agents.entities.model.features import WordEntry, core

POSITIONS = (-2, -1, 1, 2)
WINDOW = 5
LEAST_COUNT = 3
CONTEXT_WORDS = 20_000
# Exponent of the frequencies of contexts (Levy et al., as in word2vec), so that rare contexts count for less.
SMOOTHING = 0.75
DIMENSIONS = 100
VECTORS = 40_000
GRANULARITIES = (64, 300, 1200)
SEED = 20


@dataclass(frozen=True, slots=True)
class WordStatistics:
    """Hold the statistics of words, from unlabelled news and the list of places.

    Attributes:
        words: every normalised word that occurs often enough or is part of a place's name; the most frequent first.
        vectors: [VECTORS, 2·DIMENSIONS] of the first words, in steps of 1/127 of a row's largest component.
    """

    words: dict[str, WordEntry]
    vectors: NDArray[np.int8]


def word_statistics(
    sentences: Iterable[Sequence[str]], places: Mapping[str, tuple[str, ...]], least: int = 2
) -> WordStatistics:
    """Count and cluster the words of sentences; words too rare for clusters have class -1 at each granularity.

    Args:
        sentences: tokens as printed.
        places: part of which places' names each normalised word is (`place_words`).
        least: occurrences from which a word is kept at all.
    """
    normalised = [[core(word) for word in tokens] for tokens in sentences]
    counts = Counter(word for tokens in normalised for word in tokens)
    order = sorted((word for word, count in counts.items() if count >= least), key=lambda word: (-counts[word], word))
    frequent = [word for word in order if counts[word] >= LEAST_COUNT]
    views = [_vectors(table) for table in _tables(normalised, frequent)]
    classes = np.concatenate([_classes(view) for view in views], axis=1).tolist()
    none = (-1,) * (len(GRANULARITIES) * len(views))
    rows = chain(map(tuple, classes), repeat(none))
    words = {
        word: WordEntry(counts[word], row, places=places.get(word, ())) for word, row in zip(order, rows, strict=False)
    }
    words |= {word: WordEntry(1, none, places=found) for word, found in sorted(places.items()) if word not in words}
    joined = np.concatenate(views, axis=1)[:VECTORS]
    largest = np.maximum(np.abs(joined).max(axis=1, keepdims=True), 1e-9)
    return WordStatistics(words, np.rint(127 * joined / largest).astype(np.int8))


def _tables(sentences: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> Iterator[sparse.csr_matrix]:
    """Yield two tables of neighbours: each near position apart, and all of a wider window together."""
    number: dict[str, int] = {word: index for index, word in enumerate(vocabulary)}
    gap = [""] * WINDOW
    stream = np.array([number.get(word, -1) for tokens in sentences for word in (*tokens, *gap)], dtype=np.int64)
    yield sparse.hstack([_cooccurrence(stream, position, len(vocabulary)) for position in POSITIONS])
    sides = [position for distance in range(1, WINDOW + 1) for position in (-distance, distance)]
    total = _cooccurrence(stream, sides[0], len(vocabulary))
    for position in sides[1:]:
        total = total + _cooccurrence(stream, position, len(vocabulary))
    yield total


def _vectors(table: sparse.csr_matrix) -> NDArray[np.float32]:
    """Compute [words, DIMENSIONS], vectors of unit length."""
    cells = table.tocoo()
    words = np.asarray(cells.sum(axis=1)).ravel()
    contexts = np.asarray(cells.sum(axis=0)).ravel() ** SMOOTHING
    information = np.log(cells.data * contexts.sum() / (words[cells.row] * contexts[cells.col]))
    positive = sparse.csr_matrix((np.maximum(information, 0), (cells.row, cells.col)), shape=cells.shape)
    left, strength, _ = randomized_svd(positive, DIMENSIONS, n_iter=3, random_state=SEED)
    vectors = left * np.sqrt(strength)
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    unit: NDArray[np.float32] = (vectors / length).astype(np.float32)
    return unit


def _cooccurrence(stream: NDArray[np.int64], position: int, words: int) -> sparse.csr_matrix:
    centre, other = (stream[:-position], stream[position:]) if position > 0 else (stream[-position:], stream[:position])
    known = (centre >= 0) & (other >= 0) & (other < CONTEXT_WORDS)
    ones = np.ones(int(known.sum()), dtype=np.float32)
    return sparse.coo_matrix((ones, (centre[known], other[known])), shape=(words, CONTEXT_WORDS)).tocsr()


def _classes(vectors: NDArray[np.float32]) -> NDArray[np.int32]:
    """Compute [words, granularities], cluster numbers; only frequent words fit the centres."""
    columns = []
    for clusters in GRANULARITIES:
        means = MiniBatchKMeans(clusters, random_state=SEED, batch_size=8192, n_init=1, max_iter=30, init_size=24_576)
        columns.append(means.fit(vectors[:60_000]).predict(vectors))
    return np.stack(columns, axis=1)
