"""Dates of lists as Arabic publishers print them: Arabic month names, digits of all kinds, ص and م."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from streams.words.months import GREGORIAN, plain

_NAMES = "|".join(sorted(map(re.escape, GREGORIAN), key=len, reverse=True))
_DATE_RE = re.compile(rf"(?<!\d)(\d{{1,2}})[\s\-/.]+({_NAMES})[\s\-/.,،]+(\d{{4}})(?!\d)")
_TIME_RE = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(صباحا|مساء|am|pm|ص|م)?(?![\w])")
_OFFSET_RE = re.compile(r"(?:gmt|utc)?\s*([+-])(\d{2}):?(\d{2})(?!\d)")


def printed_date(text: str | None) -> datetime | None:
    """Read a date with the month in words, such as `الأحد، ١ مارس ٢٠٢٦ - ٢:٠٥ م +0300`; UTC if it has no offset.

    Returns:
        The time in UTC; None if there is no such date, or no time of the day.
    """
    words = plain((text or "")[:200])
    day = _DATE_RE.search(words)
    if day is None:
        return None
    rest = words[: day.start()] + " " + words[day.end() :]
    time = _TIME_RE.search(rest)
    if time is None:
        return None
    offset = _OFFSET_RE.search(rest, time.end())
    hour, minute, second = (int(part or 0) for part in time.groups()[:3])
    half = time.group(4)
    if half is not None and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half in {"مساء", "pm", "م"} else 0)
    zone = UTC
    if offset is not None:
        sign, hours, minutes = offset.groups()
        away = timedelta(hours=int(hours), minutes=int(minutes))
        if away > timedelta(hours=15):
            return None
        zone = timezone(-away if sign == "-" else away)
    try:
        moment = datetime(
            int(day.group(3)), GREGORIAN[day.group(2)], int(day.group(1)), hour, minute, second, tzinfo=zone
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
