"""Limits and checks of what may be asked."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from streams.search.request import MAX_FOLDED, Filters, SearchRequest, read_cursor, write_cursor
from streams.search.times import read_time


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


NOW = datetime(2024, 2, 3, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("now", "UTC", NOW),
        ("-90s", "UTC", datetime(2024, 2, 3, 22, 28, 30, tzinfo=UTC)),
        ("-30m", "UTC", datetime(2024, 2, 3, 22, 0, tzinfo=UTC)),
        ("now-1h", "Asia/Riyadh", datetime(2024, 2, 3, 21, 30, tzinfo=UTC)),
        ("-7d", "UTC", datetime(2024, 1, 27, 22, 30, tzinfo=UTC)),
        ("-2w", "UTC", datetime(2024, 1, 20, 22, 30, tzinfo=UTC)),
        ("today", "UTC", datetime(2024, 2, 3, tzinfo=UTC)),
        ("today", "Asia/Riyadh", datetime(2024, 2, 3, 21, tzinfo=UTC)),
        ("yesterday", "+03:00", datetime(2024, 2, 2, 21, tzinfo=UTC)),
        ("2024-02-03", "Asia/Riyadh", datetime(2024, 2, 2, 21, tzinfo=UTC)),
        ("2024-02-03T10:00", "-05:30", datetime(2024, 2, 3, 15, 30, tzinfo=UTC)),
        ("2024-02-03T10:00Z", "Asia/Riyadh", datetime(2024, 2, 3, 10, tzinfo=UTC)),
        ("2024-07-03", "Africa/Cairo", datetime(2024, 7, 2, 21, tzinfo=UTC)),
        ("2024-12-03", "Africa/Cairo", datetime(2024, 12, 2, 22, tzinfo=UTC)),
    ],
)
def test_times_are_relative_to_now_and_days_begin_in_the_zone(text: str, zone: str, expected: datetime) -> None:
    assert read_time(text, zone, NOW) == expected


def test_a_search_reads_its_times_in_its_zone_and_relative_ones_by_the_clock() -> None:
    filters = Filters.model_validate({"zone": "Asia/Riyadh", "from": "2024-02-03", "to": "-1h"})
    assert filters.since == datetime(2024, 2, 2, 21, tzinfo=UTC)
    assert filters.until is not None
    assert timedelta(0) <= datetime.now(UTC) - timedelta(hours=1) - filters.until < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"zone": "Mars/Olympus"}, "unknown time zone"),
        ({"zone": "+25:00", "from": "today"}, "unknown time zone"),
        ({"from": "-1y"}, "from"),
        ({"from": "-999999w"}, "too long ago"),
        ({"from": "-30m", "to": "-1h"}, "from must be before to"),
        ({"fields": ["id,colour"]}, "unknown field 'colour'; known: id, url"),
        ({"fields": ["id", "id"]}, "given twice"),
    ],
)
def test_times_zones_and_fields_that_are_wrong_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SearchRequest.model_validate(values)
