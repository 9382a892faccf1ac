"""Word classes from the unlabelled news: which words stand in the same company.

Positive pointwise mutual information of a word with its neighbours at each of four positions, its leading singular
vectors (Levy, Goldberg & Dagan, 2015), and k-means clusters of those. Only the clusters and counts are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils.extmath import randomized_svd

from agents.entities.features import WordEntry, core

POSITIONS = (-2, -1, 1, 2)
LEAST_COUNT = 3
CONTEXT_WORDS = 20_000
# Levy et al.: contexts' frequencies are flattened, as word2vec does, so that rare contexts count for less.
SMOOTHING = 0.75
DIMENSIONS = 100
GRANULARITIES = (64, 300, 1200)
SEED = 20


def word_entries(sentences: Iterable[Sequence[str]]) -> dict[str, WordEntry]:
    """Counts and classes of every word that occurs at least twice; a word too rare for classes has none."""
    folded = [[core(word) for word in tokens] for tokens in sentences]
    counts = Counter(word for tokens in folded for word in tokens)
    frequent = [word for word, count in counts.most_common() if count >= LEAST_COUNT]
    classes = _classes(_vectors(folded, frequent))
    entries = {word: WordEntry(counts[word], tuple(row)) for word, row in zip(frequent, classes.tolist(), strict=True)}
    none = (-1,) * len(GRANULARITIES)
    return entries | {word: WordEntry(2, none) for word, count in counts.items() if count == 2}


def _vectors(sentences: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> NDArray[np.float32]:
    """[words, DIMENSIONS] of unit length, the most frequent word first."""
    number: dict[str, int] = {word: index for index, word in enumerate(vocabulary)}
    gap = [""] * max(POSITIONS)
    stream = np.array([number.get(word, -1) for tokens in sentences for word in (*tokens, *gap)], dtype=np.int64)
    blocks = [_cooccurrence(stream, position, len(vocabulary)) for position in POSITIONS]
    table = sparse.hstack(blocks).tocoo()
    words = np.asarray(table.sum(axis=1)).ravel()
    contexts = np.asarray(table.sum(axis=0)).ravel() ** SMOOTHING
    information = np.log(table.data * contexts.sum() / (words[table.row] * contexts[table.col]))
    positive = sparse.csr_matrix((np.maximum(information, 0), (table.row, table.col)), shape=table.shape)
    left, strength, _ = randomized_svd(positive, DIMENSIONS, n_iter=3, random_state=SEED)
    vectors = left * np.sqrt(strength)
    unit: NDArray[np.float32] = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(
        np.float32
    )
    return unit


def _cooccurrence(stream: NDArray[np.int64], position: int, words: int) -> sparse.csr_matrix:
    centre, other = (stream[:-position], stream[position:]) if position > 0 else (stream[-position:], stream[:position])
    known = (centre >= 0) & (other >= 0) & (other < CONTEXT_WORDS)
    ones = np.ones(int(known.sum()), dtype=np.float32)
    return sparse.coo_matrix((ones, (centre[known], other[known])), shape=(words, CONTEXT_WORDS)).tocsr()


def _classes(vectors: NDArray[np.float32]) -> NDArray[np.int32]:
    """[words, granularities] cluster numbers; the frequent words alone place the centres."""
    columns = []
    for clusters in GRANULARITIES:
        means = MiniBatchKMeans(
            min(clusters, len(vectors)), random_state=SEED, batch_size=8192, n_init=1, max_iter=30, init_size=24_576
        )
        columns.append(means.fit(vectors[:60_000]).predict(vectors))
    return np.stack(columns, axis=1)
