"""Extract the features of a word.

Every feature belongs to one word and one distance to the tagged token. The sum of a word's weights at each distance is
therefore a property of the word alone, and is computed once a word and not once a token (`agents.entities.model.crf`).
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from agents.entities.model.normalise import normalise

OFFSETS = (-3, -2, -1, 0, 1, 2, 3)
OUTSIDE = "§"

_EDGE_SIGNS = re.compile(r"^\W+(?=\w)|(?<=\w)\W+$")
_PREFIXES = ("وبال", "وكال", "فبال", "ولل", "فلل", "وب", "ول", "وك", "فب", "فل", "فك", "لل", "و", "ف", "ب", "ل", "ك")
_SHORTEST_STEM = 3
_REACH = {
    OUTSIDE: 3,
    "w": 3,
    "s": 3,
    "g": 2,
    "c": 2,
    **{f"c{i}": 2 for i in range(6)},
    **{f"d{i}": 1 for i in range(6)},
}
_REACH |= dict.fromkeys(("k", "a", "h", "p2", "p3", "e1", "e2", "e3", "q", "r"), 1)
_REACH |= {f"{letter}{i}": 1 for letter in "nm" for i in range(3)}
_CACHED_FEATURES = 5_000
_CACHED_STEMS = 100_000
# Bounds of the bins of `WordEntry.kinds`.
_KINDS = (0.05, 0.2, 0.5, 0.8)


@dataclass(frozen=True, slots=True)
class WordEntry:
    """Hold the statistics of a normalised word, from unlabelled news and the list of places.

    Attributes:
        count: its occurrences in the news.
        classes: [granularities] the number of its cluster; -1 where it has none.
        kinds: an earlier tagger's average probability, 0 to 1, of PER, LOC and ORG for it.
        places: which part of places' names it is (letters of `agents.entities.training.place_words`).
    """

    count: int
    classes: tuple[int, ...]
    kinds: tuple[float, ...] = (0.0, 0.0, 0.0)
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """Hold the features of one word.

    Attributes:
        plain: the normalised word without signs at its edges (`core`).
        stem: `plain` without clitics, with its article.
        names: its features.
        beside: further features that only the tokens next to it see.
        kinds: features of an earlier tagger's classes of it (`WordEntry.kinds`), for the random field alone.
    """

    plain: str
    stem: str
    names: tuple[str, ...]
    beside: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def at(self, offset: int) -> list[str]:
        """List the features that the tag `offset` tokens before this word sees."""
        found = [name for name in (*self.names, *self.kinds) if reach(name) >= abs(offset)]
        return [*found, *self.beside] if abs(offset) == 1 else found


BEYOND = WordFeatures(OUTSIDE, OUTSIDE, (OUTSIDE,))


def reach(name: str) -> int:
    """Return how many tokens away a feature is seen: 3 for a word and its stem, 0 for most of their parts."""
    return _REACH.get(name.partition("=")[0], 0)


@lru_cache(maxsize=1 << 17)
def core(word: str) -> str:
    """Normalise a word and strip the signs at its edges, which pre-tokenised corpora leave on: «(د» gives «د».

    A word of signs alone keeps them; an empty one gives `OUTSIDE`.
    """
    normalised = normalise(word)
    if normalised and normalised[0].isalnum() and normalised[-1].isalnum():
        return normalised
    return _EDGE_SIGNS.sub("", normalised) or normalised or OUTSIDE


def split_clitics(word: str, counts: Mapping[str, WordEntry]) -> tuple[str, str]:
    """Split a normalised word into its clitics and the rest, where the news writes the rest alone more often.

    Args:
        word: not empty.
        counts: what the news knows of normalised words.

    Returns:
        The clitics («و», «ول», …, or "") and the stem with its article: «للقاهرة» gives («ل», «القاهرة»).
    """
    if word[0] not in "وفبلك":
        return "", word
    entry = counts.get(word)
    best, clitics, stem = (entry.count if entry else 0), "", word
    for prefix in _PREFIXES:
        if not word.startswith(prefix) or len(word) - len(prefix) < _SHORTEST_STEM:
            continue
        rest = word[len(prefix) :]
        lead = prefix
        if prefix.endswith("لل"):
            lead, rest = prefix[:-1], "ال" + rest
        elif prefix.endswith("ال"):
            lead, rest = prefix[:-2], "ال" + rest
        found = counts.get(rest)
        if found and found.count > best:
            best, clitics, stem = found.count, lead, rest
    return clitics, stem


def _shape(word: str) -> str:
    if word.isalpha():
        return "latin" if word[0].isascii() else "word"
    if word == OUTSIDE:
        return OUTSIDE
    if "0" in word:
        return "digits" if word.strip("0.,/:-%") == "" else "mixed"
    if not any(c.isalpha() for c in word):
        return "sign"
    return "latin" if word[0].isascii() else "word"


@lru_cache(maxsize=1 << 14)
def _class_names(kind: str, classes: tuple[int, ...]) -> tuple[str, ...]:
    return tuple([f"{kind}{index}={cluster}" for index, cluster in enumerate(classes)])


def _kind_names(letter: str, kinds: tuple[float, ...]) -> list[str]:
    return [f"{letter}{index}={bisect(_KINDS, kind)}" for index, kind in enumerate(kinds) if kind >= _KINDS[0]]


def word_features(word: str, table: Mapping[str, WordEntry]) -> WordFeatures:
    """Extract all features of one word, as printed or normalised."""
    word = normalise(word) or OUTSIDE
    plain = core(word)
    clitics, stem = split_clitics(plain, table)
    bare = stem.removeprefix("ال")
    entry = table.get(plain) or table.get(stem) or table.get(bare)
    stem_entry = table.get(stem) or entry
    count = entry.count if entry else 0
    names = [f"w={plain}", f"s={stem}", f"k={clitics}", f"a={int(bare != stem)}", f"h={_shape(plain)}"]
    names += _class_names("c", entry.classes) if entry else ("c=?",)
    names += _class_names("d", stem_entry.classes) if stem_entry else ()
    names += [f"p{n}={stem[:n]}" for n in (1, 2, 3, 4) if len(stem) > n]
    names += [f"e{n}={stem[-n:]}" for n in (1, 2, 3, 4) if len(stem) > n]
    # The end of a short word, or all of it, is most of what its neighbours see of it.
    beside = [f"e{n}={stem[-n:]}" for n in (1, 2, 3) if len(stem) <= n or (n == 1 and len(stem) < 4)]
    names += [f"b{n}={bare[:n]}" for n in (2, 3)] if bare != stem else []
    if not word[0].isalnum():
        names.append(f"q={word[0]}")
    if len(word) > 1 and not word[-1].isalnum() and word[-1] in ')(»«",،.:؛':
        names.append(f"r={word[-1]}")
    names += [f"l={min(len(stem), 8)}", f"f={min(count, 1) + len(str(count))}"]
    named = table.get(stem) or table.get(plain) or table.get(f"ال{stem}")
    names += [f"g={letter}" for letter in named.places] if named else []
    kinds = _kind_names("n", entry.kinds) if entry else []
    kinds += _kind_names("m", stem_entry.kinds) if stem_entry and stem_entry is not entry else []
    return WordFeatures(plain, stem, tuple(names), tuple(beside), tuple(kinds))


class FeatureCache:
    """Keep the `word_features` of recent words. The parts of a tagger share one, so that each word is examined once.

    Attributes:
        words: what is known of normalised words.
    """

    def __init__(self, words: Mapping[str, WordEntry]) -> None:
        self.words = words
        self._known: dict[str, WordFeatures] = {}
        self._stems: dict[str, str] = {}

    def __call__(self, word: str) -> WordFeatures:
        """Return the features of a word."""
        found = self._known.get(word)
        if found is None:
            # Each part keeps its own rows of a word. This serves the parts that read one batch one after the other.
            if len(self._known) >= _CACHED_FEATURES:
                self._known.clear()
            found = self._known[word] = word_features(word, self.words)
        return found

    def stem(self, word: str) -> str:
        """Return `WordFeatures.stem` of a word, which is asked for again when the batch's features are dropped."""
        found = self._stems.get(word)
        if found is None:
            if len(self._stems) >= _CACHED_STEMS:
                self._stems.clear()
            _, found = split_clitics(core(normalise(word) or OUTSIDE), self.words)
            self._stems[word] = found
        return found
