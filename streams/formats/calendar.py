"""Days as iCalendar (RFC 5545), for calendar programs that subscribe to an address. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event

MEDIA_TYPE = "text/calendar"
# The library writes control characters out, which RFC 5545 forbids (3.1).
_CONTROL_RE = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """Something on one day.

    Attributes:
        id: never changes.
        day: the day.
        title, text: plain text.
        url: where to read more.
        known_at: when it became known.
        place: name of the place; None without one.
        point: its latitude and longitude, in degrees.
        categories: words to sort by.
    """

    id: str
    day: date
    title: str
    text: str
    url: str
    known_at: datetime
    place: str | None = None
    point: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()


def write_calendar(title: str, days: Sequence[CalendarDay]) -> bytes:
    """Write a calendar. The same days give the same bytes."""
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//Rasd//Announced days//AR")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("X-WR-CALNAME", _plain(title))
    calendar.add("REFRESH-INTERVAL", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for day in days:
        calendar.add_component(_event(day))
    written: bytes = calendar.to_ical()
    return written


def _event(day: CalendarDay) -> Event:
    event = Event()
    event.add("UID", _plain(day.id))
    event.add("DTSTAMP", day.known_at.astimezone(UTC))
    event.add("DTSTART", day.day)
    event.add("DTEND", day.day + timedelta(days=1))
    event.add("SUMMARY", _plain(day.title))
    event.add("DESCRIPTION", _plain(day.text))
    event.add("URL", _plain(day.url))
    if day.place is not None:
        event.add("LOCATION", _plain(day.place))
    if day.point is not None:
        event.add("GEO", (round(day.point[0], 6), round(day.point[1], 6)))
    if day.categories:
        event.add("CATEGORIES", [_plain(word) for word in day.categories])
    event.add("TRANSP", "TRANSPARENT")
    return event


def _plain(value: str) -> str:
    return _CONTROL_RE.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
