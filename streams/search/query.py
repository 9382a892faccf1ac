"""Builds Elasticsearch queries from search requests. Pure; used by the command, the API and exports.

The weights of fields scored best in benchmarks/search. Which articles match does not depend on the order of hits or on
what is asked about them: pages, facets, timeline, map, exports and the live feed all use `build_query`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from streams.search.places import names_with_country, places_named
from streams.search.request import MAX_FOLDED, Filters, SearchRequest
from streams.search.wanted import (
    Wanted,
    WantedFilter,
    WantedPhrase,
    WantedPrefix,
    WantedText,
    WantedWord,
    WantedWords,
)
from streams.words.index import JOINT
from streams.words.names import SPEAKERS, NameKind, is_quoted, name_key, phrases

Body = dict[str, Any]

# Fields that words are found in, with their weights in the score, and the further score where the article has the same
# form as the query.
WORD_FIELDS = {"families.body": 1.0, "families.title": 0.5, "families.subtitle": 0.25, "families.captions": 0.1}
FORM_FIELDS = {"forms.body": 0.3, "forms.title": 0.15}
PHRASE_FIELDS = {"forms.body": 1.0, "forms.title": 0.5, "forms.subtitle": 0.25}
EXCLUDED_TEXTS = ("body", "title", "subtitle")

# The server then returns what it has collected and reports `timed_out`.
TIMEOUT = "5s"
COUNT_UP_TO = 10_000
SPOKEN = f"names.{SPEAKERS}"
FORMS_ANALYZER = "word_forms"
FOLD = "facets.fold"
HELPERS = ("facets", "forms", "families", "names", "@timestamp")
# Fields in the summary of an article that is listed as a copy.
OUTLINE = ("id", "url", "source", "title", "published_at", "fetched_at", "ingested_at", "cluster.relation")
# Number of clusters; approximate above the threshold.
STORIES: Body = {"cardinality": {"field": FOLD, "precision_threshold": 1000}}
FOLDED_VALUES = 3
# Places of matching articles by which tiles are located, the most frequent ones.
MAP_PLACES = 5000
FACETS = {
    "persons": "names.persons",
    "organisations": "names.organisations",
    "places": "facets.places",
    "countries": "facets.countries",
    "divisions": "facets.divisions",
    "main_places": "facets.main_place",
    "sources": "source",
    "languages": "language",
}
# When an article was published; where that is unknown, when it was fetched, else when it arrived (`Article.listed_at`).
FIRST_APPEARED: tuple[Body, ...] = ({"@timestamp": "asc"}, {"ingested_at": "asc"}, {"id": "asc"})
# Facets whose values are keys of names, and the fields of the names as printed.
PRINTED_NAMES = {"persons": "facets.persons", "organisations": "facets.organisations"}
_MANY_VALUES = frozenset({"persons", "organisations", "places", *(f"{name}_printed" for name in PRINTED_NAMES)})
Interval = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]


def build_query(filters: Filters) -> Body:
    """Build the query of these filters. Only the text query contributes to the score."""
    clauses: Body = {}
    wanted = filters.wanted()
    if must := _must(wanted):
        clauses["must"] = must
    if selected := _filter(filters):
        clauses["filter"] = selected
    if wanted.excluded:
        clauses["must_not"] = [_excluded(one) for one in wanted.excluded]
    return {"bool": clauses} if clauses else {"match_all": {}}


def _must(wanted: WantedText) -> list[Body]:
    must: list[Body] = []
    if wanted.words:
        words = [_word(word) for word in wanted.words]
        must.append({"bool": {"should": words, "minimum_should_match": wanted.needed}})
    must += [_any([_operand(one) for one in choice]) for choice in wanted.required]
    return must


def _operand(wanted: Wanted) -> Body:
    if isinstance(wanted, WantedPhrase):
        return _phrase(wanted)
    if isinstance(wanted, WantedPrefix):
        return _prefix(wanted)
    if isinstance(wanted, WantedFilter):
        return {"bool": {"filter": _filter(one_filter(wanted.name, wanted.value))}}
    words = [_word(word, wanted.texts) for word in wanted.words]
    return words[0] if len(words) == 1 else {"bool": {"must": words}}


def one_filter(name: str, value: str) -> Filters:
    """Return filters that select by one value of one filter, which a text query names (`source:almina`)."""
    return Filters.model_validate({name: [value]})


def _word(word: WantedWord, texts: Sequence[str] = ()) -> Body:
    """Build the query of one word: it is found by its families; its form adds to the score."""
    forms = [_term(field, word.form, weight) for field, weight in _within(FORM_FIELDS, texts)]
    if not word.families:
        return {"bool": {"should": forms, "minimum_should_match": 1}} if forms else {"match_none": {}}
    fields = _within(WORD_FIELDS, texts)
    found = [_term(field, family, weight) for family in word.families for field, weight in fields]
    return {"bool": {"must": {"bool": {"should": found, "minimum_should_match": 1}}, "should": forms}}


def _within(fields: Mapping[str, float], texts: Sequence[str]) -> list[tuple[str, float]]:
    """Return the fields of these texts with their weights; all fields if no text is named."""
    return [(field, weight) for field, weight in fields.items() if not texts or field.partition(".")[2] in texts]


def _term(field: str, term: str, weight: float) -> Body:
    return {"term": {field: term if weight == 1 else {"value": term, "boost": weight}}}


def _phrase(phrase: WantedPhrase) -> Body:
    fields = _within(PHRASE_FIELDS, phrase.texts)
    if phrase.printed:
        return _any([_span(field, phrase, weight) for field, weight in fields])
    text = " ".join(JOINT.join(forms) for forms in phrase.forms)
    return _any(
        [
            {"match_phrase": {field: {"query": text, "analyzer": FORMS_ANALYZER, "boost": weight}}}
            for field, weight in fields
        ]
    )


def _span(field: str, phrase: WantedPhrase, weight: float) -> Body:
    """Build the query of a phrase with words that must not be printed otherwise than they are normalised."""

    otherwise = dict(phrase.printed)

    def word(number: int, forms: Sequence[str]) -> Body:
        options: list[Body] = [{"span_term": {field: form}} for form in forms]
        one: Body = options[0] if len(options) == 1 else {"span_or": {"clauses": options}}
        if number not in otherwise:
            return one
        other: Body = {"span_multi": {"match": {"regexp": {field: {"value": otherwise[number]}}}}}
        return {"span_not": {"include": one, "exclude": other}}

    words = [word(number, forms) for number, forms in enumerate(phrase.forms)]
    if len(words) == 1:
        return {"bool": {"must": words, "boost": weight}}
    return {"span_near": {"clauses": words, "slop": 0, "in_order": True, "boost": weight}}


def _prefix(wanted: WantedPrefix) -> Body:
    fields = _within(PHRASE_FIELDS, wanted.texts)
    return _any(
        [
            {"prefix": {field: {"value": prefix, "boost": weight}}}
            for prefix in wanted.prefixes
            for field, weight in fields
        ]
    )


def _excluded(wanted: Wanted) -> Body:
    if not isinstance(wanted, WantedWords):
        return _operand(wanted)
    texts = wanted.texts or EXCLUDED_TEXTS
    words = [
        _any([{"terms": {f"families.{text}": list(word.families)}} for text in texts])
        for word in wanted.words
        if word.families
    ]
    if not words:
        return _operand(wanted)  # title:في
    return words[0] if len(words) == 1 else {"bool": {"must": words}}


def _filter(filters: Filters) -> list[Body]:
    selected: list[Body] = []
    if filters.place:
        selected.append(_any([option for name in filters.place for option in _place(name)]))
    if filters.author:
        selected.append(_any([{"match_phrase": {"byline.words": name}} for name in filters.author]))
    if filters.person:
        selected.append(_any([option for name in filters.person for option in _name(name, "PER", "names.persons")]))
    if filters.organisation:
        field = "names.organisations"
        selected.append(_any([option for name in filters.organisation for option in _name(name, "ORG", field)]))
    if filters.said_by:
        kinds: tuple[NameKind, ...] = ("PER", "ORG")
        options = [option for name in filters.said_by for kind in kinds for option in _name(name, kind, SPOKEN)]
        selected.append(_any(list({str(option): option for option in options}.values())))
    for field, values in (
        ("facets.countries", filters.country),
        ("source.fold", filters.source),
        ("language", filters.language),
    ):
        if values:
            selected.append({"terms": {field: list(values)}})
    if filters.collection:
        selected.append({"terms": {"source.fold": list(filters.outlets)}})
    if filters.cluster is not None:
        selected.append({"term": {"cluster.id": filters.cluster}})
    if (times := _times(filters)) is not None:
        selected.append(times)
    return selected + _area(filters)


def _name(value: str, kind: NameKind, field: str) -> list[Body]:
    """Build the alternatives for one name: in quotes a whole name, else also some of its words."""
    if is_quoted(value):
        return [{"term": {field: name_key(value[1:-1], kind)}}]
    runs = [{"match_phrase": {f"{field}_words": " ".join(words)}} for words in phrases(value, kind)]
    return [{"term": {field: name_key(value, kind)}}, *runs]


def _place(name: str) -> list[Body]:
    """Build the alternatives for one place: in quotes, a name as the facet shows it; else all that lies in it, too."""
    if is_quoted(name):
        return [{"term": {"facets.places": name[1:-1]}}]
    options: list[Body] = [
        {"terms": {"facets.place_names": [name, *names_with_country(name)]}},
        {"terms": {"facets.place_path": [name, *places_named(name)]}},
    ]
    if name.isascii() and name.isdigit() and len(name) <= 18:
        options.append({"term": {"places.geonameid": int(name)}})
    return options


def _times(filters: Filters) -> Body | None:
    bounds = {
        name: value.isoformat() for name, value in (("gte", filters.since), ("lt", filters.until)) if value is not None
    }
    return {"range": {"@timestamp": bounds}} if bounds else None


def _area(filters: Filters) -> list[Body]:
    area: list[Body] = []
    if filters.bbox is not None:
        west, south, east, north = filters.bbox
        corners = {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}
        area.append({"geo_bounding_box": {"geo": corners}})
    if filters.near is not None:
        lat, lon = filters.near
        area.append({"geo_distance": {"distance": f"{filters.radius}km", "geo": {"lat": lat, "lon": lon}}})
    return area


def _any(options: list[Body]) -> Body:
    return options[0] if len(options) == 1 else {"bool": {"should": options, "minimum_should_match": 1}}


def build_search(request: SearchRequest) -> Body:
    """Build the search for one page, with folding."""
    sort = sort_order(request)
    body: Body = {
        "query": build_query(request),
        "sort": sort,
        "size": request.size,
        "timeout": TIMEOUT,
        "track_total_hits": COUNT_UP_TO,
        "_source": {"excludes": list(HELPERS)},
    }
    position = request.position()
    if request.fold:
        # search_after cannot page through collapsed hits, so folded pages use an offset, up to MAX_FOLDED.
        offset = position if isinstance(position, int) else 0
        body["from"] = offset
        body["size"] = min(request.size, MAX_FOLDED - offset)
        body["collapse"] = {"field": FOLD}
    elif position is not None:
        body["search_after"] = position
    return body


def build_stories(request: SearchRequest, folds: Sequence[str]) -> Body:
    """Build the search for the number of matching articles in each story, and for its best copies.

    It is separate from `build_search` because `inner_hits` would run one search per hit, half of a page's time.

    Args:
        request: the search whose folded page has these stories.
        folds: the stories, by their values of `facets.fold`.
    """
    own = build_query(request)
    stories: Body = {"terms": {"field": FOLD, "size": max(1, len(folds)), "execution_hint": "map"}}
    if request.copies:
        # One more than requested, as the hit itself is among them.
        best: Body = {"size": request.copies + 1, "sort": sort_order(request), "_source": list(OUTLINE)}
        stories["aggs"] = {"copies": {"top_hits": best}}
    selected: Body = {"terms": {FOLD: list(folds)}}
    return {
        "query": {"bool": {"must": [own], "filter": [selected]} if request.copies else {"filter": [selected, own]}},
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "aggs": {"stories": stories},
    }


def build_firsts(folds: Sequence[str]) -> Body:
    """Build the search for the article of each story that appeared first, whether or not it matches the request.

    Args:
        folds: the stories, by their values of `facets.fold`.
    """
    return {
        "query": {"bool": {"filter": {"terms": {FOLD: list(folds)}}}},
        "collapse": {"field": FOLD},
        "sort": list(FIRST_APPEARED),
        "size": len(folds),
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "_source": list(OUTLINE),
    }


def sort_order(request: SearchRequest) -> list[Body]:
    """Return the sort clauses. The id comes last as a tie-breaker."""
    newest: list[Body] = [{"@timestamp": "desc"}, {"id": "desc"}]
    return [{"_score": "desc"}, *newest] if request.scored() else newest


def build_article(article_id: str) -> Body:
    """Build the search for one article by its id."""
    return {
        "query": {"term": {"id": article_id}},
        "size": 1,
        "timeout": TIMEOUT,
        "_source": {"excludes": list(HELPERS)},
    }


def build_known(urls: Sequence[str]) -> Body:
    """Build the search for the articles at these addresses. A page may have several."""
    return {
        "query": {"bool": {"filter": {"terms": {"url": list(urls)}}}},
        "size": 10_000,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "_source": ["url"],
    }


def build_copies(cluster_id: str, article_id: str, size: int) -> Body:
    """Build the search for the other articles of a cluster, in the order in which they appeared."""
    return {
        "query": {"bool": {"filter": {"term": {"cluster.id": cluster_id}}, "must_not": {"term": {"id": article_id}}}},
        "sort": list(FIRST_APPEARED),
        "size": size,
        "_source": list(OUTLINE),
        "timeout": TIMEOUT,
    }


def build_count(filters: Filters) -> Body:
    """Build the question whether any article matches."""
    return {"query": build_query(filters), "size": 0, "timeout": TIMEOUT, "terminate_after": 1}


def build_facets(filters: Filters, size: int, *, fold: bool = False, names: Collection[str] = FACETS) -> Body:
    """Build the aggregation of the `size` most frequent values of these facets, by default of all.

    With `fold`, it has the stories of each value, and three times the values: those with most articles may have few
    stories.
    """
    query = build_query(filters)
    size = size * FOLDED_VALUES if fold else size
    aggregations: Body = {name: {"terms": {"field": FACETS[name], "size": size}} for name in names}
    for name, field in PRINTED_NAMES.items():
        if name in names:
            aggregations[f"{name}_printed"] = {"terms": {"field": field, "size": 4 * size + 20}}
    if "match_all" not in query:
        # By default, Elasticsearch builds global ordinals of all values in the index, again after each refresh. With
        # many names that takes longer than counting the values of the matching articles. It pays if all match.
        for name in aggregations.keys() & _MANY_VALUES:
            aggregations[name]["terms"]["execution_hint"] = "map"
    if fold:
        for counted in aggregations.values():
            counted["aggs"] = {"stories": STORIES}
        aggregations["stories"] = STORIES
    return {
        "query": query,
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": True,
        "aggs": aggregations,
    }


def build_overview(filters: Filters, size: int, names: Collection[str], interval: Interval, zone: str) -> Body:
    """Build the facets of `build_facets`, and the histogram of articles over time, in one search."""
    body = build_facets(filters, size, names=names)
    body["aggs"]["timeline"] = _over_time(interval, zone)
    return body


def build_printed_names(filters: Filters, field: str, keyed: str, keys: Sequence[str]) -> Body:
    """Build the aggregation of the most frequent printed names in the articles that have each key of a name.

    Args:
        filters: the filters of the facets.
        field: where the names are as printed.
        keyed: where their keys are.
        keys: the keys.
    """
    names = {"names": {"terms": {"field": field, "size": 200, "execution_hint": "map"}}}
    return {
        "query": build_query(filters),
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "aggs": {str(number): {"filter": {"term": {keyed: key}}, "aggs": names} for number, key in enumerate(keys)},
    }


def build_timeline(filters: Filters, interval: Interval, zone: str) -> Body:
    """Build the histogram of articles and stories over time, without empty intervals."""
    return {
        "query": build_query(filters),
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": True,
        "aggs": {"timeline": _over_time(interval, zone) | {"aggs": {"stories": STORIES}}},
    }


def _over_time(interval: Interval, zone: str) -> Body:
    steps = {"field": "@timestamp", "calendar_interval": interval, "time_zone": zone, "min_doc_count": 1}
    return {"date_histogram": steps}


def build_map(filters: Filters, zoom: int, size: int) -> Body:
    """Build the aggregation of articles by map tile (Web Mercator, z/x/y), and of the places that they name."""
    query = build_query(filters)
    grid: Body = {"field": "geo", "precision": zoom, "size": size}
    if filters.bbox is not None:
        west, south, east, north = filters.bbox
        # An article with points inside and outside the box counts in the tiles inside only.
        grid["bounds"] = {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}
    # An article's places are not parted by tile: the places are counted apart and assigned to tiles afterwards.
    places: Body = {"terms": {"field": "facets.place_points", "size": MAP_PLACES}}
    if "match_all" not in query:
        places["terms"]["execution_hint"] = "map"
    return {
        "query": query,
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": True,
        "aggs": {"tiles": {"geotile_grid": grid, "aggs": {"stories": STORIES}}, "places": places},
    }
