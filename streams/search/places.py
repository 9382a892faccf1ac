"""What a name of a place means to the filter `place`: paths of places, with all that lies in them. Pure."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files

from streams.words.places import place_key


def places_named(name: str) -> tuple[str, ...]:
    """Return the paths of all places of this name, in any script, and of the landmarks and quarters in them.

    The gazetteer's names are known, and GeoNames' further names in Latin letters.
    """
    found = _table().get(place_key(name))
    return () if found is None else tuple(found.split("\t"))


def names_with_country(name: str) -> tuple[str, ...]:
    """Return the same without divisions (`SA/جدّة`), which not every article has."""
    split = [path.split("/") for path in places_named(name)]
    return tuple(dict.fromkeys(f"{parts[0]}/{parts[-1]}" for parts in split if len(parts) > 1))


@cache
def _table() -> dict[str, str]:
    text = gzip.decompress(files("streams.search").joinpath("data/places.tsv.gz").read_bytes()).decode()
    rows = (line.partition("\t") for line in text.splitlines() if not line.startswith("#"))
    return {key: found for key, _, found in rows}
