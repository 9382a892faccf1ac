"""Parse the publication time as attributes, `meta` elements, feeds and date lines print it, with hour and zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agents.clean.dates import calendars as cal
from agents.clean.dates.calendars import one_of, plain
from agents.clean.dates.mentions import DateFound, find_dates

_DIGITS = {ord(digit): str(number % 10) for number, digit in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}
# Longer values are prose that happens to hold a date.
_MAX_CHARS, _COMPACT_CHARS = 200, 14
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
# Zero values that systems print where they know no time: Unix, .NET and Go (year 1, below), Excel, FILETIME.
_ZERO_DAYS = frozenset({date(1970, 1, 1), date(1969, 12, 31), date(1900, 1, 1), date(1899, 12, 30)})

_ISO_RE = re.compile(
    r"(?P<year>\d{4})[-/.]?(?P<month>\d{1,2})[-/.]?(?P<day>\d{1,2})"
    r"(?:[T ,]{1,3}(?P<hour>\d{1,2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,]\d{1,9})?)?)?"
    r"(?P<rest>.{0,60})",
    re.DOTALL,
)
_EPOCH_RE = re.compile(r"(?P<seconds>\d{10})(?:\d{3})?(?:\.\d{1,9})?")
_ENGLISH = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), start=1,
    )
    for name in names.split()
}  # fmt: skip
_NAME = "|".join(sorted(_ENGLISH, key=len, reverse=True))
_DAY_FIRST_RE = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ -](?P<month>{_NAME})\.?,?[ -](?P<year>\d{{4}})", re.I
)
_MONTH_FIRST_RE = re.compile(
    rf"(?<![a-z])(?P<month>{_NAME})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})", re.I
)
_CLOCK_RE = re.compile(
    r"(?<![\d:./-])(?P<hour>\d{1,2})\s?[:.٫]\s?(?P<minute>\d{2})(?:\s?:\s?(?P<second>\d{2}))?"
    r"(?![\d/]|\.\d|-\d{1,2}[-/.:\d])\s?"
    r"(?P<half>صباح[اًا]{0,2}|مساء[اًا]{0,2}|ظهر[اًا]{1,2}|عصر[اًا]{1,2}|(?:بعد|قبل) الظهر"
    r"|[صم](?![\w.])|[AaPp]\.?[Mm]\.?(?!\w))?"
)
_UNIVERSAL_RE = re.compile(
    r"(?<![\d:./-])\d{1,2}[:.٫]\d{2}\s?(?:ب?(?:ال)?(?:توقيت\s)?(?:غر?ين[يو]?تش|جر?ين[يو]?تش)|ت\.?\s?غ(?!\w)|(?:GMT|UTC)(?![\s]?[+\-\u2212]\d|\w))"
)
_HOUR_RE = re.compile(r"الساعة\s(?P<hour>\d{1,2})\s?(?P<half>صباح[اًا]{0,2}|مساء[اًا]{0,2}|[صم](?!\w))")
_OFFSET_RE = re.compile(
    r"(?:(?:GMT|UTC)\s?)?(?P<sign>[+\-\u2212])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?!\d|[-/.]\d)"
)
_ZULU_RE = re.compile(r"(?<![A-Za-z])(?:Z|UTC|GMT|UT)(?![A-Za-z])|غر?ين[يو]?تش|جر?ين[يو]?تش|التوقيت العالمي")
_ZONES = {
    "Asia/Riyadh": "مكة السعودية الرياض KSA AST", "Africa/Cairo": "القاهرة مصر CLT", "Asia/Baghdad": "بغداد العراق",
    "Asia/Dubai": "الإمارات الامارات دبي أبوظبي ابوظبي GST", "Asia/Muscat": "مسقط عُمان", "Asia/Qatar": "الدوحة قطر",
    "Asia/Kuwait": "الكويت", "Asia/Bahrain": "المنامة البحرين", "Asia/Amman": "عمان عمّان الأردن الاردن",
    "Asia/Beirut": "بيروت لبنان", "Asia/Damascus": "دمشق سوريا سورية", "Asia/Hebron": "القدس فلسطين غزة رام",
    "Asia/Aden": "صنعاء عدن اليمن", "Africa/Khartoum": "الخرطوم السودان", "Africa/Tripoli": "طرابلس ليبيا",
    "Africa/Tunis": "تونس", "Africa/Algiers": "الجزائر", "Africa/Casablanca": "الرباط المغرب الدار",
    "Africa/Nouakchott": "نواكشوط موريتانيا", "Europe/Istanbul": "إسطنبول اسطنبول تركيا", "Europe/London": "لندن BST",
    "Europe/Paris": "باريس CET CEST", "Europe/Moscow": "موسكو", "America/New_York": "واشنطن نيويورك EST EDT",
    "Asia/Tehran": "طهران",
}  # fmt: skip
_ZONE_OF = {word: zone for zone, words in _ZONES.items() for word in words.split()}
# «10:15 دمشق», «(مكة المكرمة)»: a city alone behind the hour, at the end
_CITIES = (
    "مكة المكرمة", "مكة", "الرياض", "القاهرة", "بغداد", "دبي", "أبوظبي", "مسقط", "الدوحة", "المنامة", "بيروت", "دمشق",
    "القدس", "الخرطوم", "طرابلس", "الرباط", "لندن", "باريس", "موسكو", "واشنطن",
)  # fmt: skip
_CITY_RE = re.compile(rf"(?:^|[\d\s])\(?(?:ب?توقيت )?(?P<city>{'|'.join(_CITIES)})\)?$")
_ZONE_RE = re.compile(r"توقيت\s(\S{2,12})|(?<![A-Za-z])(KSA|AST|CLT|GST|BST|CET|CEST|EST|EDT)(?![A-Za-z])")
# «17:33-5 مارس 2024»: no offset
_GLUED_CLOCK_RE = re.compile(r"(?<![\d:])(\d{1,2}:\d{2})\s?[-–—,،]\s?(?=\d{1,2}\s[^\W\d_])")
# «2024:06:11.09:15», as agencies of East Asia print it
_COLONS_RE = re.compile(r"(?<![\d:])(\d{4}):(\d{2}):(\d{2})[. ](?=\d{2}:\d{2})")
_FRENCH_CLOCK_RE = re.compile(r"(?<![\w:])(\d{1,2})\s?h\s?(\d{2})(?!\w)")
# «الثلاثاء2024/03/05», «الثلاثاء-2024-03-05»
_GLUED_DAY_RE = re.compile(r"(?<=[\u0621-\u064a])\s?[-–]?\s?(?=\d{4}[/-]\d|\d{1,2}[/-]\d{1,2}[/-]\d)")
# «09.03.24 18:30»
_SHORT_YEAR_RE = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{2})(?=,?\s\d{1,2}:\d{2})")
# «3/5/2024 2:15:00 PM», as .NET writes a time in the United States' form, whatever the language of the page
_AMERICAN_RE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}:\d{2}:\d{2} [AP]M)")
_COMPACT_RE = re.compile(r"(\d{8})(\d{2})(\d{2})(\d{2})")
_DIRECTION_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
# Drupal prints «ثلاثاء, 03/05/2024 - 10:15»: the weekday tells which number is the month.
_EITHER_WAY_RE = re.compile(r"(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)")
_WEEKDAY_RE = re.compile(rf"(?<!\w)(?:{one_of(cal.WEEKDAYS)}|{one_of(name[2:] for name in cal.WEEKDAYS)})(?!\w)")
_WEEKDAYS = {name.removeprefix("ال"): number for name, number in cal.WEEKDAYS.items()}
_PUBLISHED_RE = re.compile(r"نُ?شرت?|Published|Posted|النشر|أضيف|الإضافة", re.I)
_UPDATED_RE = re.compile(r"(?:آخر|اخر|تم ال)?\s?(?:تحديث|تعديل)|(?<!\w)حُ?دِ?ّ?ِ?ثت?(?!\w)|updated|modified", re.I)
_CITY_ALONE_RE, _MAX_ZONE = re.compile(rf"\(?(?:ب?توقيت )?(?:{'|'.join(_CITIES)})\)?"), 30
_NEAR_DAYS, _MONTHS = 3, 12


@dataclass(frozen=True, slots=True)
class Stamp:
    """A publication time.

    Attributes:
        time: in UTC. A time without a zone counts as UTC.
        exact: whether the hour is known, too.
    """

    time: datetime
    exact: bool


def parse_time(value: str) -> datetime | None:
    """Parse a publication time; see `parse_stamp`."""
    stamp = parse_stamp(value)
    return stamp.time if stamp is not None else None


def parse_stamp(value: str, latest: datetime | None = None) -> Stamp | None:
    """Parse a publication time.

    ISO 8601 (also with a Hijri year, as .NET prints it under ar-SA), RFC 2822, JavaScript's `Date`, Unix time, and
    dates in Arabic or English words or digits, Gregorian or Hijri. Hour, «ص» and «م», offsets and zones («بتوقيت
    غرينتش») are read wherever they stand.

    Args:
        value: the text. If it says when a page was published and when it was changed, the former counts.
        latest: no page is published after this time, so later ones are not times of publication.

    Returns:
        The time; None if there is no complete date, or one that cannot be (year 1, 1970-01-01, 2999).
    """
    text = " ".join(value[: _MAX_CHARS * 2].translate(_DIGITS).translate(_DIRECTION_MARKS).split())
    if not text or len(text) > _MAX_CHARS:
        return None
    text = _COMPACT_RE.sub(r"\1T\2:\3:\4", text) if len(text) == _COMPACT_CHARS else text
    stamp = _iso(text) or _epoch(text) or _printed(_plainly(text))
    if stamp is None or stamp.time.date() in _ZERO_DAYS or not _FIRST_YEAR <= stamp.time.year <= _LAST_YEAR:
        return None
    return None if latest is not None and stamp.time > latest else stamp


def _plainly(text: str) -> str:
    """Write hours as «10:15», apart from the day beside them, and the day before the month."""
    american = _AMERICAN_RE.fullmatch(text)
    if american is not None and int(american[1]) <= _MONTHS:
        return f"{american[2]}/{american[1]}/{american[3]} {american[4]}"
    text = _SHORT_YEAR_RE.sub(r"\1.\2.20\3", text)
    text = _GLUED_DAY_RE.sub(" ", _COLONS_RE.sub(r"\1-\2-\3 ", text))
    text = _FRENCH_CLOCK_RE.sub(r"\1:\2", _GLUED_CLOCK_RE.sub(r"\1 | ", text))
    either, named = _EITHER_WAY_RE.search(text), _WEEKDAY_RE.search(text)
    if either is None or named is None:
        return text
    one, sign, two, year = int(either[1]), either[2], int(either[3]), int(either[4])
    weekday = _WEEKDAYS[plain(named.group()).removeprefix("ال")]
    first, second = cal.gregorian_date(year, two, one), cal.gregorian_date(year, one, two)
    if second is None or second.weekday() != weekday or (first is not None and first.weekday() == weekday):
        return text
    return f"{text[: either.start()]}{two}{sign}{one}{sign}{year}{text[either.end() :]}"


def _iso(text: str) -> Stamp | None:
    match = _ISO_RE.match(text)
    if match is None:
        return None
    day = _day(int(match["year"]), int(match["month"]), int(match["day"]))
    if day is None:
        return None
    rest = _from_universal(match["rest"])
    if match["hour"] is None or rest != match["rest"]:
        # «2024-03-05 - 09:30 م»
        return _at(day, _CLOCK_RE.search(rest), rest)
    return _at(day, match, match["rest"])


def _day(year: int, month: int, day: int) -> date | None:
    return cal.hijri_date(year, month, day) if year in cal.HIJRI_YEARS else cal.gregorian_date(year, month, day)


def _epoch(text: str) -> Stamp | None:
    match = _EPOCH_RE.fullmatch(text)
    return Stamp(datetime.fromtimestamp(int(match["seconds"]), UTC), exact=True) if match else None


def _printed(text: str) -> Stamp | None:
    updated = _UPDATED_RE.search(text)
    if updated is not None and updated.start() > 0:
        # «نشر: 5 مارس 2024 | آخر تحديث: 6 مارس 2024 09:40»: the hour of the change is not that of publication.
        stamp = _printed(text[: updated.start()])
        if stamp is not None:
            return stamp
    label = _PUBLISHED_RE.search(text)
    if label is not None and label.start() > 0:
        stamp = _printed(text[label.start() :])
        if stamp is not None:
            return stamp
    english = _DAY_FIRST_RE.search(text) or _MONTH_FIRST_RE.search(text)
    if english is not None:
        day = cal.gregorian_date(int(english["year"]), _ENGLISH[english["month"].lower()], int(english["day"]))
        start, end = english.span()
    else:
        found = _first_day(text)
        if found is None:
            return None
        day, start, end = date.fromisoformat(found.iso), found.start, found.end
    if day is None:
        return None
    after, before = _from_universal(text[end:]), text[:start]
    clock = _CLOCK_RE.search(after) or _HOUR_RE.search(after) or _CLOCK_RE.search(before) or _HOUR_RE.search(before)
    return _at(day, clock, f"{after} {before}" if clock is None else clock.string[clock.end() :])


def _first_day(text: str) -> DateFound | None:
    """Return the first complete day; of a Hijri day and the Gregorian one beside it, the latter.

    Countries begin a Hijri month by the moon that they see, so that its days differ by one or two from any table.
    """
    days = [mention for mention in find_dates(text) if len(mention.iso) == 10 and mention.iso[0] != "-"]
    if not days:
        return None
    first = days[0]
    if len(days) > 1 and first.iso[:4] not in text[first.start : first.end] and days[1].iso[:4] in text:
        apart = date.fromisoformat(days[1].iso) - date.fromisoformat(first.iso)
        if abs(apart.days) <= _NEAR_DAYS:
            return DateFound(first.start, days[1].end, days[1].iso)
    return first


def _from_universal(text: str) -> str:
    """Return what follows a date from the hour in universal time on: of «16:41 (13:41 GMT)» the first is local."""
    universal = _UNIVERSAL_RE.search(text)
    return text[universal.start() :] if universal is not None and universal.start() > 0 else text


def _at(day: date, clock: re.Match[str] | None, rest: str) -> Stamp | None:
    """Return the time at `clock` of the day; `rest` is the text in which the zone is."""
    groups = clock.groupdict() if clock is not None else {}
    hour, minute, second = (int(groups.get(name) or 0) for name in ("hour", "minute", "second"))
    half = groups.get("half")
    if half is None and clock is not None and "half" not in groups:
        marked = re.match(r"\s?([صم](?!\w)|[AaPp]\.?[Mm])", rest)
        half = marked[1] if marked else None
    if half and hour <= 12:
        later = half[0] in "مPpظعب" and not half.startswith("مـ")
        hour = hour % 12 + (12 if later else 0)
        if half[0] == "ظ" and hour == 23:
            hour = 11  # «11:30 ظهرا»
    if hour > 23 or minute > 59 or second > 59:
        clock, hour, minute, second = None, 0, 0, 0
    zone = _zone(rest) if clock is not None else UTC
    try:
        local = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone)
        return Stamp(local.astimezone(UTC), exact=clock is not None)
    except OverflowError:
        return None


def _zone(rest: str) -> tzinfo:
    named = _ZONE_RE.search(rest)
    offset = _OFFSET_RE.search(rest)
    if offset is not None and int(offset["hours"]) <= 14:
        shift = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"] or 0))
        return timezone(shift if offset["sign"] == "+" else -shift)
    if _ZULU_RE.search(rest) is not None:
        return UTC
    city = _CITY_RE.search(rest) if named is None else None
    if city is not None:
        return _zone_named(_ZONE_OF.get(city["city"].partition(" ")[0]))
    if named is None:
        return UTC
    name = _ZONE_OF.get((named[1] or named[2] or "").strip("،,.()"))
    return _zone_named(name)


def _zone_named(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except ZoneInfoNotFoundError:
        return UTC


def names_zone(text: str) -> bool:
    """Return whether a text is only the city by whose time an hour beside it counts: «(مكة المكرمة)»."""
    return len(text) <= _MAX_ZONE and _CITY_ALONE_RE.fullmatch(text) is not None
