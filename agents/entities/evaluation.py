"""Score tags by strict spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from agents.entities.bio import TYPES, TagSpan, spans
from agents.entities.columns import SENTENCES_AT_ONCE, read_gold
from agents.entities.taggers.base import Tagger
from agents.scoring import Score


def score_tags(gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> dict[str, Score]:
    """Count strict spans: a span is right only with both borders and its class (Tjong Kim Sang & De Meulder, 2003).

    Args:
        gold: [sentences][tokens] BIO tags.
        predicted: [sentences][tokens] BIO tags of the same sentences.

    Returns:
        A score each for PER, LOC and ORG, and `micro` over all of them.

    Raises:
        ValueError: the numbers of sentences differ.
    """
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in ("right", "predicted", "gold")}
    for truth, guess in zip(gold, predicted, strict=True):
        wanted, found = set(spans(truth)), set(spans(guess))
        for kind, group in (("gold", wanted), ("predicted", found), ("right", wanted & found)):
            counts[kind].update(_kinds(group))
    scores = {kind: Score(counts["right"][kind], counts["predicted"][kind], counts["gold"][kind]) for kind in TYPES}
    return scores | {"micro": Score(*(counts[kind].total() for kind in ("right", "predicted", "gold")))}


def _kinds(found: Iterable[TagSpan]) -> Iterator[str]:
    return (span.kind for span in found)


def score_tagger(gold: Iterable[str], tagger: Tagger) -> dict[str, Score]:
    """Tag the tokens of a gold file and score the tags (`score_tags`).

    Args:
        gold: lines of token columns, as `read_gold` reads them.
        tagger: tags the tokens, `SENTENCES_AT_ONCE` sentences as one text.

    Raises:
        ValueError: as `read_gold`.
    """
    truth: list[list[str]] = []
    found: list[list[str]] = []
    sentences = read_gold(gold)
    while batch := list(islice(sentences, SENTENCES_AT_ONCE)):
        truth += [tags for _, tags in batch]
        found += [tagging.tags for tagging in tagger.tag_texts([[tokens for tokens, _ in batch]])[0]]
    return score_tags(truth, found)
