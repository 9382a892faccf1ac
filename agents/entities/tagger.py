"""The taggers that find persons, places and organisations in tokenised sentences."""

from __future__ import annotations

import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from agents.entities.bio import TAGS, repair
from agents.entities.chain import marginals
from agents.entities.features import WordEntry
from agents.entities.potentials import LinearModel, load

MODELS = Path(__file__).parent / "models"
BACKENDS = ("fast",)
# Taggers trained on few names are too shy of new ones: O has to be this much likelier than a name. Cross-validated
# (docs/entities.md).
_PREFERENCE = np.array([0.67, *(1.0 for _ in TAGS[1:])], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Tagging:
    """The tags of one sentence.

    Attributes:
        tags: BIO, one a token (O, B-PER, I-PER, B-LOC, …); an I- always continues an entity of its class.
        scores: the tagger's probability of each tag, 0 to 1.
    """

    tags: list[str]
    scores: list[float]


class Tagger(Protocol):
    """What a backend offers. A sentence is its tokens, punctuation included, none of them empty."""

    @property
    def words(self) -> Mapping[str, WordEntry]:
        """What is known of words: the clitics of a mention are told from its name by it."""
        ...

    def tag(self, tokens: Sequence[str]) -> list[str]:
        """The BIO tags of one sentence, one a token."""
        ...

    def tag_batch(self, sentences: Sequence[Sequence[str]]) -> list[Tagging]:
        """The tags and scores of many sentences, in their order; empty ones get empty taggings."""
        ...


@dataclass(frozen=True, slots=True)
class ChainTagger:
    """The embedded tagger. May be called from several threads."""

    model: LinearModel

    @property
    def words(self) -> Mapping[str, WordEntry]:
        """What the unlabelled news knows of words."""
        return self.model.words

    def tag(self, tokens: Sequence[str]) -> list[str]:
        """The BIO tags of one sentence, one a token."""
        return self.tag_batch([tokens])[0].tags

    def tag_batch(self, sentences: Sequence[Sequence[str]]) -> list[Tagging]:
        """The tags and scores of many sentences, in their order; empty ones get empty taggings."""
        filled = [tokens for tokens in sentences if tokens]
        if not filled:
            return [Tagging([], []) for _ in sentences]
        lengths = [len(tokens) for tokens in filled]
        scores = self.model.scores(filled)
        probability = marginals(scores, self.model.transitions, lengths)
        path = (probability * _PREFERENCE).argmax(axis=1)
        chosen = probability[np.arange(len(path)), path].tolist()
        names = [TAGS[number] for number in path.tolist()]
        taggings: list[Tagging] = []
        start = 0
        for tokens in sentences:
            end = start + len(tokens)
            taggings.append(Tagging(repair(names[start:end]), chosen[start:end]))
            start = end
        return taggings


@cache
def load_tagger(backend: str = "fast") -> Tagger:
    """The tagger of that name, loaded once a process.

    Raises:
        ValueError: there is no such backend, or its model file is damaged.
        OSError: its model file cannot be read.
    """
    if backend not in BACKENDS:
        raise ValueError(f"unknown entities backend {backend!r}; choose from {', '.join(BACKENDS)}")
    path = MODELS / f"{backend}.xz"
    try:
        return ChainTagger(load(path))
    except lzma.LZMAError as error:
        raise ValueError(f"{path}: damaged model: {error}") from error
