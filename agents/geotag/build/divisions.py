"""Determine the first-level division of each place in the gazetteer from GeoNames' towns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.geotag.build.sources import City
from agents.geotag.country_votes import distance_km
from agents.geotag.gazetteer import Entry

#: A place of our tables lies in the division of the nearest town of GeoNames within this many km.
NEAREST_TOWN_KM = 150.0


@dataclass(frozen=True, slots=True)
class Division:
    """A first-level division.

    Attributes:
        place: index among the places.
        country: ISO 3166-1 alpha-2.
        admin1: GeoNames' code; empty if GeoNames has none.
    """

    place: int
    country: str
    admin1: str


def place_divisions(
    entries: Sequence[Entry], divisions: Iterable[Division], cities: Iterable[City]
) -> Mapping[int, int]:
    """Return the index of the division of each town and point of interest that has one.

    In a country with divisions without a GeoNames code (Palestine's governorates), the division with the nearest seat
    is taken.

    Args:
        entries: all places.
        divisions: the first-level divisions among them.
        cities: GeoNames' cities.
    """
    coded: dict[str, dict[str, int]] = defaultdict(dict)
    uncoded: dict[str, list[int]] = defaultdict(list)
    for division in divisions:
        if division.admin1:
            coded[division.country].setdefault(division.admin1, division.place)
        else:
            uncoded[division.country].append(division.place)
    towns: dict[str, list[City]] = defaultdict(list)
    by_id: dict[int, City] = {}
    for city in cities:
        if city.country in coded:
            towns[city.country].append(city)
            by_id[city.geonameid] = city
    found: dict[int, int] = {}
    for place, entry in enumerate(entries):
        if entry.kind not in {"city", "poi"} or entry.country not in coded:
            continue
        spot = (entry.lat, entry.lon)
        if uncoded[entry.country]:
            found[place] = min(uncoded[entry.country], key=lambda seat: distance_km(spot, _spot(entries[seat])))
            continue
        town = by_id.get(entry.geonameid or 0) or _nearest(spot, towns[entry.country])
        if town is not None and town.admin1 in coded[entry.country]:
            found[place] = coded[entry.country][town.admin1]
    return found


def _nearest(spot: tuple[float, float], towns: Sequence[City]) -> City | None:
    town = min(towns, key=lambda city: distance_km(spot, (city.lat, city.lon)), default=None)
    return town if town and distance_km(spot, (town.lat, town.lon)) <= NEAREST_TOWN_KM else None


def _spot(entry: Entry) -> tuple[float, float]:
    return entry.lat, entry.lon
