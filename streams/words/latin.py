"""Find the Arabic names that a word in Latin letters may stand for. Pure.

Newspapers write القذافي as Gaddafi, Qaddafi, Kadhafi. Both scripts agree in the consonants, by classes of letters that
transliteration confuses (د, ذ, ض and d, dh, th), so these find the candidates. A candidate is then spelt out letter by
letter, each at a cost, and the cheapest are the answer if they are cheap. Places have English names that are no
transliterations (Cairo); these are listed. An ordinary English or French word (price) sounds like a name now and then,
but is none unless the news prints that name more often than English prints the word (Trump).
"""

from __future__ import annotations

import gzip
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from streams.words.lexicon import DATA, lexicon

#: Before the family of a name, in the terms of a text in Latin letters.
FOREIGN = "≈"
#: Before a compound name, in the terms of its last word.
COMPOUND = "@"
_SHORTEST = 3
# Longer than any name of the lexicon in Latin letters. Without these limits, a word of confusable consonants (clclcl)
# would take time and memory exponential in its length.
_LONGEST = 24
_MOST_KEYS = 64
_COMPOUND_COUNT = 100
# Costs: of vowels that Arabic leaves out, and of the dearest spelling by number of letters.
_SHORT_VOWEL, _TWO_VOWELS, _LAST_VOWEL = 0.1, 0.35, 0.35
_DEAREST, _DEAREST_LETTER, _DEAREST_SHORT = 0.25, 0.045, 0.02
_ASSIMILATION = 0.2
# What a name ten times as frequent may cost more, and how far from the best an answer may be.
_TENFOLD, _NEAR_BEST = 0.1, 0.12
_MOST = 3
# An ordinary word is a name if the corpus has the name this many times as often as 100 million words have the word.
_NAME_OF_NEWS = 4
_NO_RARE_NAME = 100
_VOWELS = "aeiou"
# The article with the sound of the next letter (Essebsi, Ennahda).
_ASSIMILATED = re.compile(r"^[ae](s|sh|t|d|n|r|z)(?=\1)")

# What each Arabic letter or pair is written as, with the cost of writing it so.
_SPELLINGS: Mapping[str, Mapping[str, float]] = {
    "ا": {"a": 0, "aa": 0, "e": 0.2, "o": 0.4, "u": 0.2, "i": 0.4, "": 0.35, "ea": 0.3, "au": 0.3, "ou": 0.4,
          "ah": 0.1},
    "ب": {"b": 0, "p": 0.05, "bb": 0, "pp": 0.05, "v": 0.4},
    "ت": {"t": 0, "tt": 0, "th": 0.3},
    "ث": {"th": 0, "t": 0.2, "s": 0.2},
    "ج": {"j": 0, "g": 0.05, "dj": 0, "gg": 0.1, "ge": 0.1, "gu": 0.15, "zh": 0.2, "dg": 0.1, "jj": 0},
    "ح": {"h": 0, "hh": 0.1, "": 0.5},
    "خ": {"kh": 0, "k": 0.2, "ch": 0.1, "h": 0.3, "x": 0.2, "j": 0.3},
    "د": {"d": 0, "dd": 0},
    "ذ": {"dh": 0, "d": 0.1, "dd": 0.1, "z": 0.15, "th": 0.1},
    "ر": {"r": 0, "rr": 0},
    "ز": {"z": 0, "zz": 0, "s": 0.3},
    "س": {"s": 0, "ss": 0, "c": 0.15, "z": 0.4, "ts": 0.3},
    "ش": {"sh": 0, "ch": 0.1, "sch": 0.05, "s": 0.5, "sz": 0.3, "shsh": 0, "sc": 0.3},
    "ص": {"s": 0, "ss": 0, "c": 0.4},
    "ض": {"d": 0, "dh": 0.05, "z": 0.4, "dd": 0.1},
    "ط": {"t": 0, "tt": 0},
    "ظ": {"z": 0, "dh": 0.05, "th": 0.2, "d": 0.3},
    "ع": {"": 0, "a": 0, "aa": 0, "e": 0.1, "i": 0.1, "o": 0.1, "u": 0.1},
    "غ": {"gh": 0, "g": 0.05, "gg": 0.1, "k": 0.5, "r": 0.6, "gu": 0.1},
    "ف": {"f": 0, "ff": 0, "ph": 0, "v": 0.05, "w": 0.4},
    "ق": {"q": 0, "k": 0.05, "g": 0.15, "gh": 0.2, "c": 0.2, "kh": 0.4, "qq": 0, "kk": 0.1, "ck": 0.3},
    "ك": {"k": 0, "c": 0.02, "kk": 0, "cc": 0.1, "ck": 0.05, "q": 0.2, "ch": 0.3, "g": 0.3, "qu": 0.1},
    "ل": {"l": 0, "ll": 0},
    "م": {"m": 0, "mm": 0},
    "ن": {"n": 0, "nn": 0, "gn": 0.2, "m": 0.5},
    "ه": {"h": 0, "": 0.2, "hh": 0.1},
    "و": {"w": 0, "u": 0, "o": 0, "ou": 0, "oo": 0, "ww": 0, "v": 0.15, "ow": 0.05, "aw": 0.1, "au": 0.1, "uw": 0,
          "eu": 0.2, "oe": 0.2, "": 0.6},
    "ي": {"i": 0, "y": 0, "ee": 0, "yy": 0, "ie": 0.1, "e": 0.15, "ai": 0.1, "ay": 0.1, "ei": 0.1, "ey": 0.1, "iy": 0,
          "j": 0.4, "ea": 0.15, "": 0.6},
    "ء": {"": 0, "'": 0, "a": 0.1, "e": 0.1, "i": 0.1, "y": 0.2},
    "اي": {"i": 0, "ai": 0, "ay": 0, "ei": 0, "ie": 0.2, "y": 0.05, "e": 0.2, "igh": 0.2, "a": 0.25},
    "او": {"au": 0, "aw": 0, "ow": 0, "o": 0.05, "ou": 0.1, "oe": 0.2},
    "تش": {"ch": 0, "tch": 0, "tsch": 0, "c": 0.2},
    "كس": {"x": 0},
    "يو": {"u": 0.1, "eu": 0.05, "ew": 0.1, "yu": 0, "io": 0.05, "yo": 0},
    "وو": {"w": 0, "wu": 0, "woo": 0},
    "يا": {"ia": 0, "ya": 0, "ea": 0.1},
    "دج": {"j": 0, "dj": 0},
    "نغ": {"ng": 0},
}  # fmt: skip
# At the end of a word.
_LAST: Mapping[str, Mapping[str, float]] = {
    "ه": {"a": 0, "ah": 0, "eh": 0.02, "e": 0.1, "": 0.1, "at": 0.2},
    "ا": {"a": 0, "ah": 0.05, "e": 0.15, "": 0.3, "as": 0.4, "er": 0.4, "o": 0.3},
    "ي": {"i": 0, "y": 0, "ee": 0.05, "a": 0.1, "ie": 0.1, "iy": 0, "": 0.4},
    "و": {"u": 0, "o": 0, "ou": 0, "oo": 0, "w": 0.1, "ow": 0.1, "eau": 0.2, "": 0.4},
    "ر": {"r": 0, "er": 0, "re": 0.1},
    "ل": {"l": 0, "le": 0.05, "el": 0},
    "ن": {"n": 0, "ne": 0.1, "nn": 0},
}
_FIRST: Mapping[str, Mapping[str, float]] = {
    "ا": {"a": 0, "e": 0.02, "i": 0.05, "o": 0.05, "u": 0.05, "": 0.5},
    "اي": {"i": 0, "e": 0.1, "ai": 0.05, "ei": 0.05, "y": 0.1, "a": 0.2},
    "او": {"o": 0, "u": 0, "ou": 0, "au": 0.05, "aw": 0.05, "ow": 0.05},
    "ي": {"y": 0, "j": 0.2, "i": 0.1, "": 0.6},
    "و": {"w": 0, "v": 0.1, "ou": 0.1, "o": 0.4, "u": 0.4},
}
_ARABIC_CLASSES = {
    **dict.fromkeys("تدطضذثظسزصش", "T"), **dict.fromkeys("كقغخ", "K"), **dict.fromkeys("بف", "P"),
    "ل": "L", "م": "M", "ن": "N", "ر": "R", "ج": "TK",
}  # fmt: skip
_LATIN_CLASSES = {
    **dict.fromkeys("tdszj", "T"), **dict.fromkeys("kq", "K"), **dict.fromkeys("bpf", "P"),
    "l": "L", "m": "M", "n": "N", "r": "R", "c": "TK", "g": "KT", "x": "K", "v": "P-",
}  # fmt: skip
_DIGRAPHS = {
    "tsch": "T", "tch": "T", "sch": "T", "sh": "T", "th": "T", "dh": "T", "zh": "T", "dj": "T", "kh": "K", "gh": "K",
    "ph": "P", "ck": "K",
}  # fmt: skip


class _Candidate(NamedTuple):
    bare: str
    terms: tuple[str, ...]
    frequency: float


@cache
def compound_names() -> Mapping[tuple[str, str], str]:
    """Return the names of two words that other scripts write as one, by their normalised words: حزب الله, Hezbollah."""
    lines = DATA.joinpath("compounds.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return {(first, second): first + second for first, second in rows}


@cache
def _counts() -> Mapping[str, int]:
    lines = _lines("name_counts.tsv.gz")
    return {name: int(count) for name, _, count in (line.partition("\t") for line in lines)}


@cache
def _places() -> Mapping[str, tuple[str, str]]:
    """Return the family and the Arabic name of each listed place, by its English name without spaces."""
    rows = (line.split("\t") for line in _lines("latin_places.tsv.gz"))
    return {english: (term, arabic) for english, term, arabic in rows}


@cache
def _shown() -> Mapping[str, str]:
    return {term: arabic for term, arabic in _places().values() if term[1:].isascii()}


def shown_name(family: str) -> str:
    """Return the name to show for the family of a name; countries have their code as family."""
    return _shown().get(family, family[1:])


def _lines(name: str) -> list[str]:
    text = gzip.decompress(DATA.joinpath(name).read_bytes()).decode("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def _ordinary_words() -> Mapping[str, int]:
    """Return how often ordinary English and French words occur in a hundred million words."""
    rows = (line.partition("\t") for line in _lines("ordinary_words.tsv.gz"))
    return {word: int(count) for word, _, count in rows}


@cache
def _by_consonants() -> Mapping[str, list[_Candidate]]:
    forms: dict[str, dict[str, int]] = defaultdict(dict)
    counts = _counts()
    for form, entry in lexicon().names.items():
        if (
            not entry.nisba
            and (form in counts or entry.always)
            and "\u0620" <= entry.term[1] <= "\u06ff"
            and "\u0620" <= form[0] <= "\u06ff"
        ):
            # With its article or without, it is one name: البرهان is Burhan.
            bare = form[2:] if form.startswith("ال") and len(form) > 4 else form
            forms[bare][entry.term] = counts.get(form, 1)
    for name in compound_names().values():
        forms[name][COMPOUND + name] = _COMPOUND_COUNT
    found: dict[str, list[_Candidate]] = defaultdict(list)
    for bare, terms in forms.items():
        candidate = _Candidate(bare, tuple(sorted(terms)), math.log10(sum(terms.values())))
        for key in _keys(bare, _ARABIC_CLASSES):
            found[key].append(candidate)
    return found


def _keys(word: str, classes: Mapping[str, str]) -> set[str]:
    """Return the classes of a word's consonants, repeated ones once; several where a letter has several.

    A letter that would make more than `_MOST_KEYS` has its first class only.
    """
    keys = {""}
    at = 0
    while at < len(word):
        letters = next((pair for pair in _DIGRAPHS if word.startswith(pair, at)), word[at])
        options = _DIGRAPHS.get(letters) or classes.get(letters, "")
        at += len(letters)
        if len(options) * len(keys) > _MOST_KEYS:
            options = options[:1]
        if options:
            keys = {key if one == "-" or key.endswith(one) else key + one for key in keys for one in options}
    return keys


def spelling_cost(arabic: str, latin: str, dearest: float = math.inf) -> float:
    """Return what it costs to write an Arabic name without article as this word; infinite if it cannot be.

    Args:
        arabic: normalised.
        latin: in small letters without accents.
        dearest: what costs more is infinite, which is faster.
    """
    costs = {0: 0.0}
    reached: list[dict[int, float]] = [costs] + [{} for _ in arabic]
    for at in range(len(arabic)):
        if not reached[at] and not reached[at + 1]:
            return math.inf
        for position, cost in _with_vowels(reached[at], latin, _SHORT_VOWEL, _TWO_VOWELS if at else None).items():
            for size in (1, 2):
                piece = arabic[at : at + size]
                if len(piece) < size:
                    continue
                spellings = _spellings(piece, first=at == 0, last=at + size == len(arabic))
                for written, price in spellings.items():
                    if cost + price <= dearest and latin.startswith(written, position):
                        end = position + len(written)
                        into = reached[at + size]
                        into[end] = min(into.get(end, math.inf), cost + price)
    silent = 0.1 if latin.endswith("e") else _LAST_VOWEL
    cost = _with_vowels(reached[-1], latin, silent, _TWO_VOWELS).get(len(latin), math.inf)
    return cost if cost <= dearest else math.inf


def _spellings(piece: str, *, first: bool, last: bool) -> Mapping[str, float]:
    if first and piece in _FIRST:
        return _FIRST[piece]
    found = _SPELLINGS.get(piece, {})
    return {**found, **_LAST[piece]} if last and piece in _LAST else found


def _with_vowels(reached: Mapping[int, float], latin: str, one: float, two: float | None) -> dict[int, float]:
    """Add what one or two vowels that Arabic leaves out reach, at their costs; at the beginning there are none."""
    found = dict(reached)
    if two is not None:
        for position, cost in sorted(reached.items()):
            for size, price in ((1, one), (2, two)):
                skipped = latin[position : position + size]
                if len(skipped) == size and all(letter in _VOWELS for letter in skipped):
                    end = position + size
                    added = 1.5 * one if skipped == "ou" else price  # French
                    found[end] = min(found.get(end, math.inf), cost + added)
    return found


def arabic_names(word: str) -> tuple[str, ...]:
    """Return the families of the Arabic names that a word in Latin letters may stand for, the likeliest first.

    Args:
        word: normalised (small letters without accents), of one or several words without spaces between them.
    """
    return _names(word, beside_name=False)


@lru_cache(maxsize=50_000)
def _names(word: str, *, beside_name: bool) -> tuple[str, ...]:
    """Return `arabic_names`; beside a name, an ordinary word is read as any name that is no rare one."""
    place = _places().get(word)
    if place is not None:
        return (place[0],)
    least = _NO_RARE_NAME if beside_name else _NAME_OF_NEWS * _ordinary_words().get(word, 0)
    dearest = _DEAREST + _DEAREST_LETTER * len(word) if len(word) > _SHORTEST else _DEAREST_SHORT
    if not _SHORTEST <= len(word) <= _LONGEST or not word.isascii() or not word.isalpha():
        return ()
    ranks: dict[_Candidate, float] = {}
    for written in {word, _ASSIMILATED.sub("", word)}:
        for candidate in _candidates(written):
            if 10**candidate.frequency < least:
                continue
            cost = spelling_cost(candidate.bare, written, dearest)
            if cost < math.inf:
                rank = cost - _TENFOLD * candidate.frequency + (_ASSIMILATION if written != word else 0)
                ranks[candidate] = min(ranks.get(candidate, math.inf), rank)
    ordered = sorted(ranks, key=lambda candidate: (ranks[candidate], candidate.bare))[:_MOST]
    chosen = [candidate for candidate in ordered if ranks[candidate] <= ranks[ordered[0]] + _NEAR_BEST]
    return tuple(dict.fromkeys(term for candidate in chosen for term in candidate.terms))


def _candidates(word: str) -> Iterator[_Candidate]:
    seen: set[_Candidate] = set()
    for key in _keys(word, _LATIN_CLASSES):
        for candidate in _by_consonants().get(key, ()):
            if candidate not in seen:
                seen.add(candidate)
                yield candidate


# Parts of names that are written as one word with the next (عبدالفتاح, أبوبكر), and those that add nothing to one.
_JOINED = frozenset("abd abdel abdul abdal abdoul abu abou".split())  # noqa: SIM905
_PARTICLES = frozenset("al el bin ibn ben bint".split())  # noqa: SIM905
_MOST_JOINED = 3


def foreign_names(words: Sequence[str]) -> list[tuple[str, ...] | None]:
    """Return, for each of some consecutive words in Latin letters, the families of the Arabic names that it stands for.

    Args:
        words: normalised.

    Returns:
        The families, none if it is no name; None for a word that is a part of the name before or after it.
    """
    found: list[tuple[str, ...] | None] = [()] * len(words)
    at = 0
    while at < len(words):
        for size in range(min(_MOST_JOINED, len(words) - at), 0, -1):
            joined = "".join(words[at : at + size])
            parts = words[at] in _JOINED and (size == 2 or (size == 3 and words[at + 1] in _PARTICLES))
            names = arabic_names(joined) if size == 1 or parts or joined in _places() else ()
            if names:
                break
        else:
            size, names = 1, ()
        found[at] = names
        found[at + 1 : at + size] = [None] * (size - 1)
        at += size
    named = [bool(names) and words[at] not in _places() for at, names in enumerate(found)]
    for at, word in enumerate(words):
        # Beside a name, a word that would be ordinary is a part of it: George Bush, Mark Zuckerberg.
        if found[at] == () and word in _ordinary_words() and any(named[max(0, at - 1) : at + 2]):
            found[at] = _names(word, beside_name=True)
    for at, word in enumerate(words):
        if word in _PARTICLES and not found[at] and (_is_named(found, at - 1) or _is_named(found, at + 1)):
            found[at] = None
    return found


def _is_named(found: Sequence[tuple[str, ...] | None], at: int) -> bool:
    return 0 <= at < len(found) and bool(found[at])
