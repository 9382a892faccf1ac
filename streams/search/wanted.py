"""What a text query wants of an article, as terms. The query for the index and the live matcher are both made from it.

An article matches the plain words if it has enough of them (`needed`), whatever the order that hits are sorted in: the
same articles match on a page by relevance, on one by time, in facets and exports. If no article has enough, the same
query is asked again relaxed, for all of these alike; the live feed is never relaxed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from streams.search.cross_script import across_scripts
from streams.search.syntax import ARTICLE, Operand, ParsedQuery
from streams.words.letters import spellings_pattern
from streams.words.terms import PARTED, PRINTED, Word, query_words
from streams.words.tokens import tokenize


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
    """All words of an operand that is no phrase (كوفيد-19 is two); the article must have all.

    Attributes:
        words: the words.
        texts: names of the texts that they may stand in; empty for all.
    """

    words: tuple[WantedWord, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WantedPhrase:
    """Consecutive words, or one word of which the form counts.

    Attributes:
        forms: for each word, the forms that it may have. The first word may have clitics before it in the article.
        families: families of the words.
        printed: numbers of the words that the article must print as they are normalised, with a pattern of the forms
            that it has where it prints them otherwise.
        texts: names of the texts that it may stand in; empty for all but the captions.
    """

    forms: tuple[tuple[str, ...], ...]
    families: tuple[str, ...]
    printed: tuple[tuple[int, str], ...] = ()
    texts: tuple[str, ...] = ()

    def starts_at(self, words: Sequence[Word], start: int) -> bool:
        """Return whether the phrase stands in a text at its word number `start`."""
        if start + len(self.forms) > len(words):
            return False
        for offset, options in enumerate(self.forms):
            forms = words[start + offset].forms
            if not any(form in forms for form in options):
                return False
        return not any(
            re.fullmatch(pattern, form) for offset, pattern in self.printed for form in words[start + offset].forms
        )


@dataclass(frozen=True, slots=True)
class WantedPrefix:
    """A word that begins with one of these.

    Attributes:
        prefixes: beginnings of forms.
        texts: names of the texts that it may stand in; empty for all but the captions.
    """

    prefixes: tuple[str, ...]
    texts: tuple[str, ...] = ()

    def is_begun(self, word: Word) -> bool:
        """Return whether a word begins so."""
        return any(form.startswith(self.prefixes) for form in word.forms)


@dataclass(frozen=True, slots=True)
class WantedFilter:
    """A value of a filter, such as an outlet.

    Attributes:
        name: the filter's name in `Filters`.
        value: what it selects.
    """

    name: str
    value: str


# Words up to which a query names something; longer ones are read as a question, whatever their first word is.
MOST_NAMING = 4
_QUESTION_WORDS = frozenset(
    "من ما ماذا متي اين كم كيف لماذا هل اي ايه مم مما ممن عم عما عمن فيم فيما لم علام الام "  # noqa: SIM905
    "بم بمن لمن بماذا لماذا بكم باي لاي وما ومن ومتي واين وكم وكيف ولماذا وهل وماذا".split()
)
_PREPOSITIONS = frozenset("في الي من علي عن منذ حتي مع بين لدي عند تحت ضمن خلال بعد قبل وفي والي".split())  # noqa: SIM905
_AFTER_PREPOSITION = frozenset({"اي", "ايه", "متي", "اين", "كم", "ماذا", "ما", "من"})
_QUESTION_MARKS = frozenset("؟?⸮")

Wanted = WantedWords | WantedPhrase | WantedPrefix | WantedFilter


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
    def searches(self) -> bool:
        """Whether it searches for anything that an article's texts can show."""
        return bool(self.words or self.required)


def is_question(text: str) -> bool:
    """Return whether a query is a question: by its mark, or by the words that it begins with (متى, في أي)."""
    if not _QUESTION_MARKS.isdisjoint(text):
        return True
    words = [token.text for token in islice(tokenize(text), 2)]
    if not words:
        return False
    return words[0] in _QUESTION_WORDS or (
        len(words) == 2 and words[0] in _PREPOSITIONS and words[1] in _AFTER_PREPOSITION
    )


def needed_words(count: int, *, question: bool = False) -> int:
    """Return how many of `count` plain words an article must have.

    Up to four words name something, and one may be missing from three on. Of a question a third is enough, as its
    words seldom stand together in the text that answers it: with two words or all but one, R@10 on ARCD was .925, below
    the .946 of the stock analyzer; docs/benchmarks.md has today's figures.

    Args:
        count: number of plain words.
        question: whether the query is a question; five and more words are read as one in any case.
    """
    if question:
        return relaxed_words(count)
    if count <= MOST_NAMING:
        return count if count <= 2 else count - 1
    return max(2, relaxed_words(count))


def relaxed_words(count: int) -> int:
    """Return how many of `count` plain words an article must have where none has `needed_words`: a third of them.

    On ARCD, a third found more of the right paragraphs than any larger share (benchmarks/search).
    """
    return min(count, max(1, count * 34 // 100))


@lru_cache(maxsize=1024)
def wanted_text(
    parsed: ParsedQuery, *, question: bool = False, relaxed: bool = False, cross_script: bool = False
) -> WantedText:
    """Translate a parsed query into terms.

    Args:
        parsed: the query.
        question: whether it is a question.
        relaxed: whether fewer words are needed, because no article has enough.
        cross_script: whether names are searched for in the other script, too.
    """
    written = plain_words(parsed)
    words = tuple(_words(across_scripts(written) if cross_script else written))
    required = [_all_wanted(choice, cross_script) for choice in parsed.required]
    excluded = _all_wanted([operand for operand in parsed.excluded if selects(operand)], cross_script)
    needed = relaxed_words(len(words)) if relaxed else needed_words(len(words), question=question)
    return WantedText(words, needed, tuple(choice for choice in required if choice), excluded)


def plain_words(parsed: ParsedQuery) -> list[Word]:
    """Return the plain words of a query."""
    return [word for text in parsed.words for word in query_words(text)]


def has_families(text: str) -> bool:
    """Return whether a text has a word other than stop words."""
    return any(word.families for word in query_words(text))


def selects(operand: Operand) -> bool:
    """Return whether an operand selects articles, as stop words alone do not."""
    return not operand.plain or has_families(operand.text)


def _all_wanted(operands: Sequence[Operand], cross_script: bool) -> tuple[Wanted, ...]:
    found = (wanted_operand(operand, cross_script=cross_script) for operand in operands)
    return tuple(wanted for wanted in found if wanted is not None)


def wanted_operand(operand: Operand, *, cross_script: bool) -> Wanted | None:
    """Translate one operand; None if it has no words."""
    if operand.filters:
        whole = operand.phrase and operand.field in {"person", "organisation", "place"}
        return WantedFilter(operand.field, f'"{operand.text}"' if whole else operand.text)
    texts = (operand.field,) if operand.field else ()
    words = query_words(operand.text)
    if not words:
        return None
    if operand.prefix:
        return WantedPrefix(_prefixes(words[0].forms[0]), texts)
    if operand.phrase or operand.exact:
        return _wanted_phrase(operand, words, texts)
    return WantedWords(tuple(_words(across_scripts(words) if cross_script else words)), texts)


def _wanted_phrase(operand: Operand, words: Sequence[Word], texts: tuple[str, ...]) -> WantedPhrase:
    exact = [operand.exact or operand.text[word.start - 1 : word.start] == "=" for word in words]
    forms: list[tuple[str, ...]] = [
        (word.printed if letters else word.forms[0],) for word, letters in zip(words, exact, strict=True)
    ]
    if not exact[0] and any(character.isspace() for character in operand.text):
        # Of several words, the first may follow clitics. One word alone is meant as it is.
        forms[0] = (*forms[0], PARTED + forms[0][0])
    printed = tuple(
        (number, PRINTED + spellings_pattern(form))
        for number, (form, *_) in enumerate(forms)
        if exact[number] and form[0] != PRINTED
    )
    return WantedPhrase(tuple(forms), tuple(family for word in words for family in word.families), printed, texts)


def _prefixes(stem: str) -> tuple[str, ...]:
    """Return the beginnings of forms that begin with a stem, with or without clitics and the article."""
    stems = [stem] if not "\u0620" <= stem[0] <= "\u06ff" or stem.startswith(ARTICLE) else [stem, ARTICLE + stem]
    return tuple(clitic + one for one in stems for clitic in ("", PARTED))


def _words(words: list[Word]) -> Iterator[WantedWord]:
    """Yield each word once; stop words only if there are no others."""
    chosen = [word for word in words if word.families] or words
    yield from dict.fromkeys(WantedWord(word.forms[0], word.families) for word in chosen)
