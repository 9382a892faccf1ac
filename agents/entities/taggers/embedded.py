"""Tag with the bundled model, the weighted mean of a conditional random field and networks: `fast`, `accurate`."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain, islice, pairwise
from typing import ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from agents.entities.bio import TAGS
from agents.entities.model.cnn import Networks
from agents.entities.model.crf import Floats, LinearModel
from agents.entities.model.features import OUTSIDE, WordEntry
from agents.entities.model.file import Model, read_shipped
from agents.entities.model.forward_backward import SentenceLayout, marginals, side_by_side
from agents.entities.model.normalise import normalise
from agents.entities.taggers.base import Tagging
from agents.entities.taggers.clitics_in_names import part_names
from agents.entities.taggers.known_names import known_names, raise_known
from agents.entities.taggers.name_consistency import lend
from agents.entities.taggers.viterbi import decode

# More networks brought nothing over one (docs/experiments/entities.md), so one tagger is both `fast` and `accurate`.
NETWORKS = 1
# Cross-validated (docs/experiments/entities.md).
NETWORKS_SHARE = 0.55
# Most steps times sentences of one pass. Memory grows with them; beyond this, waiting for memory costs more time than
# longer passes save.
_MOST_CELLS = 1 << 12
# No sentence or word of the news is as long, only lists without a stop and pictures made of letters. Longer sentences
# are tagged in pieces and longer words cut, which bounds memory and keeps the sums of other words finite.
_LONGEST_SENTENCE = 1024
_LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class EmbeddedTagger:
    """Average the tag probabilities of a conditional random field and of networks. Safe to call from several threads.

    Attributes:
        words: what the unlabelled news knows of normalised words.
        linear: the conditional random field.
        networks: the networks, or None.
        weights: [1 + networks] of the random field and of each network; their sum is 1.
        most_texts: as `Tagger`.
    """

    words: Mapping[str, WordEntry]
    linear: LinearModel
    networks: Networks | None
    weights: Floats
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
        pieces = [
            tokens[start : start + _LONGEST_SENTENCE]
            for tokens in sentences
            for start in range(0, len(tokens), _LONGEST_SENTENCE)
        ]
        lengths = np.array([len(tokens) for tokens in pieces])
        result = np.empty((lengths.sum(), len(TAGS)), dtype=np.float32)
        starts = np.cumsum(lengths) - lengths
        for group in side_by_side(lengths.tolist(), _MOST_CELLS):
            rows = np.concatenate([np.arange(starts[each], starts[each] + lengths[each]) for each in group])
            result[rows] = self._together([pieces[each] for each in group])
        return result

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
    """Load the shipped model, once a process; `fast` and `accurate` are entry points to this function.

    Raises:
        OperatorError: the model file cannot be read.
    """
    # A worker has one core, and a sentence's products are too small to share: more threads of BLAS would only spin.
    threadpool_limits(1, user_api="blas")
    with _kept_for_good():
        return assemble(read_shipped(NETWORKS))


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
