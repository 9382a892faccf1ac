"""Times of publication in attributes, `meta` elements, feeds and date lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agents.clean.dates.timestamps import parse_stamp, parse_time


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2024-03-05T09:40:00Z", "2024-03-05T09:40"),
        ("2024-03-05T22:30:00+0300", "2024-03-05T19:30"),
        ("2024-03-05 22:30:00.123+03", "2024-03-05T19:30"),
        ("20240305T094000Z", "2024-03-05T09:40"),
        ("2024-3-5", "2024-03-05T00:00"),
        ("1445-08-24T22:30:00+03:00", "2024-03-05T19:30"),
        ("Tue, 05 Mar 2024 22:30:00 +0300", "2024-03-05T19:30"),
        ("Tue, 05 Mar 2024 19:30:00 GMT", "2024-03-05T19:30"),
        ("Tue Mar 05 2024 22:30:00 GMT+0300 (Arabian Standard Time)", "2024-03-05T19:30"),
        ("March 5, 2024 9:23 PM", "2024-03-05T21:23"),
        ("5th Mar 2024, 12:05 AM", "2024-03-05T00:05"),
        ("1709667000", "2024-03-05T19:30"),
        ("1709667000000", "2024-03-05T19:30"),
        ("الثلاثاء، 05 مارس 2024 09:23 م", "2024-03-05T21:23"),
        ("الثلاثاء 5 آذار 2024 - الساعة 9 صباحاً", "2024-03-05T09:00"),
        ("٠٥/٠٣/٢٠٢٤ ١٠:٠٥ مساء", "2024-03-05T22:05"),
        ("09:23 ص - 5 مارس 2024", "2024-03-05T09:23"),
        ("5 مارس 2024، 12:30 ظهراً", "2024-03-05T12:30"),
        ("5 مارس 2024 21:30 بتوقيت غرينتش", "2024-03-05T21:30"),
        ("5 مارس 2024 21:30 بتوقيت مكة المكرمة", "2024-03-05T18:30"),
        ("5 مارس 2024 21:30 KSA", "2024-03-05T18:30"),
        ("5 مارس 2024 21:30 (توقيت القاهرة)", "2024-03-05T19:30"),
        ("5 يوليو 2024 21:30 بتوقيت القاهرة", "2024-07-05T18:30"),
        ("5 مارس 2024 21:30 GMT+4", "2024-03-05T17:30"),
        ("24 شعبان 1445 هـ - 5 مارس 2024 م 10:15", "2024-03-05T10:15"),
        ("24 شعبان 1445 هـ", "2024-03-05T00:00"),
        ("آخر تحديث: 7 مارس 2024 - نُشر: 5 مارس 2024 08:00", "2024-03-05T08:00"),
    ],
)
def test_forms(value: str, time: str) -> None:
    assert parse_time(value) == datetime.fromisoformat(f"{time}:00+00:00")


@pytest.mark.parametrize(
    "value",
    ["", "قبل قليل", "0001-01-01T00:00:00Z", "1970-01-01", "1970-01-01T00:00:00Z", "0", "9999-12-31", "2024-13-45",
     "30/02/2024", "24/24", "1", "مارس 2024", "x" * 5000, "1899-12-30T00:00:00"],
)  # fmt: skip
def test_what_is_no_time(value: str) -> None:
    assert parse_time(value) is None


def test_no_page_is_published_after_it_arrived() -> None:
    assert parse_stamp("2031-01-01", datetime(2025, 1, 1, tzinfo=UTC)) is None


def test_whether_the_hour_is_known() -> None:
    day, hour = parse_stamp("5 مارس 2024"), parse_stamp("5 مارس 2024 00:00")
    assert day is not None and hour is not None
    assert (day.exact, hour.exact) == (False, True)
