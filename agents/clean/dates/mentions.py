"""Find the dates that a text names, and resolve them to a day, month or year."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

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
    rf"(?:{_SPACE}{{0,2}}[،,/-]?{_SPACE}{{0,2}}(?:(?:من{_SPACE}+)?ل?(?:ال|ل)?(?:عام|سن[ةه]){_SPACE}+)?(?P<year>{_YEAR}){_ERA}"
    rf"|{_SPACE}+(?P<direction>{_DIRECTION}){_END}"
    rf"|{_SPACE}+من{_SPACE}+ال(?:عام|سن[ةه]){_SPACE}+(?P<year_direction>{_DIRECTION}){_END})"
)
# Reuters prints both names with a space between: «12 نوفمبر تشرين الثاني».
_OTHER_NAME = rf"(?:(?:{_SPACE}{{0,2}}[(/–-]{_SPACE}{{0,2}}|{_SPACE})(?P<other>{_MONTH}){_END}(?:{_SPACE}{{0,2}}\))?)?"

# A tatweel may stand for the dash: «7ـ9ـ2023».
_NUMERIC_RE = re.compile(
    rf"(?P<a>{_DIGIT}{{1,4}})(?P<sep>{_SPACE}?[/.ـ-]{_SPACE}?)(?P<b>{_DIGIT}{{1,2}})(?P=sep)(?P<c>{_DIGIT}{{1,4}})"
    rf"(?![0-9٠-٩۰-۹/-]|[.,٫:]{_DIGIT}){_ERA}"
)
_DAY = rf"(?P<day>{_DIGIT}{{1,2}}|{one_of([*cal.ORDINALS, *cal.FIRSTS])})"
_DAY_RE = re.compile(
    rf"{_DAY}{_SPACE}{{0,2}}(?:(?:-|(?<={_DIGIT})/){_SPACE}?)?(?:من{_SPACE}+)?(?:شهر{_SPACE}+)?"
    rf"(?P<month>{_MONTH}){_END}{_OTHER_NAME}{_YEAR_AFTER}?"
)
# «العاشر من الشهر المقبل», «في 10 من الشهر الجاري»
_DAY_OF_MONTH_RE = re.compile(rf"{_DAY}{_SPACE}+من{_SPACE}+(?:ال)?شهر{_SPACE}+(?P<unit_direction>{_DIRECTION}){_END}")
# «5 و6 حزيران», «من 5 إلى 9 حزيران», «الخامس والسادس من حزيران»: the month stands after the last day only.
_RANGE_RE = re.compile(
    rf"(?P<first>{_DAY}){_SPACE}*(?P<join>-|–|—|/|و|[إا]لى{_SPACE}|حتى{_SPACE}|(?:و|ل)?لغاي[ةه]{_SPACE})"
    rf"{_SPACE}*(?:يوم{_SPACE}+)?(?:(?:{_WEEKDAY}){_SPACE}+)?"
)
_JOIN_RE = re.compile(
    rf"{_SPACE}*(?:-|–|—|و|[إا]لى{_SPACE}|حتى{_SPACE}|(?:و|ل)?لغاي[ةه]{_SPACE}){_SPACE}*(?:يوم{_SPACE}+)?(?:(?:{_WEEKDAY}){_SPACE}+)?"
)
_MAX_RANGE = 6
# Positions where the patterns above may match: the regex engine finds these many times faster.
_NUMBER_RE = re.compile(f"{_DIGIT}+")
_ORDINAL_RE = re.compile(one_of(cal.ORDINALS))
_FIRST_RE = re.compile(one_of(cal.FIRSTS))
# What each of these words holds; few texts do.
_FIRST_CUES = ("غر", *(f"ف{alef}تح" for alef in "اأإآٱ"))
# What Arabic writes without a space before a number, once tatweel and marks are gone: «و14», «بـ5», «لـ20», «الـ7»;
# some typists also leave no space after a preposition («في7»).
_GLUED_RE = re.compile(
    r"(?<!\w)[وفبلك]?[وفبلك]?(?:ال|لل|في|من|عن|على|الى|إلى|حتى|منذ|قبل|بعد|بين|يوم|بيوم|ليوم|مساء|صباح|تاريخ|بتاريخ)?(?:ال)?\Z"
)
_MAX_GLUED = 10
_BEFORE_WORD_RE = re.compile(r"(?<!\w)[وفبك]{0,2}\Z")
_NO_DAY_BEFORE = frozenset("_/.,٫:-–") | frozenset("0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")
_MONTH_RE = re.compile(rf"{_START}(?P<whole>(?P<month>{_MONTH}){_END}{_OTHER_NAME}{_YEAR_AFTER})")
# «مارس 5, 2024», as WordPress prints it
_MONTH_FIRST_RE = re.compile(
    rf"{_START}(?P<whole>(?P<month>{_MONTH}){_SPACE}{{1,2}}(?P<day>{_DIGIT}{{1,2}}){_SPACE}?[,،]{_SPACE}{{0,2}}(?P<year>{_YEAR}){_ERA})"
)
_COMMA_YEAR_RE = re.compile(rf"{_DIGIT}{_SPACE}?[,،]{_SPACE}{{0,2}}{_DIGIT}{{4}}")
_YEAR_RE = re.compile(
    rf"(?<!\w)(?:[وفب]?ل?|[وف]?(?=لل))(?P<whole>(?:ال|لل)?(?:عام|سن[ةه]){_SPACE}+(?P<year>{_YEAR}){_ERA})"
)
_EQUALS_RE = re.compile(
    rf"{_SPACE}*[،,(-]?{_SPACE}*(?:ال|و)?موافق(?:ة|ه)?{_SPACE}*:?{_SPACE}*(?:ل{_SPACE}?)?"
    rf"(?:(?:(?:ل|ال)?يوم{_SPACE}+)?(?:{_WEEKDAY}){_SPACE}+)?"
)
_TIME_OF_DAY = "(?:صباح|مساء|ظهر|عصر|فجر|ليل[ةه]?|منتصف ليل|منذ|يوم)"
_NAMED = rf"(?:{_SPACE}+(?P<{{}}_named>{_WEEKDAY}){_END})?"
_UNITS = "(?P<days>[أا]يام|يوما?)|(?P<weeks>[أا]سابيع|[أا]سبوعا?)"
_RELATIVE_RE = re.compile(
    rf"{_START}(?P<whole>"
    rf"(?P<before_yesterday>[أا]مس{_SPACE}+ال[أا]ول|[أا]ول{_SPACE}+(?:من{_SPACE}+)?[أا]مس){_END}{_NAMED.format('before_yesterday')}"
    rf"|(?P<yesterday>[أا]مس|البارح[ةه]){_END}{_NAMED.format('yesterday')}"
    rf"|(?P<today>(?:صباح|مساء|ظهر|عصر|فجر){_SPACE}+اليوم{_END}(?:{_SPACE}+(?P<today_named>{_WEEKDAY}){_END})?"
    rf"|(?:هذا{_SPACE}+)?اليوم{_SPACE}+(?P<this_named>{_WEEKDAY}){_END})"
    rf"|(?P<after_tomorrow>بعد{_SPACE}+غدا?){_END}{_NAMED.format('after_tomorrow')}"
    rf"|(?P<tomorrow>{_TIME_OF_DAY}{_SPACE}+غد|غدا|غد(?={_SPACE}+(?:{_WEEKDAY}){_END})){_END}{_NAMED.format('tomorrow')}"
    rf"|(?:يوم{_SPACE}+)?(?P<weekday>{_WEEKDAY}){_SPACE}+(?P<weekday_direction>{_DIRECTION}){_END}"
    rf"|(?:ال)?(?P<unit>شهر|عام|سن[ةه]){_SPACE}+(?P<unit_direction>{_DIRECTION}){_END}"
    rf"|(?P<side>قبل|منذ|بعد){_SPACE}+(?:نحو{_SPACE}+)?"
    rf"(?:(?P<count>{one_of(cal.COUNTS)})|(?P<number>{_DIGIT}{{1,2}}){_SPACE}?(?:{_UNITS})){_END}"
    rf")"
)
# A month or «عام» counts only with one of these after it, so only the text around them is searched.
_FOUR_DIGITS_RE, _DIRECTION_RE = re.compile(f"{_DIGIT}{{4}}"), re.compile(_DIRECTION)
_CUE_BEFORE, _CUE_AFTER = 60, 12
# Every relative mention holds one of these words; `str.find` passes over the rest of the text.
_RELATIVE_CUES = ("أمس", "امس", "البارح", "اليوم", "غد", "قبل", "منذ", "بعد")
_RELATIVE_BEFORE, _RELATIVE_AFTER = 20, 45
# Vowel signs and tatweel: patterns read the text without them. A tatweel between digits is a sign of its own.
_MARKS_RE = re.compile("[\u064b-\u0652\u0670\u0640]+")
_MARKS_BESIDE_DIGITS_RE = re.compile(rf"[\u064b-\u0652\u0670]+|(?<!{_DIGIT})\u0640+|\u0640+(?!{_DIGIT}|\u0640)")
_TATWEEL_DASH_RE = re.compile(rf"{_DIGIT}\u0640{_DIGIT}")


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

    Vowel signs and tatweel make no difference («٥ آذَارَ», «12 مـــارس»).

    Args:
        text: display text.
        published_at: when the article appeared; relative mentions («أمس», «الشهر الماضي») are counted from its day in
            its own zone. Without it they are left out, and «20 يناير المقبل» has no year.
    """
    marks = _MARKS_RE
    if "\u0640" in text and _TATWEEL_DASH_RE.search(text) is not None:
        marks = _MARKS_BESIDE_DIGITS_RE
    bare = marks.sub("", text)
    today = published_at.date() if published_at is not None else None
    found = list(_pairs(bare, today))
    directions = [match.span() for match in _DIRECTION_RE.finditer(bare)]
    for low, high in _windows(bare, directions):
        found.extend(_months(bare, low, high, today))
        found.extend(_years(bare, low, high))
    if today is not None:
        found.extend(_relatives(bare, directions, today))
    found.sort(key=lambda mention: (mention.start, -mention.end))
    kept: list[DateFound] = []
    for mention in found:
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return list(_as_printed(kept, text, marks)) if kept and len(bare) < len(text) else kept


def _as_printed(mentions: Sequence[DateFound], text: str, marks: re.Pattern[str]) -> Iterator[DateFound]:
    """Yield the mentions, found in the text without `marks`, with offsets into the text as it is printed."""
    offsets: list[int] = []  # into the text without marks, where marks are missing
    missing = [0]  # how many are missing before the first offset, and after each
    for match in marks.finditer(text):
        offsets.append(match.start() - missing[-1])
        missing.append(missing[-1] + match.end() - match.start())
    for mention in mentions:
        start = mention.start + missing[bisect_right(offsets, mention.start)]
        end = mention.end + missing[bisect_right(offsets, mention.end - 1)]
        trailing = marks.match(text, end)
        yield replace(mention, start=start, end=trailing.end() if trailing else end)


def _pairs(text: str, today: date | None) -> Iterator[DateFound]:
    """Find complete days, each with the same day in the other calendar if that follows."""
    done = 0
    starts = [match.start() for match in _NUMBER_RE.finditer(text) if _opens(text, match.start())]
    starts += [match.start() for match in _ORDINAL_RE.finditer(text) if _opens_word(text, match.start())]
    if any(cue in text for cue in _FIRST_CUES):
        starts += [match.start() for match in _FIRST_RE.finditer(text) if _opens_word(text, match.start())]
    for start in sorted(starts):
        if start < done:
            continue
        first = _any_day(text, start, today)
        if first is None:
            found = _range(text, start, today)
        else:
            end, value = first
            equal = _EQUALS_RE.match(text, end)
            second = _any_day(text, equal.end(), today) if equal else None
            if second is not None and second[1].hijri != value.hijri:
                found = [_same_day(start, second[0], value, second[1])]
            else:
                found = _range(text, start, today) if value.day is None else []
                if not found and value.iso:
                    found = [DateFound(start, end, value.iso, value.disagrees)]
        yield from found
        done = found[-1].end if found else done


def _opens(text: str, start: int) -> bool:
    """Return whether the number at `start` may begin a date, possibly after a preposition without a space."""
    if not start:
        return True
    before = text[start - 1]
    if before in _NO_DAY_BEFORE:
        # «نشر في :05/03/2024», but not the minutes of an hour
        return before == ":" and text[max(0, start - 3) : start - 1].rstrip()[-1:].isalpha()
    return not before.isalnum() or _GLUED_RE.search(text, max(0, start - _MAX_GLUED), start) is not None


def _opens_word(text: str, start: int) -> bool:
    return _BEFORE_WORD_RE.search(text, max(0, start - _MAX_GLUED), start) is not None


def _range(text: str, start: int, today: date | None) -> list[DateFound]:
    """Find the days of «5 و6 حزيران 2024» or «من 28 شباط إلى 3 آذار 2024»: month and year stand after the last only."""
    firsts: list[tuple[int, int, int, int | None]] = []
    at = start
    while len(firsts) < _MAX_RANGE:
        named = _DAY_RE.match(text, at)
        if named is None:
            bare = _RANGE_RE.match(text, at)
            if bare is None:
                break
            firsts.append((*bare.span("first"), _day_number(bare), None))
            at = bare.end()
            continue
        month = cal.GREGORIAN_MONTHS.get(plain(named["month"]))
        whole = named["year"] or named["direction"] or named["year_direction"]
        joined = None if whole or month is None else _JOIN_RE.match(text, named.end())
        if joined is None:
            break
        firsts.append((at, named.end(), _day_number(named), month))
        at = joined.end()
    if not firsts:
        return []
    last, value = _DAY_RE.match(text, at), None
    if last is not None:
        value = _read_day(last, today)
    elif (last := _DAY_OF_MONTH_RE.match(text, at)) is not None:
        value = _read_day_of_month(last, today)
    if last is None or value is None or not value.iso:
        return []
    found = [
        DateFound(low, high, iso)
        for low, high, day, month in firsts
        if (iso := _same_month(last, value, day, month)) is not None
    ]
    return [*found, DateFound(at, last.end(), value.iso, value.disagrees)] if len(found) == len(firsts) else []


def _day_number(match: re.Match[str]) -> int:
    day = match["day"]
    return int(day) if day[0].isdecimal() else cal.ORDINALS.get(plain(day)) or cal.FIRSTS[plain(day)]


def _same_month(last: re.Match[str], value: _Value, day: int, month: int | None) -> str | None:
    """Return the ISO form of an earlier day of a range, from its last day; None if there is no such day before it."""
    if value.day is None:  # «--06-09»
        own = month or int(value.iso[2:4])
        return f"--{own:02}-{day:02}" if cal.gregorian_date(2024, own, day) else None
    if value.hijri:
        apart = day - _day_number(last)
        found = value.day + timedelta(days=apart) if apart < 0 and month is None else None
        return found.isoformat() if found else None
    own = month or value.day.month
    earlier = cal.gregorian_date(value.day.year - (own > value.day.month), own, day)
    return earlier.isoformat() if earlier is not None and earlier < value.day else None


def _any_day(text: str, start: int, today: date | None) -> tuple[int, _Value] | None:
    for pattern, read in ((_NUMERIC_RE, _read_numeric), (_DAY_RE, _read_day), (_DAY_OF_MONTH_RE, _read_day_of_month)):
        match = pattern.match(text, start)
        value = read(match, today) if match else None
        if match and value:
            return match.end(), value
    return None


def _read_day_of_month(match: re.Match[str], today: date | None) -> _Value | None:
    if today is None:
        return None
    months = today.year * 12 + today.month - 1 + cal.DIRECTIONS[plain(match["unit_direction"])]
    found = cal.gregorian_date(months // 12, months % 12 + 1, _day_number(match))
    return _Value(found.isoformat(), found) if found else None


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
    day = _day_number(match)
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
    if match["year_direction"] and today:
        found = cal.gregorian_date(today.year + cal.DIRECTIONS[plain(match["year_direction"])], month, day)
        return _Value(found.isoformat(), found, disagrees=disagrees) if found else None
    return _Value(f"--{month:02}-{day:02}", disagrees=disagrees) if cal.gregorian_date(2024, month, day) else None


def _hijri_day(day: int, month: int, match: re.Match[str], today: date | None) -> _Value | None:
    if match["year"]:
        found = cal.hijri_date(int(match["year"]), month, day)
        # Where the moon was sighted late, a month has a thirtieth day that the Umm al-Qura calendar lacks.
        return _Value(found.isoformat() if found else "", found, hijri=True) if found or day == 30 else None
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


def _windows(text: str, directions: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    spans = sorted([*(match.span() for match in _FOUR_DIGITS_RE.finditer(text)), *directions])
    return _merged(spans, _CUE_BEFORE, _CUE_AFTER)


def _merged(spans: Iterable[tuple[int, int]], before: int, after: int) -> Iterator[tuple[int, int]]:
    """Widen ascending spans by `before` and `after`, and join those that overlap."""
    low = high = 0
    for start, end in spans:
        if start - before > high:
            if high:
                yield low, high
            low = max(0, start - before)
        high = max(high, end + after)
    if high:
        yield low, high


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _months(text: str, low: int, high: int, today: date | None) -> Iterator[DateFound]:
    """Find months with their year («أيار 2014»), also around a day («مارس 5, 2024»), or with a word that implies it."""
    month_first = _COMMA_YEAR_RE.search(text, low, high) is not None
    for match in _MONTH_FIRST_RE.finditer(text, low, high) if month_first else ():
        number = cal.GREGORIAN_MONTHS.get(plain(match["month"]))
        day = _whole_day(int(match["year"]), number, int(match["day"]), hijri_era=False) if number else None
        if day is not None and not day.hijri:
            yield DateFound(*match.span("whole"), day.iso)
    for match in _MONTH_RE.finditer(text, low, high):
        name = plain(match["month"])
        month = cal.GREGORIAN_MONTHS.get(name)
        # A month of the Hijri calendar lies in two Gregorian ones, so it has no ISO form.
        if month is None:
            continue
        disagrees = match["other"] is not None and cal.GREGORIAN_MONTHS.get(plain(match["other"]), month) != month
        if match["year"]:
            year = int(match["year"])
        elif today is not None and match["year_direction"]:
            year = today.year + cal.DIRECTIONS[plain(match["year_direction"])]
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


def _relatives(text: str, directions: Sequence[tuple[int, int]], today: date) -> Iterator[DateFound]:
    """Find relative mentions; `directions` are the words like «الماضي».

    Where a mention names its weekday («أمس الإثنين»), that decides: a time of publication in UTC is a day early or late
    where the outlet is. If all named weekdays of a text say so alike, mentions without one are moved too.
    """
    cues = [at for cue in _RELATIVE_CUES for at in _places(text, cue)]
    cues += [start for start, _ in directions]
    spans = _merged(((at, at) for at in sorted(cues)), _RELATIVE_BEFORE, _RELATIVE_AFTER)
    matches = [match for low, high in spans for match in _RELATIVE_RE.finditer(text, low, high)]
    named = [moved for match in matches if (moved := _moved_by_weekday(match, today)) is not None]
    shift = named[0] if named and abs(named[0]) == 1 and len(set(named)) == 1 else 0
    for match in matches:
        moved = _moved_by_weekday(match, today)
        iso = _relative(match, today + timedelta(days=shift if moved is None else moved))
        if iso is not None:
            yield DateFound(*match.span("whole"), iso)


def _moved_by_weekday(match: re.Match[str], today: date) -> int | None:
    """Return by how many days a weekday beside a relative word moves the day of publication; None without one."""
    for name, shift in _SHIFTS.items():
        if match[name]:
            weekday = match[f"{name}_named"] or (match["this_named"] if name == "today" else None)
            if weekday is None:
                return None
            apart = (cal.WEEKDAYS[plain(weekday)] - (today.weekday() + shift)) % 7
            return apart - 7 if apart > 3 else apart
    return None


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
    count = cal.COUNTS[plain(match["count"])] if match["count"] else int(match["number"])
    days = count * (7 if match["weeks"] else 1)
    return (today + timedelta(days=days if match["side"] == "بعد" else -days)).isoformat()
