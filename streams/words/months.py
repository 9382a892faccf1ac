"""Names of months and weekdays as Arabic publishers print them, in one spelling (`plain`)."""

from __future__ import annotations

import unicodedata

# The Levant, Egypt and the Gulf, the Maghreb, and English. `_` stands for a space.
_GREGORIAN = (
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
_HIJRI = (
    "محرم المحرم",
    "صفر",
    "ربيع_الاول",
    "ربيع_الاخر ربيع_الثاني",
    "جمادي_الاولي جمادي_الاول",
    "جمادي_الاخره جمادي_الثانيه جمادي_الاخر",
    "رجب",
    "شعبان",
    "رمضان",
    "شوال",
    "ذو_القعده ذي_القعده",
    "ذو_الحجه ذي_الحجه",
)
# As date.weekday() numbers them.
_WEEKDAYS = "الاثنين الثلاثاء الاربعاء الخميس الجمعه السبت الاحد"
_FOLDED = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ة": "ه", "ى": "ي", "ـ": ""})


def _numbered(rows: tuple[str, ...]) -> dict[str, int]:
    return {name.replace("_", " "): number for number, names in enumerate(rows, 1) for name in names.split()}


GREGORIAN = _numbered(_GREGORIAN)
"""Numbers of the Gregorian months, from 1, by name."""
HIJRI = _numbered(_HIJRI)
"""Numbers of the Hijri months, from 1, by name."""
WEEKDAYS = {name: number for number, name in enumerate(_WEEKDAYS.split())}
"""Weekdays as `date.weekday` numbers them, by name."""


def plain(text: str) -> str:
    """Return a text with ASCII digits, letters without marks and variants, and one space between words."""
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    bare = "".join(c for c in unicodedata.normalize("NFKC", digits) if unicodedata.category(c) not in {"Mn", "Cf"})
    return " ".join(bare.translate(_FOLDED).lower().split())
