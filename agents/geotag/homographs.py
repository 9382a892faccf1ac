"""Recognise words that are spelt like a place and mean something else: «قطر الأنبوب», «الفنانة فلسطين السعدي».

The table `data/homographs.csv` has for each such name the words that show the other meaning:

    sense    `word`: a common noun; `adjective`: «مصر على», both `before` and `after` must match; `verb`: more often a
             verb than the place, unless its surroundings are those of a place; `outlet`: a paper or channel; `person`:
             part of well-known persons' names.
    before   words directly before the name
    after    words directly after it
    near     words within `REACH` words of it, unless a preposition of place stands before it; with `+` in front, in
             that case too; for an outlet, words up to two before it

A word is compared without its clitics, and a cue without article also matches the word with its article. That a place's
name is somebody's is recognised for every place, by the words around it. One sense holds for a whole text: «تونس حداد»
makes «تونس» alone a person too, unless another mention is clearly the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast, get_args

from agents.geotag import trigger_words as words
from agents.geotag.name_scan import Hit, Match, Scan
from agents.geotag.tables import read_table
from agents.text.search import search_text

Sense = Literal["word", "adjective", "verb", "outlet", "person"]

#: Words on each side in which a `near` cue counts.
REACH = 5
_CLITICS = "وفبلك"
# Endings of the possessive pronouns: «ابنته», «والدها».
_PRONOUNS = ("ه", "ها", "هم", "هما", "هن", "ي", "نا", "ك")
_THAT = frozenset(map(search_text, ("إن", "أن", "وأن", "وإن", "بأن", "لأن", "لكن", "ولكن")))


@dataclass(frozen=True, slots=True)
class Homograph:
    """Hold the cues of a name's other meaning, normalised; the fields are the columns of the table.

    `always_near` are those of `near` that count after a preposition of place too.
    """

    sense: Sense
    before: frozenset[str]
    after: frozenset[str]
    near: frozenset[str]
    always_near: frozenset[str]


@cache
def homographs() -> dict[str, list[Homograph]]:
    """Read the table, by normalised name.

    Raises:
        OSError: the table is missing.
        ValueError: a row has an unknown sense; the message names it.
    """
    found: dict[str, list[Homograph]] = {}
    for number, row in enumerate(read_table("homographs.csv"), start=2):
        if row["sense"] not in get_args(Sense):
            raise ValueError(f"homographs.csv:{number}: unknown sense {row['sense']!r}")
        near = row["near"].split()
        cues = (
            frozenset(map(search_text, column))
            for column in (
                row["before"].split(),
                row["after"].split(),
                [word.removeprefix("+") for word in near],
                [word[1:] for word in near if word.startswith("+")],
            )
        )
        found.setdefault(search_text(row["name"]), []).append(Homograph(cast(Sense, row["sense"]), *cues))
    return found


def is_other_word(scan: Scan, match: Match, hit: Hit, *, locative: bool) -> bool:
    """Return whether the words around a name show that it is another word or an outlet.

    Args:
        scan: the text.
        match: the words.
        hit: one reading of them.
        locative: whether a preposition of place stands directly before the name; near cues do not count then.
    """
    return any(_shows(homograph, scan, match, hit, locative) for homograph in homographs().get(hit.name, ()))


def may_be_verb(hit: Hit) -> bool:
    """Return whether a name reads as a verb, so that it is a place only where a place can stand."""
    return any(homograph.sense == "verb" for homograph in homographs().get(hit.name, ()))


def _shows(homograph: Homograph, scan: Scan, match: Match, hit: Hit, locative: bool) -> bool:
    before = (
        hit.clitics in {"", "ب"} and _joined(scan, match.first) and _matches(scan, match.first - 1, homograph.before)
    )
    after = _joined(scan, match.last) and _matches(scan, match.last, homograph.after)
    if homograph.sense == "adjective":
        later = after or (_joined(scan, match.last + 1) and _matches(scan, match.last + 1, homograph.after))
        return later and (before or _is_predicate(scan, match))
    if before or after:
        return True
    if homograph.sense == "outlet":
        around: Sequence[int] = (match.first - 2, match.first - 1)  # «الصحافي في الشرق الأوسط»
    else:
        around = (*range(match.first - REACH, match.first), *range(match.last, match.last + REACH))
    cues = homograph.always_near if locative and homograph.sense != "outlet" else homograph.near
    return any(0 <= index < len(scan.facts) and _matches(scan, index, cues) for index in around)


def _is_predicate(scan: Scan, match: Match) -> bool:
    """Return whether a definite subject stands before a word, and «إن» or a clause's beginning before it.

    «إن النقيب مصر على», «الحزب مصر على».
    """
    first = match.first
    if first < 1 or not _joined(scan, first) or not scan.facts[first - 1].normalised.startswith("ال"):
        return False
    return first == 1 or not _joined(scan, first - 1) or scan.facts[first - 2].normalised in _THAT


def _joined(scan: Scan, index: int) -> bool:
    """Return whether only spaces or quotation marks stand before word `index`."""
    return 0 < index < len(scan.facts) and not scan.gap(index).strip(" «»“”\"'")


def _matches(scan: Scan, index: int, cues: frozenset[str]) -> bool:
    return not cues.isdisjoint(forms_of(scan.facts[index].normalised))


def forms_of(word: str) -> list[str]:
    """Return a normalised word, and the word without clitics and article."""
    forms = [word]
    if word[:1] in _CLITICS and len(word) > 3:
        forms.append(word[1:])
        if word.startswith("لل"):
            forms.append(f"ال{word[2:]}")
    return forms + [form[2:] for form in forms if form.startswith("ال") and len(form) > 4]


def named_persons(scan: Scan, matches: Sequence[Match]) -> set[int]:
    """Return the indices in `matches` of names that the words around them show to be a person's."""
    return {index for index, match in enumerate(matches) if _is_person(scan, match)}


def _is_person(scan: Scan, match: Match) -> bool:
    if match.last < len(scan.facts) and not scan.gap(match.last).strip():
        following = scan.facts[match.last].normalised
        if following in words.CHILD_OF and not match.hits[0].clitics:
            return True
    if not _joined(scan, match.first) or match.hits[0].clitics:
        return False
    before = scan.facts[match.first - 1].normalised
    if _is_relative(before):
        return True
    human = not words.PERSONS.isdisjoint(forms_of(before)) and _definite(before)
    if not human and _definite(before) and match.first > 1 and _joined(scan, match.first - 1):
        # An adjective may stand between: «المغنية الشابة فلسطين».
        earlier = scan.facts[match.first - 2].normalised
        human = _definite(earlier) and not words.PERSONS.isdisjoint(forms_of(earlier)) and _is_adjective(before)
    return human and not _goes_there(scan, match) and (_surname_follows(scan, match) or _is_private(scan, match))


def _definite(word: str) -> bool:
    return any(form.startswith("ال") for form in (word, word[1:], f"ال{word[2:]}" if word.startswith("لل") else ""))


def _is_adjective(word: str) -> bool:
    return not words.ADJECTIVES_OF_PERSONS.isdisjoint(forms_of(word))


def _is_relative(word: str) -> bool:
    """Return whether a word is a relative or colleague with a pronoun, or a parent before a child's name."""
    for form in forms_of(word):
        if form in words.PARENTS:
            return True
        for pronoun in _PRONOUNS:
            stem = form.removesuffix(pronoun)
            if stem != form and (
                stem in words.RELATIVES_OF_PERSONS or f"{stem.removesuffix('ت')}ه" in words.RELATIVES_OF_PERSONS
            ):
                return True
    return False


def _goes_there(scan: Scan, match: Match) -> bool:
    """Return whether a verb of three words before takes places as its object: «زار الوزير قطر»."""
    before = range(max(match.first - 4, 0), match.first)
    return any(not words.TAKES_PLACE.isdisjoint(forms_of(scan.facts[index].normalised)) for index in before)


def _is_private(scan: Scan, match: Match) -> bool:
    """Return whether the word before is of somebody who is not sent to countries: «الطفلة», «المطرب»."""
    for index in (match.first - 1, match.first - 2):
        if index >= 0 and not words.PRIVATE_PERSONS.isdisjoint(forms_of(scan.facts[index].normalised)):
            return True
    return False


def _surname_follows(scan: Scan, match: Match) -> bool:
    """Return whether the word after a name can be a surname: joined to it, and no particle, verb or time."""
    if match.last >= len(scan.facts) or scan.gap(match.last).strip():
        return False
    fact = scan.facts[match.last]
    word = fact.normalised
    if fact.nisba or word in words.NO_SURNAMES or word[:1] in "يسو" or word.isdigit():
        return False
    return word[:1] not in "بلفك" or not fact.readings
