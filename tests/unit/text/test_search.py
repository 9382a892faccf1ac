"""Search text: one spelling for what readers take for one word."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.text.display import display_text
from agents.text.search import search_text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("أحمد", "احمد"),
        ("إلى الآن", "الي الان"),
        ("ٱلكتاب", "الكتاب"),
        ("مدرسة", "مدرسه"),
        ("على", "علي"),
        ("کتاب فارسی", "كتاب فارسي"),
        ("مُحَمَّدٌ", "محمد"),
        ("جـــميل", "جميل"),
        ("می\u200cروم", "ميروم"),
        ("٢٠٢٣ ۲۰۲۳ २०२३ ２０２３", "2023 2023 2023 2023"),
        ("ﻣﺼﺮ", "مصر"),
        ("هٰذا", "هذا"),
        ("ا\u0654حمد", "أحمد"),
    ],
)
def test_spellings_of_one_word_meet(one: str, other: str) -> None:
    assert search_text(one) == search_text(other)


@pytest.mark.parametrize(
    ("one", "other"), [("علم", "عالم"), ("سوق", "سوف"), ("مؤمن", "مومن"), ("US", "us"), ("كتب، قرأ", "كتب قرأ")]
)
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert search_text(one) != search_text(other)


@given(st.text(max_size=80))
def test_display_first_changes_nothing(text: str) -> None:
    assert search_text(display_text(text)) == search_text(text)


def test_no_torch() -> None:
    code = "import sys; from agents.text.search import search_text; search_text('x'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert {"camel_tools", "torch", "transformers"} & set(done.stdout.split()) == {"camel_tools"}
