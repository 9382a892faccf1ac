"""Keys of lines: a table makes those of ordinary lines, and gives what the steps for all others give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.text.display import display_text
from agents.text.keys import match_key, match_key_of_display
from agents.text.search import search_text_of_display

LETTERS = st.characters(min_codepoint=0x600, max_codepoint=0x6FF) | st.characters(max_codepoint=0x7F)
TEXTS = st.text(LETTERS | st.sampled_from("«»…–—“”‘’\u00a0\u200d\u0301é"), max_size=40)


def by_steps(shown: str) -> str:
    words = "".join(sign if sign.isalnum() else " " for sign in search_text_of_display(shown))
    return " ".join(words.split()).casefold()


@given(TEXTS.map(display_text))
def test_the_table_gives_what_the_steps_give(shown: str) -> None:
    assert match_key_of_display(shown) == by_steps(shown)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("«الإعلان» عن آخِر الأنبـاء، في ٢٠٢٤!", "الاعلان عن اخر الانباء في 2024"),
        ("The End_of مدينة", "the end of مدينه"),
        ("e\u0301tude ۱۲", "étude 12"),
        (" \u064e ", ""),
    ],
)
def test_keys(text: str, key: str) -> None:
    assert match_key(text) == key
