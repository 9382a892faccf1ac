"""What the linear tagger sees of a word.

Every feature belongs to one word and one distance to the tagged position. The sum of a word's weights at each
distance is therefore a property of the word alone and is computed once a word, not once a token
(`agents.entities.potentials`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agents.entities.folding import fold

OFFSETS = (-3, -2, -1, 0, 1, 2, 3)
OUTSIDE = "§"

_EDGE_SIGNS = re.compile(r"^\W+(?=\w)|(?<=\w)\W+$")
_PREFIXES = ("وبال", "وكال", "فبال", "ولل", "فلل", "وب", "ول", "وك", "فب", "فل", "فك", "لل", "و", "ف", "ب", "ل", "ك")
_SHORTEST_STEM = 3
_CACHED_FEATURES = 5_000


@dataclass(frozen=True, slots=True)
class WordEntry:
    """What the unlabelled news knows of a word.

    Attributes:
        count: its occurrences.
        classes: its cluster at each granularity; -1 where it has none.
        kinds: how often an earlier tagger took it for part of a PER, LOC, ORG: average probability, 0 to 1.
        places: what it is in the gazetteer (`agents.entities.gazetteer`).
    """

    count: int
    classes: tuple[int, ...]
    kinds: tuple[float, ...] = (0.0, 0.0, 0.0)
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """Feature names of one word, by how far the tagged position may be: 0, 1, and 2 or more tokens away."""

    own: tuple[str, ...]
    near: tuple[str, ...]
    far: tuple[str, ...]

    def at(self, offset: int) -> tuple[str, ...]:
        """The features that a tag sees of the word `offset` tokens after it."""
        distance = abs(offset)
        return (
            self.own if distance == 0 else self.near if distance == 1 else self.far if distance == 2 else self.far[:2]
        )


def core(word: str) -> str:
    """The folded word without signs at its edges, which pre-tokenised corpora leave on: «(د» is «د»."""
    folded = fold(word)
    return _EDGE_SIGNS.sub("", folded) or folded or OUTSIDE


def split_clitics(word: str, counts: Mapping[str, WordEntry]) -> tuple[str, str]:
    """Part a folded word into its clitics and the rest, by what the news writes alone more often.

    Returns:
        The clitics («و», «ول», …, or "") and the stem with its article: «للقاهرة» gives («ل», «القاهرة»).
    """
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
    if word == OUTSIDE:
        return OUTSIDE
    if "0" in word:
        return "digits" if word.strip("0.,/:-%") == "" else "mixed"
    if not any(c.isalpha() for c in word):
        return "sign"
    return "latin" if word[0].isascii() else "word"


def word_features(word: str, table: Mapping[str, WordEntry]) -> WordFeatures:
    """All features of one word as it stands in the text."""
    plain = core(word)
    clitics, stem = split_clitics(plain, table)
    bare = stem.removeprefix("ال")
    entry = table.get(plain) or table.get(stem) or table.get(bare)
    stem_entry = table.get(stem) or entry
    count = entry.count if entry else 0
    classes = [f"c{i}={c}" for i, c in enumerate(entry.classes)] if entry else ["c=?"]
    if stem_entry is not None and stem_entry is not entry:
        stems = [f"d{i}={c}" for i, c in enumerate(stem_entry.classes)]
    else:
        stems = [f"d{i}={c}" for i, c in enumerate(entry.classes)] if entry else []
    base = [f"w={plain}", f"s={stem}", *classes]
    affixes = [f"p{n}={stem[:n]}" for n in (1, 2, 3, 4) if len(stem) > n]
    affixes += [f"e{n}={stem[-n:]}" for n in (1, 2, 3, 4) if len(stem) > n]
    affixes += [f"b{n}={bare[:n]}" for n in (2, 3)] if bare != stem else []
    edges = [f"q={word[0]}"] if not word[0].isalnum() else []
    edges += [f"r={word[-1]}"] if len(word) > 1 and not word[-1].isalnum() and word[-1] in ')(»«",،.:؛' else []
    named = table.get(stem) or table.get(plain) or table.get(f"ال{stem}")
    gazetteer = tuple(f"g={letter}" for letter in named.places) if named else ()
    form = [f"k={clitics}", f"a={int(bare != stem)}", f"h={_shape(plain)}"]
    size = f"f={min(count, 1) + len(str(count))}"
    own = (*base, *stems, *form, *affixes, *edges, f"l={min(len(stem), 8)}", size, *gazetteer)
    ends = [f"e{n}={stem[-n:]}" for n in (1, 2, 3)]
    near = (*base, *stems, *form, *affixes[1:3], *ends, *edges, *gazetteer)
    return WordFeatures(own, near, (*base, *gazetteer))


class FeatureCache:
    """`word_features` over one table; the parts of a tagger share it, so that a word is looked at once.

    Attributes:
        words: the table.
    """

    def __init__(self, words: Mapping[str, WordEntry]) -> None:
        self.words = words
        self._known: dict[str, WordFeatures] = {}

    def __call__(self, word: str) -> WordFeatures:
        """The features of a word."""
        found = self._known.get(word)
        if found is None:
            # Each part keeps what it makes of a word: this serves parts that read the same batch one after the other.
            if len(self._known) >= _CACHED_FEATURES:
                self._known.clear()
            found = self._known[word] = word_features(word, self.words)
        return found
