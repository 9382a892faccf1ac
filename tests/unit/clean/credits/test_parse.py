"""Credit lines of several papers: who, where, for whom."""

from __future__ import annotations

import pytest

from agents.clean.credits.name_tables import is_agency, is_place, person_certainty
from agents.clean.credits.parse import parse_credit


@pytest.mark.parametrize(
    ("text", "byline", "dateline", "agencies"),
    [
        ("خالد العمري- سبق- الرياض:", "خالد العمري", "الرياض", ("سبق",)),
        ("واس (جدة)", None, "جدة", ("واس",)),
        ("لندن: «الشرق الأوسط»", None, "لندن", ("الشرق الأوسط",)),
        ("الحديدة (اليمن): وائل الحكيمي", "وائل الحكيمي", "الحديدة", ()),
        ("دبي:رويترز", None, "دبي", ("رويترز",)),
        ("«الاقتصادية» من الرياض", None, "الرياض", ("الاقتصادية",)),
        ("منير الصالح من الدمام", "منير الصالح", "الدمام", ()),
        ("أبها - سعد الحارثي / تصوير - فهد العسيري:", "سعد الحارثي", "أبها", ()),
        ("نيقوسيا، بيروت - أ ف ب، رويترز", None, "نيقوسيا", ("أ ف ب", "رويترز")),
        ("بيروت: نذير حداد  القاهرة: منى السالم", "نذير حداد، منى السالم", "بيروت", ()),
        ("الرياض، تحقيق - علي الحسن", "علي الحسن", "الرياض", ()),
        ("واس - المدينة", None, "المدينة", ("واس",)),
        ("المدينة - جدة", None, "جدة", ("المدينة",)),
        ("ماجد الفرحان، منذر الهزاع (الأحساء)", "ماجد الفرحان، منذر الهزاع", "الأحساء", ()),
        ("بولي علم (أفغانستان): «الشرق الأوسط»", None, "بولي علم", ("الشرق الأوسط",)),
        ("رواف الكويكبي – عين اليوم", "رواف الكويكبي", None, ("عين اليوم",)),
        ("عين اليوم – كيب كنافيرال", None, "كيب كنافيرال", ("عين اليوم",)),
        ("الكويت: «المرفأ»", None, "الكويت", ("المرفأ",)),
        ("أ. د.عثمان بن صالح  العامر", "أ. د.عثمان بن صالح العامر", None, ()),
        ("إبراهيم عباس - الترجمة", "إبراهيم عباس", None, ()),
        ("د. حسن السالم", "د. حسن السالم", None, ()),
        # Names that go on after «أبو», «بن», «آل», although the next word is a town's name too
        ("طلال أبو العلا - القاهرة", "طلال أبو العلا", "القاهرة", ()),
        ("نبيل أبو حمص", "نبيل أبو حمص", None, ()),
        ("سالم بن غزة", "سالم بن غزة", None, ()),
        ("منى آل ثابت وعبد الرحمن أبو شقرا - مأرب", "منى آل ثابت، عبد الرحمن أبو شقرا", "مأرب", ()),
        ("نادر ولد محمد - نواكشوط", "نادر ولد محمد", "نواكشوط", ()),
        # What the writer is
        ("د. هالة شاهين – كاتبة وباحثة", "د. هالة شاهين", None, ()),
        ("سمر البيطار - صحافية لبنانية", "سمر البيطار", None, ()),
        ("ناهد بن عيسى / أستاذة الإعلام بجامعة الساحل", "ناهد بن عيسى", None, ()),
        ("منى السالم | محررة الشؤون السياسية", "منى السالم", None, ()),
        ("منى السالم - غرفة الأخبار", "منى السالم", None, ()),
        # Correspondents
        ("منى السالم - مراسلة الشرق في القدس", "منى السالم", "القدس", ("الشرق",)),
        ("منى السالم مراسلة «المرفأ» في عمان", "منى السالم", "عمان", ("المرفأ",)),
        ("مراسل «المرسى» في عدن: سامر حداد", "سامر حداد", "عدن", ("المرسى",)),
        ("موفد المرسى إلى بيروت منى السالم", "منى السالم", "بيروت", ("المرسى",)),
        ("مراسلتنا في تونس منى السالم", "منى السالم", "تونس", ()),
        # Several writers
        ("منى السالم\nنذير حداد", "منى السالم، نذير حداد", None, ()),
        ("منى السالم ونذير حداد وسامر قاسم", "منى السالم، نذير حداد، سامر قاسم", None, ()),
        ("منى السالم & نذير حداد", "منى السالم، نذير حداد", None, ()),
        # Latin letters
        ("Mona Salem", "Mona Salem", None, ()),
        ("By Mona Salem and Nadir Haddad", "Mona Salem، Nadir Haddad", None, ()),
        ("Mona al-Salem | AFP", "Mona al-Salem", None, ("AFP",)),
        ("Beirut Newsroom", None, None, ()),
        ("admin", None, None, ()),
        # Agencies whose letters stand apart, beside dates
        ("الكويت 5 - 3 (كونا)", None, "الكويت", ("كونا",)),
        ("الرباط 5 مارس 2024 (و م ع)", None, "الرباط", ("و م ع",)),
        ("نواكشوط (و م أ)", None, "نواكشوط", ("و م أ",)),
        ("CAIRO, March 5 (MENA)", None, "CAIRO", ("MENA",)),
        ("(زائر)", None, None, ()),
        ("كلمة اليوم", None, None, ()),
        ("", None, None, ()),
    ],
)
def test_credit_lines(text: str, byline: str | None, dateline: str | None, agencies: tuple[str, ...]) -> None:
    credit = parse_credit(text)
    assert (credit.byline, credit.dateline, credit.agencies) == (byline, dateline, agencies)


@pytest.mark.parametrize(
    "text",
    ["جانب من الحفل", "أداء القطاعات", "خالد يدفع إدارة الشباب للتهرب", "شارك في اللقاء: وزير المالية - محافظ البنك"],
)
def test_headings_and_headlines_are_no_credit_lines(text: str) -> None:
    assert not parse_credit(text).certain


def test_names_places_and_agencies_however_spelled() -> None:
    assert is_agency("أ.ف.ب")
    assert is_agency("ا ف ب")
    assert not is_agency("سامر")
    assert is_place("ابها")
    assert is_place("القاهرة")
    assert person_certainty("منى السالم") == 2
    assert person_certainty("وزارة المالية") != 2
