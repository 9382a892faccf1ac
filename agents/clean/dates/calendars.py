"""List month, weekday and number names as Arabic papers print them, and convert between calendars."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from babel import Locale
from hijridate import Gregorian, Hijri

# Together these locales have all sets of Gregorian month names in use: Egypt and the Gulf, the Levant and Iraq,
# Morocco, Algeria and Tunisia, Mauritania.
_MONTH_LOCALES = ("ar", "ar_IQ", "ar_MA", "ar_DZ", "ar_MR")
_MONTH_VARIANTS = {
    "أغسطوس": 8, "يونية": 6, "يونيه": 6, "يولية": 7, "يوليه": 7, "مايس": 5, "تشرين أول": 10, "تشرين ثاني": 11,
    "تشرين ثان": 11, "كانون أول": 12, "كانون ثاني": 1, "كانون ثان": 1, "فبرابر": 2, "سبتمر": 9, "مارت": 3,
    "سبتامبر": 9, "دسمبر": 12, "جويليا": 7, "فيڤري": 2, "جانڤي": 1,
    # Joomla's Arabic: «14 كانون1/ديسمبر 2019»
    "كانون1": 12, "كانون2": 1, "تشرين1": 10, "تشرين2": 11,
}  # fmt: skip
_HIJRI_MONTHS = {
    "محرم": 1, "المحرم": 1, "محرم الحرام": 1, "صفر": 2, "ربيع الأول": 3, "ربيع أول": 3, "ربيع الآخر": 4,
    "ربيع آخر": 4, "ربيع الثاني": 4, "ربيع ثاني": 4, "جمادى الأولى": 5, "جمادى الأول": 5, "جماد الأول": 5,
    "جماد أول": 5, "جمادى الآخرة": 6, "جمادى الثانية": 6, "جمادى الآخر": 6, "جماد الآخر": 6, "جماد الثاني": 6,
    "جماد ثاني": 6, "رجب": 7, "شعبان": 8, "رمضان": 9, "رمضان المبارك": 9, "شوال": 10, "ذو القعدة": 11,
    "ذي القعدة": 11, "ذوالقعدة": 11, "ذو الحجة": 12, "ذي الحجة": 12, "ذوالحجة": 12,
}  # fmt: skip
_ORDINALS = {
    "الأول": 1, "الثاني": 2, "الثالث": 3, "الرابع": 4, "الخامس": 5, "السادس": 6, "السابع": 7, "الثامن": 8,
    "التاسع": 9, "العاشر": 10, "الحادي عشر": 11, "الثاني عشر": 12, "الثالث عشر": 13, "الرابع عشر": 14,
    "الخامس عشر": 15, "السادس عشر": 16, "السابع عشر": 17, "الثامن عشر": 18, "التاسع عشر": 19, "العشرين": 20,
    "الحادي والعشرين": 21, "الثاني والعشرين": 22, "الثالث والعشرين": 23, "الرابع والعشرين": 24,
    "الخامس والعشرين": 25, "السادس والعشرين": 26, "السابع والعشرين": 27, "الثامن والعشرين": 28,
    "التاسع والعشرين": 29, "الثلاثين": 30, "الحادي والثلاثين": 31, "العشرون": 20, "الحادي والعشرون": 21,
    "الثاني والعشرون": 22, "الثالث والعشرون": 23, "الرابع والعشرون": 24, "الخامس والعشرون": 25,
    "السادس والعشرون": 26, "السابع والعشرون": 27, "الثامن والعشرون": 28, "التاسع والعشرون": 29, "الثلاثون": 30,
    "الحادي والثلاثون": 31, "الواحد والعشرين": 21, "الواحد والثلاثين": 31,
}  # fmt: skip
# Names of a month's first day: «غرة رمضان», «الفاتح من نوفمبر», «فاتح ماي».
_FIRSTS = {"غرة": 1, "الفاتح": 1, "فاتح": 1}
_COUNTS = {
    "يوم": 1, "يوم واحد": 1, "يومين": 2, "ثلاثة أيام": 3, "أربعة أيام": 4, "خمسة أيام": 5, "ستة أيام": 6,
    "سبعة أيام": 7, "ثمانية أيام": 8, "تسعة أيام": 9, "عشرة أيام": 10, "أسبوع": 7, "أسبوعين": 14,
    "ثلاثة أسابيع": 21, "أربعة أسابيع": 28, "خمسة أسابيع": 35, "ستة أسابيع": 42,
}  # fmt: skip
# Numbered as date.weekday() does.
_WEEKDAYS = {"الاثنين": 0, "الثلاثاء": 1, "الأربعاء": 2, "الخميس": 3, "الجمعة": 4, "السبت": 5, "الأحد": 6}
_DIRECTIONS = {
    "الماضي": -1, "الماضية": -1, "الفائت": -1, "الفائتة": -1, "المنصرم": -1, "المنصرمة": -1, "المنقضي": -1,
    "المقبل": 1, "المقبلة": 1, "القادم": 1, "القادمة": 1, "الآتي": 1, "الجاري": 0, "الجارية": 0, "الحالي": 0,
    "الحالية": 0,
}  # fmt: skip

# Years that hijridate converts, and years that news may name.
HIJRI_YEARS = range(1343, 1501)
GREGORIAN_YEARS = range(1500, 2200)

_SPELLINGS = str.maketrans(
    {**dict.fromkeys("اأإآ", "[اأإآٱ]"), **dict.fromkeys("ىي", "[ىي]"), "ة": "[ةه]", "ه": "[ةه]", " ": "[ \u00a0]+"}
)
_NO_LETTER_RE = re.compile("[\u064b-\u0652\u0640]")


def plain(name: str) -> str:
    """Return the key of a name in the tables: one spelling for each name."""
    name = _NO_LETTER_RE.sub("", " ".join(name.split()))
    return re.sub("[أإآٱ]", "ا", name).replace("ة", "ه").replace("ى", "ي")


def _keyed(table: dict[str, int]) -> dict[str, int]:
    return {plain(name): number for name, number in table.items()}


def _gregorian_months() -> dict[str, int]:
    months = {month: number for name in _MONTH_LOCALES for number, month in _wide_months(name).items()}
    return _keyed({**months, **_MONTH_VARIANTS})


@lru_cache(maxsize=8)
def _wide_months(locale: str) -> dict[int, str]:
    return dict(Locale.parse(locale).months["format"]["wide"].items())


GREGORIAN_MONTHS = _gregorian_months()
HIJRI_MONTHS = _keyed(_HIJRI_MONTHS)
ORDINALS = _keyed(_ORDINALS)
FIRSTS = _keyed(_FIRSTS)
COUNTS = _keyed(_COUNTS)
WEEKDAYS = _keyed(_WEEKDAYS)
DIRECTIONS = _keyed(_DIRECTIONS)


def one_of(names: Iterable[str]) -> str:
    """Return a pattern that matches any spelling of any of `names`, the longest first.

    The article stays literal, so that the regex engine can skip to it instead of trying every position.
    """
    return "|".join(map(_spellings, sorted(names, key=lambda name: (-len(name), name))))


def _spellings(name: str) -> str:
    article = "ال" if name.startswith("ال") else ""
    return article + name.removeprefix(article).translate(_SPELLINGS)


def gregorian_date(year: int, month: int, day: int) -> date | None:
    """Return the day, or None if there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def hijri_date(year: int, month: int, day: int) -> date | None:
    """Convert a day of the Umm al-Qura calendar to Gregorian; return None if there is no such day."""
    if year not in HIJRI_YEARS:
        return None
    try:
        return date(*Hijri(year, month, day).to_gregorian().datetuple())
    except (ValueError, OverflowError):
        return None


def hijri_year(day: date) -> int:
    """Return the Umm al-Qura year of a Gregorian day.

    Raises:
        OverflowError: the day is before 1924 or after 2077.
    """
    return int(Gregorian.fromdate(day).to_hijri().year)
