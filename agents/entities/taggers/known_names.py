"""Raise the probability of persons and organisations whose whole names a list has: «كاظم الساهر», «بوروسيا دورتموند».

A name of the list has two words or more, of which few mean anything else. Single words («فيروز») are often others.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS

TABLE = Path(__file__).parents[1] / "data" / "known_names.tsv.gz"

Floats = NDArray[np.float32]
#: By its first word: the other words of each name, normalised, and its class; longer names first.
Names = Mapping[str, Sequence[tuple[tuple[str, ...], str]]]

# Share of a listed name's own class in the probability of its tags. On Wikipedia .3 to .7 gave the same
# (docs/experiments/entities.md).
SHARE = 0.5
_NOTHING = 1e-6
_CLITICS = frozenset("وفبلك")


@cache
def known_names() -> Names:
    """Read the bundled list (`agents.entities.training.known_names`)."""
    with gzip.open(TABLE, "rt", encoding="utf-8") as lines:
        return by_first_word(lines)


def by_first_word(lines: Iterable[str]) -> Names:
    """Read the lines of a list: class, a tab and the normalised words of a name."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for line in lines:
        kind, name = line.rstrip("\n").split("\t")
        first, *rest = name.split(" ")
        found.setdefault(first, []).append((tuple(rest), kind))
    return {first: sorted(rests, key=lambda each: -len(each[0])) for first, rests in found.items()}


def raise_known(
    sentences: Sequence[Sequence[str]], probability: Floats, stem_of: Callable[[str], str], names: Names
) -> Floats:
    """Return the probabilities with those of listed names raised.

    Args:
        sentences: normalised tokens of each sentence.
        probability: [tokens, tags] of the sentences one after the other.
        stem_of: returns a normalised word without clitics.
        names: the list.
    """
    raised = probability.copy()
    start = 0
    for tokens in sentences:
        for at, length, kind in find_names(tokens, stem_of, names):
            begin, inside = TAGS.index(f"B-{kind}"), TAGS.index(f"I-{kind}")
            rows = slice(start + at, start + at + length)
            # The first word may continue a longer name («الملك …»): its share is divided as the tagger does.
            first = raised[start + at, [begin, inside]]
            divided = first / first.sum() if first.sum() > _NOTHING else np.array([1, 0], dtype=np.float32)
            raised[rows] *= 1 - SHARE
            raised[start + at, [begin, inside]] += SHARE * divided
            raised[start + at + 1 : start + at + length, inside] += SHARE
        start += len(tokens)
    return raised


def find_names(tokens: Sequence[str], stem_of: Callable[[str], str], names: Names) -> Iterator[tuple[int, int, str]]:
    """Yield the first token, the number of tokens and the class of each name in a sentence, longer ones first.

    Args:
        tokens: normalised.
        stem_of: returns a normalised word without clitics.
        names: the list.
    """
    at = 0
    while at < len(tokens):
        found = _found(tokens, at, stem_of, names)
        if found is None:
            at += 1
            continue
        yield at, *found
        at += found[0]


def _found(tokens: Sequence[str], at: int, stem_of: Callable[[str], str], names: Names) -> tuple[int, str] | None:
    """Return length and class of the longest listed name that begins at a token."""
    word = tokens[at]
    firsts = (word, stem_of(word)) if word[0] in _CLITICS else (word,)
    for first in firsts:
        for rest, kind in names.get(first, ()):
            if tuple(tokens[at + 1 : at + 1 + len(rest)]) == rest:
                return 1 + len(rest), kind
    return None
