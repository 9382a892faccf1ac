"""Queries as they are sent. What they find is tested on the real server (tests/pipeline/search)."""

import pytest

from streams.search.query import (
    build_facets,
    build_map,
    build_query,
    build_search,
    build_stories,
    sort_order,
)
from streams.search.request import MAX_FOLDED, Filters, SearchRequest, write_cursor
from streams.search.wanted import is_question, needed_words


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


def test_what_matches_does_not_depend_on_the_order_or_on_what_is_asked() -> None:
    values = {"q": "هجوم صنعاء عدن «مجلس الأمن» -رياضة"}
    by_score = build_search(SearchRequest.model_validate(values))["query"]
    assert build_search(SearchRequest.model_validate(values | {"sort": "time"}))["query"] == by_score
    assert build_facets(Filters.model_validate(values), 5)["query"] == by_score
    assert by_score["bool"]["must"][0]["bool"]["minimum_should_match"] == needed_words(3)


def test_a_word_is_found_by_its_families_and_its_form_only_adds_to_the_score() -> None:
    (word,) = build_query(Filters(q="للوزراء"))["bool"]["must"][0]["bool"]["should"]
    assert {"term": {"families.body": "وزير"}} in word["bool"]["must"]["bool"]["should"]
    assert word["bool"]["must"]["bool"]["minimum_should_match"] == 1
    assert {"term": {"forms.body": {"value": "للوزراء", "boost": 0.3}}} in word["bool"]["should"]


def test_phrases_are_exact_and_choices_need_one_of_theirs() -> None:
    clauses = build_query(Filters(q="«مجلس الأمن» صنعاء أو عدن -رياضة"))["bool"]
    phrase, choice = (clause for clause in clauses["must"])
    fields = [next(iter(option["match_phrase"])) for option in phrase["bool"]["should"]]
    assert fields == ["forms.body", "forms.title", "forms.subtitle"]
    assert phrase["bool"]["should"][0]["match_phrase"]["forms.body"]["query"] == "مجلس|~مجلس الامن"
    assert choice["bool"]["minimum_should_match"] == 1
    assert len(choice["bool"]["should"]) == 2
    (excluded,) = clauses["must_not"]
    assert {"terms": {"families.body": ["رياض"]}} in excluded["bool"]["should"]


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
    assert hints(Filters(q="هجوم")) == hints(Filters(place=("عدن",))) == {
        "persons", "organisations", "places", "persons_printed", "organisations_printed"
    }  # fmt: skip


def test_map_tiles_stay_inside_the_box() -> None:
    body = build_map(Filters.model_validate({"bbox": "34,22,60,33"}), zoom=5, size=10)
    grid = body["aggs"]["tiles"]["geotile_grid"]
    assert grid["bounds"]["top_left"] == {"lat": 33.0, "lon": 34.0}


QUESTIONS = [
    "متى وقع الانفجار في ميناء عدن", "مَن زار القاهرة أمس", "في أي عام افتتح معرض الكتاب", "الوزير زار القاهرة؟",
    "كم عدد الجرحى في انفجار عدن ?",
]  # fmt: skip
NAMING = ["انفجار ميناء عدن", "في القاهرة معرض", "مجلس الأمن الدولي"]


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_third_of_the_words_of_a_question_is_enough(text: str) -> None:
    wanted = Filters(q=text).wanted()
    assert is_question(text)
    assert wanted.needed == max(1, len(wanted.words) * 34 // 100)


@pytest.mark.parametrize("text", NAMING)
def test_a_query_that_is_no_question_needs_all_of_its_words_but_one(text: str) -> None:
    wanted = Filters(q=text).wanted()
    assert not is_question(text)
    assert wanted.needed == (len(wanted.words) if len(wanted.words) < 3 else len(wanted.words) - 1) >= 2


def test_a_question_mark_alone_asks_for_no_word() -> None:
    assert Filters(q="؟").wanted().needed == Filters(q="* ?").wanted().needed == 0
