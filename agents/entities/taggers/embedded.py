"""The taggers that find persons, places and organisations in tokenised sentences."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain, islice, pairwise
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from agents.entities.bio import TAGS
from agents.entities.model.cnn import Networks
from agents.entities.model.crf import Floats, LinearModel
from agents.entities.model.features import OUTSIDE, WordEntry
from agents.entities.model.file import Model, load
from agents.entities.model.forward_backward import Layout, marginals, side_by_side
from agents.entities.model.normalise import normalise
from agents.entities.taggers.name_consistency import lend
from agents.entities.taggers.viterbi import decode

MODEL = Path(__file__).parents[1] / "models" / "tagger.xz"
# One tagger serves both: more networks brought nothing over one (docs/explanation/entities.md).
BACKENDS = ("fast", "accurate")
NETWORKS = 1
# Looked at while loading: nine tokens of ten in the news.
_COMMON_WORDS = 12_000
# Cross-validated (docs/explanation/entities.md).
NETWORKS_SHARE = 0.55
# Steps times sentences that are read side by side: memory grows with them, and beyond this the processor waits for it.
_MOST_CELLS = 1 << 12
# No sentence of the news is as long, nor a word: a list without a stop, a picture in letters. Longer sentences are read
# in pieces, and of longer words the beginning, so that neither takes the memory or the numbers of the others.
_LONGEST_SENTENCE = 1024
_LONGEST_WORD = 100


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

    @property
    def most_texts(self) -> int:
        """How many texts are best tagged at once: a matter of seconds at most."""
        ...

    def tag(self, tokens: Sequence[str]) -> list[str]:
        """The BIO tags of one sentence, one a token."""
        ...

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        """The tags and scores of the sentences of each text, in their order; empty ones get empty taggings.

        A tagger may read a sentence by the light of the others in its text, never by that of another text.
        """
        ...


@dataclass(frozen=True, slots=True)
class EmbeddedTagger:
    """The average of a conditional random field and networks. May be called from several threads.

    Attributes:
        words: what the unlabelled news knows of words.
        linear: the conditional random field.
        networks: the networks, None when there are none.
        weights: [1 + networks] of the random field and of each network; they add up to 1.
        most_texts: see `Tagger`.
    """

    words: Mapping[str, WordEntry]
    linear: LinearModel
    networks: Networks | None
    weights: Floats
    most_texts: ClassVar[int] = 64

    def tag(self, tokens: Sequence[str]) -> list[str]:
        """The BIO tags of one sentence, one a token."""
        return self.tag_texts([[tokens]])[0][0].tags

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        """The tags and scores of the sentences of each text, in their order; empty ones get empty taggings."""
        # Folded at once: what is known of words is kept by them, and «إلى», «الى» are one.
        filled = [
            [[normalise(token[:_LONGEST_WORD]) or OUTSIDE for token in tokens] for tokens in text if tokens]
            for text in texts
        ]
        everything = [tokens for text in filled for tokens in text]
        if not everything:
            return [[Tagging([], []) for _ in text] for text in texts]
        probability = self.probabilities(everything)
        start = 0
        for text in filled:
            end = start + sum(map(len, text))
            probability[start:end] = lend(text, probability[start:end], self._stem, self.words)
            start = end
        tags, scores = decode(probability, [len(tokens) for tokens in everything])
        ends = accumulate(len(tokens) for text in texts for tokens in text)
        taggings = (Tagging(tags[start:end], scores[start:end]) for start, end in pairwise(chain([0], ends)))
        return [list(islice(taggings, len(text))) for text in texts]

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[tokens, tags] of the sentences one after the other, none of them empty."""
        pieces = [
            tokens[start : start + _LONGEST_SENTENCE]
            for tokens in sentences
            for start in range(0, len(tokens), _LONGEST_SENTENCE)
        ]
        lengths = np.array([len(tokens) for tokens in pieces])
        result = np.empty((lengths.sum(), len(TAGS)), dtype=np.float32)
        starts = np.cumsum(lengths) - lengths
        for group in side_by_side(lengths.tolist(), _MOST_CELLS):
            places = np.concatenate([np.arange(starts[each], starts[each] + lengths[each]) for each in group])
            result[places] = self._together([pieces[each] for each in group])
        return result

    def _together(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[tokens, tags] of sentences that are read side by side."""
        scores, transitions = self.linear.scores(sentences)[None], self.linear.transitions[None]
        if self.networks is not None:
            scores = np.concatenate([scores, self.networks.scores(sentences)])
            transitions = np.concatenate([transitions, self.networks.transitions])
        apart = marginals(scores, transitions, Layout.of([len(tokens) for tokens in sentences]))
        result: Floats = (self.weights[:, None, None] * apart).sum(axis=0)
        return result

    def learn(self, words: Sequence[str]) -> None:
        """Compute what each part keeps of these folded words, so that the first texts do not wait for it."""
        for start in range(0, len(words), 500):
            self.probabilities([[word] for word in words[start : start + 500]])

    def _stem(self, word: str) -> str:
        return self.linear.features(word).stem


def weights(networks: int, share: float = NETWORKS_SHARE) -> Floats:
    """The weight of the linear model, then of each network; `share` is that of all networks together."""
    each = [share / networks] * networks
    return np.array([1 - sum(each), *each], dtype=np.float32)


def assemble(model: Model) -> EmbeddedTagger:
    """The tagger made of all parts of a model."""
    networks = model.joined() if model.networks else None
    return EmbeddedTagger(model.words, model.linear, networks, weights(len(model.networks)))


@cache
def load_tagger(backend: str = "fast") -> Tagger:
    """The tagger of that name, loaded once a process.

    Raises:
        OperatorError: camel-tools or its model is not installed.
        ValueError: there is no such backend, or the model file is damaged.
        OSError: the model file cannot be read.
    """
    if backend == "camel":
        from agents.entities.taggers.camel import load_camel  # noqa: PLC0415  (it imports this module)

        return load_camel(load(MODEL, 0).words)
    if backend not in BACKENDS:
        raise ValueError(f"unknown entities backend {backend!r}; choose from {', '.join(BACKENDS)}, camel")
    return _embedded()


@cache
def _embedded() -> Tagger:
    # A worker is one core. A sentence's products are too small to be shared out: the other threads of BLAS would spin.
    threadpool_limits(1, user_api="blas")
    with _kept_for_good():
        tagger = assemble(load(MODEL, NETWORKS))
        tagger.learn(list(islice(tagger.words, _COMMON_WORDS)))
    return tagger


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """What is made inside lives as long as the process, and the garbage collector never looks at it.

    A look at half a million objects takes .4 s, in which no thread of the process runs: eight times while loading, and
    now and then ever after.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()
