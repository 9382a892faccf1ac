"""What a text query wants of an article, as terms. The query for the index and the live matcher are both made from it.

An article matches the plain words if it has enough of them (`needed`), whatever the order that hits are sorted in: the
same articles match on a page by relevance, on one by time, in facets and exports. If no article has enough, the same
query is asked again relaxed, for all of these alike; the live feed is never relaxed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from streams.search.syntax import Operand, ParsedQuery
from streams.words.terms import Word, query_words


@dataclass(frozen=True, slots=True)
class WantedWord:
    """One word.

    Attributes:
        form: the word as typed, normalised.
        families: an article needs one of these. Empty for a stop word, which is found by its form.
    """

    form: str
    families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WantedWords:
    """All words of an operand that is no phrase (كوفيد-19 is two); one text of the article must have all."""

    words: tuple[WantedWord, ...]


@dataclass(frozen=True, slots=True)
class WantedPhrase:
    """Consecutive words.

    Attributes:
        forms: for each word, the forms that it may have. The first word may have clitics before it in the article.
        families: families of the words, to highlight them.
    """

    forms: tuple[tuple[str, ...], ...]
    families: tuple[str, ...]


# Words up to which a query names something; longer ones are questions.
MOST_NAMING = 4

Wanted = WantedWords | WantedPhrase


@dataclass(frozen=True, slots=True)
class WantedText:
    """A text query.

    Attributes:
        words: the plain words, each once.
        needed: how many of them an article must have, in any of its texts.
        required: groups of alternatives; the article must have one of each.
        excluded: the article may have none of these.
    """

    words: tuple[WantedWord, ...]
    needed: int
    required: tuple[tuple[Wanted, ...], ...]
    excluded: tuple[Wanted, ...]

    @property
    def families(self) -> frozenset[str]:
        """Families of all words that are searched for, and the forms of stop words if nothing else is."""
        found = {term for word in self.words for term in (word.families or (word.form,))}
        for wanted in (wanted for choice in self.required for wanted in choice):
            if isinstance(wanted, WantedPhrase):
                found.update(wanted.families)
            else:
                found.update(term for word in wanted.words for term in (word.families or (word.form,)))
        return frozenset(found)


def needed_words(count: int) -> int:
    """Return how many of `count` plain words an article must have.

    Up to four words name something, and one may be missing from three on. Five and more are read as a question, of
    which a third is enough: requiring three fifths cost .07 of MRR in benchmarks/search.
    """
    if count <= MOST_NAMING:
        return count if count <= 2 else count - 1
    return max(2, count * 34 // 100)


def relaxed_words(count: int) -> int:
    """Return how many of `count` plain words an article must have where none has `needed_words`: a third of them.

    On ARCD, a third found more of the right paragraphs than any larger share (benchmarks/search).
    """
    return max(1, count * 34 // 100)


@lru_cache(maxsize=1024)
def wanted_text(parsed: ParsedQuery, *, relaxed: bool = False) -> WantedText:
    """Translate a parsed query into terms."""
    words = tuple(_words([word for text in parsed.words for word in query_words(text)]))
    required = [_all_wanted(choice) for choice in parsed.required]
    excluded = _all_wanted([operand for operand in parsed.excluded if operand.phrase or has_families(operand.text)])
    needed = relaxed_words(len(words)) if relaxed else needed_words(len(words))
    return WantedText(words, needed, tuple(choice for choice in required if choice), excluded)


def has_families(text: str) -> bool:
    """Return whether a text has a word other than stop words."""
    return any(word.families for word in query_words(text))


def _all_wanted(operands: Sequence[Operand]) -> tuple[Wanted, ...]:
    return tuple(wanted for wanted in map(_wanted, operands) if wanted is not None)


def _wanted(operand: Operand) -> Wanted | None:
    words = query_words(operand.text)
    if not operand.phrase:
        found = tuple(_words(words))
        return WantedWords(found) if found else None
    if not words:
        return None
    first = words[0].forms[0]
    forms = ((first, "~" + first), *((word.forms[0],) for word in words[1:]))
    return WantedPhrase(forms, tuple(family for word in words for family in word.families))


def _words(words: list[Word]) -> Iterator[WantedWord]:
    """Yield each word once; stop words only if there are no others."""
    chosen = [word for word in words if word.families] or words
    yield from dict.fromkeys(WantedWord(word.forms[0], word.families) for word in chosen)
