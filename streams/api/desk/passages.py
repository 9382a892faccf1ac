"""Marks words, entities and places in display text. What comes out is escaped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from streams.records import Article

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a text: offsets in code points, its kind, and the form under which it is searched."""

    start: int
    end: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a paragraph: text, the name that it belongs to, and whether the search matches it."""

    text: str
    name: Name | None
    marked: bool


def names_of(article: Article) -> list[Name]:
    """Return the names in an article's body, in order and without overlap; a resolved place wins over an entity."""
    found = [Name(span.start, span.end, "place", place.name) for place in article.places for span in place.mentions] + [
        Name(entity.start, entity.end, entity.type.lower(), entity.name) for entity in article.entities
    ]
    chosen: list[Name] = []
    # Of names that overlap, the longest is shown; of equally long ones, the first in `found`.
    for name in sorted(found, key=lambda one: one.start - one.end):
        if 0 <= name.start < name.end <= len(article.body) and not any(
            name.start < other.end and other.start < name.end for other in chosen
        ):
            chosen.append(name)
    return sorted(chosen, key=lambda one: one.start)


def paragraphs(text: str, names: Sequence[Name] = (), marks: Sequence[Range] = ()) -> list[list[Run]]:
    """Split a body at its line ends, and each paragraph where a name or a match begins or ends.

    Args:
        text: one newline separates paragraphs.
        names: in order, without overlap.
        marks: matches of the search, in order.
    """
    result = []
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        if line.strip():
            result.append(list(_runs(text, start, end, names, marks)))
        start = end + 1
    return result


def _runs(text: str, start: int, end: int, names: Sequence[Name], marks: Sequence[Range]) -> Iterator[Run]:
    edges = {start, end}
    for first, last in [*((name.start, name.end) for name in names), *marks]:
        edges |= {edge for edge in (first, last) if start < edge < end}
    ordered = sorted(edges)
    for first, last in pairwise(ordered):
        name = next((one for one in names if one.start <= first and last <= one.end), None)
        yield Run(text[first:last], name, any(a <= first and last <= b for a, b in marks))


def marked(text: str, marks: Iterable[Range]) -> Markup:
    """Return a text with the ranges of matching words in `<mark>`."""
    out = Markup()
    done = 0
    for start, end in sorted(marks):
        if done <= start < end <= len(text):
            out += escape(text[done:start]) + Markup("<mark>{}</mark>").format(text[start:end])
            done = end
    return out + escape(text[done:])
