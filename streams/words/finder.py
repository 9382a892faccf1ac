"""Find the words of a text that have certain terms, by reading these words and their neighbours alone. Pure.

Reading all words of an article takes milliseconds, and a page of hits has twenty of them. What a word is depends on
its neighbours too, so `text_words` reads a stretch around each word that may have one of the terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from streams.words.latin import COMPOUND, FOREIGN, arabic_names, compound_names
from streams.words.pairs import second_word_families
from streams.words.terms import MOST_FOREIGN, Span, Word, join_names, may_begin_name, read, text_words, words_of
from streams.words.tokens import read_printed, split, tokens_of

# Tokens before and after a word that decide what it is: words that are joined with the next, and names of two words.
_BEFORE, _AFTER = 3, 5


class _Printed(NamedTuple):
    """What is known of a match of `split` by itself.

    Attributes:
        families: those that a word there may have, inside a name, beside one, or elsewhere.
        forms: its tokens, normalised.
        open: whether the next word may be joined to it.
        whole: whether the words there are always read: several words of a hashtag, words that may be joined.
        capital: whether it begins with a capital letter, as names in Latin letters do.
    """

    families: frozenset[str]
    forms: tuple[str, ...]
    open: bool
    whole: bool
    capital: bool


class WordFinder:
    """Finds words with one of these families, or printed as one of these forms.

    Args:
        families: families of words.
        forms: normalised words as printed.
    """

    def __init__(self, families: frozenset[str], forms: frozenset[str]) -> None:
        self._families, self._forms = families, forms
        self._latin = any(family.startswith(FOREIGN) for family in families)

    def find(self, text: str, names: Sequence[Span] = (), persons: Sequence[Span] = ()) -> list[Span]:
        """Return start and end of each word that `text_words` gives one of the terms. The arguments are its own."""
        matches = list(split(text))
        printed = [_read(match.lastgroup, match.group()) for match in matches]
        numbers = [number for number, one in enumerate(printed) if self._may_have(one)]
        if not numbers:
            return []
        if self._latin and len({one.forms for one in printed if one.capital}) > MOST_FOREIGN:
            # Which of them are looked up depends on all that come before.
            return [(word.start, word.end) for word in text_words(text, names, persons) if self._has(word)]
        found: dict[Span, None] = {}
        for first, last, inside in _stretches(printed, numbers):
            tokens = (token for match in matches[first:last] for token in tokens_of(match))
            wanted = [matches[number].span() for number in inside]
            for word in words_of(text, list(join_names(tokens)), names, persons):
                # At the ends of a stretch, words lack their neighbours.
                if self._has(word) and any(start < word.end and word.start < end for start, end in wanted):
                    found[word.start, word.end] = None
        return list(found)

    def _has(self, word: Word) -> bool:
        return not self._families.isdisjoint(word.families) or word.forms[0] in self._forms

    def _may_have(self, printed: _Printed) -> bool:
        if printed.whole or not self._families.isdisjoint(printed.families):
            return True
        if self._forms and not self._forms.isdisjoint(printed.forms):
            return True
        return self._latin and printed.capital and not self._families.isdisjoint(_foreign(printed.forms))


@lru_cache(maxsize=100_000)
def _read(kind: str | None, text: str) -> _Printed:
    """Read a match of `split` by its kind and what is printed."""
    tokens = list(read_printed(kind, text, 0))
    families: set[str] = set()
    for token in tokens:
        reading = read(token.text, token.printed)
        families.update(reading.families, reading.name, reading.person, second_word_families(token.text))
        families.update(_compounds_by_second().get(token.text, ()))
        if reading.month is not None:
            families.add(reading.month)
    forms = tuple(token.text for token in tokens)
    joins = any(map(may_begin_name, forms))
    return _Printed(frozenset(families), forms, joins, joins or kind == "tag", text[0].isupper())


@cache
def _compounds_by_second() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for (_, second), whole in compound_names().items():
        found.setdefault(second, []).append(COMPOUND + whole)
    return found


def _foreign(forms: Sequence[str]) -> set[str]:
    return {FOREIGN + name for form in forms for name in arabic_names(form)}


def _stretches(printed: Sequence[_Printed], numbers: Sequence[int]) -> Iterator[tuple[int, int, list[int]]]:
    """Yield beginning, end and wanted matches of each stretch of matches to read; none overlap.

    Args:
        printed: the matches of a text.
        numbers: of those that may be wanted, in order.
    """
    first, last = 0, 0
    inside: list[int] = []
    for number in numbers:
        begin, tokens = number, 0
        while begin > 0 and (tokens < _BEFORE or printed[begin - 1].open):
            begin -= 1
            tokens += len(printed[begin].forms)
        end, tokens = number + 1, 0
        while end < len(printed) and tokens < _AFTER:
            tokens += len(printed[end].forms)
            end += 1
        if inside and begin <= last:
            last = end
            inside.append(number)
            continue
        if inside:
            yield first, last, inside
        first, last, inside = begin, end, [number]
    if inside:
        yield first, last, inside
