"""Finds the matching words of an article, for hits of the index and of the live feed alike. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, Field

from streams.records import Article
from streams.search.placed_words import PlacedWords
from streams.search.wanted import Wanted, WantedFilter, WantedPhrase, WantedPrefix, WantedText, WantedWord, WantedWords
from streams.words.finder import PhraseFinder, WordFinder
from streams.words.index import article_words
from streams.words.terms import Word

# Code points of a piece of the body, of the text in it before the first match, and the number of pieces.
PIECE = 180
BEFORE = 60
PIECES = 2

Range = tuple[int, int]


class Highlight(BaseModel):
    """A piece of display text, with the ranges of matching words in it."""

    text: str = Field(description="The title, or a piece of the body.")
    marks: list[Range] = Field(description="[start, end) of each match, in code points of `text`.")


class Highlights(BaseModel):
    """Text of a hit with its matches marked."""

    title: Highlight | None = None
    subtitle: Highlight | None = None
    body: list[Highlight] = Field(
        default_factory=list, description="The best matching pieces of the body, else its beginning."
    )


def highlight(article: Article, wanted: WantedText, words: Mapping[str, Sequence[Word]] | None = None) -> Highlights:
    """Mark what is searched for in an article.

    Args:
        article: the article.
        wanted: what is searched for.
        words: the words of its texts (`article_words`), if they are known already.
    """
    if words is None and (finders := _finders(wanted)) is not None:
        return _highlight_found(article, finders)
    if words is None:
        words = article_words(article.model_dump(mode="python", include=READ)) if wanted.searches else {}
    title, body = highlight_title_and_body(article, wanted, words)
    subtitle = _whole(article.subtitle, marks(words.get("subtitle", []), wanted, "subtitle"))
    return Highlights.model_construct(title=title, subtitle=subtitle, body=body)


def _highlight_found(article: Article, finders: Mapping[str, _Finder]) -> Highlights:
    """Mark what the finders of each text find in it."""
    persons = [(entity.start, entity.end) for entity in article.entities if entity.type == "PER"]
    names = [(entity.start, entity.end) for entity in article.entities if entity.type != "PER"]
    names += [(mention.start, mention.end) for place in article.places for mention in place.mentions]
    found = finders["body"].find(article.body, names, persons)
    title, subtitle = (
        _whole(text, finders[name].find(text or ""))
        for name, text in (("title", article.title), ("subtitle", article.subtitle))
    )
    return Highlights.model_construct(title=title, subtitle=subtitle, body=pieces(article.body, found))


class _Finder:
    """Finds what is wanted in a text.

    Args:
        words: that are wanted alone.
        operands: that are wanted in this text.
    """

    def __init__(self, words: Sequence[WantedWord], operands: Sequence[Wanted]) -> None:
        every = [*words, *(word for one in operands if isinstance(one, WantedWords) for word in one.words)]
        families = frozenset(family for word in every for family in word.families)
        forms = frozenset(word.form for word in every if not word.families)
        prefixes = tuple(prefix for one in operands if isinstance(one, WantedPrefix) for prefix in one.prefixes)
        self._words = WordFinder(families, forms, prefixes) if families or forms or prefixes else None
        self._phrases = [(one, PhraseFinder(one.forms)) for one in operands if isinstance(one, WantedPhrase)]

    def find(self, text: str, names: Sequence[Range] = (), persons: Sequence[Range] = ()) -> list[Range]:
        """Return the ranges of what is found, in order, as `marks` does. Names decide of families alone."""
        found = set(self._words.find(text, names, persons)) if self._words is not None else set()
        for phrase, finder in self._phrases:
            for words, wanted in finder.stretches(text):
                for start in PlacedWords.of(words).starts(phrase):
                    first, last = words[start].start, words[start + len(phrase.forms) - 1].end
                    # At the ends of a stretch, words lack their neighbours.
                    if any(begin < last and first < end for begin, end in wanted):
                        found.add((first, last))
        return _merged(sorted(found))


@lru_cache(maxsize=32)  # a finder remembers the words that it has read
def _finders(wanted: WantedText) -> Mapping[str, _Finder] | None:
    """Return what finds the wanted in each text; None if nothing is."""
    if not wanted.searches:
        return None
    operands = [one for choice in wanted.required for one in choice if not isinstance(one, WantedFilter)]
    found: dict[tuple[Wanted, ...], _Finder] = {}
    by_text = {}
    for text in ("title", "subtitle", "body"):
        key = tuple(one for one in operands if not one.texts or text in one.texts)
        by_text[text] = found[key] if key in found else found.setdefault(key, _Finder(wanted.words, key))
    return by_text


def highlight_title_and_body(
    article: Article, wanted: WantedText, words: Mapping[str, Sequence[Word]]
) -> tuple[Highlight | None, list[Highlight]]:
    """Mark what is searched for in the title and in pieces of the body. The arguments are those of `highlight`."""
    title = _whole(article.title, marks(words.get("title", []), wanted, "title"))
    return title, pieces(article.body, marks(words.get("body", []), wanted, "body"))


# What the terms of an article are made from.
READ: Any = {
    "title": True,
    "subtitle": True,
    "body": True,
    "captions": True,
    "entities": {"__all__": {"start", "end", "type"}},
    "places": {"__all__": {"mentions"}},
}


def marks(words: Sequence[Word], wanted: WantedText, text: str = "body") -> list[Range]:
    """Return the ranges of the words and phrases that are searched for, in order; a phrase is one range.

    Args:
        words: of the text.
        wanted: what is searched for.
        text: name of the text, which some of it may be restricted to.
    """
    if not words:
        return []
    words = PlacedWords.of(words)
    ranges = _of_words(wanted.words, words) if wanted.words else []
    for choice in wanted.required:
        for one in choice:
            ranges.extend(occurrences(one, words, text))
    return _merged(sorted(ranges)) if ranges else []


def occurrences(wanted: Wanted, words: Sequence[Word], text: str) -> Iterator[Range]:
    """Yield where something that is searched for stands in a text, in code points.

    Args:
        wanted: what is searched for; of words, each is found alone.
        words: of the text.
        text: its name.
    """
    if isinstance(wanted, WantedFilter) or (wanted.texts and text not in wanted.texts):
        return
    if isinstance(wanted, WantedPhrase):
        for start in PlacedWords.of(words).starts(wanted):
            yield words[start].start, words[start + len(wanted.forms) - 1].end
    elif isinstance(wanted, WantedPrefix):
        yield from ((word.start, word.end) for word in words if wanted.is_begun(word))
    else:
        yield from sorted(_of_words(wanted.words, PlacedWords.of(words)))


def _of_words(wanted: Sequence[WantedWord], words: PlacedWords) -> list[Range]:
    families = [family for word in wanted for family in word.families]
    forms = [word.form for word in wanted if not word.families]
    ranges = words.ranges
    return [ranges[number] for number in words.having(families, forms)]


def _merged(ranges: Sequence[Range]) -> list[Range]:
    """Return sorted ranges, those that overlap as one, and those that are equal once."""
    merged: list[Range] = []
    last = -1
    for each in ranges:
        start, end = each
        if start < last:
            if end > last:
                merged[-1] = (merged[-1][0], end)
                last = end
            continue
        merged.append(each)
        last = end
    return merged


def pieces(text: str, found: Sequence[Range]) -> list[Highlight]:
    """Return at most PIECES pieces of a text with the most matches, in the order of the text, cut between words.

    Without matches, that is its beginning.
    """
    return list(_pieces(text, tuple(found)))


@lru_cache(maxsize=256)
def _pieces(text: str, found: tuple[Range, ...]) -> tuple[Highlight, ...]:
    # Of the standing searches that match an article, many are about the same words of it.
    if not found:
        return (_piece(text, 0, _end(text, 0), found),) if text else ()
    spans = _spans(text, found)
    if len(spans) > PIECES:
        best = sorted(((count, -start, end) for start, end, count in spans), reverse=True)[:PIECES]
        spans = sorted((-negative, end, count) for count, negative, end in best)
    return tuple([_piece(text, start, end, found) for start, end, _ in spans])


def _spans(text: str, found: Sequence[Range]) -> list[tuple[int, int, int]]:
    """Return where pieces may begin and end, so that each match is in one and none overlap, and their matches' number.

    A match that is longer than a piece, or begins in the one before, is in none.
    """
    spans: list[tuple[int, int, int]] = []
    begin = end = count = 0
    for start, stop in found:
        if stop <= end:
            count += 1
            continue
        if end:
            spans.append((begin, end, count))
        earlier, begin = end, text.rfind(" ", 0, max(0, start - BEFORE)) + 1
        if begin < earlier:  # behind the piece before, and the space that ends it
            begin = earlier + text[earlier].isspace()
        end = _end(text, begin)
        count = int(begin <= start and stop <= end)
    if end:
        spans.append((begin, end, count))
    return spans


def _end(text: str, start: int) -> int:
    """Return where the piece from `start` on ends: at a space, unless a word is longer than a piece."""
    if len(text) - start <= PIECE:
        return len(text)
    end = text.rfind(" ", start, start + PIECE)
    return end if end > start else start + PIECE


def _piece(text: str, start: int, end: int, found: Sequence[Range]) -> Highlight:
    inside = [(a - start, b - start) for a, b in found if start <= a and b <= end]
    return Highlight(text=text[start:end], marks=inside)


def _whole(text: str | None, found: Sequence[Range]) -> Highlight | None:
    return _marked(text, tuple(found)) if text else None


@lru_cache(maxsize=256)
def _marked(text: str, found: tuple[Range, ...]) -> Highlight:
    # Most of the standing searches that match an article have no word of its title, or the same ones.
    return Highlight(text=text, marks=list(found))
