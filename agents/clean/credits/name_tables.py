"""Classify the names in credit lines: agencies, outlets, roles, places, people."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from babel import Locale

from agents.text.keys import match_key

_MAX_OUTLET_WORDS = 4
# Maximum number of words in a name without a known given name: sentences have more.
_MAX_UNKNOWN_NAME = 4
# Longer names have words such as «بن», which few others do.
_MAX_CERTAIN_NAME, _MAX_OWN_WORDS = 5, 3
_NAME_RE = re.compile(
    r"(?:(?:[\u0621-\u064a]|أ\.\s?د|ا\.\s?د)\.\s*|[أادم] )?[\u0621-\u0652\u0670]+(?: [\u0621-\u0652\u0670]+){0,7}"
)
_INITIAL_RE = re.compile(r"\A[\u0621-\u064a]\.\s*")
# «نوال. ب», «عبد الحفيظ. س», as Algerian papers sign too
_GIVEN_AND_INITIAL_RE = re.compile(r"(?P<given>[\u0621-\u0652]{3,}(?: [\u0621-\u0652]{3,})?)\s?\.\s?[\u0621-\u064a]\.?")
_HONORIFIC_RE = re.compile(
    r"\A(?:د|أ\.\s?د|ا\.\s?د|م|أ|الدكتور|الدكتورة|المهندس|المهندسة|الشيخ|اللواء|العميد|الأستاذ|الأستاذة)[. ]\s*"
)
_NAME_PARTICLES = frozenset({"بن", "بنت", "ابن", "ولد", "آل", "ال", "أبو", "ابو", "أبا", "عبد"})
_UNFINISHED = _NAME_PARTICLES | {"أبي", "ابي", "أم", "ام", "با"}
_SURNAME_RE = re.compile(r"(?!ال)[\u0621-\u064a]{3,} ال[\u0621-\u064a]{3,}ي")
# «Rana Qasem», «Ziad al-Sankary», «M. van Dijk»
_LATIN_NAME_RE = re.compile(
    r"[A-ZÀ-Þ][\w'’.-]{0,20}"
    r"(?: (?:(?:al|el|bin|ben|ibn|abu|van|von|de|di|da|du|le|la)[ -])?[A-ZÀ-Þ][\w'’.-]{0,20}){1,3}"
)
_LATIN_NO_NAME_RE = re.compile(
    r"\b(?:News|Press|Agency|Agencies|Staff|Desk|Team|Editor|Editors|Editorial|Admin|Media|Images|Newsroom|Online|TV|Radio"
    r"|Times|Post|Channel|Network|Breaking|Sport|Sports|World|Today|Live|Group|Inc|Ltd|Company|University|The|And|Of)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Names:
    """The tables of names, each as a `match_key`.

    Attributes:
        agencies, outlets: news agencies, and other outlets.
        roles: words for a part in an article («كتب», «حوار»).
        writer_roles: those of `roles` that announce its writer.
        editor_roles: those of `roles` that announce who worked on the text of another («ترجمة», «تحرير»).
        sections: sections of a paper («سياسة»).
        photo_roles: words that announce a photographer.
        correspondents: those of `roles` that name an outlet and a place after them («مراسل … في …»).
        descriptions: first words of what a writer is («كاتبة وباحثة», «أستاذ القانون»).
        not_names: first words that no person's name has.
        no_name_words: words that occur in no person's name.
        datelines: towns that datelines name.
        countries: countries.
        cities: large towns and capitals, some of which share a country's name («جيبوتي»).
        strong: towns and countries that count as a dateline's place beside any other name.
        places: `strong` and all towns of GeoNames.
        given: given names.
        heads, tails: first and last words of outlets' names.
    """

    agencies: frozenset[str]
    outlets: frozenset[str]
    roles: frozenset[str]
    writer_roles: frozenset[str]
    editor_roles: frozenset[str]
    sections: frozenset[str]
    photo_roles: frozenset[str]
    correspondents: frozenset[str]
    descriptions: frozenset[str]
    not_names: frozenset[str]
    no_name_words: frozenset[str]
    datelines: frozenset[str]
    countries: frozenset[str]
    cities: frozenset[str]
    strong: frozenset[str]
    places: frozenset[str]
    given: frozenset[str]
    heads: frozenset[str]
    tails: frozenset[str]


@lru_cache(maxsize=16_384)
def key_of(name: str) -> str:
    """Return `match_key` of a short name; the same names come again and again."""
    return match_key(name)


@lru_cache(maxsize=1)
def credit_table() -> dict[str, Any]:
    """Read data/credits.json: names of agencies, outlets, roles, places and people by kind."""
    table: dict[str, Any] = json.loads(files("agents.clean").joinpath("data/credits.json").read_text(encoding="utf-8"))
    return table


@lru_cache(maxsize=1)
def names() -> Names:
    """Build the tables from data/credits.json, data/towns.csv and CLDR, once."""
    table = credit_table()
    given = frozenset(map(match_key, table["given_names"].split()))
    known, strong = _read_towns()
    countries = frozenset(map(match_key, [*Locale("ar").territories.values(), *table["countries"]]))
    datelines = frozenset(map(match_key, [*table["places"], *table["latin_places"]]))
    return Names(
        agencies=frozenset(map(match_key, table["agencies"])),
        outlets=frozenset(map(match_key, table["outlets"])),
        roles=frozenset(map(match_key, [*table["roles"], *table["editor_roles"]])),
        writer_roles=frozenset(map(match_key, table["writer_roles"])),
        editor_roles=frozenset(map(match_key, table["editor_roles"])),
        sections=frozenset(map(match_key, table["sections"])),
        photo_roles=frozenset(map(match_key, table["photo_roles"])),
        correspondents=frozenset(map(match_key, table["correspondents"])),
        descriptions=frozenset(map(match_key, table["descriptions"])) - given,
        not_names=frozenset(map(match_key, table["not_names"])) - given,
        no_name_words=frozenset(map(match_key, table["no_name_words"])),
        datelines=datelines,
        countries=countries,
        cities=frozenset(strong),
        strong=_towns(strong | countries, given) | datelines,
        places=_towns(known | countries, given) | datelines,
        given=given,
        heads=frozenset(map(match_key, table["outlet_heads"])),
        tails=frozenset(map(match_key, table["outlet_tails"])),
    )


def _read_towns() -> tuple[set[str], set[str]]:
    """Read data/towns.csv, which `agents.clean.build` makes, and return the keys of all towns and of the large ones."""
    rows = files("agents.clean").joinpath("data/towns.csv").read_text(encoding="utf-8").splitlines()[1:]
    towns = [row.split(",") for row in rows]
    return {name for name, _ in towns}, {name for name, large in towns if large}


def _towns(known: set[str], given: frozenset[str]) -> frozenset[str]:
    return frozenset(place for place in known if len(place) > 2 and place not in given)


def is_agency(name: str) -> bool:
    """Return whether `name` is a known news agency, however it is punctuated."""
    return key_of(name) in names().agencies


def is_source(name: str) -> bool:
    """Return whether `name` is a known agency or outlet."""
    key = key_of(name)
    return key in names().agencies or key in names().outlets


def is_outlet_like(name: str) -> bool:
    """Return whether `name` looks like an outlet's: «صدى …», «بوابة …», «… نيوز»."""
    words = key_of(name).split()
    return 2 <= len(words) <= _MAX_OUTLET_WORDS and (words[0] in names().heads or words[-1] in names().tails)


def is_genre(text: str) -> bool:
    """Return whether `text` only says of what kind an article is, or in which section: «تحقيق», «اقتصاد»."""
    key = key_of(text)
    return key in names().sections or is_role(key)


def is_role(key: str) -> bool:
    """Return whether a key names a part in an article, or two of them: «كتب», «تحقيق وتصوير»."""
    table = names()
    if key in table.roles or key in table.photo_roles:
        return True
    first, _, second = key.partition(" و")
    return bool(second) and all(part in table.roles or part in table.photo_roles for part in (first, second))


def names_correspondents(text: str) -> bool:
    """Return whether a line begins with a word for correspondents: «مراسلو «الضفة» في غزة والقاهرة»."""
    return key_of(text.partition(" ")[0]) in names().correspondents


def is_place(name: str) -> bool:
    """Return whether `name` is a place that a dateline may name."""
    return key_of(name) in names().places


def person_certainty(name: str) -> int:
    """Return how certainly `name` is a person's: 0 if it is not, 1 if it may be, 2 if it is.

    A certain name has two to six words with a given name first, an honorific or a particle such as «بن», or an
    initial before or behind it.
    A name in Latin letters is never certain: those of firms and products look like it.
    """
    if name.isascii() or _LATIN_NAME_RE.fullmatch(name):
        return int(_LATIN_NAME_RE.fullmatch(name) is not None and _LATIN_NO_NAME_RE.search(name) is None)
    if not _NAME_RE.fullmatch(name):
        signed = _GIVEN_AND_INITIAL_RE.fullmatch(name)
        return 2 if signed is not None and key_of(signed["given"]).partition(" ")[0] in names().given else 0
    bare = _HONORIFIC_RE.sub("", name, count=1)
    initial = _INITIAL_RE.match(bare)
    words = key_of(bare[initial.end() :] if initial else bare).split()
    table = names()
    long = len(words) > _MAX_CERTAIN_NAME and _own_words(bare.split()) > _MAX_OWN_WORDS
    # «حسام أبو» is cut inside a name.
    if (
        long
        or ends_in_particle(bare)
        or not words
        or words[0] in table.not_names
        or table.no_name_words.intersection(words)
    ):
        return 0
    if initial is not None:
        return 2  # «ح. سليمان», as Algerian papers sign
    known = words[0] in table.given
    # «الطقس اليوم»: given names have no article, except the few in the table.
    if len(words) < 2 or (not table.given.intersection(words) and all(map(_is_definite, bare.split()))):
        return 0
    certain = (known and len(words) <= _MAX_CERTAIN_NAME) or bare != name or _NAME_PARTICLES.intersection(bare.split())
    return 2 if certain else int(len(words) <= _MAX_UNKNOWN_NAME)


def _own_words(words: list[str]) -> int:
    """Return how many words of a name follow no particle: two in «عبد الرحمن بن محمد بن علي الشهري»."""
    return sum(1 for before, word in pairwise(["", *words]) if not _NAME_PARTICLES.intersection((before, word)))


def ends_in_surname(name: str) -> bool:
    """Return whether two words are a name and a surname: «درصاف اللموشي».

    Adjectives agree in the article with the word before them, so what has the article alone is a surname.
    """
    return _SURNAME_RE.fullmatch(name) is not None


def ends_in_particle(name: str) -> bool:
    """Return whether the name goes on after its last word: «حسام أبو», «سالم بن», «منى آل»."""
    return name.rpartition(" ")[2] in _UNFINISHED


def is_description(part: str) -> bool:
    """Return whether a part of a credit line says what the writer is: «كاتبة وباحثة», «أستاذة القانون الدولي»."""
    return key_of(part).partition(" ")[0] in names().descriptions


def _is_definite(word: str) -> bool:
    return word.startswith("ال")
