"""Find names of the gazetteer in a text: on words, with clitics, longest first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from agents.geotag.gazetteer import Gazetteer
from agents.text.search import search_text
from agents.text.tokens import word_spans

_CONJUNCTIONS = ("", "و", "ف")
_PREPOSITIONS = ("", "ب", "ل", "ك")
_SHORTEST_AFTER_CLITIC = 3
#: Words remembered; a day of news has fewer. Then the memory starts anew.
_MEMORY = 300_000

#: Letters for sounds that Arabic lacks, as papers that do without them write the same names: «جنيڤ», «پاريس».
_BORROWED = str.maketrans("\u06a4\u067e\u0686\u06af\u0698", "\u0641\u0628\u062c\u0643\u062c")

_SHADDA = "\u0651"
_VOWELS = frozenset("\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670")


class Reading(NamedTuple):
    """One way to part a word: so many letters of clitics, then the folded rest."""

    letters: int
    clitics: str
    rest: str


class WordFacts(NamedTuple):
    """What a printed word may be for the matcher, whatever stands around it."""

    folded: str
    readings: tuple[Reading, ...]
    nisba: str | None


class Hit(NamedTuple):
    """A name of the gazetteer at some words, under one reading of the first."""

    name: str
    clitics: str
    start: int


@dataclass(slots=True)
class Match:
    """Words that are a name of the gazetteer, before it is known which place they mean, if any.

    Attributes:
        hits: the readings that found a name of this length.
        first, last: indices of the words, half-open.
        end: offset of its end in the text.
    """

    hits: list[Hit]
    first: int
    last: int
    end: int

    @property
    def start(self) -> int:
        return self.hits[0].start


@dataclass(slots=True)
class Scan:
    """A text read once.

    Attributes:
        text: the text.
        words: start and end of its words; signs are left out.
        facts: what each word may be.
        matches: names found, in order, never overlapping.
        nisbas: index of a word and the country that it implies.
    """

    text: str
    words: list[tuple[int, int]]
    facts: list[WordFacts]
    matches: list[Match] = field(default_factory=list)
    nisbas: list[tuple[int, str]] = field(default_factory=list)

    def gap(self, index: int) -> str:
        """What stands between word `index - 1` and word `index`; a line break outside the text."""
        if not 0 < index < len(self.words):
            return "\n"
        return self.text[self.words[index - 1][1] : self.words[index][0]]

    def printed(self, first: int, last: int) -> str:
        """The text of the words `first` to `last`, half-open."""
        return self.text[self.words[first][0] : self.words[last - 1][1]]


class Matcher:
    """Looks names up. Not safe to share between threads that scan at the same time: it remembers words.

    Args:
        gazetteer: the names.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._memory: dict[str, WordFacts] = {}

    def scan(self, text: str) -> Scan:
        """All names in a text."""
        words = word_spans(text)
        memory = self._memory
        facts = [memory.get(text[start:end]) or self._remember(text[start:end]) for start, end in words]
        scan = Scan(text, words, facts)
        index = 0
        for place, (_, readings, nisba) in enumerate(facts):
            if nisba:
                scan.nisbas.append((place, nisba))
            if not readings or place < index:
                continue
            match = self._longest(scan, place)
            if match:
                scan.matches.append(match)
                index = match.last
        return scan

    def _remember(self, word: str) -> WordFacts:
        if len(self._memory) >= _MEMORY:
            self._memory.clear()
        folded = search_text(word).translate(_BORROWED)
        known = self._gazetteer.prefixes
        readings: tuple[Reading, ...] = ()
        if folded not in self._gazetteer.stops:
            readings = tuple(reading for reading in _readings(folded) if reading.rest in known)
        facts = WordFacts(folded, readings, self._nisba(folded))
        self._memory[word] = facts
        return facts

    def _nisba(self, folded: str) -> str | None:
        nisbas = self._gazetteer.nisbas
        for reading in _readings(folded):
            if reading.rest in nisbas:
                return nisbas[reading.rest]
        return None

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
        """The longest name from word `first` on, read as `word`, and how many words it has; zero when there is none."""
        names, prefixes = self._gazetteer, self._gazetteer.prefixes
        found, count = (word, 1) if word in names else ("", 0)
        name = word
        for index in range(first + 1, len(scan.words)):
            name = f"{name} {scan.facts[index].folded}"
            if name not in prefixes or not _joins(scan.gap(index)):
                break
            if name in names:
                found, count = name, index - first + 1
        return found, count


def _joins(gap: str) -> bool:
    """Whether one name may reach over this gap: spaces, or a hyphen on the line."""
    bare = gap.strip()
    return "\n" not in gap and (not bare or bare in {"-", "–"})


def _readings(folded: str) -> list[Reading]:
    """All ways to part a folded word, the whole first."""
    found = [Reading(0, "", folded)]
    for conjunction in _CONJUNCTIONS:
        for preposition in _PREPOSITIONS:
            clitics = conjunction + preposition
            if not clitics or not folded.startswith(clitics):
                continue
            rest = folded[len(clitics) :]
            if len(rest) > 1:
                found.append(Reading(len(clitics), clitics, rest))
            if preposition == "ل" and rest.startswith("ل"):
                # «للرياض»: the article lost its alef. «للبنان» has none.
                found.append(Reading(len(clitics), clitics, "ا" + rest))
    return found


def letters_to_points(word: str, letters: int) -> int:
    """Code points of `word` that hold its first `letters` letters with their marks."""
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
    """The vowel signs on each letter of a word; tatweel is no letter."""
    found: list[str] = []
    for char in word:
        if char in _VOWELS:
            if found:
                found[-1] += char
        elif char != "\u0640":
            found.append("")
    return found


def has_marks(text: str) -> bool:
    """Whether any letter is vowelled."""
    return not _VOWELS.isdisjoint(text)


def contradicts(printed: str, spelled: str) -> bool:
    """Whether a printed name carries signs that its known spelling excludes: عمّان is not عُمان."""
    ours, theirs = marks(printed), marks(spelled)
    if len(ours) != len(theirs):
        return False
    return any(
        (a and b and not set(a) & set(b)) or (_SHADDA in a and _SHADDA not in b)
        for a, b in zip(ours, theirs, strict=True)
    )


def odd_shadda(printed: str) -> bool:
    """Whether a shadda stands inside the word, as in verbs; after the article and on a nisba's ya it means nothing."""
    letters = [char for char in printed if char not in _VOWELS and char != "\u0640"]
    skip = 3 if "".join(letters[:2]) == "ال" else 1
    return any(_SHADDA in sign and letters[index] != "ي" for index, sign in enumerate(marks(printed)) if index >= skip)
