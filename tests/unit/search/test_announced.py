"""The days that articles announce, in sentences as news print them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from streams.search.announced import MOST_DAYS, announced_days

# A Monday; 20 Jumada al-akhira 1448.
PUBLISHED = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("يُعقد المؤتمر في 15 ديسمبر المقبل في الدوحة.", ["2026-12-15"]),
        ("تنطلق الدورة في ١٠ كانون الثاني/يناير ٢٠٢٧.", ["2027-01-10"]),
        ("من المقرر أن تبدأ الجلسات في 5 شباط.", ["2027-02-05"]),
        ("ستجري الانتخابات يوم 20 مارس", ["2027-03-20"]),
        ("تُجرى القرعة يوم الخميس المقبل.", ["2026-12-03"]),
        ("يجتمع المجلس الاثنين القادم.", ["2026-12-07"]),
        ("يلتقي الفريقان الجمعة بعد المقبلة", ["2026-12-11"]),
        ("سيصل الوفد غدًا إلى عمّان.", ["2026-12-01"]),
        ("سيعود الرئيس بعد غد.", ["2026-12-02"]),
        ("موعد الجلسة 14/12/2026", ["2026-12-14"]),
        ("تبدأ الإجازة في 3 رجب 1448 هـ.", ["2026-12-12"]),
        ("تُفتتح المكتبة في 1 رمضان المقبل.", ["2027-02-08"]),
        ("يعقد الاجتماع بين 5 ديسمبر 2026 و9 ديسمبر 2026.", ["2026-12-05", "2026-12-09"]),
        # What has been, what is no day, and what only looks like the future.
        ("عُقد المؤتمر في 15 ديسمبر الماضي.", []),
        ("اندلعت الحرب في 6 أكتوبر 1973.", []),
        ("ولد الشاعر في 3 رجب 1320 هـ.", []),
        ("سيارة إسعاف نقلت الجرحى في 12 فبراير.", []),
        ("سياسة الحكومة منذ 5 يناير لم تتغير.", []),
        ("زار الوفد المصنع يوم الخميس الماضي.", []),
        ("ارتفع السعر 31 فبراير 2027.", []),
        ("سجل الفريق 2 من 15 هدفًا.", []),
        ("النسخة 3.12.2026.4 من البرنامج", []),
        ("يبدأ العمل في 1 يناير 2099.", []),
    ],
)
def test_days_are_found_as_announced(text: str, days: list[str]) -> None:
    assert [found.day.isoformat() for found in announced_days(text, PUBLISHED)] == days


def test_the_sentence_is_as_printed_and_each_day_is_told_once() -> None:
    text = "افتتاحٌ قريب.\nقال: «يُفتتَح المعرضُ في ١٥ ديسمبر ٢٠٢٦» أمس. ويستمر من 15 ديسمبر 2026 أسبوعين."
    (found,) = announced_days(text, PUBLISHED)
    assert found.day == date(2026, 12, 15)
    assert found.sentence == "قال: «يُفتتَح المعرضُ في ١٥ ديسمبر ٢٠٢٦» أمس."


def test_a_list_of_days_is_cut() -> None:
    days = (PUBLISHED + timedelta(days=number) for number in range(1, 30))
    text = "\n".join(f"{day.day}/{day.month}/{day.year}" for day in days)
    assert len(announced_days(text, PUBLISHED)) == MOST_DAYS
