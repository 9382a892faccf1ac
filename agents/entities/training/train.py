"""Fit the parts of the embedded tagger, one after the other."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pycrfsuite

from agents.entities.bio import TAGS, TYPES
from agents.entities.model.cnn import Layers, Networks, unpacked
from agents.entities.model.crf import Floats, LinearModel
from agents.entities.model.features import BEYOND, OFFSETS, FeatureCache, WordEntry, WordFeatures, core, word_features
from agents.entities.training import corpus as corpora
from agents.entities.training.batches import Encoder, ReadContext
from agents.entities.training.convolution import impossible
from agents.entities.training.corpus import Tagged
from agents.entities.training.fitting import fit
from agents.entities.training.word_statistics import DIMENSIONS, WordStatistics

# Occurrences in the news from which a word is kept: with all that occur twice, the file would exceed 20 MB.
LEAST_KEPT = 3
# Every which sentence of the news the first network tags to set the kinds of words: all of them would take three times
# as long.
KINDS_STEP = 3
PENALTIES = {"c1": 0.05, "c2": 0.01, "max_iterations": 80, "feature.possible_transitions": True}


def train(sentences: Sequence[Tagged], words: Mapping[str, WordEntry]) -> LinearModel:
    """Fit a linear chain by L-BFGS with elastic-net penalties (CRFsuite)."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(PENALTIES)
    known: dict[str, WordFeatures] = {}
    for sentence in sentences:
        trainer.append(_observations(sentence.tokens, words, known), list(sentence.tags))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.crfsuite")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        info = tagger.info()
        tagger.close()
    number = {tag: index for index, tag in enumerate(TAGS)}
    weights: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}
    for (name, tag), weight in info.state_features.items():
        weights.setdefault(name, np.zeros(len(TAGS), dtype=np.float32))[number[tag]] = weight
    transitions = np.zeros((len(TAGS), len(TAGS)), dtype=np.float32)
    for (before, after), weight in info.transitions.items():
        transitions[number[before], number[after]] = weight
    transitions = np.where(impossible() < 0, impossible(), transitions)
    return LinearModel(FeatureCache(words), weights, transitions)


def _observations(
    tokens: Sequence[str], words: Mapping[str, WordEntry], known: dict[str, WordFeatures]
) -> list[list[str]]:
    for token in tokens:
        if token not in known:
            known[token] = word_features(token, words)
    around = [BEYOND] * max(OFFSETS)
    row = [*around, *(known[token] for token in tokens), *around]
    reach = max(OFFSETS)
    return [
        [f"{offset}{name}" for offset in OFFSETS for name in row[here + offset].at(offset)]
        for here in range(reach, reach + len(tokens))
    ]


def train_networks(
    sentences: Sequence[Tagged],
    added: Sequence[Tagged],
    statistics: WordStatistics,
    count: int,
    fine: Sequence[Tagged] = (),
    *,
    context: ReadContext | None = None,
) -> Iterator[Layers]:
    """Train `count` networks that differ only in their seeds.

    Args:
        sentences: as `fit`.
        added: as `fit`.
        statistics: what is known of words.
        count: number of networks.
        fine: as `fit`.
        context: computes the context vectors that the networks read; None for networks without.
    """
    vectors = unpacked(statistics.vectors, DIMENSIONS)
    encoder = Encoder(statistics.words, vector_rows(statistics), vectors, context)
    return (fit(sentences, added, encoder, seed, fine) for seed in range(count))


def networks_of(layers: Sequence[Layers], statistics: WordStatistics, features: FeatureCache) -> Networks:
    """Join trained networks to run side by side."""
    return Networks(features, vector_rows(statistics), unpacked(statistics.vectors, DIMENSIONS), tuple(layers))


def vector_rows(statistics: WordStatistics) -> dict[str, int]:
    """Map each word that has a vector to its row."""
    return {word: row for row, word in zip(range(len(statistics.vectors)), statistics.words, strict=False)}


def with_kinds(
    words: Mapping[str, WordEntry],
    probabilities: Callable[[Sequence[Sequence[str]]], Floats],
    sentences: Iterable[Sequence[str]],
) -> dict[str, WordEntry]:
    """Set the kinds of words to the average probabilities of PER, LOC and ORG that a tagger gives them.

    Args:
        words: normalised words.
        probabilities: computes [tokens, tags] for sentences, none empty.
        sentences: tokens of the unlabelled news.
    """
    numbers = {word: number for number, word in enumerate(words)}
    sums = np.zeros((len(numbers), len(TYPES)))
    seen = np.zeros(len(numbers))
    for batch in batched(filter(None, sentences), 256):
        probability = probabilities(batch)
        kinds = probability[:, 1::2] + probability[:, 2::2]
        rows = np.array([numbers.get(core(token), -1) for tokens in batch for token in tokens])
        known = rows >= 0
        np.add.at(sums, rows[known], kinds[known])
        np.add.at(seen, rows[known], 1)
    # Rounded as the model file keeps them.
    means = (np.rint(255 * sums / np.maximum(seen, 1)[:, None]) / 255).tolist()
    return {word: replace(entry, kinds=tuple(mean)) for (word, entry), mean in zip(words.items(), means, strict=True)}


def batched(items: Iterable[Sequence[str]], size: int) -> Iterator[list[Sequence[str]]]:
    """Yield lists of `size` items, of which the last may be shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def know_kinds(statistics: WordStatistics, layers: Layers, news: Iterable[Sequence[str]]) -> dict[str, WordEntry]:
    """Set the kinds of words to what a network takes them for in the news."""
    networks = networks_of([layers], statistics, FeatureCache(statistics.words))
    return with_kinds(statistics.words, lambda sentences: networks.probabilities(sentences)[0], news)


def read_news(corpus: Path, folders: Sequence[str] = corpora.NEWS) -> list[list[str]]:
    """Read the sentences of the unlabelled news; equal words share one string."""
    return [list(map(sys.intern, tokens)) for tokens in corpora.unlabelled(corpus, folders)]
