"""Queries as they are sent. What they find is tested on the real server (tests/pipeline/search)."""

from streams.search.query import (
    MOST_WORDS,
    SOME_WORDS,
    build_facets,
    build_map,
    build_query,
    build_search,
    build_stories,
    sort_order,
)
from streams.search.request import MAX_FOLDED, Filters, SearchRequest, write_cursor


def test_without_anything_asked_for_all_articles_match_newest_first() -> None:
    request = SearchRequest(fold=False)
    assert build_query(request) == {"match_all": {}}
    assert sort_order(request) == [{"@timestamp": "desc"}, {"id": "desc"}]


def test_filters_never_score_and_different_ones_narrow_each_other() -> None:
    filters = Filters.model_validate(
        {
            "q": "هجوم",
            "country": ["ye", "sa"],
            "place": ["108410"],
            "near": "24,46",
            "cluster": "c1",
            "to": "2024-01-01",
        }
    )
    clauses = build_query(filters)["bool"]
    assert len(clauses["must"]) == 1
    assert {"terms": {"facets.countries": ["YE", "SA"]}} in clauses["filter"]
    assert {"term": {"cluster.id": "c1"}} in clauses["filter"]
    assert {"range": {"@timestamp": {"lt": "2024-01-01T00:00:00+00:00"}}} in clauses["filter"]
    assert {"geo_distance": {"distance": "50.0km", "geo": {"lat": 24.0, "lon": 46.0}}} in clauses["filter"]
    places = next(clause["bool"]["should"] for clause in clauses["filter"] if "bool" in clause)
    assert {"term": {"places.geonameid": 108410}} in places
    assert len(clauses["filter"]) == 5


def test_only_pages_by_relevance_may_show_weak_matches() -> None:
    def needed(**values: str) -> str:
        body = build_search(SearchRequest.model_validate({"q": "هجوم صنعاء عدن"} | values))
        return str(body["query"]["bool"]["must"][0]["multi_match"]["minimum_should_match"])

    assert needed() == SOME_WORDS
    assert needed(sort="time") == MOST_WORDS
    counted = build_facets(Filters(q="هجوم صنعاء عدن"), 5)["query"]["bool"]["must"][0]
    assert counted["multi_match"]["minimum_should_match"] == MOST_WORDS


def test_phrases_are_exact_and_choices_need_one_of_theirs() -> None:
    clauses = build_query(Filters(q="«مجلس الأمن» صنعاء أو عدن -رياضة"))["bool"]
    phrase, choice = (clause for clause in clauses["must"])
    assert phrase["multi_match"]["type"] == "phrase"
    assert all(".exact" in field for field in phrase["multi_match"]["fields"])
    assert choice["bool"]["minimum_should_match"] == 1
    assert [option["multi_match"]["query"] for option in choice["bool"]["should"]] == ["صنعاء", "عدن"]
    assert [clause["multi_match"]["query"] for clause in clauses["must_not"]] == ["رياضة"]


def test_folded_pages_are_counted_and_end_within_the_limit() -> None:
    body = build_search(SearchRequest(q="هجوم", size=50, cursor=write_cursor(MAX_FOLDED - 20)))
    assert (body["from"], body["size"]) == (MAX_FOLDED - 20, 20)
    assert body["collapse"]["field"] == "facets.fold"
    assert "search_after" not in body


def test_unfolded_pages_follow_the_sort_values() -> None:
    after = [3.5, 1700000000000, "a9"]
    body = build_search(SearchRequest(q="هجوم", fold=False, cursor=write_cursor(after)))
    assert body["search_after"] == after
    assert "from" not in body
    assert "collapse" not in body


def test_every_search_has_a_bound() -> None:
    body = build_search(SearchRequest(q="هجوم"))
    assert body["timeout"]
    assert body["track_total_hits"] is not True
    assert build_stories(SearchRequest(q="هجوم"), ["c1"])["timeout"]


def test_stories_are_counted_among_what_matches() -> None:
    request = SearchRequest(q="هجوم صنعاء عدن")
    body = build_stories(request, ["c1", "c2"])
    assert body["query"]["bool"]["filter"] == [
        {"terms": {"facets.fold": ["c1", "c2"]}},
        build_search(request)["query"],
    ]
    assert "aggs" not in body["aggs"]["stories"]
    listed = build_stories(request.model_copy(update={"copies": 3}), ["c1"])
    assert listed["query"]["bool"]["must"] == [build_search(request)["query"]], "copies are sorted by score"
    assert listed["aggs"]["stories"]["aggs"]["copies"]["top_hits"]["size"] == 4


def test_names_are_counted_by_value_unless_everything_is_counted() -> None:
    def hints(filters: Filters) -> set[str]:
        return {name for name, count in build_facets(filters, 5)["aggs"].items() if "execution_hint" in count["terms"]}

    assert hints(Filters()) == set()
    assert hints(Filters(q="هجوم")) == hints(Filters(place=("عدن",))) == {"persons", "organisations", "places"}


def test_map_tiles_stay_inside_the_box() -> None:
    body = build_map(Filters.model_validate({"bbox": "34,22,60,33"}), zoom=5, size=10)
    grid = body["aggs"]["tiles"]["geotile_grid"]
    assert grid["bounds"]["top_left"] == {"lat": 33.0, "lon": 34.0}
