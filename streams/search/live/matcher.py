"""Matches an enriched article against a search, as the index would a second later. Counterpart of search/query.py.

Words are compared by the terms that the index has of them (streams/words). What one article alone cannot
show is left out: scores, order, copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from streams.geodesy import distance_km
from streams.records import Article, GeoPoint, Place
from streams.search.analysis import Analyzer, analyzer, name_normalizer
from streams.search.highlight import READ
from streams.search.placed_words import PlacedWords
from streams.search.places import names_with_country, places_named
from streams.search.query import one_filter
from streams.search.request import Filters
from streams.search.source_scope import SourceScope
from streams.search.wanted import Wanted, WantedFilter, WantedPhrase, WantedPrefix, WantedWord, WantedWords
from streams.words.index import article_words
from streams.words.names import FIELDS, SPEAKERS, NameKind, is_quoted, name_fields, name_key, name_words, phrases
from streams.words.places import paths

# Texts that phrases are found in and words are excluded by, and those whose forms are scored.
MAIN_TEXTS = ("title", "subtitle", "body")
SCORED_TEXTS = ("title", "body")


@dataclass(frozen=True, slots=True)
class _Field:
    """The terms of one name, as a set and by position."""

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


class _Words:
    """The terms of one text of an article."""

    def __init__(self, words: PlacedWords) -> None:
        self.families = frozenset(family for word in words for family in word.families)
        self.forms = frozenset(form for word in words for form in word.forms)
        self._words = words

    def has_phrase(self, phrase: WantedPhrase) -> bool:
        for options in phrase.forms:
            if self.forms.isdisjoint(options):
                return False
        return bool(self._words.starts(phrase))

    def has_prefix(self, prefix: WantedPrefix) -> bool:
        return any(form.startswith(prefix.prefixes) for form in self.forms)


class ArticleText:
    """The terms of an article, computed once for all clients of the live feed."""

    def __init__(self, article: Article) -> None:
        self.article = article
        found = article_words(article.model_dump(mode="python", include=READ))
        self.words = {name: PlacedWords(words) for name, words in found.items()}
        self._texts = {name: _Words(words) for name, words in self.words.items()}
        self._within: dict[tuple[str, ...], list[_Words]] = {}
        self.authors = [_Field.of(analyzer("ar_name"), article.byline)] if article.byline else []
        self.names = name_fields(
            [{"name": entity.name, "type": entity.type} for entity in article.entities],
            [{"speaker": quote.speaker} for quote in article.quotes],
        )

    def within(self, texts: tuple[str, ...]) -> list[_Words]:
        """Return the terms of the texts of these names that the article has; of all texts if none is named."""
        found = self._within.get(texts)
        if found is None:
            found = [words for name, words in self._texts.items() if not texts or name in texts]
            self._within[texts] = found
        return found

    @cached_property
    def families(self) -> frozenset[str]:
        """The families of all its words."""
        return frozenset[str]().union(*(words.families for words in self._texts.values()))

    @cached_property
    def anchor_terms(self) -> frozenset[str]:
        """All terms of the article that `LiveMatcher.anchors` may name."""
        article = self.article
        terms = {f"family {family}" for words in self._texts.values() for family in words.families}
        terms.update(f"form {form}" for words in self._texts.values() for form in words.forms)
        for field in FIELDS.values():
            terms.update(f"{field} key {key}" for key in self.names[field])
            terms.update(f"{field} {word}" for words in self.names[f"{field}_words"] for word in words.split())
        terms.update(f"country {place.country}" for place in article.places if place.country)
        terms.add(f"source {_normalize(article.source)}")
        terms.add(f"language {article.language}")
        if article.cluster is not None:
            terms.add(f"cluster {article.cluster.id}")
        return frozenset(terms)


class LiveMatcher:
    """A search compiled for matching many articles.

    Args:
        filters: the search. Its collections have the outlets that the scope gives at the time of each article.
        scope: the directory of sources; a search for collections needs it.

    Attributes:
        filters: the search.
        wanted: what its text query wants.
    """

    def __init__(self, filters: Filters, scope: SourceScope | None = None) -> None:
        if filters.collection and scope is None:
            raise ValueError("a search for collections needs the directory of sources")
        self.filters = filters
        self._scope = scope
        self.wanted = filters.wanted()
        # What the text query filters by (`source:almina`) is matched as the filter of that name.
        self._filters = {
            one: LiveMatcher(one_filter(one.name, one.value))
            for one in (*(one for choice in self.wanted.required for one in choice), *self.wanted.excluded)
            if isinstance(one, WantedFilter)
        }
        self._authors = [_phrase("ar_name", name) for name in filters.author]
        self._whole_places = {name[1:-1] for name in filters.place if is_quoted(name)}
        named = [name for name in filters.place if not is_quoted(name)]
        self._places = {_normalize(one) for name in named for one in (name, *names_with_country(name))}
        self._paths = {path for name in named for path in (name, *places_named(name))}
        self._sources = {_normalize(name) for name in filters.source}
        # Only what it asks for: thousands of standing searches ask for words alone.
        self._checks = tuple(self._make_checks())

    def matches(self, text: ArticleText) -> bool:
        """Return whether the article matches the search."""
        return (not self._checks or all(check(text) for check in self._checks)) and self._in_text(text)

    def _make_checks(self) -> Iterator[Callable[[ArticleText], bool]]:
        """Yield a test for each filter that is set, the cheap ones first."""
        filters, scope = self.filters, self._scope
        if filters.language:
            yield lambda text: text.article.language in filters.language
        if filters.source:
            yield lambda text: _normalize(text.article.source) in self._sources
        if filters.collection and scope is not None:
            yield lambda text: _normalize(text.article.source) in scope.outlets(filters.collection)
        if filters.country:
            yield lambda text: any(place.country in filters.country for place in text.article.places)
        if filters.cluster is not None:
            yield lambda text: text.article.cluster is not None and text.article.cluster.id == filters.cluster
        if filters.since is not None or filters.until is not None:
            yield lambda text: self._in_time(text.article)
        if filters.bbox is not None or filters.near is not None:
            yield lambda text: self._in_area(text.article.geo)
        if filters.place:
            yield lambda text: any(self._is_place(place) for place in text.article.places)
        if filters.author:
            yield lambda text: _any_phrase(text.authors, self._authors)
        if filters.person:
            yield lambda text: _has_name(text.names, "persons", "PER", filters.person)
        if filters.organisation:
            yield lambda text: _has_name(text.names, "organisations", "ORG", filters.organisation)
        if filters.said_by:
            yield lambda text: any(_has_name(text.names, SPEAKERS, kind, filters.said_by) for kind in FIELDS)

    def anchors(self) -> list[frozenset[str]]:
        """Return groups of terms, of each of which every matching article has at least one.

        The terms are those of `ArticleText.anchor_terms`. A search without any group has to be tried on every article.
        """
        filters, wanted = self.filters, self.wanted
        groups = [_any_word(words) for words in _covering(wanted.words, wanted.needed)]
        for choice in wanted.required:
            # One alternative must occur, with all of its words: take one word of each alternative.
            options = [self._terms_of(one) for one in choice]
            groups += [frozenset[str]().union(*picked) for picked in zip(*options, strict=False)]
        groups.append(frozenset(f"source {name}" for name in self._sources))
        groups.append(frozenset(f"country {code}" for code in filters.country))
        groups.append(frozenset(f"language {tag}" for tag in filters.language))
        groups.append(frozenset({f"cluster {filters.cluster}"} if filters.cluster is not None else ()))
        groups.append(_name_anchors("PER", filters.person))
        groups.append(_name_anchors("ORG", filters.organisation))
        # A speaker is a person or an organisation of the article, too.
        speakers = [_name_anchors(kind, filters.said_by) for kind in FIELDS]
        groups.append(frozenset[str]().union(*speakers) if all(speakers) else frozenset())
        return [group for group in groups if group]

    def _terms_of(self, wanted: Wanted) -> list[frozenset[str]]:
        """The anchor terms of each word of an operand, all of which occur with it, the longest word first."""
        if isinstance(wanted, WantedFilter):
            return self._filters[wanted].anchors()
        if isinstance(wanted, WantedPhrase):
            forms = sorted(wanted.forms, key=lambda options: -len(options[0]))
            return [frozenset(f"form {form}" for form in options) for options in forms]
        if isinstance(wanted, WantedPrefix):
            return []
        return [_terms(word) for word in sorted(wanted.words, key=lambda word: -len(word.form))]

    def _in_text(self, text: ArticleText) -> bool:
        # Each of thousands of standing searches passes here: loops are quicker than generators.
        wanted = self.wanted
        if wanted.needed:
            spare = len(wanted.words) - wanted.needed
            for word in wanted.words:
                spare -= not _has_word(word, text)
                if spare < 0:
                    return False
        for choice in wanted.required:
            for one in choice:
                if self.occurs(one, text):
                    break
            else:
                return False
        return not wanted.excluded or not any(self.excludes(one, text) for one in wanted.excluded)

    def occurs(self, wanted: Wanted, text: ArticleText) -> bool:
        """Return whether an article has something that the text query searches for."""
        if isinstance(wanted, WantedFilter):
            return self._filters[wanted].matches(text)
        if isinstance(wanted, WantedPhrase):
            return any(words.has_phrase(wanted) for words in text.within(wanted.texts or MAIN_TEXTS))
        if isinstance(wanted, WantedPrefix):
            return any(words.has_prefix(wanted) for words in text.within(wanted.texts or MAIN_TEXTS))
        return all(_has_word(word, text, wanted.texts) for word in wanted.words)

    def excludes(self, wanted: Wanted, text: ArticleText) -> bool:
        """Return whether an article has something that the text query excludes."""
        if not isinstance(wanted, WantedWords) or not any(word.families for word in wanted.words):
            return self.occurs(wanted, text)
        within = text.within(wanted.texts or MAIN_TEXTS)
        return all(
            any(not words.families.isdisjoint(word.families) for words in within)
            for word in wanted.words
            if word.families
        )

    def _in_time(self, article: Article) -> bool:
        time = article.listed_at
        since, until = self.filters.since, self.filters.until
        return (since is None or time >= since) and (until is None or time < until)

    def _in_area(self, points: Sequence[GeoPoint]) -> bool:
        box, near = self.filters.bbox, self.filters.near
        if box is not None and not any(_in_box(point, box) for point in points):
            return False
        return near is None or any(distance_km(near, (p.lat, p.lon)) <= self.filters.radius for p in points)

    def _is_place(self, place: Place) -> bool:
        if place.name in self._whole_places or not self._paths.isdisjoint(paths(place)):
            return True
        with_country = f"{place.country or '-'}/{place.name}" if place.kind != "country" else ""
        names = {*map(_normalize, (place.name, place.name_en or "", with_country)), str(place.geonameid or "")}
        return not self._places.isdisjoint(names - {""})


def _terms(word: WantedWord) -> frozenset[str]:
    """The anchor terms by which a word is found."""
    return frozenset(f"family {family}" for family in word.families) or frozenset({f"form {word.form}"})


def _any_word(words: Iterable[WantedWord]) -> frozenset[str]:
    return frozenset[str]().union(*map(_terms, words))


def _covering(words: Sequence[WantedWord], needed: int) -> Iterator[Sequence[WantedWord]]:
    """Yield sets of words of which an article with `needed` of all words has at least one.

    Of `n` words at most `n - needed` are missing, so any `n - needed + 1` of them are such a set. The longest words are
    the rarest.
    """
    size = len(words) - needed + 1
    if needed > 0 and size > 0:
        ordered = sorted(words, key=lambda word: -len(word.form))
        for start in range(0, len(ordered) - size + 1, size):
            yield ordered[start : start + size]


def _has_word(word: WantedWord, text: ArticleText, texts: tuple[str, ...] = ()) -> bool:
    if word.families and not texts:
        return not text.families.isdisjoint(word.families)
    if not word.families:
        within = tuple(name for name in SCORED_TEXTS if not texts or name in texts)
        return bool(within) and any(word.form in words.forms for words in text.within(within))
    return any(not words.families.isdisjoint(word.families) for words in text.within(texts))


def _has_name(names: Mapping[str, Sequence[str]], field: str, kind: NameKind, wanted: Sequence[str]) -> bool:
    return not wanted or any(_is_named(names, field, kind, value) for value in wanted)


def _name_anchors(kind: NameKind, values: Sequence[str]) -> frozenset[str]:
    """Return terms of which an article with one of these names has one; none if a value has no word."""
    terms = set()
    for value in values:
        whole = value[1:-1] if is_quoted(value) else value
        if not (words := name_words(whole, kind)):
            return frozenset()
        terms.add(f"{FIELDS[kind]} key {name_key(whole, kind)}")
        if not is_quoted(value):
            terms.add(f"{FIELDS[kind]} {max(words, key=len)}")
    return frozenset(terms)


def _is_named(names: Mapping[str, Sequence[str]], field: str, kind: NameKind, value: str) -> bool:
    if is_quoted(value):
        return name_key(value[1:-1], kind) in names[field]
    runs = [f" {' '.join(words)} " for words in phrases(value, kind)]
    return name_key(value, kind) in names[field] or any(
        run in f" {words} " for words in names[f"{field}_words"] for run in runs
    )


def _any_phrase(fields: Iterable[_Field], phrases: Sequence[list[tuple[int, str]]]) -> bool:
    return any(field.has_phrase(phrase) for field in fields for phrase in phrases)


def _phrase(name: str, text: str) -> list[tuple[int, str]]:
    return [(term.position, term.text) for term in analyzer(name).terms(text)]


def _normalize(name: str) -> str:
    return name_normalizer()(name)


def _in_box(point: GeoPoint, box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    inside = west <= point.lon <= east if west <= east else point.lon >= west or point.lon <= east
    return south <= point.lat <= north and inside
