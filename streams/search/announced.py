"""Finds the days that an article announces: «يُعقد المؤتمر في 15 ديسمبر المقبل», «الخميس المقبل», «3 رجب 1449». Pure.

A day is announced if it comes after the article's publication, and either its year is printed, or the sentence speaks
of the future. What is doubtful is left out: a calendar with a wrong day is worse than one without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from hijridate import Gregorian, Hijri

from streams.words.months import GREGORIAN, HIJRI, WEEKDAYS, plain

#: News that announce a day further ahead mostly misprint it.
FURTHEST = timedelta(days=3 * 366)
MOST_DAYS = 10
_HIJRI_YEARS = range(1343, 1501)  # that hijridate converts

_SENTENCE_RE = re.compile(r"[^\n.!؟?…]+(?:\.(?=\d)[^\n.!؟?…]+)*[.!؟?…]*")


def _names(names: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


_G, _H, _W = _names(GREGORIAN), _names(HIJRI), _names(WEEKDAYS)
_NEXT = r"(?:المقبل|القادم|الاتي)(?:ه)?"
_BEFORE, _AFTER = r"(?<![\w/.-])و?", r"(?![\w/-]|\.\d)"
_YEAR = r"(?:\s*[,،]?\s*(?:من )?(?:عام |سنه |لعام |لسنه )?(?P<year>\d{4}))?"
# «15 كانون الأول/ديسمبر المقبل», «15 ديسمبر (كانون الأول) 2027»
_GREGORIAN_RE = re.compile(
    rf"{_BEFORE}(?P<day>\d{{1,2}})(?: من)?(?: شهر)? (?P<month>{_G})(?:\s*[/(]\s*(?:{_G})\s*\)?)?"
    rf"(?P<next> {_NEXT})?{_YEAR}{_AFTER}"
)
_HIJRI_RE = re.compile(
    rf"{_BEFORE}(?P<day>\d{{1,2}})(?: من)?(?: شهر)? (?P<month>{_H})(?P<next> {_NEXT})?{_YEAR}(?: ?هـ?)?{_AFTER}"
)
_NUMBERS_RE = re.compile(
    rf"{_BEFORE}(?P<day>\d{{1,2}})(?P<sign>[/.-])(?P<month>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}){_AFTER}"
)
_WEEKDAY_RE = re.compile(
    rf"(?<!\w)(?:ل|ب)?(?:يوم )?(?P<weekday>{_W}) (?:{_NEXT}|بعد (?P<after>المقبل|القادم)ه?){_AFTER}"
)
_TOMORROW_RE = re.compile(r"(?<!\w)(?P<over>بعد )?(?:ال)?غدا?(?!\w)")
# Words that speak of what is to come. Verbs of the future begin with س and a letter of the imperfect, which nouns of
# news (سيارة، ستة، سيد، سياسة) do as well: these are left out.
_FUTURE_RE = re.compile(
    rf"(?<!\w)(?:و|ف)?(?:سوف|من المقرر|المقرر|يعتزم|تعتزم|مرتقب|المرتقب|يرتقب|المزمع|موعد|{_NEXT}"
    r"|س[يت](?!ا[رسد]|نا|ني|(?:ول|ين|ما)(?!\w)|الين|وكه|د(?:ه|ات|ي|نا|ني)(?!\w)|ر(?:ه|ته|تها)(?!\w)|طر(?:ه|ت|وا|ته)?(?!\w))\w{2,})(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Announced:
    """A day that an article announces.

    Attributes:
        day: the day, Gregorian.
        sentence: the sentence that has it, as the article prints it.
    """

    day: date
    sentence: str


def announced_days(text: str, published: date) -> list[Announced]:
    """Return the days that a text announces, each once, in their order; at most MOST_DAYS.

    Args:
        text: display text.
        published: day of its publication, where its readers are.
    """
    found: dict[date, Announced] = {}
    for match in _SENTENCE_RE.finditer(text):
        sentence = match.group().strip()
        for day in _days(sentence, published):
            if timedelta(0) < day - published <= FURTHEST:
                found.setdefault(day, Announced(day, sentence))
    return sorted(found.values(), key=lambda one: one.day)[:MOST_DAYS]


def _days(sentence: str, published: date) -> Iterator[date]:
    words = plain(sentence)
    is_future = _FUTURE_RE.search(words) is not None
    for match in _GREGORIAN_RE.finditer(words):
        year = int(match["year"]) if match["year"] else None
        if year is not None or match["next"] or is_future:
            yield from _gregorian(year, GREGORIAN[match["month"]], int(match["day"]), published)
    for match in _HIJRI_RE.finditer(words):
        year = int(match["year"]) if match["year"] else None
        if year is not None or match["next"] or is_future:
            yield from _hijri(year, HIJRI[match["month"]], int(match["day"]), published)
    for match in _NUMBERS_RE.finditer(words):
        year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
        yield from (
            _hijri(year, month, day, published) if year in _HIJRI_YEARS else _gregorian(year, month, day, published)
        )
    for match in _WEEKDAY_RE.finditer(words):
        days = (WEEKDAYS[match["weekday"]] - published.weekday() - 1) % 7 + 1
        yield published + timedelta(days=days + (7 if match["after"] else 0))
    if is_future or " يوم غد" in f" {words}":
        for match in _TOMORROW_RE.finditer(words):
            yield published + timedelta(days=2 if match["over"] else 1)


def _gregorian(year: int | None, month: int, day: int, published: date) -> Iterator[date]:
    """Yield a day; without a year, the next one of its name."""
    for candidate in (year,) if year is not None else (published.year, published.year + 1):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year is not None or found > published:
            yield found
            return


def _hijri(year: int | None, month: int, day: int, published: date) -> Iterator[date]:
    """Yield a day of the Umm al-Qura calendar; without a year, the next one of its name."""
    now = _hijri_year(published)
    for candidate in (year,) if year is not None else (now, now + 1):
        try:
            found = Hijri(candidate, month, day).to_gregorian()
        except (ValueError, OverflowError):
            continue
        plain_day = date(found.year, found.month, found.day)
        if year is not None or plain_day > published:
            yield plain_day
            return


@cache
def _hijri_year(day: date) -> int:
    try:
        return int(Gregorian(day.year, day.month, day.day).to_hijri().year)
    except (ValueError, OverflowError):
        return 0
