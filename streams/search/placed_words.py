"""The words of one text, found by their forms and families rather than by reading all of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from streams.search.wanted import WantedPhrase
from streams.words.terms import Word


class PlacedWords(list[Word]):
    """The words of a text in its order. What finds them is made at the first question, for all that follow."""

    @classmethod
    def of(cls, words: Sequence[Word]) -> PlacedWords:
        """Return the words as they are, or with what finds them."""
        return words if isinstance(words, cls) else cls(words)

    @cached_property
    def by_form(self) -> dict[str, list[int]]:
        """The numbers of the words that have a form, by form."""
        return _numbers(word.forms for word in self)

    @cached_property
    def by_family(self) -> dict[str, list[int]]:
        """The numbers of the words that have a family, by family."""
        return _numbers(word.families for word in self)

    @cached_property
    def ranges(self) -> list[tuple[int, int]]:
        """Where each word stands in the text, [start, end) in code points."""
        return [(word.start, word.end) for word in self]

    @cached_property
    def _starts(self) -> dict[int, tuple[WantedPhrase, list[int]]]:
        """Where the phrases stand that were asked for, by identity: a match is found first and marked later.

        The hash of a phrase takes longer than the rest. The entry keeps the phrase, so that no other has its identity.
        """
        return {}

    def having(self, families: Iterable[str], printed: Iterable[str]) -> set[int]:
        """Return the numbers of the words that have one of the families, or are printed as one of these forms."""
        found: set[int] = set()
        for family in families:
            found.update(self.by_family.get(family, ()))
        for form in printed:
            found.update(number for number in self.by_form.get(form, ()) if self[number].forms[0] == form)
        return found

    def starts(self, phrase: WantedPhrase) -> list[int]:
        """Return the numbers of the words at which a phrase stands, in order."""
        found = self._starts.get(id(phrase))
        if found is None:
            found = self._starts[id(phrase)] = phrase, self._find(phrase)
        return found[1]

    def _find(self, phrase: WantedPhrase) -> list[int]:
        rarest: tuple[int, set[int]] | None = None
        for offset, options in enumerate(phrase.forms):
            places = {number for form in options for number in self.by_form.get(form, ())}
            if not places:
                return []
            if rarest is None or len(places) < len(rarest[1]):
                rarest = offset, places
        if rarest is None:
            return [start for start in range(len(self)) if phrase.starts_at(self, start)]
        offset, places = rarest
        starts = (number - offset for number in sorted(places) if number >= offset)
        return [start for start in starts if phrase.starts_at(self, start)]


def _numbers(terms: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """Return, by term, the numbers of the words that have it."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, those in enumerate(terms):
        for term in those:
            found[term].append(number)
    return found
