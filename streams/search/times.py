"""Reads the times of a search: ISO 8601, days of a time zone, and times relative to now. Pure but for the clock."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_OFFSET = re.compile(r"([+-])(0\d|1[0-8]):([0-5]\d)")
_RELATIVE = re.compile(r"(?:now)?-(\d{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DAYS = {"today": 0, "yesterday": 1}


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def read_zone(zone: str) -> tzinfo:
    """Return a time zone by its name in the tz database or its offset.

    Raises:
        ValueError: there is none.
    """
    if match := _OFFSET.fullmatch(zone):
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(offset if sign == "+" else -offset)
    if zone not in _known_zones():
        raise ValueError("unknown time zone; use a name in the tz database such as Asia/Riyadh, or +03:00")
    return ZoneInfo(zone)


def read_time(text: str, zone: str, now: datetime | None = None) -> str | datetime:
    """Return a time that is relative or has no zone as a full one; any other text unchanged.

    Args:
        text: `now`, `-1h`, `now-30m` (s, m, h, d, w), `today`, `yesterday`, or ISO 8601.
        zone: where the days begin, and of times without an offset; see `read_zone`.
        now: the present; the clock's if None.

    Raises:
        ValueError: the zone is unknown, or the time is before the year 1.
    """
    text = text.strip()
    present = now or datetime.now(UTC)
    if text == "now":
        return present
    if match := _RELATIVE.fullmatch(text):
        try:
            return present - timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
        except OverflowError as error:
            raise ValueError("is too long ago") from error
    if text in _DAYS:
        place = read_zone(zone)
        day = present.astimezone(place).date() - timedelta(days=_DAYS[text])
        return datetime.combine(day, time(), place)
    for read in (_day, _moment):
        try:
            found = read(text)
        except ValueError:
            continue
        return found if found.tzinfo is not None else found.replace(tzinfo=read_zone(zone))
    return text


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
