"""Find names of the gazetteer in a text: whole words, with clitics, the longest name first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from agents.geotag.gazetteer import Gazetteer
from agents.text.search import search_text
from agents.text.tokens import word_spans

_CONJUNCTIONS = ("", "و", "ف")
_PREPOSITIONS = ("", "ب", "ل", "ك")
_CLITICS = frozenset(filter(None, _CONJUNCTIONS + _PREPOSITIONS))
_SHORTEST_AFTER_CLITIC = 3
#: Words to cache; a day of news has fewer. A full cache is emptied.
_CACHE_SIZE = 300_000

#: Letters for sounds that Arabic lacks («جنيڤ», «پاريس») to those with which other papers write the same names.
_BORROWED = str.maketrans("\u06a4\u067e\u0686\u06af\u0698", "\u0641\u0628\u062c\u0643\u062c")

_SHADDA = "\u0651"
_VOWELS = frozenset("\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670")


class Reading(NamedTuple):
    """One way to part a word into clitics and the rest.

    Attributes:
        letters: number of letters that are clitics.
        clitics: those letters.
        rest: the remaining word, normalised.
    """

    letters: int
    clitics: str
    rest: str


class WordFacts(NamedTuple):
    """What a printed word may be, whatever its context.

    Attributes:
        normalised: the word as names are looked up.
        readings: ways to part it of which the rest begins a name.
        nisba: country that it is a nisba of, ISO 3166-1 alpha-2, or None.
    """

    normalised: str
    readings: tuple[Reading, ...]
    nisba: str | None


class Hit(NamedTuple):
    """A name of the gazetteer under one reading of its first word.

    Attributes:
        name: the normalised name.
        clitics: letters before it in the first word.
        start: offset of the name in the text, in code points, without clitics.
    """

    name: str
    clitics: str
    start: int


@dataclass(slots=True)
class Match:
    """Words that are a name of the gazetteer, whichever place they mean, if any.

    Attributes:
        hits: the readings that give a name of this length.
        first, last: indices of the words, half-open.
        end: offset of the end in the text, in code points.
    """

    hits: list[Hit]
    first: int
    last: int
    end: int

    @property
    def start(self) -> int:
        """Return the offset of the first reading's name in the text, in code points."""
        return self.hits[0].start


@dataclass(slots=True)
class Scan:
    """A scanned text.

    Attributes:
        text: the text.
        words: start and end of its words, without signs, in code points.
        facts: what each word may be.
        matches: names found, in order, none overlapping another.
        nisbas: index of a word and the country of which it is a nisba.
    """

    text: str
    words: list[tuple[int, int]]
    facts: list[WordFacts]
    matches: list[Match] = field(default_factory=list)
    nisbas: list[tuple[int, str]] = field(default_factory=list)

    def gap(self, index: int) -> str:
        """Return the text between word `index - 1` and word `index`; a line break outside the text."""
        if not 0 < index < len(self.words):
            return "\n"
        return self.text[self.words[index - 1][1] : self.words[index][0]]

    def printed(self, first: int, last: int) -> str:
        """Return the text of the words `first` to `last`, half-open."""
        return self.text[self.words[first][0] : self.words[last - 1][1]]


class NameScanner:
    """Find names in texts. Not thread-safe: it caches words.

    Args:
        gazetteer: the names.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._cache: dict[str, WordFacts] = {}

    def scan(self, text: str) -> Scan:
        """Find all names and nisbas in a text."""
        words = word_spans(text)
        cache = self._cache
        facts = [cache.get(text[start:end]) or self._read(text[start:end]) for start, end in words]
        scan = Scan(text, words, facts)
        index = 0
        for word, (_, readings, nisba) in enumerate(facts):
            if nisba:
                scan.nisbas.append((word, nisba))
            if not readings or word < index:
                continue
            match = self._longest(scan, word)
            if match:
                scan.matches.append(match)
                index = match.last
        return scan

    def _read(self, word: str) -> WordFacts:
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        normalised = search_text(word).translate(_BORROWED)
        known, nisbas = self._gazetteer.prefixes, self._gazetteer.nisbas
        ways = _readings(normalised)
        readings: tuple[Reading, ...] = ()
        if normalised not in self._gazetteer.stops:
            readings = tuple([reading for reading in ways if reading.rest in known])
        nisba = next((nisbas[reading.rest] for reading in ways if reading.rest in nisbas), None)
        facts = WordFacts(normalised, readings, nisba)
        self._cache[word] = facts
        return facts

    def _longest(self, scan: Scan, first: int) -> Match | None:
        best: list[Hit] = []
        length = 0
        start = scan.words[first][0]
        for reading in scan.facts[first].readings:
            name, count = self._extend(scan, first, reading.rest)
            if not count or count < length or (reading.letters and len(name) < _SHORTEST_AFTER_CLITIC):
                continue
            if count > length:
                best, length = [], count
            offset = start + letters_to_points(scan.printed(first, first + 1), reading.letters)
            best.append(Hit(name, reading.clitics, offset))
        if not best:
            return None
        return Match(best, first, first + length, scan.words[first + length - 1][1])

    def _extend(self, scan: Scan, first: int, word: str) -> tuple[str, int]:
        """Return the longest name from word `first` on, read as `word`, and its number of words; 0 if there is none."""
        names, prefixes = self._gazetteer, self._gazetteer.prefixes
        found, count = (word, 1) if word in names else ("", 0)
        name = word
        for index in range(first + 1, len(scan.words)):
            name = f"{name} {scan.facts[index].normalised}"
            if name not in prefixes or not _joins(scan.gap(index)):
                break
            if name in names:
                found, count = name, index - first + 1
        return found, count


def _joins(gap: str) -> bool:
    """Return whether a name may extend over this gap: spaces, or a hyphen on one line."""
    bare = gap.strip()
    return "\n" not in gap and (not bare or bare in {"-", "–"})


def _readings(normalised: str) -> list[Reading]:
    """Return all ways to part a normalised word, the whole word first."""
    found = [Reading(0, "", normalised)]
    if normalised[:1] not in _CLITICS:
        return found
    for conjunction in _CONJUNCTIONS:
        for preposition in _PREPOSITIONS:
            clitics = conjunction + preposition
            if not clitics or not normalised.startswith(clitics):
                continue
            rest = normalised[len(clitics) :]
            if len(rest) > 1:
                found.append(Reading(len(clitics), clitics, rest))
            if preposition == "ل" and rest.startswith("ل"):
                # «للرياض»: the article lost its alef. «للبنان» has none.
                found.append(Reading(len(clitics), clitics, "ا" + rest))
    return found


def letters_to_points(word: str, letters: int) -> int:
    """Return how many code points of `word` hold its first `letters` letters with their marks."""
    if not letters:
        return 0
    seen = 0
    for index, char in enumerate(word):
        if char in _VOWELS or char == "\u0640":
            continue
        if seen == letters:
            return index
        seen += 1
    return len(word)


def marks(word: str) -> list[str]:
    """Return the vowel signs on each letter of a word; tatweel does not count as a letter."""
    found: list[str] = []
    for char in word:
        if char in _VOWELS:
            if found:
                found[-1] += char
        elif char != "\u0640":
            found.append("")
    return found


def has_marks(text: str) -> bool:
    """Return whether any letter carries a vowel sign."""
    return not _VOWELS.isdisjoint(text)


def contradicts(printed: str, spelled: str) -> bool:
    """Return whether a printed name has vowel signs that a known spelling excludes: عمّان is not عُمان."""
    ours, theirs = marks(printed), marks(spelled)
    if len(ours) != len(theirs):
        return False
    return any(
        (a and b and not set(a) & set(b)) or (_SHADDA in a and _SHADDA not in b)
        for a, b in zip(ours, theirs, strict=True)
    )


def differs_in_alef(printed: str, name: str) -> bool:
    """Return whether a printed word has a hamza on an alef where a name of as many letters has none.

    Beginnings do not count, as papers leave hamzas out and put them there at will: «الأردن», «الاردن», «إسبانيا».
    """
    letters = [char for char in printed if char not in _VOWELS and char != "\u0640"]
    if len(letters) != len(name):
        return False
    first = 3 if name.startswith("ال") else 1
    return any(ours in "أإ" and theirs == "ا" for ours, theirs in zip(letters[first:], name[first:], strict=True))


def odd_shadda(printed: str) -> bool:
    """Return whether a shadda is inside the word, as in verbs; one after the article or on a ya proves nothing."""
    letters = [char for char in printed if char not in _VOWELS and char != "\u0640"]
    skip = 3 if "".join(letters[:2]) == "ال" else 1
    return any(_SHADDA in sign and letters[index] != "ي" for index, sign in enumerate(marks(printed)) if index >= skip)
