"""Where texts are split, and how tokens are spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.words.tokens import tokenize


def _texts(text: str) -> list[str]:
    return [token.text for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("مُحَمَّد الرِّيـــاض إلى الأمام", ["محمد", "الرياض", "الي", "الامام"]),
        ("مسؤول مسئول شؤون شئون", ["مسءول", "مسءول", "شءون", "شءون"]),
        ("١٬٥٠٠ 1,500 12،450 1.200.000", ["1500", "1500", "12450", "1200000"]),
        ("١٫٢٥ 12,5 3.5في 1.2مليار ۱۲٫۵", ["1.25", "12.5", "3.5", "في", "1.2", "مليار", "12.5"]),
        ("لـ450 بـ15 و2026م 1447هـ", ["ل", "450", "ب", "15", "و", "2026", "م", "1447", "ه"]),
        ("العالم2026 17تشرين", ["العالم", "2026", "17", "تشرين"]),
        ("متأخرة.وقال العسكري:إن مياه/كهرباء", ["متاخره", "وقال", "العسكري", "ان", "مياه", "كهرباء"]),
        ("د.محمود أ.د.محمود", ["د", "محمود", "اد", "محمود"]),
        ("أ.ف.ب (أ ف ب) U.S. صنعاء و عدن", ["افب", "افب", "us", "صنعاء", "و", "عدن"]),
        ("لـWalmart l'Élysée 4x4 5G MSC-9", ["ل", "walmart", "elysee", "4x4", "5g", "msc", "9"]),
        ("بالمائة بالمئة ثلاثمائة مائية", ["بالمءه", "بالمءه", "ثلاثمءه", "ماءيه"]),
        ("ﺍﻟﺠﺴﺮ ڨفصة ڤيينا کاتب", ["الجسر", "قفصه", "فيينا", "كاتب"]),
        ("2015/08/01 12:30 a_b", ["2015", "08", "01", "12", "30", "a", "b"]),
        ("صاروخ\u200fيّ ّ ـ", ["صاروخي"]),
        ("北京 北", ["北", "京", "北"]),
        # Vowel signs that stand alone, in forms for presentation
        ("\ufe71\ufe71 خبر \ufe77\ufe79", ["خبر"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert _texts(text) == expected


def test_a_hashtag_is_found_whole_and_by_its_words() -> None:
    first, second = tokenize("#قمة_الرياض")
    assert (first.text, first.tag, second.text, second.tag) == ("قمه", "#قمه_الرياض", "الرياض", None)
    assert [(token.text, token.tag) for token in tokenize("@Ministry_SA")] == [
        ("ministry", "@ministry_sa"),
        ("sa", None),
    ]
    assert [token.tag for token in tokenize("a@b.example")] == [None, None, None]


@given(st.text(alphabet="اأبوé ـً1٢.,،#@_/:-'aB北\u200c", max_size=60))
def test_tokens_lie_in_the_text_in_order_and_hold_no_sign_of_the_index(text: str) -> None:
    end = 0
    for token in tokenize(text):
        assert end <= token.start < token.end <= len(text)
        assert token.text
        assert not set(token.text) & set("| ~")
        end = token.end
