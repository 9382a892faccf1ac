"""Who took a text from whom, and what was changed in it. Pure.

Words are compared as search normalises them (`streams.words`), so a change of hamza or of a vowel
sign is no difference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from pydantic import BaseModel, Field

from streams.records import Article
from streams.words.letters import MARKS, normalise_number, normalise_word

# Words that run on together in both texts; shorter runs are also found in texts that share only their subject.
SHINGLE = 4
# Share of a text's shingles that an earlier one has, from which on it counts as taken from there.
LEAST_SHARED = 0.3
# Words of a text that are compared; the time grows with their product.
MAX_WORDS = 2000
# Words that stand alone between two changes say nothing; a longer passage was not changed for one of its words.
LEAST_SAME = 2
MOST_SORTED = 6
# Vowel signs are within words, though Unicode does not count them as letters.
_WORD = re.compile(rf"[\w{MARKS}]+")
# A word or sign with the space after it, so that spaces alone are never what two texts share.
_TOKEN = re.compile(rf"[\w{MARKS}]+\s*|[^\w\s]\s*|\s+")
# What outlets choose between when they say who died, who fights, and what happened.
_LOADED = """
شهيد شهداء استشهد استشهاد قتيل قتلى قتل مقتل ضحية ضحايا صريع مصرع هالك
مقاوم مقاومة مقاومون مقاومين مسلح مسلحون مسلحين إرهابي إرهابية إرهابيون إرهابيين متمرد متمردون مليشيا ميليشيا
احتلال مستوطن مستوطنون مستوطنين عدوان غزو هجوم عملية مجزرة مذبحة إبادة اجتياح تحرير
نظام حكومة انقلاب ثورة احتجاج شغب مظاهرة تمرد لاجئ لاجئون نازح نازحون مهاجر متسلل متسللون
زعم ادعى أكد اعترف نفى شدد
"""
LOADED = frozenset(map(normalise_word, _LOADED.split()))
_Opcode = tuple[str, int, int, int, int]
Kind = Literal["same", "added", "removed"]
Sort = Literal["number", "loaded", "name", "word"]


class Piece(BaseModel):
    """A run of words that two texts share, or that only one has."""

    kind: Kind = Field(description="`same`, `added` (only the later text has it) or `removed` (only the earlier).")
    text: str
    sort: Sort = Field("word", description="What it changes first of: a number, a loaded word, a name, another word.")


class Descent(BaseModel):
    """Where an article's text comes from."""

    id: str = Field(description="Id of the article.")
    origin: str | None = Field(None, description="Id of the earlier article of another outlet that it is closest to.")
    shared: float = Field(0.0, description="Share of its text that is in that one, 0 to 1.")
    lag_seconds: float | None = Field(None, description="Time between the appearance of the two.")


@dataclass(frozen=True, slots=True)
class _Text:
    article: Article
    shingles: frozenset[tuple[str, ...]]


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = [normalise_word(word) for word in _WORD.findall(text)[:MAX_WORDS]]
    size = min(SHINGLE, len(words))
    starts = range(len(words) - size + 1) if size else ()
    return frozenset(tuple(words[start : start + size]) for start in starts)


def descents(articles: Sequence[Article]) -> list[Descent]:
    """Find for each article the earlier one of another outlet that its text is closest to.

    Args:
        articles: of one story, in the order in which they appeared.
    """
    earlier: list[_Text] = []
    found = []
    for article in articles:
        own = _Text(article, _shingles(article.body))
        best: tuple[float, _Text] | None = None
        for other in earlier:
            if other.article.source == article.source or not own.shingles:
                continue
            shared = len(own.shingles & other.shingles) / len(own.shingles)
            # Of equally close texts, the latest: a copy of a copy is taken from the nearest.
            if shared >= LEAST_SHARED and (best is None or shared >= best[0]):
                best = (shared, other)
        found.append(_descent(article, best))
        earlier.append(own)
    return found


def _descent(article: Article, best: tuple[float, _Text] | None) -> Descent:
    if best is None:
        return Descent(id=article.id)
    shared, other = best
    lag = (article.listed_at - other.article.listed_at).total_seconds()
    return Descent(id=article.id, origin=other.article.id, shared=round(shared, 3), lag_seconds=lag)


def differences(earlier: str, later: str, names: Sequence[str] = ()) -> list[Piece]:
    """Compare two texts word by word.

    Args:
        earlier: a text.
        later: another.
        names: names in either; a change within one is marked as such.

    Returns:
        Pieces in the order of the texts, what was removed before what was added in its place. Those that are not
        `removed` make up `later`, those that are not `added` make up `earlier` but for spelling; both up to MAX_WORDS.
    """
    left, right = _tokens(earlier), _tokens(later)
    parts = {normalise_word(word) for name in names for word in _WORD.findall(name)}
    matcher = SequenceMatcher(None, _compared(left), _compared(right), autojunk=False)
    pieces = []
    for tag, a, b, c, d in _without_islands(matcher.get_opcodes()):
        if tag == "equal":
            pieces.append(Piece(kind="same", text="".join(right[c:d])))
            continue
        if b > a:
            pieces.append(_changed("removed", left[a:b], parts))
        if d > c:
            pieces.append(_changed("added", right[c:d], parts))
    return pieces


def _without_islands(opcodes: Sequence[_Opcode]) -> list[_Opcode]:
    """Join changes that fewer than `LEAST_SAME` equal tokens part."""
    joined: list[_Opcode] = []
    for position, (tag, a, b, c, d) in enumerate(opcodes):
        inner = 0 < position < len(opcodes) - 1
        changed = tag != "equal" or (inner and b - a < LEAST_SAME)
        if joined and changed and joined[-1][0] != "equal":
            _, first, _, begin, _ = joined[-1]
            joined[-1] = ("replace", first, b, begin, d)
        else:
            joined.append(("replace" if changed else "equal", a, b, c, d))
    return joined


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)[:MAX_WORDS]


def _compared(tokens: Sequence[str]) -> list[str]:
    # Tokens that are no words stand for themselves: normalised, many signs would be empty and so equal.
    return [normalise_number(normalise_word(token.strip())) or token for token in tokens]


def _changed(kind: Kind, tokens: Sequence[str], names: set[str]) -> Piece:
    words = [normalise_number(normalise_word(token.strip())) for token in tokens]
    stripped = {word.removeprefix("و").removeprefix("ال") for word in words}
    sort: Sort = "word"
    if len(words) > MOST_SORTED:
        pass
    elif any(letter.isdecimal() for word in words for letter in word):
        sort = "number"
    elif not LOADED.isdisjoint(words) or not LOADED.isdisjoint(stripped):
        sort = "loaded"
    elif names & set(words):
        sort = "name"
    return Piece(kind=kind, text="".join(tokens), sort=sort)
