"""Matches an enriched article against a search, as the index would a second later. Counterpart of search/query.py.

Words are compared as the terms that the index makes of them (streams/search/analysis.py). What one article alone cannot
show is left out: scores, order, copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.geodesy import distance_km
from streams.records import Article, GeoPoint, Place
from streams.search.analysis import Analyzer, analyzer, name_normalizer
from streams.search.request import Filters
from streams.search.syntax import Operand, ParsedQuery


@dataclass(frozen=True, slots=True)
class _Field:
    """The terms of one field, as a set and by position."""

    terms: frozenset[str]
    at: dict[int, str]

    @classmethod
    def of(cls, chain: Analyzer, text: str) -> _Field:
        at = {term.position: term.text for term in chain.terms(text)}
        return cls(frozenset(at.values()), at)

    def has_phrase(self, phrase: Sequence[tuple[int, str]]) -> bool:
        if not phrase or not all(term in self.terms for _, term in phrase):
            return False
        first, word = phrase[0]
        starts = (position - first for position, term in self.at.items() if term == word)
        return any(all(self.at.get(start + offset) == term for offset, term in phrase) for start in starts)


class ArticleText:
    """The terms of an article, computed once for all clients of the live feed."""

    def __init__(self, article: Article) -> None:
        self.article = article
        texts = [article.body, article.title or "", article.subtitle or ""]
        captions = " ".join(caption.text for caption in article.captions)
        self.exact = [_Field.of(analyzer("ar_exact"), text) for text in texts if text]
        self.stemmed = [_Field.of(analyzer("ar_text"), text) for text in texts if text]
        self.captions = [_Field.of(analyzer("ar_text"), captions)] if captions else []
        self.persons = [_Field.of(analyzer("ar_name"), e.name) for e in article.entities if e.type == "PER"]
        self.organisations = [_Field.of(analyzer("ar_name"), e.name) for e in article.entities if e.type == "ORG"]


class LiveMatcher:
    """A search compiled for matching many articles.

    Args:
        filters: the search.
    """

    def __init__(self, filters: Filters) -> None:
        self.filters = filters
        self.parsed: ParsedQuery = filters.parsed()
        self._words = frozenset(_terms("ar_text", " ".join(self.parsed.words)))
        self._exact_words = frozenset(_terms("ar_exact", " ".join(self.parsed.words)))
        self._persons = [_phrase("ar_name", name) for name in filters.person]
        self._organisations = [_phrase("ar_name", name) for name in filters.organisation]
        self._places = {_normalize(name) for name in filters.place}
        self._sources = {_normalize(name) for name in filters.source}

    @property
    def terms(self) -> frozenset[str]:
        """Stemmed terms of all words and phrases that are searched for, for highlighting."""
        wanted = [operand.text for choice in self.parsed.required for operand in choice]
        return self._words | frozenset(_terms("ar_text", " ".join(wanted)))

    def matches(self, text: ArticleText) -> bool:
        """Return whether the article matches the search."""
        article = text.article
        filters = self.filters
        checks = (
            not filters.language or article.language in filters.language,
            not filters.source or _normalize(article.source) in self._sources,
            not filters.country or any(place.country in filters.country for place in article.places),
            filters.cluster is None or (article.cluster is not None and article.cluster.id == filters.cluster),
        )
        return (
            all(checks)
            and self._in_time(article)
            and self._in_area(article.geo)
            and (not filters.place or any(self._is_place(place) for place in article.places))
            and (not filters.person or _any_phrase(text.persons, self._persons))
            and (not filters.organisation or _any_phrase(text.organisations, self._organisations))
            and self._in_text(text)
        )

    def _in_text(self, text: ArticleText) -> bool:
        if self.parsed.words and not self._most_words(text):
            return False
        required = all(any(_occurs(operand, text) for operand in choice) for choice in self.parsed.required)
        return required and not any(_occurs(operand, text, captions=False) for operand in self.parsed.excluded)

    def _most_words(self, text: ArticleText) -> bool:
        """Return whether one field has enough of the words (minimum_should_match 2<75%, type most_fields)."""
        pairs = [(self._words, text.stemmed + text.captions), (self._exact_words, text.exact)]
        return any(
            bool(words) and len(words & field.terms) >= (len(words) if len(words) <= 2 else len(words) * 3 // 4)
            for words, fields in pairs
            for field in fields
        )

    def _in_time(self, article: Article) -> bool:
        time = article.appeared_at
        since, until = self.filters.since, self.filters.until
        return (since is None or time >= since) and (until is None or time < until)

    def _in_area(self, points: Sequence[GeoPoint]) -> bool:
        box, near = self.filters.bbox, self.filters.near
        if box is not None and not any(_in_box(point, box) for point in points):
            return False
        return near is None or any(distance_km(near, (p.lat, p.lon)) <= self.filters.radius for p in points)

    def _is_place(self, place: Place) -> bool:
        path = place.country or "" if place.kind == "country" else f"{place.country or '-'}/{place.name}"
        names = {_normalize(place.name), _normalize(place.name_en or ""), str(place.geonameid or "")}
        return bool(self._places & (names - {""})) or bool({path, place.country} & set(self.filters.place))


def _occurs(operand: Operand, text: ArticleText, *, captions: bool = True) -> bool:
    if operand.phrase:
        phrase = _phrase("ar_exact", operand.text)
        return any(field.has_phrase(phrase) for field in text.exact)
    terms = frozenset(_terms("ar_text", operand.text))
    fields = text.stemmed + (text.captions if captions else [])
    return bool(terms) and any(terms <= field.terms for field in fields)


def _any_phrase(fields: Iterable[_Field], phrases: Sequence[list[tuple[int, str]]]) -> bool:
    return any(field.has_phrase(phrase) for field in fields for phrase in phrases)


def _terms(name: str, text: str) -> list[str]:
    return [term.text for term in analyzer(name).terms(text)]


def _phrase(name: str, text: str) -> list[tuple[int, str]]:
    return [(term.position, term.text) for term in analyzer(name).terms(text)]


def _normalize(name: str) -> str:
    return name_normalizer()(name)


def _in_box(point: GeoPoint, box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    inside = west <= point.lon <= east if west <= east else point.lon >= west or point.lon <= east
    return south <= point.lat <= north and inside
