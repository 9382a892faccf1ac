"""Find the clitics و ف ب ل ك before a name, and distinguish them from the first letters of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.entities.model.features import WordEntry
from agents.entities.model.normalise import normalise

_CLITICS = ("و", "ف", "ب", "ل", "ك", "وب", "ول", "وك", "فب", "فل", "فك")
_SHORTEST_NAME = 3
# Least ratio of how often the rest and the whole word are names. «فراس» is a man, and «رأس» a head.
_LEAST_SHARE = 0.5
# The same where the rest is this many times as frequent as the whole word.
_LEAST_SHARE_OF_RARE, _FAR_MORE = 0.2, 20
# Least ratio of how frequent persons are without and with a clitic, و apart; least probability of PER of a person.
_RARER_BEFORE_PERSONS = {"ل": 5, "ب": 8, "ف": 8, "ك": 8}
_PERSON = 0.5
# Least probability of being part of a name that a rest needs.
_LEAST_NAME = 0.02


@dataclass(frozen=True, slots=True)
class Clitics:
    """Describe the beginning of a word that is no part of the name.

    Attributes:
        length: its code points in the word as printed.
        elided: whether the name's article lost its alef after it: «للقاهرة» is ل + (ا)لقاهرة.
    """

    length: int = 0
    elided: bool = False


NONE = Clitics()


def part_clitics(word: str, words: Mapping[str, WordEntry]) -> Clitics:
    """Find the clitics at the beginning of a name.

    A letter is a clitic when the unlabelled news has the rest more often than the whole word, and as a name. Of a word
    that the news does not have, only a clitic before the article is split off.

    Args:
        word: the first word of a mention, as printed.
        words: what the news knows of normalised words.
    """
    normalised = normalise(word)
    whole = words.get(normalised)
    best, count = NONE, whole.count if whole else 0
    for letters in _CLITICS:
        if not normalised.startswith(letters):
            continue
        rest, elided = normalised[len(letters) :], False
        if letters[-1] == "ل" and rest.startswith("ل") and (f"ا{rest}" in words or rest not in words):
            # «للقاهرة»; «لليفربول» has no article.
            rest, elided = f"ا{rest}", True
        if len(rest) < _SHORTEST_NAME:
            continue
        entry = words.get(rest)
        least = max(count, _times(letters, whole) * whole.count if whole else 0)
        if entry is not None and entry.count > least and _is_name(entry, whole):
            best, count = Clitics(_printed_length(word, len(letters)), elided), entry.count
        elif whole is None and best is NONE and rest.startswith("ال") and len(rest) > 4:
            best = Clitics(_printed_length(word, len(letters)), elided)
    return best


def _times(letters: str, whole: WordEntry) -> int:
    """Return how many times as frequent as a whole word the rest is at least, if the letters are clitics.

    Few mentions of a person have one; «برايان», half as frequent as «رايان», is a name itself.
    """
    return _RARER_BEFORE_PERSONS.get(letters[-1], 2) if whole.kinds[0] >= _PERSON else 1


def _is_name(rest: WordEntry, whole: WordEntry | None) -> bool:
    # Over all classes: «السعودية» is mostly a ministry's, «والسعودية» mostly the country.
    if rest.places and whole is None:
        return True
    share = _LEAST_SHARE
    if whole is not None and rest.count >= _FAR_MORE * whole.count:
        # What the news knows of so rare a word is what its few sentences were about: «لبشر» is always that of a person.
        share = _LEAST_SHARE_OF_RARE
    return sum(rest.kinds) >= max(share * sum(whole.kinds) if whole else 0.0, _LEAST_NAME)


def _printed_length(word: str, letters: int) -> int:
    """Count the code points of a printed word that its first `letters` normalised letters take, marks included."""
    length = 0
    while length < len(word) and len(normalise(word[: length + 1])) <= letters:
        length += 1
    return length
