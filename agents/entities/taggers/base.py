"""Define the contract of a tagger: from the tokens of texts to BIO tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from agents.entities.model.features import WordEntry

__all__ = ["Tagger", "Tagging", "WordEntry"]


@dataclass(frozen=True, slots=True)
class Tagging:
    """Hold the tags of one sentence.

    Attributes:
        tags: [tokens] BIO tags of `agents.entities.bio.TAGS`; an I- always continues an entity of its class.
        scores: [tokens] the tagger's probability of each tag, 0 to 1.
    """

    tags: list[str]
    scores: list[float]


@runtime_checkable
class Tagger(Protocol):
    """Find persons, locations and organisations in tokenised sentences.

    A distribution offers a tagger by an entry point of the group `rasd.taggers` (`agents.entities.taggers.registry`).
    A worker loads it in one thread and calls it from another, one call at a time.
    """

    @property
    def words(self) -> Mapping[str, WordEntry]:
        """Give the statistics of normalised words, to distinguish clitics before a name from its letters.

        May be empty: a clitic is then split from a name only before the article («بالقاهرة»).
        """
        ...

    @property
    def most_texts(self) -> int:
        """Give how many texts to tag in one call, at least 1: as many as take a few seconds on one core."""
        ...

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        """Tag the sentences of texts.

        The tags of a sentence may depend on the other sentences of its text, never on those of another text.

        Args:
            texts: [texts][sentences][tokens]; tokens as printed, punctuation included, none of them empty. A text may
                have no sentence, and a sentence no token.

        Returns:
            [texts][sentences] one tagging for each sentence, in their order, with one tag for each token.

        Raises:
            Retryable: the tagger cannot work now; the same texts are tagged again later.
        """
        ...
