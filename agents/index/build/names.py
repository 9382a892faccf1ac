"""Decide which forms are names, from the gazetteer, lists of names and what the tagger found in the corpus."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from agents.geotag.gazetteer import Gazetteer, Strength
from agents.index.build.corpus import Statistics
from streams.words.letters import normalise_word

COUNTRIES = Path(__file__).parents[2] / "geotag" / "data" / "countries.csv"

# Names of towns that are ordinary words too, which only their sentence tells apart: a shield, game, a place of birth.
_TWO_MEANINGS = frozenset(
    map(
        normalise_word,
        [
            "درعا",
            "حماة",
            "مسقط",
            "صيدا",
            "قنا",
            "لفيف",
            "واسط",
            "التأميم",
            "القريتين",
            "القريتان",
            "العند",
            "الضاحية",
            "قيصرية",
            "السلط",
            "القريات",
            "بازل",
            "الماتي",
            "الصفا",
            "التنف",
            "العقير",
            "السليل",
            "النفود",
            "الديسة",
            "كبيسة",
            "الرحيبة",
            "الجاح",
            "الأمازون",
            "دارك",
            "موسى",
        ],
    )
)
# Relative forms of countries that are more often something else: money, a first name, a diameter, a rope.
_NO_NISBAS = frozenset(
    map(
        normalise_word,
        [
            "مالي",
            "المالي",
            "مالية",
            "المالية",
            "الماليون",
            "الماليين",
            "تركي",
            "التركي",
            "قطري",
            "عماني",
            "هندي",
            "نيجر",
            "كوبي",
            "بيرو",
            "غاني",
            "غانية",
            "الغانية",
            "تشادي",
            "جزري",
            "توغو",
            "دنماركي",
            "عثمانية",
            "العثمانية",
            "عثمانيون",
            "العثمانيون",
            "عثمانيين",
            "العثمانيين",
            "عثمانيات",
            "العثمانيات",
            "العثماني",
        ],
    )
)
# Continents, which countries.csv has not, with their relative forms.
_CONTINENTS = (("أوروبا", "أوروبي"), ("أوروبا", "أوربي"), ("أفريقيا", "أفريقي"), ("آسيا", "آسيوي"))
# Clubs whose name is printed like a word; with their article they are nearly always the club.
_CLUBS = tuple(map(normalise_word, "الهلال الزمالك الترجي الوداد".split()))  # noqa: SIM905
# Shares of the occurrences of a form that lie in names: for all to count as the name, and for those inside names to.
_ALWAYS, _MOSTLY, _SOMETIMES = 0.6, 0.5, 0.02
_FEWEST = 3
# Weight (decimal logarithm of the inhabitants) from which a town is protected though the corpus lacks it.
_KNOWN_TOWN = 4.0


def names(found: Statistics, gazetteer: Gazetteer, people: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the forms that are names.

    Args:
        found: what the corpus tells.
        gazetteer: the compiled gazetteer of geotag.
        people: names of persons, of one or several words.

    Returns:
        Form to its term (empty if that is the form itself) and kind: `a` always a name, `m` mostly, `c` sometimes; with
        `n` for a relative form of a country.
    """
    result: dict[str, tuple[str, str]] = {}
    for word in {*found.inside, *found.outside}:
        kind = _by_tagger(word, found)
        if kind is not None:
            result[word] = ("", kind)
    for word in _person_words(people, found):
        result.setdefault(word, ("", "a"))
    for name, term, kind in _places(gazetteer, found):
        if kind == "a" or name in _TWO_MEANINGS or result.get(name, ("", "c"))[1] == "c":
            result[name] = (term, kind)
    for club in _CLUBS:
        result[club] = ("", "a")
    for name, term in _countries():
        result[name] = (term, "c" if name in _NO_NISBAS else "a")
    for nisba, country in _nisbas(gazetteer):
        result[nisba] = (country, "an")
    for name, nisba in _CONTINENTS:
        term, stem = normalise_word(name), normalise_word(nisba)
        result[term] = ("", "a")
        for ending in ("", "ه", "ين", "ون", "ان", "ات"):
            result[stem + ending] = result["ال" + stem + ending] = (term, "an")
    result["اوربا"] = result["اروبا"] = ("اوروبا", "a")
    result["افريقيه"] = ("افريقيا", "an")
    return result


def _by_tagger(word: str, found: Statistics) -> str | None:
    kinds = found.inside.get(word)
    if kinds is None or len(word) < 2:
        return None
    inside = kinds["PER"] + kinds["LOC"] + kinds["ORG"]
    outside = found.outside[word] + kinds["ORGS"]
    share = inside / (inside + outside) if inside else 0.0
    if inside < _FEWEST or share < _SOMETIMES:
        return None
    # The first words of long place names («شارع الملك», «منطقة») are common words inside names.
    return "a" if share >= _ALWAYS else "m" if share >= _MOSTLY else "c"


def _person_words(people: Iterable[str], found: Statistics) -> Iterator[str]:
    for name in people:
        for word in map(normalise_word, name.split()):
            # A word that the news has outside names is decided by the news.
            if len(word) >= 4 and found.count[word] == 0 and word.isalpha():
                yield word


def _places(gazetteer: Gazetteer, found: Statistics) -> Iterator[tuple[str, str, str]]:
    for printed in gazetteer.one_word_names():
        name = normalise_word(printed)
        senses = gazetteer.senses(printed)
        strongest = max(sense.strength for sense in senses)
        main = max(senses, key=lambda sense: (sense.strength, gazetteer.places[sense.place].weight))
        place = gazetteer.places[main.place]
        main_name = normalise_word(place.name)
        term = main_name if " " not in place.name and main_name != name and strongest == Strength.STRONG else ""
        kinds = found.inside.get(name, Counter())
        inside = sum(count for kind, count in kinds.items() if kind != "ORGS")
        outside = found.outside[name]
        if name in _TWO_MEANINGS:
            yield name, term, "m"
        elif strongest == Strength.STRONG:
            yield name, term, "a"
        elif strongest == Strength.MEDIUM:
            yield name, term, "a" if outside <= inside + _FEWEST else "c"
        elif inside + outside == 0 and found.count[name] == 0 and place.weight >= _KNOWN_TOWN:
            yield name, term, "m"
        elif inside:
            yield name, "", "a" if inside >= 5 and inside / (inside + outside) >= _ALWAYS else "c"


def _countries() -> Iterator[tuple[str, str]]:
    with COUNTRIES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in row["names"].split("|"):
                if name and " " not in name:
                    yield normalise_word(name), row["iso"]


def _nisbas(gazetteer: Gazetteer) -> Iterator[tuple[str, str]]:
    named: Mapping[str, str] = gazetteer.nisbas
    for form, country in named.items():
        if normalise_word(form) not in _NO_NISBAS:
            yield normalise_word(form), country
    with COUNTRIES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for stem in row["nisbas"].split("|"):
                nisba = normalise_word(stem.lstrip("="))
                if not nisba or " " in nisba:
                    continue
                forms = [nisba] if stem.startswith("=") else [nisba, nisba + "ا", nisba + "ان", "ال" + nisba + "ان"]
                for form in forms:
                    if form not in _NO_NISBAS:
                        yield form, row["iso"]
