"""Tags, and probabilities of tags, as taggers give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.features import WordEntry
from agents.entities.taggers.base import Tagger, Tagging


def tags_of(tagger: Tagger, tokens: Sequence[str]) -> list[str]:
    """The BIO tags of a text of one sentence."""
    ((tagging,),) = tagger.tag_texts([[tokens]])
    return tagging.tags


def row(**chances: float) -> NDArray[np.float32]:
    """[tags] with these chances (B_PER is B-PER); O has what is left."""
    found = np.zeros(len(TAGS), dtype=np.float32)
    for name, chance in chances.items():
        found[TAGS.index(name.replace("_", "-"))] = chance
    found[0] = 1 - found.sum()
    return found


class Digits:
    """Tags words by their last letter, so that a shifted or lost label shows; records what it was asked."""

    words: Mapping[str, WordEntry] = {}
    most_texts = 64

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def _tag(self, tokens: Sequence[str]) -> list[str]:
        return [{"1": "B-PER", "2": "I-PER", "3": "B-LOC"}.get(token[-1], "O") for token in tokens]

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        self.asked += [list(tokens) for text in texts for tokens in text]
        return [[Tagging(self._tag(tokens), [1.0] * len(tokens)) for tokens in text] for text in texts]
