"""How places are compared and counted: their names by words, and their paths. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from streams.words.tokens import tokenize


class Located(Protocol):
    """A place of an article."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def country(self) -> str | None: ...
    @property
    def division(self) -> str | None: ...


def place_key(name: str) -> str:
    """Return a name as it is looked up: its normalised words."""
    return " ".join(token.text for token in tokenize(name))


def path_of(name: str, kind: str, country: str | None, division: str | None) -> str:
    """Return the path of a place: `SY`, `SY/حمص`, `SY/حمص/تدمر`; `-` stands for no country."""
    if kind == "country" and country:
        return country
    return "/".join(filter(None, (country or "-", division, name)))


def paths(place: Located) -> Iterator[str]:
    """Yield the paths of the country and division that a place lies in, and its own."""
    if place.country:
        yield place.country
    if place.division:
        yield f"{place.country}/{place.division}"
    if place.kind != "country":
        yield path_of(place.name, place.kind, place.country, place.division)
