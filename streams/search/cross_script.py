"""Search for names in both scripts: «Macron» finds ماكرون, and ماكرون finds Macron. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from streams.words.latin import FOREIGN, foreign_names, shown_name
from streams.words.terms import Word

NAME = "@"


def across_scripts(words: Sequence[Word]) -> list[Word]:
    """Return the words of a query, names with the families that they have in the other script, too.

    Words that are only a part of a name (al, bin) are left out.
    """
    found: list[Word] = []
    for latin, group in groupby(words, _is_latin):
        run = list(group)
        if not latin:
            found += [word._replace(families=_in_latin(word.families)) for word in run]
            continue
        for word, names in zip(run, foreign_names([word.forms[0] for word in run]), strict=True):
            if names is not None:
                found.append(word._replace(families=(*word.families, *_in_latin(names))) if names else word)
    return found


def read_as(words: Sequence[Word]) -> dict[str, list[str]]:
    """Return the Arabic names that words in Latin letters are searched as, too, by the word as normalised."""
    names = {
        word.forms[0]: [shown_name(family) for family in word.families if family[0] == NAME]
        for word in across_scripts(words)
        if _is_latin(word)
    }
    return {word: found for word, found in names.items() if found}


def _in_latin(families: Sequence[str]) -> tuple[str, ...]:
    return (*families, *(FOREIGN + family for family in families if family[0] == NAME))


def _is_latin(word: Word) -> bool:
    return "a" <= word.forms[0][:1] <= "z"
