"""Recognise lines that only say when a page was published or changed."""

from __future__ import annotations

import re

from agents.clean.credits.name_tables import names
from agents.clean.dates.calendars import WEEKDAYS, one_of
from agents.clean.dates.mentions import find_dates
from agents.text.keys import match_key

CLOCK = r"[\d٠-٩]{1,2}[:.٫][\d٠-٩]{2}(?::[\d٠-٩]{2})?"
_DATE_LABEL_RE = re.compile(
    r"^(?:(?:تاريخ\s+)?(?:Published,?|النشر|نُ?شرت?(?:\s+في)?|آخر\s+تحديث|تم\s+التحديث|آخر\s+تعديل|تاريخ\s+الإضافة|حُ?دِ?ّ?ِ?ثت?(?:\s+في)?)"
    r"\s*:?\s*)(?=.*[\d٠-٩]).{4,70}$"
)
_MAX_DATE_CHARS, _MAX_LABELLED_CHARS = 130, 90
_CLOCK_RE = re.compile(CLOCK)
_ZONE = r"(?:بتوقيت|توقيت)\s+(?:مكة\s+المكرمة|\S+)"
# What date lines hold besides dates: weekdays, hours, time zones, labels, the number of the issue.
_WORDS_RE = re.compile(
    rf"{CLOCK}|(?<![^\W\d_])(?:{_ZONE}|{one_of(WEEKDAYS)}|يوم|النشر|نُ?شرت?|تاريخ|في|آخر|اخر|تحديث|محدث|تم|التحديث|الساعة|الموافق"
    r"|صباحا|صباحاً|صباحًا|مساء|مساءً|ظهرا|ظهراً|ص|مـ|م|هـ|ه|غرينتش|جرينتش|GMT|KSA|GST|UTC|AM|PM|العدد|رقم\s+العدد|السنة|منذ"
    r"|ساعة|ساعات|ساعتين|دقيقة|دقائق|دقيقتين|يومين|أيام|أسبوع|أسبوعين|أسابيع|شهر|شهرين|أشهر|سنة|سنتين|سنوات)(?![^\W\d_])",
    re.IGNORECASE,
)
_NUMBER_RE = re.compile(r"\d+")
# «الثلاثاء-2024-11-12»
_GLUED_WEEKDAY_RE = re.compile(rf"(?<!\w)({one_of(WEEKDAYS)})[-–](?=[\d٠-٩])")
_LETTER_RE = re.compile(r"[^\W\d_]")


def without_dates(text: str) -> str:
    """Replace dates, and the words that only occur beside dates, by a slash; return text without dates unchanged."""
    bare = text = _GLUED_WEEKDAY_RE.sub(r"\1 ", text) if "-" in text or "–" in text else text
    for found in reversed(find_dates(text)):
        bare = f"{bare[: found.start]} / {bare[found.end :]}"
    if bare == text and _CLOCK_RE.search(text) is None and "منذ" not in text:
        return text
    return _WORDS_RE.sub(" / ", bare)


def is_date_line(text: str) -> bool:
    """Return whether the line only says when the page was published or changed."""
    if len(text) > _MAX_DATE_CHARS or not any(map(str.isdecimal, text)):
        return False
    if len(text) <= _MAX_LABELLED_CHARS and _DATE_LABEL_RE.match(text) is not None:
        return True
    rest = without_dates(text)
    if rest == text or rest == _GLUED_WEEKDAY_RE.sub(r"\1 ", text):
        return False
    # «05 جانفي 2024 - القسم الوطني»
    words = match_key(_NUMBER_RE.sub(" ", rest))
    return _LETTER_RE.search(words) is None or words in names().sections
