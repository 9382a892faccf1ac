"""Encode sentences for the training of the networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from agents.entities.model.cnn import BUCKETS, bags, vector_row
from agents.entities.model.features import WordEntry, WordFeatures, word_features
from agents.entities.model.forward_backward import SentenceLayout

Floats = NDArray[np.float32]

# Prefixes of the features that are the word itself, which strange words do not have.
_IDENTITY = ("w=", "s=")
# Batches whose sentences are sorted by length together, so that few steps are run for a single sentence.
_BUCKET = 20


class ReadContext(Protocol):
    """Compute context vectors (`agents.entities.model.context`)."""

    @property
    def width(self) -> int:
        """Return the number of components of a context vector, C."""
        ...

    def __call__(self, tokens: Sequence[str], /) -> Floats:
        """Compute [tokens, C] of one sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Hold the encoded tokens, T in all, of sentences that are stored end to end.

    Attributes:
        layout: layout of the sentences.
        vectors: [T, D] word vectors.
        features: [T, BUCKETS] sparse, how often each hashed feature occurs.
        context: [T, C] context vectors; None if the network reads none.
    """

    layout: SentenceLayout
    vectors: Floats
    features: sparse.csr_matrix
    context: Floats | None = None


class Encoder:
    """Encode sentences as batches; each distinct word is looked up once.

    Attributes:
        context_width: components of a context vector; 0 if there are none.
    """

    def __init__(
        self,
        words: Mapping[str, WordEntry],
        numbers: Mapping[str, int],
        vectors: Floats,
        context: ReadContext | None = None,
    ) -> None:
        self._words, self._numbers = words, numbers
        self.context_width = context.width if context else 0
        self._read_context = context
        # Context vectors do not change in training, so that each sentence is read once.
        self._contexts: dict[tuple[str, ...], NDArray[np.float16]] = {}
        # The last row is that of the words without a vector.
        self._vectors = np.concatenate([vectors, np.zeros_like(vectors[:1])])
        self._known: dict[str, int] = {}
        self._rows: list[int] = []
        # Rows of the features of each word: of the known word, and of the strange one.
        self._bags: tuple[list[NDArray[np.int32]], list[NDArray[np.int32]]] = ([], [])

    @property
    def width(self) -> int:
        """Return the number of components of a vector."""
        return int(self._vectors.shape[1])

    def batch(self, sentences: Sequence[Sequence[str]], strange: NDArray[np.bool_] | None = None) -> Batch:
        """Encode the sentences, none of them empty.

        Args:
            strange: [T] whether a token is encoded by its letters alone, as a word that the news does not have; None
                is none.
        """
        tokens = [token for sentence in sentences for token in sentence]
        self._look_up([token for token in dict.fromkeys(tokens) if token not in self._known])
        words = [self._known[token] for token in tokens]
        hidden = [False] * len(words) if strange is None else strange.tolist()
        rows = [-1 if alone else self._rows[word] for word, alone in zip(words, hidden, strict=True)]
        found = [self._bags[alone][word] for word, alone in zip(words, hidden, strict=True)]
        columns = np.concatenate(found)
        ends = np.cumsum([0, *map(len, found)], dtype=np.int32)
        ones = np.ones(len(columns), dtype=np.float32)
        features = sparse.csr_matrix((ones, columns, ends), shape=(len(words), BUCKETS))
        layout = SentenceLayout.of([len(sentence) for sentence in sentences])
        return Batch(layout, self._vectors[rows], features, self._context(sentences))

    def _context(self, sentences: Sequence[Sequence[str]]) -> Floats | None:
        """Compute [T, C] or look it up."""
        if self._read_context is None:
            return None
        found = []
        for sentence in map(tuple, sentences):
            if sentence not in self._contexts:
                self._contexts[sentence] = self._read_context(sentence).astype(np.float16)
            found.append(self._contexts[sentence])
        return np.concatenate(found).astype(np.float32)

    def _look_up(self, words: Sequence[str]) -> None:
        """Encode and keep these words."""
        if not words:
            return
        known = [word_features(word, self._words) for word in words]
        strange = [word_features(word, {}) for word in words]
        for features in known:
            number = vector_row(features, self._numbers)
            self._rows.append(-1 if number is None else number)
        self._bags[False].extend(_parts(known))
        self._bags[True].extend(_parts([replace(seen, names=_letters(seen.names)) for seen in strange]))
        self._known.update(zip(words, range(len(self._known), len(self._rows)), strict=True))


def _letters(names: Sequence[str]) -> tuple[str, ...]:
    return tuple([name for name in names if not name.startswith(_IDENTITY)])


def _parts(seen: Sequence[WordFeatures]) -> list[NDArray[np.int32]]:
    rows, starts = bags(seen)
    return np.split(rows.astype(np.int32), starts[1:])


def shuffled(lengths: Sequence[int], size: int, random: np.random.Generator) -> Iterator[list[int]]:
    """Draw batches of `size` sentences of like length in random order.

    Yields:
        The indices in `lengths` of a batch's sentences.
    """
    order = random.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for start in range(0, len(order), size * _BUCKET):
        chosen = sorted(order[start : start + size * _BUCKET], key=lengths.__getitem__)
        batches += [chosen[first : first + size] for first in range(0, len(chosen), size)]
    return (batches[index] for index in random.permutation(len(batches)).tolist())
