"""Tag with the bundled model, the weighted mean of a conditional random field and networks: the tagger `fast`."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain, islice, pairwise
from typing import ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from agents.entities.model.cnn import Networks
from agents.entities.model.crf import Floats, LinearModel
from agents.entities.model.features import OUTSIDE, WordEntry
from agents.entities.model.file import Model, read_shipped
from agents.entities.model.forward_backward import SentenceLayout, marginals
from agents.entities.model.normalise import normalise
from agents.entities.model.passes import in_passes
from agents.entities.taggers.base import Tagging
from agents.entities.taggers.clitics_in_names import part_names
from agents.entities.taggers.known_names import known_names, raise_known
from agents.entities.taggers.name_consistency import lend
from agents.entities.taggers.viterbi import decode

# More networks of the same kind brought nothing over one (docs/experiments/entities.md).
NETWORKS = 1
# Cross-validated (docs/experiments/entities.md).
NETWORKS_SHARE = 0.55
# No word of the news is as long, only pictures made of letters. Longer words are cut, which keeps the sums of other
# words finite.
_LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class EmbeddedTagger:
    """Average the tag probabilities of a conditional random field and of networks. Safe to call from several threads.

    Attributes:
        words: what the unlabelled news knows of normalised words.
        linear: the conditional random field.
        networks: the networks, or None.
        weights: [1 + networks] of the random field and of each network; their sum is 1.
        revise: changes the probabilities, [tokens, tags], of the sentences, normalised and as printed, none empty; None
            leaves them.
        most_texts: as `Tagger`.
    """

    words: Mapping[str, WordEntry]
    linear: LinearModel
    networks: Networks | None
    weights: Floats
    revise: Callable[[Floats, Sequence[Sequence[str]], Sequence[Sequence[str]]], Floats] | None = None
    most_texts: ClassVar[int] = 64

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        """Tag the sentences of texts, as `Tagger`."""
        # Everything that is known of words is kept by the normalised word: «إلى» and «الى» are one.
        filled = [
            [[normalise(token[:_LONGEST_WORD]) or OUTSIDE for token in tokens] for tokens in text if tokens]
            for text in texts
        ]
        everything = [tokens for text in filled for tokens in text]
        if not everything:
            return [[Tagging([], []) for _ in text] for text in texts]
        probability = self.probabilities(everything)
        if self.revise is not None:
            printed = [tokens for text in texts for tokens in text if tokens]
            probability = self.revise(probability, everything, printed)
        stem = self.linear.features.stem
        start = 0
        for text in filled:
            end = start + sum(map(len, text))
            raised = raise_known(text, probability[start:end], stem, known_names())
            probability[start:end] = part_names(text, lend(text, raised, stem, self.words), self.words)
            start = end
        tags, scores = decode(probability, [len(tokens) for tokens in everything])
        ends = accumulate(len(tokens) for text in texts for tokens in text)
        taggings = (Tagging(tags[start:end], scores[start:end]) for start, end in pairwise(chain([0], ends)))
        return [list(islice(taggings, len(text))) for text in texts]

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """Compute the probability of each tag.

        Args:
            sentences: normalised tokens of each sentence, none empty.

        Returns:
            [tokens, tags] of the sentences one after the other; each row adds up to 1.
        """
        return in_passes(
            [len(tokens) for tokens in sentences],
            lambda parts: self._together([sentences[number][part] for number, part in parts]),
        )

    def _together(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """Compute [tokens, tags] of sentences in one pass."""
        scores, transitions = self.linear.scores(sentences)[None], self.linear.transitions[None]
        if self.networks is not None:
            scores = np.concatenate([scores, self.networks.scores(sentences)])
            transitions = np.concatenate([transitions, self.networks.transitions])
        apart = marginals(scores, transitions, SentenceLayout.of([len(tokens) for tokens in sentences]))
        result: Floats = (self.weights[:, None, None] * apart).sum(axis=0)
        return result


def weights(networks: int, share: float = NETWORKS_SHARE) -> Floats:
    """Return [1 + networks], the weight of the random field and of each network; `share` is that of all networks."""
    each = [share / networks] * networks
    return np.array([1 - sum(each), *each], dtype=np.float32)


def assemble(model: Model) -> EmbeddedTagger:
    """Make the tagger of all parts of a model."""
    networks = model.joined() if model.networks else None
    return EmbeddedTagger(model.words, model.linear, networks, weights(len(model.networks)))


@cache
def load() -> EmbeddedTagger:
    """Load the shipped model, once a process; `fast` is an entry point to this function.

    Raises:
        OperatorError: the model file cannot be read.
    """
    # A worker has one core, and a sentence's products are too small to share: more threads of BLAS would only spin.
    threadpool_limits(1, user_api="blas")
    with _kept_for_good():
        return assemble(shipped())


@cache
def shipped() -> Model:
    """Read the shipped model, once a process.

    Raises:
        OperatorError: the model file cannot be read.
    """
    return read_shipped(NETWORKS)


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """Keep the objects that are made inside from the garbage collector, for as long as the process lives.

    Traversing half a million objects takes .4 s, in which no thread of the process runs: eight times while loading, and
    every now and then afterwards.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()
