"""Read the compiled gazetteer: names, and the places that each may mean. `agents.geotag.build` makes the file."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple, cast, get_args

import orjson

from streams.records import PlaceKind

PATH = Path(__file__).parent / "data" / "gazetteer.json.gz"
FORMAT = 2


class Strength(IntEnum):
    """How much evidence it takes to read a word as this name."""

    WEAK = 0  # also a common word or a person's name: needs a tagger's LOC or a word such as «مدينة» before it
    MEDIUM = 1  # an uncommon word, a small place: needs the same, or a story about its country
    STRONG = 2  # a place unless there is evidence against it


class Entry(NamedTuple):
    """One place.

    Attributes:
        name: Arabic name to display.
        name_en: English name.
        country: ISO 3166-1 alpha-2, or None (a sea, a continent).
        kind: as `streams.records.Place.kind`.
        lat, lon: degrees, WGS 84.
        geonameid: GeoNames' id, or None.
        weight: decimal logarithm of the population; for places without one, that of a town as often in the news.
        division: index of the first-level division that it lies in, or None.
    """

    name: str
    name_en: str
    country: str | None
    kind: PlaceKind
    lat: float
    lon: float
    geonameid: int | None
    weight: float
    division: int | None = None


class Sense(NamedTuple):
    """One meaning of a name.

    Attributes:
        place: index of the place.
        strength: how much evidence this meaning needs.
    """

    place: int
    strength: Strength


class Gazetteer:
    """Look up normalised names.

    Args:
        data: content of a compiled gazetteer.

    Raises:
        ValueError: the data has another format.

    Attributes:
        version: versions of the sources, from the file.
        places: all places; other attributes refer to them by index.
        prefixes: the first word of each name, its first two words, and so on to the whole name.
        nisbas: normalised nisba to country (السوريه to SY).
        spelled: normalised name to its vowelled spellings, each with its place.
        stops: normalised words that look like a clitic and a name but are another word («باراك»).
    """

    def __init__(self, data: bytes) -> None:
        raw = orjson.loads(gzip.decompress(data))
        if raw["format"] != FORMAT:
            raise ValueError(f"gazetteer has format {raw['format']}, this code reads {FORMAT}: build it anew")
        self.version: str = raw["version"]
        self.nisbas: dict[str, str] = raw["nisbas"]
        self.spelled: dict[str, list[tuple[int, str]]] = {
            name: [(place, text) for place, text in pairs] for name, pairs in raw["spelled"].items()
        }
        self.places = list(map(Entry._make, zip(*raw["places"], strict=True)))
        self.stops = frozenset(raw["stops"])
        self._names: dict[str, list[int]] = raw["names"]
        for phrase in raw["phrases"]:
            self._names.setdefault(phrase, [])
        self.prefixes = frozenset(prefix for name in self._names for prefix in _prefixes(name))

    @classmethod
    def load(cls, path: Path = PATH) -> Gazetteer:
        """Read a compiled gazetteer.

        Raises:
            OSError: the file is missing or damaged.
            ValueError: the file has another format.
        """
        return cls(path.read_bytes())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)

    def names(self) -> Iterator[str]:
        """Yield the normalised names that mean a place."""
        return (name for name, senses in self._names.items() if senses)

    def one_word_names(self) -> Iterator[str]:
        """Yield the normalised names of one word."""
        return (name for name, senses in self._names.items() if senses and " " not in name)

    def senses(self, name: str) -> list[Sense]:
        """Return the meanings of a normalised name; none if it is no name or only contains one («ريال مدريد»)."""
        packed = self._names.get(name)
        return [] if packed is None else [Sense(code >> 2, Strength(code & 3)) for code in packed]


def _prefixes(name: str) -> Iterator[str]:
    end = name.find(" ")
    while end >= 0:
        yield name[:end]
        end = name.find(" ", end + 1)
    yield name


def pack(sense: Sense) -> int:
    """Pack a sense into one integer, as the file stores it."""
    return sense.place << 2 | int(sense.strength)


def kind_of(text: str) -> PlaceKind:
    """Check a kind read from a table.

    Raises:
        ValueError: there is no such kind.
    """
    if text not in get_args(PlaceKind):
        raise ValueError(f"{text!r} is no kind of place")
    return cast(PlaceKind, text)
