"""Display text: faithful, idempotent, free of invisible characters."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.text.display import MARK_BLOCKS, MAX_MARKS, display_text

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Everything that the function treats specially, thickly mixed.
TROUBLE = st.lists(
    st.sampled_from(
        list("ابتةىيءأ كـ٣7&#;xamplt\u0651\u064e\u0323\u0301\u200c\u200d\u200b\u00ad\ufeff\u0085\r\n\t\u00a0")
        + list(BIDI)
        + [
            "ﷺ",
            "﷼",
            "ﻻ",
            "ﺑ",
            "ﹰ",
            "ﱠ",
            "é",
            "👩",
            "&amp;",
            "&lt;",
            "&#8203;",
            "&#38;",
            "&nbsp;",
            "\ud800",
            "\u1100",
            "\u1161",
        ]
    ),
    max_size=60,
).map("".join)
ANY = st.text(max_size=80) | TROUBLE


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("&quot;سوق&quot; &amp; بنك", '"سوق" & بنك'),
        ("&amp;quot;سوق&amp;quot;", '"سوق"'),
        ("https://example.org/?a=1&para=2", "https://example.org/?a=1&para=2"),
        ("\u202bنص\u202c \u200fعربي\u200e", "نص عربي"),
        ("كل\u200bمة\ufeff مقط\u00adوعة", "كلمة مقطوعة"),
        ("ﻣﺼﺮ ﻻ ﺗﻨﺎم", "مصر لا تنام"),
        ("قال ﷺ وثمنه ٥﷼", "قال ﷺ وثمنه ٥﷼"),
        ("ﹰ", "\u064b"),
        ("می\u200cروم", "می\u200cروم"),
        ("كلمة\u200c أخرى", "كلمة أخرى"),
        ("iPad\u200cات", "iPadات"),
        ("نون\u200d.", "نون."),
        ("أسرة 👩\u200d👧", "أسرة 👩\u200d👧"),
        ("جـــديد كَتَبَ «هنا» ١٢٫٥ م²", "جـــديد كَتَبَ «هنا» ١٢٫٥ م²"),
        ("ا\u0653لاف", "آلاف"),
        ("سطر\r\nسطر\u2028سطر\x85سطر", "سطر\nسطر\nسطر\nسطر"),
        ("صفر\x00\x07هنا", "صفرهنا"),
    ],
)
def test_what_a_reader_sees(raw: str, shown: str) -> None:
    assert display_text(raw) == shown


def test_text_about_escapes_stays() -> None:
    assert display_text("&amp;amp;amp;lt;") == "&amp;amp;amp;lt;"


@given(ANY)
def test_idempotent(text: str) -> None:
    once = display_text(text)
    assert display_text(once) == once


@given(ANY)
def test_nothing_invisible_is_left(text: str) -> None:
    shown = display_text(text)
    assert not re.search(f"[{BIDI}\u200b\u00ad\ufeff\u0000-\u0008\ud800-\udfff]", shown)
    assert unicodedata.is_normalized("NFC", shown)


@given(st.text(alphabet=st.characters(exclude_characters="&", exclude_categories=["Cs"]), max_size=80))
def test_no_letter_is_lost(text: str) -> None:
    before = [c for c in unicodedata.normalize("NFKC", text) if c.isalpha()]
    after = [c for c in unicodedata.normalize("NFKC", display_text(text)) if c.isalpha()]
    assert after == before


def test_marks_without_end_are_capped() -> None:
    shown = display_text("ن" + "\u064e\u0651\u0323\u0301" * 25_000 + "ور")
    assert shown.startswith("ن")
    assert shown.endswith("ور")
    assert len(shown) <= MAX_MARKS + 3


def test_no_combining_mark_is_outside_the_blocks_that_are_searched_for_them() -> None:
    marks = {code for code in range(0x80, sys.maxunicode + 1) if unicodedata.combining(chr(code))}
    assert marks <= {code for block in MARK_BLOCKS for code in block}
