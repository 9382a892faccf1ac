"""Telling the clitics و ف ب ل ك from the first letters of a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.entities.model.features import WordEntry
from agents.entities.model.normalise import normalise

_CLITICS = ("و", "ف", "ب", "ل", "ك", "وب", "ول", "وك", "فب", "فل", "فك")
_SHORTEST_NAME = 3
# A rest that is a name so much less often than the whole word is another word: «فراس» is a man, «رأس» a head.
_LEAST_SHARE = 0.5
# Below this a word is hardly ever written as a name.
_LEAST_NAME = 0.02


@dataclass(frozen=True, slots=True)
class Clitics:
    """The beginning of a word that is no part of the name.

    Attributes:
        length: its code points in the word as printed.
        elided: whether the name's article lost its alef after it: «للقاهرة» is ل + (ا)لقاهرة.
    """

    length: int = 0
    elided: bool = False


NONE = Clitics()


def part_clitics(word: str, words: Mapping[str, WordEntry]) -> Clitics:
    """The clitics before a name.

    The news decides: a letter is a clitic when the rest is written alone more often than the whole and is a name
    itself. Of a word that the news does not know, only a clitic before the article is parted.

    Args:
        word: the first word of a mention, as printed.
        words: what is known of folded words.
    """
    folded = normalise(word)
    whole = words.get(folded)
    best, count = NONE, whole.count if whole else 0
    for letters in _CLITICS:
        if not folded.startswith(letters):
            continue
        rest, elided = folded[len(letters) :], False
        if letters[-1] == "ل" and rest.startswith("ل"):
            rest, elided = "ا" + rest, True
        if len(rest) < _SHORTEST_NAME:
            continue
        entry = words.get(rest)
        if entry is not None and entry.count > count and _is_name(entry, whole):
            best, count = Clitics(_printed_length(word, len(letters)), elided), entry.count
        elif whole is None and best is NONE and rest.startswith("ال") and len(rest) > 4:
            best = Clitics(_printed_length(word, len(letters)), elided)
    return best


def _is_name(rest: WordEntry, whole: WordEntry | None) -> bool:
    # Over all classes: «السعودية» is mostly a ministry's, «والسعودية» mostly the country.
    if rest.places and whole is None:
        return True
    return sum(rest.kinds) >= max(_LEAST_SHARE * sum(whole.kinds) if whole else 0.0, _LEAST_NAME)


def _printed_length(word: str, letters: int) -> int:
    """Code points of the word as printed that its first folded letters take, with the marks on them."""
    length = 0
    while length < len(word) and len(normalise(word[: length + 1])) <= letters:
        length += 1
    return length
