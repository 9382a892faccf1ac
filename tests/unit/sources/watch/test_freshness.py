"""When an answer may be asked for again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from streams.sources.watch.freshness import fresh_for, minutes, retry_after, update_period

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Cache-Control": "max-age=300"}, 300),
        ({"Cache-Control": "public, Max-Age = 300", "Age": "100"}, 200),
        ({"Cache-Control": 'max-age="120"'}, 120),
        ({"Cache-Control": "no-cache, max-age=300"}, 0),
        ({"Cache-Control": "max-age=0", "Expires": "Sun, 01 Mar 2026 13:00:00 GMT"}, 0),
        ({"Expires": "Sun, 01 Mar 2026 12:10:00 GMT", "Date": "Sun, 01 Mar 2026 12:00:00 GMT"}, 600),
        ({"Expires": "0"}, 0),
        ({"Expires": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0),
        ({"Cache-Control": "max-age=31536000"}, 86400),
        ({"Cache-Control": "max-age=soon"}, 0),
        ({"Last-Modified": "Sat, 28 Feb 2026 12:00:00 GMT"}, 0),
    ],
)
def test_freshness(headers: dict[str, str], seconds: float) -> None:
    assert fresh_for(headers, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("", None),
        ("120", timedelta(minutes=2)),
        ("Sun, 01 Mar 2026 12:30:00 GMT", timedelta(minutes=30)),
        ("Sun, 01 Mar 2026 11:30:00 GMT", timedelta()),
        ("99999999", timedelta(hours=24)),
        ("later", timedelta()),
    ],
)
def test_retry_after(value: str, wait: timedelta | None) -> None:
    assert retry_after({"Retry-After": value}, NOW) == wait


def test_what_feeds_say() -> None:
    assert minutes("15") == timedelta(minutes=15)
    assert minutes("خمس") == timedelta()
    assert update_period("hourly", "4") == timedelta(minutes=15)
    assert update_period("daily", None) == timedelta(hours=24)
    assert update_period("now and then", "2") == timedelta()
    assert update_period("hourly", "0") == timedelta(hours=1)
