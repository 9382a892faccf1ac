"""Find the words of a text that have certain terms, by reading these words and their neighbours alone. Pure.

Reading all words of an article takes milliseconds, and a page of hits has twenty of them. What a word is depends on
its neighbours too, so `text_words` reads a stretch around each word that may have one of the terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streams.words.latin import COMPOUND, FOREIGN, arabic_names, compound_names
from streams.words.pairs import may_end_pair, month_family
from streams.words.terms import MOST_FOREIGN, Span, Word, join_names, may_begin_name, read, text_words, words_of
from streams.words.tokens import split, tokens_of

# Tokens before and after a word that decide what it is: words that are joined with the next, and names of two words.
_BEFORE, _AFTER = 3, 5
# Printed words that are remembered.
_MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class _Printed:
    """What is known of a match of `split` by itself.

    Attributes:
        wanted: whether a word there may have one of the terms.
        open: whether the next word may be joined to it.
        tokens: how many it has.
        foreign: whether it may be a name in Latin letters.
    """

    wanted: bool
    open: bool
    tokens: int
    foreign: bool


class WordFinder:
    """Finds words with one of these families, or printed as one of these forms.

    Args:
        families: families of words.
        forms: normalised words as printed.
    """

    def __init__(self, families: frozenset[str], forms: frozenset[str]) -> None:
        self._families, self._forms = families, forms
        self._latin = any(family.startswith(FOREIGN) for family in families)
        compounds = compound_names().items()
        self._seconds = frozenset(second for (_, second), whole in compounds if COMPOUND + whole in families)
        self._known: dict[tuple[str | None, str], _Printed] = {}

    def find(self, text: str, names: Sequence[Span] = (), persons: Sequence[Span] = ()) -> list[Span]:
        """Return start and end of each word that `text_words` gives one of the terms. The arguments are its own."""
        matches = list(split(text))
        known = self._known
        printed = [known.get((match.lastgroup, match.group())) or self._read(match) for match in matches]
        numbers = [number for number, one in enumerate(printed) if one.wanted]
        if not numbers:
            return []
        if self._latin and len({match.group() for match, one in zip(matches, printed, strict=True) if one.foreign}) > (
            MOST_FOREIGN
        ):
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

    def _read(self, match: re.Match[str]) -> _Printed:
        tokens = list(tokens_of(match))
        latin = self._latin and match.group()[0].isupper()
        joins = any(may_begin_name(token.text) for token in tokens)
        wanted = match.lastgroup == "tag" or joins or any(self._may_have(token.text, token.printed) for token in tokens)
        if latin and not wanted:
            names = {FOREIGN + name for token in tokens for name in arabic_names(token.text)}
            wanted = not names.isdisjoint(self._families)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        one = self._known[match.lastgroup, match.group()] = _Printed(wanted, joins, len(tokens), latin)
        return one

    def _may_have(self, word: str, printed: str) -> bool:
        """Return whether a token may have one of the terms, inside a name, beside one, or elsewhere."""
        reading = read(word, printed)
        return (
            word in self._forms
            or word in self._seconds
            or may_end_pair(word, self._families)
            or month_family(reading.forms) in self._families
            or any(not self._families.isdisjoint(part) for part in (reading.families, reading.name, reading.person))
        )


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
            tokens += printed[begin].tokens
        end, tokens = number + 1, 0
        while end < len(printed) and tokens < _AFTER:
            tokens += printed[end].tokens
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
