"""Trains the embedded tagger: `python -m agents.entities.train --corpus ../shared/corpus`.

The same corpus, packages and machine kind give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pycrfsuite

from agents.entities import corpus as corpora
from agents.entities.bio import TAGS
from agents.entities.chain import marginals
from agents.entities.corpus import Tagged
from agents.entities.features import OFFSETS, OUTSIDE, WordEntry, WordFeatures, core, word_features
from agents.entities.potentials import LinearModel, save
from agents.entities.tagger import MODELS
from agents.entities.wordstats import word_entries

PENALTIES = {"c1": 0.05, "c2": 0.01, "max_iterations": 80, "feature.possible_transitions": True}
# A move that never occurs and must never be chosen: into an I- of another class.
FORBIDDEN = -30.0


def train(sentences: Sequence[Tagged], words: Mapping[str, WordEntry]) -> LinearModel:
    """A linear chain fitted by L-BFGS with elastic-net penalties."""
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
    for before in TAGS:
        for after in TAGS:
            if after.startswith("I-") and before[2:] != after[2:]:
                transitions[number[before], number[after]] = FORBIDDEN
    return LinearModel(words, weights, transitions)


def _observations(
    tokens: Sequence[str], words: Mapping[str, WordEntry], known: dict[str, WordFeatures]
) -> list[list[str]]:
    for token in tokens:
        if token not in known:
            known[token] = word_features(token, words)
    beyond = WordFeatures((OUTSIDE,), (OUTSIDE,), (OUTSIDE,))
    around = [beyond] * max(OFFSETS)
    row = [*around, *(known[token] for token in tokens), *around]
    reach = max(OFFSETS)
    return [
        [f"{offset}{name}" for offset in OFFSETS for name in row[here + offset].at(offset)]
        for here in range(reach, reach + len(tokens))
    ]


def with_kinds(model: LinearModel, sentences: Iterable[Sequence[str]]) -> dict[str, WordEntry]:
    """The words with the average probability of PER, LOC and ORG that the model gives them in the unlabelled news."""
    sums: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for batch in batched(filter(None, sentences), 256):
        scores = model.scores(batch)
        probability = marginals(scores, model.transitions, [len(tokens) for tokens in batch])
        kinds = probability[:, 1::2] + probability[:, 2::2]
        for token, row in zip((token for tokens in batch for token in tokens), kinds, strict=True):
            word = core(token)
            if word in sums:
                sums[word] += row
            elif word in model.words:
                sums[word] = row.astype(np.float64)
    return {
        word: replace(entry, kinds=tuple((sums[word] / entry.count).tolist())) if word in sums else entry
        for word, entry in model.words.items()
    }


def batched(items: Iterable[Sequence[str]], size: int) -> Iterator[list[Sequence[str]]]:
    """Lists of `size` items, the last one shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def main(arguments: Sequence[str] | None = None) -> int:
    """Train on all of the training material and write the model file."""
    parser = argparse.ArgumentParser(prog="python -m agents.entities.train", description=main.__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of anercorp/, aqmar/ and saudinewsnet/")
    parser.add_argument("--output", type=Path, default=MODELS / "fast.xz", help="model file (default: %(default)s)")
    options = parser.parse_args(arguments)
    sys.stderr.write("counting and clustering the words of the unlabelled news …" + "\n")
    words = word_entries(corpora.unlabelled(options.corpus))
    sys.stderr.write(f"{len(words)} words; training …" + "\n")
    model = train(corpora.anercorp(options.corpus), words)
    model = replace(model, words=with_kinds(model, corpora.unlabelled(options.corpus)))
    save(model, options.output)
    sys.stderr.write(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB" + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
