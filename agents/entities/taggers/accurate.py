"""Tag as `fast`, and read unsure sentences again, with a transformer's states too: the tagger `accurate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from agents.entities.model import context_network
from agents.entities.model.cnn import Networks
from agents.entities.model.context_network import ContextNetwork
from agents.entities.model.crf import LinearModel
from agents.entities.model.forward_backward import SentenceLayout, marginals
from agents.entities.model.passes import in_passes
from agents.entities.taggers import embedded
from agents.entities.taggers.embedded import EmbeddedTagger
from streams.errors import OperatorError

Floats = NDArray[np.float32]

# Least probability of other tags than the most likely one, of one token, by which a sentence is read again. Reading all
# sentences was no better (docs/experiments/entities.md).
UNSURE = 0.3
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class SecondReading:
    """Read the sentences of which `fast` is unsure by three models, and take the geometric mean of their probabilities.

    Attributes:
        linear: the conditional random field of `fast`.
        networks: its networks.
        context: the network that reads context vectors.
        unsure: least probability, 0 to 1, of other tags than the most likely one, for one token of a sentence.
    """

    linear: LinearModel
    networks: Networks
    context: ContextNetwork
    unsure: float = UNSURE

    def __call__(
        self, probability: Floats, sentences: Sequence[Sequence[str]], printed: Sequence[Sequence[str]]
    ) -> Floats:
        """Return the probabilities with those of unsure sentences replaced; arguments as `EmbeddedTagger.revise`."""
        lengths = np.array([len(tokens) for tokens in sentences])
        starts = np.cumsum(lengths) - lengths
        chosen = unsure_sentences(probability, lengths, self.unsure)
        if not chosen:
            return probability
        revised = probability.copy()
        rows = np.concatenate([np.arange(starts[each], starts[each] + lengths[each]) for each in chosen])
        revised[rows] = self.probabilities([sentences[each] for each in chosen], [printed[each] for each in chosen])
        return revised

    def probabilities(self, sentences: Sequence[Sequence[str]], printed: Sequence[Sequence[str]]) -> Floats:
        """Compute [tokens, tags] of sentences, one after the other; each row adds up to 1.

        Args:
            sentences: normalised tokens of each sentence, none empty.
            printed: the same, as printed.
        """
        models = (self.networks, self.context.networks)
        transitions = np.concatenate([self.linear.transitions[None], *(model.transitions for model in models)])

        def compute(parts: Sequence[tuple[int, slice]]) -> Floats:
            tokens = [sentences[number][part] for number, part in parts]
            context = self.context.vectors([printed[number][part] for number, part in parts])
            scores = np.concatenate(
                [self.linear.scores(tokens)[None], *(model.scores(tokens, context) for model in models)]
            )
            apart = marginals(scores, transitions, SentenceLayout.of([len(part) for part in tokens]))
            return geometric_mean(apart)

        return in_passes([len(tokens) for tokens in sentences], compute)


def unsure_sentences(probability: Floats, lengths: NDArray[np.intp], unsure: float = UNSURE) -> list[int]:
    """Return the numbers of the sentences with a token whose other tags than the most likely one have `unsure` or more.

    Args:
        probability: [tokens, tags] of the sentences one after the other.
        lengths: [sentences] in tokens, none 0.
        unsure: probability, 0 to 1.
    """
    doubt = np.maximum.reduceat(1 - probability.max(axis=1), np.cumsum(lengths) - lengths)
    return [int(number) for number in np.flatnonzero(doubt >= unsure)]


def geometric_mean(apart: Floats) -> Floats:
    """Return [tokens, tags], the normalised geometric mean of the probabilities of models, [models, tokens, tags]."""
    mean = np.exp(np.log(np.maximum(apart, _LEAST)).mean(axis=0))
    return np.asarray(mean / mean.sum(axis=1, keepdims=True))


@cache
def load() -> EmbeddedTagger:
    """Load the shipped models, once a process: the entry point `accurate`.

    Raises:
        OperatorError: a model file cannot be read, or onnxruntime is not installed.
    """
    if find_spec("onnxruntime") is None:
        raise OperatorError(
            "the entities backend accurate needs onnxruntime, of the extra accurate",
            hint="in the folder of Rasd's source: pip install --no-deps -r deploy/requirements-accurate.lock; "
            "or RASD_ENTITIES_BACKEND=fast",
        )
    fast, networks = embedded.load(), embedded.shipped().joined()
    context = context_network.read_shipped(networks)
    return replace(fast, revise=SecondReading(fast.linear, networks, context))
