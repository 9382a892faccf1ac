"""Compare names of persons and organisations, however they are printed. Pure.

Articles print one name in several ways: عبد العزيز and عبدالعزيز, أبو محمد and أبومحمد, ابن and بن, with or without the
article or a title, in two transliterations. A *key* is what these have in common. Facets count keys and filters look
them up; what is shown is the form that is printed most often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Literal

from streams.words.families import has_article
from streams.words.letters import normalise_word
from streams.words.lexicon import DATA, lexicon
from streams.words.terms import join_names
from streams.words.tokens import tokenize

NameKind = Literal["PER", "ORG"]

#: Fields of `names` by the type of the entities that they hold.
FIELDS: Mapping[NameKind, str] = {"PER": "persons", "ORG": "organisations"}
#: Field of `names` for those who are quoted, persons and organisations.
SPEAKERS = "speakers"
_CHILD_OF = frozenset({"بن", "ابن"})
_LONGEST_KEY = 200


@cache
def _list(name: str) -> tuple[str, ...]:
    lines = DATA.joinpath(name).read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def _titles() -> frozenset[str]:
    return frozenset(normalise_word(title) for title in _list("titles.txt"))


@cache
def _organisations() -> tuple[frozenset[str], Mapping[str, str]]:
    """Return the words that may stand before an organisation's name, and other names by their keys."""
    before = set()
    same = {}
    for line in _list("organisations.txt"):
        name, arrow, main = line.partition("=>")
        if arrow:
            same["".join(_plain_words(name))] = "".join(_plain_words(main))
        else:
            before.add(normalise_word(name.strip()))
    return frozenset(before), same


def _plain_words(name: str) -> list[str]:
    return [_word(token.text) for token in join_names(tokenize(name))]


def _word(word: str) -> str:
    if word in _CHILD_OF:
        return "بن"
    entry = lexicon().names.get(word)
    if entry is not None and entry.always and not entry.nisba:
        word = entry.term[1:]  # the main spelling of a transliterated name
    return word[2:] if has_article(word) and len(word) > 4 else word


@lru_cache(maxsize=100_000)
def name_words(name: str, kind: NameKind) -> tuple[str, ...]:
    """Return the words of a name as they are compared, without titles; at least one if the name has any.

    Args:
        name: as printed, or as a user types it.
        kind: whether it is a person's or an organisation's.
    """
    words = _plain_words(name)
    printed = [token.text for token in join_names(tokenize(name))]
    first = 0
    if kind == "PER":
        while first < len(words) - 1 and printed[first] in _titles():
            first += 1
    elif len(words) == 2 and printed[0] in _organisations()[0] and _stands_alone(printed[1]):
        first = 1  # تنظيم داعش
    return tuple(words[first:])


def _stands_alone(word: str) -> bool:
    entry = lexicon().names.get(word)
    return entry is not None and entry.mostly and not entry.nisba


def name_key(name: str, kind: NameKind) -> str:
    """Return the key of a name, which its spellings share; empty if it has no word.

    Spaces do not count, as transliterated names are parted in several ways (شي جين بينغ, شي جينبينغ).
    """
    key = "".join(name_words(name, kind))[:_LONGEST_KEY]
    return _organisations()[1].get(key, key) if kind == "ORG" else key


def is_quoted(value: str) -> bool:
    """Return whether a filter's value is in double quotes: a whole name, as a facet shows it."""
    return len(value) > 2 and value[0] == value[-1] == '"'


def name_fields(
    entities: Sequence[Mapping[str, Any]], quotes: Sequence[Mapping[str, Any]] = ()
) -> dict[str, list[str]]:
    """Return the field `names` of a document: each name's key, and its words with a space between them.

    Args:
        entities: `entities` of an article as JSON.
        quotes: `quotes` of the article as JSON, whose speakers are names of its entities.
    """
    fields: dict[str, list[str]] = {}
    said = {quote["speaker"] for quote in quotes if quote.get("speaker")}
    speakers: list[tuple[str, str]] = []
    for kind, field in FIELDS.items():
        names = dict.fromkeys(entity["name"] for entity in entities if entity["type"] == kind)
        found = {name: (name_key(name, kind), " ".join(name_words(name, kind))) for name in names}
        fields |= _keys_and_words(field, list(found.values()))
        speakers += [each for name, each in found.items() if name in said]
    return fields | _keys_and_words(SPEAKERS, speakers)


def _keys_and_words(field: str, names: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    return {
        field: list(dict.fromkeys(key for key, _ in names if key)),
        f"{field}_words": list(dict.fromkeys(words for _, words in names if words)),
    }


def phrases(value: str, kind: NameKind) -> list[tuple[str, ...]]:
    """Return the runs of words of which a name must have one to pass the filter `value` without quotes.

    They are the words as typed, and with the family name first (بوتين فلاديمير).
    """
    words = name_words(value, kind)
    turned = words[1:] + words[:1]
    if kind == "ORG" or not 2 <= len(words) <= 3 or "بن" in words:
        return [words] if words else []
    return list(dict.fromkeys([words, turned]))
