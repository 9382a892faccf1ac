"""Builds Elasticsearch queries from search requests. Pure; used by the command, the API and exports.

The field weights and `minimum_should_match` scored best in benchmarks/search. How many of the plain words an article
needs depends on the use. A page sorted by relevance may include weak matches, as they come last, and requiring most
words would lose good ones (docs/explanation/search.md). Where all matches count the same (newest first, facets,
timeline, map, live feed), most words are required.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from streams.search.request import MAX_FOLDED, Filters, SearchRequest
from streams.search.syntax import Operand, ParsedQuery

Body = dict[str, Any]

WORD_FIELDS = ("body", "body.exact^0.3", "title^0.5", "title.exact^0.15", "subtitle^0.25", "captions.text^0.1")
PHRASE_FIELDS = ("body.exact", "title.exact^0.5", "subtitle.exact^0.25")
EXCLUDED_FIELDS = ("body", "title", "subtitle")
EXCLUDED_PHRASE_FIELDS = ("body.exact", "title.exact", "subtitle.exact")

# minimum_should_match by number of words: all of one or two, three quarters of more.
MOST_WORDS = "2<75%"
# One of two or three, a third of more.
SOME_WORDS = "1<50% 3<34%"

# Marks around highlighted words: Unicode noncharacters, which no text contains (Unicode 16, section 23.7).
MARK_START, MARK_END = "\ufdd0", "\ufdd1"

# The server then returns what it has collected and reports `timed_out`.
TIMEOUT = "5s"
COUNT_UP_TO = 10_000
FOLD = "facets.fold"
HELPERS = ("facets", "@timestamp")
# Fields in the summary of an article that is listed as a copy.
OUTLINE = ("id", "url", "source", "title", "published_at", "ingested_at", "cluster.relation")
FACETS = {
    "persons": "facets.persons",
    "organisations": "facets.organisations",
    "places": "facets.places",
    "countries": "facets.countries",
    "divisions": "facets.divisions",
    "main_places": "facets.main_place",
    "sources": "source",
    "languages": "language",
}
_FIRST_SEEN: tuple[Body, ...] = ({"ingested_at": "asc"}, {"id": "asc"})
MANY_VALUES = ("persons", "organisations", "places")
Interval = Literal["hour", "day", "week", "month"]


def build_query(filters: Filters, needed: str = MOST_WORDS) -> Body:
    """Build the query of these filters. Only the text query contributes to the score.

    Args:
        filters: what to search for.
        needed: MOST_WORDS or SOME_WORDS.
    """
    clauses: Body = {}
    parsed = filters.parsed()
    if must := _must(parsed, needed):
        clauses["must"] = must
    if selected := _filter(filters):
        clauses["filter"] = selected
    if parsed.excluded:
        clauses["must_not"] = [
            _multi_match(o, EXCLUDED_PHRASE_FIELDS if o.phrase else EXCLUDED_FIELDS) for o in parsed.excluded
        ]
    return {"bool": clauses} if clauses else {"match_all": {}}


def _must(parsed: ParsedQuery, needed: str) -> list[Body]:
    must: list[Body] = []
    if parsed.words:
        must.append(
            {
                "multi_match": {
                    "query": " ".join(parsed.words),
                    "type": "most_fields",
                    "fields": list(WORD_FIELDS),
                    "minimum_should_match": needed,
                }
            }
        )
    for choice in parsed.required:
        options = [_multi_match(o, PHRASE_FIELDS if o.phrase else WORD_FIELDS) for o in choice]
        must.append(options[0] if len(options) == 1 else {"bool": {"should": options, "minimum_should_match": 1}})
    return must


def _multi_match(operand: Operand, fields: tuple[str, ...]) -> Body:
    # An unquoted operand may have several tokens (كوفيد-19); all are required.
    how: Body = {"type": "phrase"} if operand.phrase else {"type": "most_fields", "operator": "and"}
    return {"multi_match": {"query": operand.text, "fields": list(fields), **how}}


def _filter(filters: Filters) -> list[Body]:
    selected: list[Body] = []
    if filters.place:
        selected.append(_any([option for name in filters.place for option in _place(name)]))
    if filters.person:
        selected.append(_any([{"match_phrase": {"facets.persons.words": name}} for name in filters.person]))
    if filters.organisation:
        selected.append(_any([{"match_phrase": {"facets.organisations.words": name}} for name in filters.organisation]))
    for field, values in (
        ("facets.countries", filters.country),
        ("source.fold", filters.source),
        ("language", filters.language),
    ):
        if values:
            selected.append({"terms": {field: list(values)}})
    if filters.cluster is not None:
        selected.append({"term": {"cluster.id": filters.cluster}})
    if (times := _times(filters)) is not None:
        selected.append(times)
    return selected + _area(filters)


def _place(name: str) -> list[Body]:
    options: list[Body] = [{"term": {"facets.place_names": name}}, {"term": {"facets.place_path": name}}]
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
    """Build the search for one page, with highlighting and folding."""
    sort = sort_order(request)
    body: Body = {
        "query": build_query(request, SOME_WORDS if request.scored() else MOST_WORDS),
        "sort": sort,
        "size": request.size,
        "timeout": TIMEOUT,
        "track_total_hits": COUNT_UP_TO,
        "_source": {"excludes": list(HELPERS)},
        "highlight": _highlight(request.parsed()),
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
    own = build_query(request, SOME_WORDS if request.scored() else MOST_WORDS)
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
    """Build the search for the earliest article of each story, whether or not it matches the request.

    Args:
        folds: the stories, by their values of `facets.fold`.
    """
    return {
        "query": {"bool": {"filter": {"terms": {FOLD: list(folds)}}}},
        "collapse": {"field": FOLD},
        "sort": list(_FIRST_SEEN),
        "size": len(folds),
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "_source": list(OUTLINE),
    }


def sort_order(request: SearchRequest) -> list[Body]:
    """Return the sort clauses. The id comes last as a tie-breaker."""
    newest: list[Body] = [{"@timestamp": "desc"}, {"id": "desc"}]
    return [{"_score": "desc"}, *newest] if request.scored() else newest


def _highlight(parsed: ParsedQuery) -> Body:
    fields: dict[str, Body] = {
        "title": {"number_of_fragments": 0},
        "subtitle": {"number_of_fragments": 0},
        "body": {"fragment_size": 180, "number_of_fragments": 2, "no_match_size": 180, "order": "score"},
    }
    for name, field in fields.items():
        field["highlight_query"] = _marked(parsed, name)
        if any(operand.phrase for choice in parsed.required for operand in choice):
            # Phrases match in the exact sub-fields. A word that matches there also matches in the stemmed field, and
            # highlighting both takes a fifth of a page's time, so the sub-fields are added for phrases alone.
            field["matched_fields"] = [name, f"{name}.exact"]
    return {"type": "unified", "pre_tags": [MARK_START], "post_tags": [MARK_END], "fields": fields}


def _marked(parsed: ParsedQuery, field: str) -> Body:
    """Build the highlight query of one field. The whole query would be evaluated for each field of each hit."""
    wanted: list[Body] = [{"match": {field: " ".join(parsed.words)}}] if parsed.words else []
    for operand in (operand for choice in parsed.required for operand in choice):
        if operand.phrase:
            wanted.append({"match_phrase": {f"{field}.exact": operand.text}})
        else:
            wanted.append({"match": {field: {"query": operand.text, "operator": "and"}}})
    return {"bool": {"should": wanted}} if wanted else {"match_none": {}}


def build_article(article_id: str) -> Body:
    """Build the search for one article by its id."""
    return {
        "query": {"term": {"id": article_id}},
        "size": 1,
        "timeout": TIMEOUT,
        "_source": {"excludes": list(HELPERS)},
    }


def build_copies(cluster_id: str, article_id: str, size: int) -> Body:
    """Build the search for the other articles of a cluster, in order of arrival."""
    return {
        "query": {"bool": {"filter": {"term": {"cluster.id": cluster_id}}, "must_not": {"term": {"id": article_id}}}},
        "sort": list(_FIRST_SEEN),
        "size": size,
        "_source": list(OUTLINE),
        "timeout": TIMEOUT,
    }


def build_facets(filters: Filters, size: int) -> Body:
    """Build the aggregation of the `size` most frequent values of each facet."""
    query = build_query(filters)
    aggregations: Body = {name: {"terms": {"field": field, "size": size}} for name, field in FACETS.items()}
    if "match_all" not in query:
        # By default, Elasticsearch builds global ordinals of all values in the index, again after each refresh. With
        # many names that takes longer than counting the values of the matching articles. It pays if all match.
        for name in MANY_VALUES:
            aggregations[name]["terms"]["execution_hint"] = "map"
    return {
        "query": query,
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": True,
        "aggs": aggregations,
    }


def build_timeline(filters: Filters, interval: Interval, zone: str) -> Body:
    """Build the histogram of articles and stories over time, without empty intervals."""
    return {
        "query": build_query(filters),
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": True,
        "aggs": {
            "timeline": {
                "date_histogram": {
                    "field": "@timestamp",
                    "calendar_interval": interval,
                    "time_zone": zone,
                    "min_doc_count": 1,
                },
                "aggs": {"stories": {"cardinality": {"field": FOLD, "precision_threshold": 1000}}},
            }
        },
    }


def build_map(filters: Filters, zoom: int, size: int) -> Body:
    """Build the aggregation of articles by map tile (Web Mercator, z/x/y)."""
    grid: Body = {"field": "geo", "precision": zoom, "size": size}
    if filters.bbox is not None:
        west, south, east, north = filters.bbox
        # An article with points inside and outside the box counts in the tiles inside only.
        grid["bounds"] = {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}
    return {
        "query": build_query(filters),
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": True,
        "aggs": {"tiles": {"geotile_grid": grid}},
    }
