"""Raise the probability of persons that a text names again: a clear mention lends its certainty to unclear ones.

«أينشتاين» alone, in a sentence that says nothing of a person, is known by «العالم ألبرت أينشتاين» three lines above
(Krishnan & Manning, 2006, do the same with a second model). Places and organisations gain nothing by it: their words
(«العراق», «الحزب») occur in names of all classes (docs/explanation/entities.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.features import WordEntry, core

Floats = NDArray[np.float32]

# Sentences within which mentions lend to each other. Cross-validated, as are the constants below.
WINDOW = 20
LENT = 0.7
_CLEAR = 0.2
# Below this probability of PER, B- and I- of a token do not show whether it begins a name.
_SILENT = 0.05
# From this probability of other classes on, a token is part of one: «مستشفى الملك عبدالعزيز» is no person.
_TAKEN = 0.4
_OFTEN, _SELDOM = 50, 0.2
_SHORTEST = 3
_BEGINS, _GOES_ON = TAGS.index("B-PER"), TAGS.index("I-PER")
_OTHERS = [number for number, tag in enumerate(TAGS) if tag[2:] not in {"", "PER"}]


def lend(
    sentences: Sequence[Sequence[str]],
    probability: Floats,
    stem: Callable[[str], str],
    words: Mapping[str, WordEntry],
) -> Floats:
    """Raise the probabilities of PER of words that occur several times in a window of `WINDOW` sentences.

    A word's new probability of PER is (1 - LENT) of its own and LENT of the mean of the average and the largest
    that its occurrences in the window have, where that is more than its own.

    Args:
        sentences: normalised tokens of each sentence of one text, in their order, none empty.
        probability: [tokens, tags] of the sentences one after the other.
        stem: strips the clitics of a normalised word.
        words: what the news knows of stems. A stem that it often writes and seldom takes for a person («على», which
            normalises to «علي»; «الملك») is lent nothing.

    Returns:
        [tokens, tags], a new array; each row adds up to 1.
    """
    result = probability.copy()
    elsewhere = probability[:, _OTHERS].sum(axis=1)
    person = probability[:, _BEGINS] + probability[:, _GOES_ON]
    ends = np.cumsum([len(tokens) for tokens in sentences]).tolist()
    starts = [0, *ends[:-1]]
    begins = set(starts)
    for first in range(0, len(sentences), WINDOW):
        last = min(first + WINDOW, len(sentences)) - 1
        start, end = starts[first], ends[last]
        tokens = [token for part in sentences[first : last + 1] for token in part]
        clear = {stem(tokens[at]) for at in np.flatnonzero(person[start:end] >= _CLEAR).tolist()}
        persons = {word for word in clear if _may_be_a_person(word, words)}
        for indices in _groups(tokens, persons) if persons else ():
            here = np.array(indices) + start
            own = person[here]
            lent = (1 - LENT) * own + LENT * (own.mean() + own.max()) / 2
            for at, old, new in zip(here.tolist(), own.tolist(), np.maximum(own, lent).tolist(), strict=True):
                if new > old and elsewhere[at] < _TAKEN:
                    _raise(result[at], old, new, follows=at not in begins and person[at - 1] > 0.5)
    return result


def _may_be_a_person(word: str, words: Mapping[str, WordEntry]) -> bool:
    known = words.get(word)
    return len(word) >= _SHORTEST and (known is None or known.count < _OFTEN or known.kinds[0] >= _SELDOM)


def _groups(tokens: Sequence[str], stems: set[str]) -> Iterable[list[int]]:
    """Yield the indices in `tokens` of each stem that occurs more than once."""
    indices: dict[str, list[int]] = {}
    for index, token in enumerate(tokens):
        word = core(token)
        if word not in stems and word[0] in "وفبلك":
            word = word[1:]
        if word in stems:
            indices.setdefault(word, []).append(index)
    return (found for found in indices.values() if len(found) > 1)


def _raise(row: Floats, old: float, new: float, *, follows: bool) -> None:
    """Set the probability of PER of a row, [tags], in place from `old` to `new`; the other tags keep their proportions.

    Args:
        follows: whether the token before is part of a person: a row without a clear B- or I- then gets I-.
    """
    begins, goes_on = float(row[_BEGINS]), float(row[_GOES_ON])
    if old < _SILENT:
        begins, goes_on = (0.0, 1.0) if follows else (1.0, 0.0)
    row *= (1 - new) / max(1 - old, 1e-6)
    row[_BEGINS] = new * begins / (begins + goes_on)
    row[_GOES_ON] = new * goes_on / (begins + goes_on)
