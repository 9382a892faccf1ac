"""Check that every way in which Arabic news names a date is found completely and with the right value."""

from __future__ import annotations

from datetime import UTC, datetime

from agents.clean.dates.mentions import find_dates

# A Tuesday, to which relative mentions refer.
PUBLISHED = datetime(2024, 3, 5, 9, 0, tzinfo=UTC)

KINDS = {
    "day, month, year": ("15 مارس 2024", "2024-03-15"),
    "with the era": ("15 مارس 2024م", "2024-03-15"),
    "Arabic-Indic digits": ("١٥ مارس ٢٠٢٤", "2024-03-15"),
    "Persian digits": ("۱۵ مارس ۲۰۲۴", "2024-03-15"),
    "with «من»": ("15 من مارس 2024", "2024-03-15"),
    "with «عام»": ("15 مارس عام 2024", "2024-03-15"),
    "with «شهر»": ("15 من شهر مارس 2024", "2024-03-15"),
    "ordinal day": ("الخامس عشر من مارس 2024", "2024-03-15"),
    "ordinal day without year": ("الأول من أغسطس", "--08-01"),
    "day and month": ("15 مارس", "--03-15"),
    "Levantine": ("15 آذار 2024", "2024-03-15"),
    "Levantine of two words": ("3 كانون الأول 2023", "2023-12-03"),
    "Levantine without article": ("3 تشرين ثاني 2023", "2023-11-03"),
    "Gulf and Levantine in brackets": ("7 أكتوبر (تشرين الأول) 2023", "2023-10-07"),
    "Levantine and Gulf in brackets": ("7 تشرين الأول (أكتوبر) 2023", "2023-10-07"),
    "both with a slash": ("7 تشرين الأول/أكتوبر 2023", "2023-10-07"),
    "Tunisian and Algerian": ("14 جانفي 2011", "2011-01-14"),
    "Algerian summer": ("5 جويلية 1962", "1962-07-05"),
    "Moroccan": ("20 غشت 1953", "1953-08-20"),
    "Moroccan autumn": ("6 نونبر 1975", "1975-11-06"),
    "hamza below": ("9 إبريل 2003", "2003-04-09"),
    "without hamza": ("3 اكتوبر 2023", "2023-10-03"),
    "Egyptian spelling": ("30 يونية 2013", "2013-06-30"),
    "month and year": ("مارس 2024", "2024-03"),
    "both month names and year": ("آذار (مارس) 2024", "2024-03"),
    "year": ("عام 2011", "2011"),
    "year, feminine": ("سنة 2011", "2011"),
    "slashes": ("15/3/2024", "2024-03-15"),
    "slashes, year first": ("2024/3/15", "2024-03-15"),
    "ISO": ("2024-03-15", "2024-03-15"),
    "dots": ("15.3.2024", "2024-03-15"),
    "dashes with spaces": ("15 - 3 - 2024", "2024-03-15"),
    "Hijri": ("5 شوال 1436هـ", "2015-07-21"),
    "Hijri ordinal": ("الخامس من شوال 1436", "2015-07-21"),
    "Hijri in digits": ("5/10/1436هـ", "2015-07-21"),
    "Hijri and Gregorian": ("5 شوال 1436هـ الموافق 21 يوليو 2015م", "2015-07-21"),
    "Gregorian and Hijri": ("21 يوليو 2015 الموافق 5 شوال 1436هـ", "2015-07-21"),
    "both in digits": ("5/10/1436هـ الموافق 21/7/2015م", "2015-07-21"),
    "both, weekday between": ("5 شوال 1436هـ الموافق الثلاثاء 21 يوليو 2015", "2015-07-21"),
    "next": ("20 يناير (كانون الثاني) المقبل", "2025-01-20"),
    "yesterday": ("أمس", "2024-03-04"),
    "last weekday": ("الخميس الماضي", "2024-02-29"),
    "days ago": ("قبل يومين", "2024-03-03"),
}


def missed() -> dict[str, list[tuple[str, str]]]:
    """Return the kinds that are not found completely with the right value, each with what was found instead."""
    wrong = {}
    for kind, (text, iso) in KINDS.items():
        sentence = f"وأشار البيان إلى {text}، بحسب المصدر."
        found = [(sentence[mention.start : mention.end], mention.iso) for mention in find_dates(sentence, PUBLISHED)]
        if found != [(text, iso)]:
            wrong[kind] = found
    return wrong
