"""Dates in words and digits, of both calendars and all regions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clean.dates.mentions import find_dates

# A Tuesday.
TUESDAY = datetime(2024, 3, 5, 9, 0, tzinfo=UTC)

ABSOLUTE = [
    ("7 أكتوبر (تشرين الأول) 2023", "2023-10-07"),
    ("٥ مايو ٢٠١٤م", "2014-05-05"),
    ("21/7/2015", "2015-07-21"),
    ("2015-07-21", "2015-07-21"),
    ("3.5.2014", "2014-05-03"),
    ("3 - 5 - 2014", "2014-05-03"),
    ("5/10/1436هـ", "2015-07-21"),
    ("5 شوال 1436هـ", "2015-07-21"),
    ("الخامس من شوال 1436", "2015-07-21"),
    ("5 شوال 1436هـ الموافق 21 يوليو 2015م", "2015-07-21"),
    ("21 يوليو 2015 الموافق 5 شوال 1436هـ", "2015-07-21"),
    ("٥/١٠/١٤٣٦هـ الموافق ٢١/٧/٢٠١٥م", "2015-07-21"),
    ("آب/أغسطس 2013", "2013-08"),
    ("نيسان (أبريل) 2010", "2010-04"),
    ("15 كانون الأول/ديسمبر 2014", "2014-12-15"),
    ("12 جانفي 2011", "2011-01-12"),
    ("فيفري 2012", "2012-02"),
    ("25 غشت 2016", "2016-08-25"),
    ("3 دجنبر 2019", "2019-12-03"),
    ("14 جويلية 2018", "2018-07-14"),
    ("9 إبريل 2003", "2003-04-09"),
    ("الأول من أغسطس", "--08-01"),
    ("الحادي والعشرين من آذار", "--03-21"),
    ("11 سبتمبر", "--09-11"),
    ("عام 1990", "1990"),
    ("سنة ٢٠٠٣", "2003"),
    ("20 يناير (كانون الثاني) المقبل", "--01-20"),
]


@pytest.mark.parametrize(("text", "iso"), ABSOLUTE)
def test_named_dates(text: str, iso: str) -> None:
    sentence = f"وقال إن ذلك كان في {text}، ثم مضى."
    (found,) = find_dates(sentence)
    assert sentence[found.start : found.end] == text
    assert found.iso == iso
    assert not found.disagrees


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("أمس", "2024-03-04"),
        ("أول من أمس", "2024-03-03"),
        ("أمس الأول", "2024-03-03"),
        ("غداً", "2024-03-06"),
        ("بعد غد", "2024-03-07"),
        ("اليوم الثلاثاء", "2024-03-05"),
        ("مساء اليوم", "2024-03-05"),
        ("الخميس الماضي", "2024-02-29"),
        ("الخميس المقبل", "2024-03-07"),
        ("الثلاثاء الماضي", "2024-02-27"),
        ("قبل يومين", "2024-03-03"),
        ("الشهر الماضي", "2024-02"),
        ("العام المقبل", "2025"),
        ("مارس الماضي", "2023-03"),
        ("مارس الجاري", "2024-03"),
        ("20 يناير المقبل", "2025-01-20"),
        ("20 يناير الماضي", "2024-01-20"),
        ("12 رمضان المقبل", "2024-03-22"),
    ],
)
def test_relative_dates_need_the_day_of_publication(text: str, iso: str) -> None:
    sentence = f"جرى الحديث عنه {text}، وفق البيان."
    (found,) = find_dates(sentence, TUESDAY)
    assert (sentence[found.start : found.end], found.iso) == (text, iso)
    assert all(mention.iso != iso for mention in find_dates(sentence))


@pytest.mark.parametrize("months", ["كانون الثاني/يناير", "يناير (كانون الثاني)", "كانون الثاني - يناير"])
def test_two_month_names_hide_no_direction(months: str) -> None:
    text = f"تنطلق في العاشر من {months} المقبل رحلة"
    (found,) = find_dates(text, TUESDAY)
    assert (text[found.start : found.end], found.iso) == (f"العاشر من {months} المقبل", "2025-01-10")


@pytest.mark.parametrize("text", ["7 أكتوبر (تشرين الثاني) 2023", "5 شوال 1436هـ الموافق 25 يوليو 2015م"])
def test_calendars_that_disagree_are_flagged(text: str) -> None:
    (found,) = find_dates(text)
    assert found.disagrees


@pytest.mark.parametrize(
    "text",
    [
        "عند الساعة 12:30",
        "بلغ 1,200 طن",
        "فاز 3/2",
        "النسخة 10.2.1",
        "صحيفة «عين اليوم»",
        "بالأمس كنا صغارا",
        "32 مايو",
        "31/2/2015",
        "هاتف 0501-22-3333",
        "مارس الرياضة يوميا",
        "شهر رمضان",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert find_dates(text, TUESDAY) == []


@pytest.mark.parametrize(
    ("text", "mention", "iso"),
    [
        ("افتتح في الربيع و14 ماي 2022.", "14 ماي 2022", "2022-05-14"),
        ("من موعد أول إلى آخر بـ5 أيار 2022", "5 أيار 2022", "2022-05-05"),
        ("تأجل لـ20 حزيران 2023", "20 حزيران 2023", "2023-06-20"),
        ("ينتهي في7 تموز 2023", "7 تموز 2023", "2023-07-07"),
        ("اجتماع الـ9 من آب 2023", "9 من آب 2023", "2023-08-09"),
        ("سافر فـي 12 مـــارس 2024", "12 مـــارس 2024", "2024-03-12"),
        ("عاد يوم ٥ آذَارَ ٢٠٢٤ إلى بلدته", "٥ آذَارَ ٢٠٢٤", "2024-03-05"),
        ("سجل في 7ـ9ـ2023 لدى الدائرة", "7ـ9ـ2023", "2023-09-07"),
        ("وبالعاشر من نيسان 2023 انتهى", "العاشر من نيسان 2023", "2023-04-10"),
        ("بدأ في غرة رمضان 1444 وانتهى", "غرة رمضان 1444", "2023-03-23"),
        ("ثورة الفاتح من نوفمبر 1954 المجيدة", "الفاتح من نوفمبر 1954", "1954-11-01"),
        ("التاسع والعشرون من أيلول 2023 يوم عطلة", "التاسع والعشرون من أيلول 2023", "2023-09-29"),
        ("موازنة للعام 2022 أقرت", "للعام 2022", "2022"),
        ("صدر يوم 30 رجب 1445 الموافق لـ 11 فبراير 2024", "30 رجب 1445 الموافق لـ 11 فبراير 2024", "2024-02-11"),
    ],
)
def test_prefixes_marks_and_tatweel_hide_no_date(text: str, mention: str, iso: str) -> None:
    (found,) = find_dates(text)
    assert (text[found.start : found.end], found.iso) == (mention, iso)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("من 5 إلى 9 حزيران 2024", ["2024-06-05", "2024-06-09"]),
        ("بين 5 و9 حزيران 2024", ["2024-06-05", "2024-06-09"]),
        ("5-9 حزيران 2024", ["2024-06-05", "2024-06-09"]),
        ("5 و6 و7 يونيو 2024", ["2024-06-05", "2024-06-06", "2024-06-07"]),
        ("من الأحد 2 حتى الخميس 6 يونيو 2024", ["2024-06-02", "2024-06-06"]),
        ("الخامس والسادس من يونيو 2023", ["2023-06-05", "2023-06-06"]),
        ("من 28 شباط إلى 3 آذار 2024", ["2024-02-28", "2024-03-03"]),
        ("من 20 ديسمبر إلى 5 يناير 2024", ["2023-12-20", "2024-01-05"]),
        ("12 و13 شعبان 1445", ["2024-02-22", "2024-02-23"]),
        ("بين يومي 5 و9 يونيو", ["--06-05", "--06-09"]),
        ("من 10 إلى 12 من الشهر الجاري", ["2024-03-10", "2024-03-12"]),
        ("فاز 3-1 في مايو 2024", ["2024-05"]),
        ("خسر 5 - 2 مايو 2024", ["2024-05-02"]),
    ],
)
def test_ranges_name_each_of_their_days(text: str, days: list[str]) -> None:
    assert [found.iso for found in find_dates(text, TUESDAY)] == days


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("قبل 3 أيام", "2024-03-02"),
        ("قبل ٣ أيام", "2024-03-02"),
        ("منذ يومين", "2024-03-03"),
        ("منذ 3 أسابيع", "2024-02-13"),
        ("بعد 12 يوما", "2024-03-17"),
        ("قبل نحو أسبوعين", "2024-02-20"),
        ("صباح غد", "2024-03-06"),
        ("يوم غدٍ", "2024-03-06"),
        ("غد الأربعاء", "2024-03-06"),
        ("البارحة", "2024-03-04"),
        ("العاشر من الشهر المقبل", "2024-04-10"),
        ("5 مارس من العام الماضي", "2023-03-05"),
    ],
)
def test_counted_days(text: str, iso: str) -> None:
    sentence = f"جرى الحديث عنه {text}، وفق البيان."
    (found,) = find_dates(sentence, TUESDAY)
    assert (sentence[found.start : found.end], found.iso) == (text, iso)


def test_days_are_counted_where_the_outlet_is() -> None:
    night = datetime(2024, 3, 5, 1, 30, tzinfo=timezone(timedelta(hours=3)))
    assert [found.iso for found in find_dates("قالت أمس ثم مساء اليوم", night)] == ["2024-03-04", "2024-03-05"]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        # Published at 22:30 UTC, which was Tuesday already where the outlet is.
        ("أمس الإثنين، ومساء اليوم الثلاثاء، وغدا الأربعاء", ["2024-03-04", "2024-03-05", "2024-03-06"]),
        ("أمس الإثنين، ثم قبل يومين", ["2024-03-04", "2024-03-03"]),
        ("أمس الأحد، ثم قبل يومين", ["2024-03-03", "2024-03-02"]),
        ("أمس الإثنين، وغدا الثلاثاء، ثم قبل يومين", ["2024-03-04", "2024-03-05", "2024-03-02"]),
        ("أمس الخميس", ["2024-02-29"]),
    ],
)
def test_a_named_weekday_decides(text: str, days: list[str]) -> None:
    monday_in_utc = datetime(2024, 3, 4, 22, 30, tzinfo=UTC)
    assert [found.iso for found in find_dates(text, monday_in_utc)] == days


@given(st.text(alphabet="0123456789٠١٥/-.() هـمالموافقيونرسبتغد1436201\u0640\u064e\u0651", max_size=120))
def test_mentions_are_in_order_and_apart(text: str) -> None:
    end = 0
    for found in find_dates(text, TUESDAY):
        assert end <= found.start < found.end <= len(text)
        end = found.end
