"""Dates in words and digits, of both calendars and all regions."""

from __future__ import annotations

from datetime import UTC, datetime

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


@given(st.text(alphabet="0123456789٠١٥/-.() هـمالموافقيونرسبتغد1436201", max_size=120))
def test_mentions_are_in_order_and_apart(text: str) -> None:
    end = 0
    for found in find_dates(text, TUESDAY):
        assert end <= found.start < found.end <= len(text)
        end = found.end
