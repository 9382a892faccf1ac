"""Limits and checks of what may be asked."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from streams.search.request import MAX_FOLDED, Filters, SearchRequest, read_cursor, write_cursor


def test_values_come_as_query_strings_bring_them() -> None:
    request = SearchRequest.model_validate(
        {"bbox": ["34, 22,60,33"], "near": "15.35,44.2", "country": ["sa"], "from": "2024-01-31", "to": ""}
    )
    assert request.bbox == (34.0, 22.0, 60.0, 33.0)
    assert request.near == (15.35, 44.2)
    assert request.country == ("SA",)
    assert request.since == datetime(2024, 1, 31, tzinfo=UTC)
    assert request.until is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bbox": "1,2,3"}, "needs 4 numbers"),
        ({"bbox": "34,40,60,33"}, "south exceeds north"),
        ({"bbox": "34,22,60,nan"}, "finite"),
        ({"near": "91,0"}, "less than or equal to 90"),
        ({"near": "0,0", "radius": 1e9}, "less than or equal to 5000"),
        ({"size": 101}, "less than or equal to 100"),
        ({"q": "س" * 501}, "at most 500"),
        ({"q": "كلمة " * 40}, "at most 32"),
        ({"from": "2024-02-01", "to": "2024-02-01"}, "from must be before to"),
        ({"place": ["م"] * 21}, "at most 20"),
        ({"colour": "red"}, "not permitted"),
        ({"cursor": "!!"}, "cursor"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_its_reason(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SearchRequest.model_validate(values)


def test_cursors_come_back_as_they_were() -> None:
    for position in (0, 40, [1700000000000, "معرف"], [1.25, 1700000000000, "a"]):
        assert read_cursor(write_cursor(position)) == position


@pytest.mark.parametrize("position", [-1, MAX_FOLDED + 1, {"a": 1}, ["only one"], [None, "a"], [1, 2, 3, 4], 1.5])
def test_forged_cursors_are_refused(position: object) -> None:
    with pytest.raises(ValueError, match="cursor"):
        read_cursor(write_cursor(position))  # type: ignore[arg-type]


def test_a_cursor_fits_only_the_kind_of_search_that_gave_it() -> None:
    counted, by_time = write_cursor(20), write_cursor([1700000000000, "a"])
    SearchRequest(cursor=counted, fold=True)
    SearchRequest(cursor=by_time, fold=False)
    for values in ({"cursor": by_time, "fold": True}, {"cursor": counted, "fold": False}):
        with pytest.raises(ValidationError, match="other options"):
            SearchRequest.model_validate(values)
    with pytest.raises(ValidationError, match="other options"):
        SearchRequest(cursor=by_time, fold=False, q="نص")


@pytest.mark.parametrize(
    ("q", "words", "required"),
    [
        ("في «مجلس الأمن»", (), ["مجلس الأمن"]),
        ("من و إلى و عدن", (), ["عدن"]),
        ("في عدن", ("في", "عدن"), []),
        ("عدن أو في", (), ["عدن"]),
        ("في", ("في",), []),
        ("«من إلى»", (), ["من إلى"]),
    ],
)
def test_stop_words_require_nothing_unless_they_are_all_there_is(
    q: str, words: tuple[str], required: list[str]
) -> None:
    parsed = Filters(q=q).parsed()
    assert parsed.words == words
    assert [operand.text for choice in parsed.required for operand in choice] == required


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(ValidationError, match="unicode"):
        Filters(q="\udcff")
