"""Part persons' names where a word's clitic shows that another phrase begins: «بوش وبلير», «كارلوس للمغرب».

In ANERcorp's training text, 137 of 141 words after a person's that begin with و, and are written without it more often,
begin the next person, and none of 21 words with «لل» continues the name (docs/experiments/entities.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.features import WordEntry, core, split_clitics

Floats = NDArray[np.float32]

# Below this probability of PER, what stands after «و» is no name: «كومان ويلي».
_PERSON = 0.03
# Below this probability, a token continues no name anyway.
_SILENT = 0.01
_OUTSIDE, _BEGINS, _GOES_ON = TAGS.index("O"), TAGS.index("B-PER"), TAGS.index("I-PER")


def part_names(sentences: Sequence[Sequence[str]], probability: Floats, words: Mapping[str, WordEntry]) -> Floats:
    """Return the probabilities with I-PER of such words given to B-PER, or to O.

    Args:
        sentences: normalised tokens of each sentence.
        probability: [tokens, tags] of the sentences one after the other.
        words: what the news knows of normalised words.
    """
    parted = probability.copy()
    tokens = [token for sentence in sentences for token in sentence]
    for row in np.flatnonzero(probability[:, _GOES_ON] > _SILENT).tolist():
        word = core(tokens[row])
        if word.startswith("لل"):
            takes = _OUTSIDE
        elif word.startswith("و") and _joins_a_person(word, words):
            takes = _BEGINS
        else:
            continue
        parted[row, takes] += parted[row, _GOES_ON]
        parted[row, _GOES_ON] = 0
    return parted


def _joins_a_person(word: str, words: Mapping[str, WordEntry]) -> bool:
    clitics, stem = split_clitics(word, words)
    entry = words.get(stem)
    return clitics.startswith("و") and entry is not None and entry.kinds[0] >= _PERSON
