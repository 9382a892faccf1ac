"""Find the words of a text that have certain terms, by reading these words and their neighbours alone. Pure.

Reading all words of an article takes milliseconds, and a page of hits has twenty of them. What a word is depends on
its neighbours too, so `text_words` reads a stretch around each word that may have one of the terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from streams.words.latin import COMPOUND, FOREIGN, arabic_names, compound_names
from streams.words.pairs import second_word_families
from streams.words.terms import MOST_FOREIGN, Span, Word, join_names, may_begin_name, read, text_words, words_of
from streams.words.tokens import Token, read_printed, split, tokens_of

# Tokens before and after a word that decide what it is: words that are joined with the next, and names of two words.
_BEFORE, _AFTER = 3, 5
# Printed words of which a finder remembers whether they matter: those of some hundred articles.
_MOST_KNOWN = 20_000


class _Printed(NamedTuple):
    """What is known of a match of `split` by itself.

    Attributes:
        families: those that a word there may have, inside a name, beside one, or elsewhere.
        forms: its tokens, normalised.
        terms: the forms that a word there may have.
        open: whether the next word may be joined to it.
        whole: whether the words there are always read: several words of a hashtag, words that may be joined.
        capital: whether it begins with a capital letter, as names in Latin letters do.
    """

    families: frozenset[str]
    forms: tuple[str, ...]
    terms: tuple[str, ...]
    open: bool
    whole: bool
    capital: bool


class WordFinder:
    """Finds words with one of these families, printed as one of these forms, or beginning so.

    Args:
        families: families of words.
        forms: normalised words as printed.
        prefixes: beginnings of any form of a word.
    """

    def __init__(self, families: frozenset[str], forms: frozenset[str], prefixes: tuple[str, ...] = ()) -> None:
        self._families, self._forms, self._prefixes = families, forms, prefixes
        self._latin = any(family.startswith(FOREIGN) for family in families)
        # What is printed, and whether it may have one of the terms: articles repeat most of their words.
        self._known: dict[str | tuple[str | None, str], bool] = {}

    def find(self, text: str, names: Sequence[Span] = (), persons: Sequence[Span] = ()) -> list[Span]:
        """Return start and end of each word that `text_words` gives one of the terms. The arguments are its own."""
        matches = list(split(text))
        numbers = self._candidates(matches)
        if not numbers:
            return []
        if self._latin and (len(_capitals(matches)) > MOST_FOREIGN or _repeats_without_capital(matches, numbers)):
            # What a word in Latin letters means depends on all that come before.
            return [(word.start, word.end) for word in text_words(text, names, persons) if self._has(word)]
        found: dict[Span, None] = {}
        for first, last, inside in _stretches(matches, numbers, _AFTER):
            wanted = [matches[number].span() for number in inside]
            for word in words_of(text, _tokens(matches[first:last]), names, persons):
                # At the ends of a stretch, words lack their neighbours.
                if self._has(word) and _meets(word.start, word.end, wanted):
                    found[word.start, word.end] = None
        return list(found)

    def _has(self, word: Word) -> bool:
        return (
            not self._families.isdisjoint(word.families)
            or word.forms[0] in self._forms
            or (bool(self._prefixes) and any(form.startswith(self._prefixes) for form in word.forms))
        )

    def _candidates(self, matches: Sequence[re.Match[str]]) -> list[int]:
        known = self._known
        if len(known) > _MOST_KNOWN:
            known.clear()
        numbers = []
        for number, match in enumerate(matches):
            # A page of hits has some ten thousand words: most are one look-up each.
            key = match.group() if match.lastgroup == "word" else (match.lastgroup, match.group())
            may_have = known.get(key)
            if may_have is None:
                may_have = known[key] = self._may_have(_printed(match))
            if may_have:
                numbers.append(number)
        return numbers

    def _may_have(self, printed: _Printed) -> bool:
        if printed.whole or not self._families.isdisjoint(printed.families):
            return True
        if self._forms and not self._forms.isdisjoint(printed.forms):
            return True
        if self._prefixes and any(term.startswith(self._prefixes) for term in printed.terms):
            return True
        return self._latin and printed.capital and not self._families.isdisjoint(_foreign(printed.forms))


class PhraseFinder:
    """Finds stretches of a text in which a phrase may stand.

    Args:
        phrase: for each of its words, the forms that it may have.
    """

    def __init__(self, phrase: Sequence[Sequence[str]]) -> None:
        # Every place of the phrase has one of these; long words are rare.
        self._terms = frozenset(max(phrase, key=lambda forms: min(map(len, forms))))
        self._length = len(phrase)

    def stretches(self, text: str) -> Iterator[tuple[list[Word], list[Span]]]:
        """Yield the words of each stretch, and start and end of what the phrase must meet to stand there."""
        matches = list(split(text))
        numbers = []
        for number, match in enumerate(matches):
            printed = _printed(match)
            if printed.whole or not self._terms.isdisjoint(printed.terms):
                numbers.append(number)
        # Each word of the phrase may be printed as two tokens.
        beside = 2 * self._length
        for first, last, inside in _stretches(matches, numbers, _AFTER + beside, _BEFORE + beside):
            yield list(words_of(text, _tokens(matches[first:last]))), [matches[number].span() for number in inside]


def _meets(start: int, end: int, spans: Sequence[Span]) -> bool:
    return any(first < end and start < last for first, last in spans)


def _tokens(matches: Sequence[re.Match[str]]) -> list[Token]:
    return list(join_names(token for match in matches for token in tokens_of(match)))


def _repeats_without_capital(matches: Sequence[re.Match[str]], numbers: Sequence[int]) -> bool:
    """Return whether one of these words in Latin letters is a name with its capital, and stands there without, too."""
    wanted = (_printed(matches[number]) for number in numbers)
    names = {form for one in wanted if one.capital or one.whole for form in one.forms if form[0] < "\u0620"}
    return bool(names) and any(not one.capital and not names.isdisjoint(one.forms) for one in map(_printed, matches))


def _capitals(matches: Sequence[re.Match[str]]) -> set[tuple[str, ...]]:
    return {_printed(match).forms for match in matches if match.group()[0].isupper()}


def _printed(match: re.Match[str]) -> _Printed:
    return _read(match.lastgroup, match.group())


@lru_cache(maxsize=100_000)
def _read(kind: str | None, text: str) -> _Printed:
    """Read a match of `split` by its kind and what is printed."""
    tokens = list(read_printed(kind, text, 0))
    families: set[str] = set()
    terms: set[str] = set()
    for token in tokens:
        reading = read(token.text, token.printed)
        families.update(reading.families, reading.name, reading.person, second_word_families(token.text))
        families.update(_compounds_by_second().get(token.text, ()))
        if reading.month is not None:
            families.add(reading.month)
        terms.update(reading.forms)
    forms = tuple(token.text for token in tokens)
    joins = any(map(may_begin_name, forms))
    return _Printed(frozenset(families), forms, tuple(terms), joins, joins or kind == "tag", text[0].isupper())


@cache
def _compounds_by_second() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for (_, second), whole in compound_names().items():
        found.setdefault(second, []).append(COMPOUND + whole)
    return found


def _foreign(forms: Sequence[str]) -> set[str]:
    return {FOREIGN + name for form in forms for name in arabic_names(form)}


def _stretches(
    matches: Sequence[re.Match[str]], numbers: Sequence[int], after: int, before: int = _BEFORE
) -> Iterator[tuple[int, int, list[int]]]:
    """Yield beginning, end and wanted matches of each stretch of matches to read; none overlap.

    Args:
        matches: of a text.
        numbers: of those that may be wanted, in order.
        after: tokens to read behind each of them.
        before: tokens to read before each of them.
    """
    first, last = 0, 0
    inside: list[int] = []
    for number in numbers:
        begin, tokens = number, 0
        while begin > 0 and (tokens < before or _printed(matches[begin - 1]).open):
            begin -= 1
            tokens += len(_printed(matches[begin]).forms)
        end, tokens = number + 1, 0
        while end < len(matches) and tokens < after:
            tokens += len(_printed(matches[end]).forms)
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
