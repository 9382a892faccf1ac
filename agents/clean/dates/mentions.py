"""Find the dates that a text names, and resolve them to a day, month or year."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain

from agents.clean.dates import calendars as cal
from agents.clean.dates.calendars import one_of, plain

_DIGIT = "[0-9٠-٩۰-۹]"
_SPACE = "[ \u00a0]"
_END = "(?![\\w\u064b-\u0652])"
_START = r"(?<!\w)[وفبل]?"
_MONTH = one_of([*cal.GREGORIAN_MONTHS, *cal.HIJRI_MONTHS])
_DIRECTION = one_of(cal.DIRECTIONS)
_WEEKDAY = one_of(cal.WEEKDAYS)
_YEAR = rf"(?<!{_DIGIT}){_DIGIT}{{4}}(?!{_DIGIT})"
_ERA = rf"(?:{_SPACE}{{0,2}}(?P<era>هـ?{_END}|هجري[ةه]?{_END}|م{_END}|ميلادي[ةه]?{_END}))?"
_YEAR_AFTER = (
    rf"(?:{_SPACE}{{0,2}}[،,/-]?{_SPACE}{{0,2}}(?:(?:من{_SPACE}+)?(?:ال)?(?:عام|سن[ةه]){_SPACE}+)?(?P<year>{_YEAR}){_ERA}"
    rf"|{_SPACE}+(?P<direction>{_DIRECTION}){_END})"
)
# Reuters prints both names with a space between: «12 نوفمبر تشرين الثاني».
_OTHER_NAME = rf"(?:(?:{_SPACE}{{0,2}}[(/–-]{_SPACE}{{0,2}}|{_SPACE})(?P<other>{_MONTH}){_END}(?:{_SPACE}{{0,2}}\))?)?"

_NUMERIC_RE = re.compile(
    rf"(?<![\w/.,٫:-])(?P<a>{_DIGIT}{{1,4}})(?P<sep>{_SPACE}?[/.-]{_SPACE}?)(?P<b>{_DIGIT}{{1,2}})(?P=sep)(?P<c>{_DIGIT}{{1,4}})"
    rf"(?![0-9٠-٩۰-۹/-]|[.,٫:]{_DIGIT}){_ERA}"
)
_DAY_RE = re.compile(
    rf"(?<![\w/.,٫:-])(?P<day>{_DIGIT}{{1,2}}|{one_of(cal.ORDINALS)}){_SPACE}{{0,2}}(?:-{_SPACE}?)?(?:من{_SPACE}+)?(?:شهر{_SPACE}+)?"
    rf"(?P<month>{_MONTH}){_END}{_OTHER_NAME}{_YEAR_AFTER}?"
)
# Positions where the two patterns above may match: the regex engine finds these many times faster.
_NUMBER_RE = re.compile(f"{_DIGIT}+")
_ORDINAL_RE = re.compile(one_of(cal.ORDINALS))
_MONTH_RE = re.compile(rf"{_START}(?P<whole>(?P<month>{_MONTH}){_END}{_OTHER_NAME}{_YEAR_AFTER})")
_YEAR_RE = re.compile(rf"{_START}(?P<whole>(?:ال)?(?:عام|سن[ةه]){_SPACE}+(?P<year>{_YEAR}){_ERA})")
_EQUALS_RE = re.compile(
    rf"{_SPACE}*[،,(-]?{_SPACE}*(?:ال|و)?موافق(?:ة|ه)?{_SPACE}*:?{_SPACE}*(?:ل{_SPACE}?)?(?:(?:يوم{_SPACE}+)?(?:{_WEEKDAY}){_SPACE}+)?"
)
_RELATIVE_RE = re.compile(
    rf"{_START}(?P<whole>"
    rf"(?P<before_yesterday>[أا]مس{_SPACE}+ال[أا]ول|[أا]ول{_SPACE}+(?:من{_SPACE}+)?[أا]مس){_END}(?:{_SPACE}+(?:{_WEEKDAY}){_END})?"
    rf"|(?P<yesterday>[أا]مس){_END}(?:{_SPACE}+(?:{_WEEKDAY}){_END})?"
    rf"|(?P<today>(?:صباح|مساء|ظهر|عصر|فجر){_SPACE}+اليوم{_END}(?:{_SPACE}+(?:{_WEEKDAY}){_END})?|اليوم{_SPACE}+(?:{_WEEKDAY}){_END})"
    rf"|(?P<after_tomorrow>بعد{_SPACE}+غدٍ?){_END}"
    rf"|(?P<tomorrow>غد(?:اً|ًا|ا)){_END}(?:{_SPACE}+(?:{_WEEKDAY}){_END})?"
    rf"|(?:يوم{_SPACE}+)?(?P<weekday>{_WEEKDAY}){_SPACE}+(?P<weekday_direction>{_DIRECTION}){_END}"
    rf"|(?:ال)?(?P<unit>شهر|عام|سن[ةه]){_SPACE}+(?P<unit_direction>{_DIRECTION}){_END}"
    rf"|(?P<side>قبل|بعد){_SPACE}+(?P<count>{one_of(cal.COUNTS)}){_END}"
    rf")"
)
# A month or «عام» counts only with one of these after it, so only the text around them is searched.
_CUES = (re.compile(f"{_DIGIT}{{4}}"), re.compile(_DIRECTION))
_CUE_BEFORE, _CUE_AFTER = 60, 12


@dataclass(frozen=True, slots=True)
class DateFound:
    """One mention of a date.

    Attributes:
        start, end: offsets into the text in code points, half-open.
        iso: ISO 8601: a day, or its known part (`2023-10`, `2014`, `--01-20`).
        disagrees: whether it gives the day in two calendars, or by two month names, that do not agree; `iso` is then
            the Gregorian one, or the first of two Gregorian ones.
    """

    start: int
    end: int
    iso: str
    disagrees: bool = False


@dataclass(frozen=True, slots=True)
class _Value:
    """Value of one pattern: ISO 8601, and the day if it is a complete one."""

    iso: str
    day: date | None = None
    hijri: bool = False
    disagrees: bool = False


def find_dates(text: str, published_at: datetime | None = None) -> list[DateFound]:
    """Find all dates that a text names, in order, none overlapping another.

    Args:
        text: display text.
        published_at: when the article appeared. Without it, relative mentions («أمس», «الشهر الماضي») are left out, and
            «20 يناير المقبل» has no year.
    """
    today = published_at.date() if published_at is not None else None
    found = list(_pairs(text, today))
    for low, high in _windows(text):
        found.extend(_months(text, low, high, today))
        found.extend(_years(text, low, high))
    if today is not None:
        found.extend(_relatives(text, today))
    found.sort(key=lambda mention: (mention.start, -mention.end))
    kept: list[DateFound] = []
    for mention in found:
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept


def _pairs(text: str, today: date | None) -> Iterator[DateFound]:
    """Find complete days, each with the same day in the other calendar if that follows."""
    for start in chain(_NUMBER_RE.finditer(text), _ORDINAL_RE.finditer(text)):
        first = _any_day(text, start.start(), today)
        if first is None:
            continue
        end, value = first
        equal = _EQUALS_RE.match(text, end)
        second = _any_day(text, equal.end(), today) if equal else None
        if second is not None and second[1].hijri != value.hijri:
            yield _same_day(start.start(), second[0], value, second[1])
        elif value.iso:
            yield DateFound(start.start(), end, value.iso, value.disagrees)


def _any_day(text: str, start: int, today: date | None) -> tuple[int, _Value] | None:
    for pattern, read in ((_NUMERIC_RE, _read_numeric), (_DAY_RE, _read_day)):
        match = pattern.match(text, start)
        value = read(match, today) if match else None
        if match and value:
            return match.end(), value
    return None


def _same_day(start: int, end: int, one: _Value, two: _Value) -> DateFound:
    gregorian, hijri = (two, one) if one.hijri else (one, two)
    # The Umm al-Qura calendar and a sighting of the moon can differ by a day.
    apart = bool(gregorian.day and hijri.day and abs((gregorian.day - hijri.day).days) > 1)
    iso = gregorian.iso if gregorian.day or not hijri.day else hijri.iso
    return DateFound(start, end, iso, apart or gregorian.disagrees)


def _read_numeric(match: re.Match[str], _today: date | None) -> _Value | None:
    a, b, c = int(match["a"]), int(match["b"]), int(match["c"])
    if len(match["a"]) == 4 and len(match["c"]) <= 2:
        year, month, day = a, b, c
    elif len(match["c"]) == 4 and len(match["a"]) <= 2:
        year, month, day = (c, b, a) if b <= 12 else (c, a, b)
    else:
        return None
    return _whole_day(year, month, day, _is_hijri_era(match))


def _is_hijri_era(match: re.Match[str]) -> bool:
    return (match["era"] or "").startswith("ه")


def _whole_day(year: int, month: int, day: int, hijri_era: bool) -> _Value | None:
    hijri = hijri_era or year in cal.HIJRI_YEARS
    if not hijri and year not in cal.GREGORIAN_YEARS:
        return None
    found = cal.hijri_date(year, month, day) if hijri else cal.gregorian_date(year, month, day)
    return _Value(found.isoformat(), found, hijri) if found else None


def _read_day(match: re.Match[str], today: date | None) -> _Value | None:
    day = int(match["day"]) if match["day"][0].isdecimal() else cal.ORDINALS[plain(match["day"])]
    name = plain(match["month"])
    if name in cal.HIJRI_MONTHS:
        return _hijri_day(day, cal.HIJRI_MONTHS[name], match, today)
    month = cal.GREGORIAN_MONTHS[name]
    disagrees = match["other"] is not None and cal.GREGORIAN_MONTHS.get(plain(match["other"]), month) != month
    if match["year"]:
        value = _whole_day(int(match["year"]), month, day, hijri_era=False)
        return _Value(value.iso, value.day, disagrees=disagrees) if value and not value.hijri else None
    if match["direction"] and today:
        days = [cal.gregorian_date(year, month, day) for year in range(today.year - 1, today.year + 2)]
        found = _nearest(days, cal.DIRECTIONS[plain(match["direction"])], today)
        return _Value(found.isoformat(), found, disagrees=disagrees) if found else None
    return _Value(f"--{month:02}-{day:02}", disagrees=disagrees) if cal.gregorian_date(2024, month, day) else None


def _hijri_day(day: int, month: int, match: re.Match[str], today: date | None) -> _Value | None:
    if match["year"]:
        found = cal.hijri_date(int(match["year"]), month, day)
        return _Value(found.isoformat(), found, hijri=True) if found else None
    if match["direction"] and today:
        now = cal.hijri_year(today)
        days = [cal.hijri_date(year, month, day) for year in range(now - 1, now + 2)]
        found = _nearest(days, cal.DIRECTIONS[plain(match["direction"])], today)
        return _Value(found.isoformat(), found, hijri=True) if found else None
    # Without a year it cannot be converted, but a Gregorian day may follow.
    return _Value("", hijri=True)


def _nearest(days: Iterable[date | None], direction: int, today: date) -> date | None:
    """Return the last day up to today (-1), the first from today on (1), or the one nearest to today (0)."""
    real = [day for day in days if day is not None]
    if direction:
        real = [day for day in real if (day - today).days * direction >= 0]
    return min(real, key=lambda day: abs((day - today).days), default=None)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    low = high = 0
    for start, end in sorted(match.span() for cue in _CUES for match in cue.finditer(text)):
        if start - _CUE_BEFORE > high:
            if high:
                yield low, high
            low = max(0, start - _CUE_BEFORE)
        high = max(high, end + _CUE_AFTER)
    if high:
        yield low, high


def _months(text: str, low: int, high: int, today: date | None) -> Iterator[DateFound]:
    """Find months with their year («أيار 2014»), or with a word that implies the year («يوليو الماضي»)."""
    for match in _MONTH_RE.finditer(text, low, high):
        name = plain(match["month"])
        month = cal.GREGORIAN_MONTHS.get(name)
        # A month of the Hijri calendar lies in two Gregorian ones, so it has no ISO form.
        if month is None:
            continue
        disagrees = match["other"] is not None and cal.GREGORIAN_MONTHS.get(plain(match["other"]), month) != month
        if match["year"]:
            year = int(match["year"])
        elif today is not None:
            direction = cal.DIRECTIONS[plain(match["direction"])]
            # In July, «last July» is a year ago.
            years = {-1: today.year - (month >= today.month), 0: today.year, 1: today.year + (month <= today.month)}
            year = years[direction]
        else:
            continue
        if year in cal.GREGORIAN_YEARS and not _is_hijri_era(match):
            yield DateFound(*match.span("whole"), f"{year}-{month:02}", disagrees)


def _years(text: str, low: int, high: int) -> Iterator[DateFound]:
    for match in _YEAR_RE.finditer(text, low, high):
        year = int(match["year"])
        if year in cal.GREGORIAN_YEARS and not _is_hijri_era(match):
            yield DateFound(*match.span("whole"), str(year))


_SHIFTS = {"before_yesterday": -2, "yesterday": -1, "today": 0, "tomorrow": 1, "after_tomorrow": 2}


def _relatives(text: str, today: date) -> Iterator[DateFound]:
    for match in _RELATIVE_RE.finditer(text):
        iso = _relative(match, today)
        if iso is not None:
            yield DateFound(*match.span("whole"), iso)


def _relative(match: re.Match[str], today: date) -> str | None:
    for name, shift in _SHIFTS.items():
        if match[name]:
            return (today + timedelta(days=shift)).isoformat()
    if match["weekday"]:
        direction = cal.DIRECTIONS[plain(match["weekday_direction"])]
        ahead = (cal.WEEKDAYS[plain(match["weekday"])] - today.weekday()) % 7
        shift = {-1: ahead - 7, 0: ahead, 1: ahead or 7}[direction]
        return (today + timedelta(days=shift)).isoformat()
    if match["unit"]:
        direction = cal.DIRECTIONS[plain(match["unit_direction"])]
        if not match["unit"].startswith("شهر"):
            return str(today.year + direction)
        months = today.year * 12 + today.month - 1 + direction
        return f"{months // 12}-{months % 12 + 1:02}"
    days = cal.COUNTS[plain(match["count"])] * (-1 if match["side"] == "قبل" else 1)
    return (today + timedelta(days=days)).isoformat()
