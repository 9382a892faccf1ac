"""Dates of lists as Arabic publishers print them: Arabic month names, digits of all kinds, ص and م."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

# Names of the Gregorian months in the Levant, Egypt and the Gulf, the Maghreb, and English, after `_plain`.
_MONTHS = (
    "يناير كانون_الثاني جانفي january jan",
    "فبراير شباط فيفري february feb",
    "مارس اذار march mar",
    "ابريل نيسان افريل april apr",
    "مايو ايار ماي may",
    "يونيو حزيران جوان june jun يونيه",
    "يوليو تموز جويليه july jul يوليه",
    "اغسطس اب اوت august aug غشت",
    "سبتمبر ايلول september sep sept شتنبر",
    "اكتوبر تشرين_الاول october oct",
    "نوفمبر تشرين_الثاني november nov نونبر",
    "ديسمبر كانون_الاول december dec دجنبر",
)
_NUMBER = {name.replace("_", " "): number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAMES = "|".join(sorted(map(re.escape, _NUMBER), key=len, reverse=True))
_DATE_RE = re.compile(rf"(?<!\d)(\d{{1,2}})[\s\-/.]+({_NAMES})[\s\-/.,،]+(\d{{4}})(?!\d)")
_TIME_RE = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(صباحا|مساء|am|pm|ص|م)?(?![\w])")
_OFFSET_RE = re.compile(r"(?:gmt|utc)?\s*([+-])(\d{2}):?(\d{2})(?!\d)")
_FOLDED = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ة": "ه", "ى": "ي", "ـ": ""})


def printed_date(text: str | None) -> datetime | None:
    """Read a date with the month in words, such as `الأحد، ١ مارس ٢٠٢٦ - ٢:٠٥ م +0300`; UTC if it has no offset.

    Returns:
        The time in UTC; None if there is no such date, or no time of the day.
    """
    plain = _plain(text or "")
    day = _DATE_RE.search(plain)
    if day is None:
        return None
    rest = plain[: day.start()] + " " + plain[day.end() :]
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
            int(day.group(3)), _NUMBER[day.group(2)], int(day.group(1)), hour, minute, second, tzinfo=zone
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _plain(text: str) -> str:
    """Digits as ASCII, letters without marks and variants, one space between words."""
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text[:200])
    bare = "".join(c for c in unicodedata.normalize("NFKC", digits) if unicodedata.category(c) not in {"Mn", "Cf"})
    return " ".join(bare.translate(_FOLDED).lower().split())
