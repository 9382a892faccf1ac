"""Days as iCalendar (RFC 5545), for calendar programs that subscribe to an address. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MEDIA_TYPE = "text/calendar"
# A line has at most 75 octets before it is continued (3.1).
_LINE = 75
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
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
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Rasd//Announced days//AR",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(title)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        *(line for day in days for line in _event(day)),
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _event(day: CalendarDay) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(day.id)}"
    yield f"DTSTAMP:{day.known_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{day.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day.day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(day.title)}"
    yield f"DESCRIPTION:{_text(day.text)}"
    yield f"URL:{_CONTROL_RE.sub('', day.url)}"
    if day.place is not None:
        yield f"LOCATION:{_text(day.place)}"
    if day.point is not None:
        yield f"GEO:{day.point[0]:.6f};{day.point[1]:.6f}"
    if day.categories:
        yield f"CATEGORIES:{','.join(map(_text, day.categories))}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _text(value: str) -> str:
    """A value of the type TEXT (3.3.11)."""
    return _CONTROL_RE.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).translate(_ESCAPED)


def _folded(line: str) -> str:
    """The line in pieces of at most 75 octets, never within a letter."""
    pieces, size = [""], 0
    for letter in line:
        octets = len(letter.encode("utf-8", "replace"))
        if size + octets > _LINE:
            pieces.append(" ")
            size = 1
        pieces[-1] += letter
        size += octets
    return "\r\n".join(pieces)
