"""Names and months that are printed as one word or as two: نيويورك, نيو يورك; يناير, كانون الثاني. Pure.

The second word has the family of the one word, too, so that each way of printing finds the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from streams.words.families import family
from streams.words.lexicon import lexicon
from streams.words.months import GREGORIAN

#: Before the number of a month, in the families of its names.
MONTH = "^"
_SHORTEST, _SHORTEST_WITH_ARTICLE = 3, 2
_ARTICLE = "ال"
# Names of months that are more often something else: a father, and, out (as the Maghreb writes août), a car, Theresa
# May. آب is told from a father by its madda.
_OTHER_WORDS = frozenset({"اب", "اوت", "جوان", "ماي", "نيسان"})
_AUGUST_PRINTED = "=آب"


@cache
def _months() -> dict[str, str]:
    found = {
        name: f"{MONTH}{number}"
        for name, number in GREGORIAN.items()
        if not name.isascii() and name not in _OTHER_WORDS
    }
    return found | {_AUGUST_PRINTED: f"{MONTH}8"}


def month_family(forms: Iterable[str]) -> str | None:
    """Return what all names of a month share, if one of a word's forms is one; else None."""
    return next((found for form in forms if (found := _months().get(form.removeprefix("~")))), None)


def pair_families(first: Iterable[str], second: str) -> tuple[str, ...]:
    """Return the families that two words have together; none if they are no pair.

    Args:
        first: forms of the first word, with `~` before those without clitics.
        second: the second word, normalised.
    """
    if second not in second_words():
        return ()  # nearly all words
    known = lexicon()
    for form in first:
        word = form.removeprefix("~")
        if (month := _months().get(f"{word} {second}")) is not None:
            return (month,)
        entry = known.names.get(word + second)
        if entry is not None and _may_be_parts(word, second):
            return (entry.term,) if entry.always else (entry.term, family(word + second))
    return ()


@cache
def second_words() -> frozenset[str]:
    """Return the words that may be the second one of a pair."""
    return frozenset(_names_by_second()) | _seconds_of_months()


def second_word_families(word: str) -> Iterator[str]:
    """Yield the families that `pair_families` may give to a pair with this second word."""
    for name in _names_by_second().get(word, ()):
        entry = lexicon().names[name]
        yield entry.term
        if not entry.always:
            yield family(name)
    yield from _months_by_second().get(word, ())


@cache
def _months_by_second() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for month, number in _months().items():
        if " " in month:
            found.setdefault(month.partition(" ")[2], []).append(number)
    return found


@cache
def _seconds_of_months() -> frozenset[str]:
    return frozenset(name.partition(" ")[2] for name in _months() if " " in name)


@cache
def _names_by_second() -> Mapping[str, list[str]]:
    """Return the names that may be printed as two words, by the second of these."""
    names = lexicon().names
    found: dict[str, list[str]] = {}
    for name in names:
        for at in range(_SHORTEST_WITH_ARTICLE, len(name) - _SHORTEST + 1):
            first, second = name[:at], name[at:]
            if (first in names or second in names) and _may_be_parts(first, second):
                found.setdefault(second, []).append(name)
    return found


def _may_be_parts(first: str, second: str) -> bool:
    """Return whether two words may be a name, as الف يوم is not, though there is a name الفيوم."""
    known = lexicon()
    fewest = _SHORTEST_WITH_ARTICLE if second.startswith(_ARTICLE) and len(second) > 4 else _SHORTEST
    return (
        len(first) >= fewest
        and len(second) >= _SHORTEST
        and not first.startswith(_ARTICLE)
        and first not in known.stop_words
        and second not in known.stop_words
        and (first in known.names or second in known.names)
    )
