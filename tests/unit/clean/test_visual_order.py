"""Text that was taken off a page from left to right is read again; everything else is left as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clean.visual_order import logical_order
from agents.text.display import display_text
from tests.unit.clean.samples import BODY, OTHER_BODY, TITLE

TEXT = "\n".join(
    [
        TITLE,
        *BODY,
        "وقالت شركة Blue Harbour إنها أنجزت 75 في المئة من الأعمال بكلفة 20,000 دولار (رويترز) بحلول 15/03/2024.",
        *OTHER_BODY,
    ]
)
_LETTERS: dict[str, str | int | None] = {
    **dict[str, str | int | None](zip("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "ﺍﺏﺕﺙﺝﺡﺥﺩﺫﺭﺯﺱﺵﺹﺽﻁﻅﻉﻍﻑﻕﻙﻝﻡﻥﻩﻭﻱ", strict=True)),
    "ة": "ﺓ",
    "ى": "ﻯ",
    "أ": "ﺃ",
    "إ": "ﺇ",
}


def visual(text: str, *, shapes: bool = False) -> str:
    """Write each line as it stands on paper, from left to right; `shapes` mirrors brackets as their glyphs are."""
    back = "\n".join(line[::-1] for line in text.split("\n"))
    back = re.sub(r"[0-9A-Za-z]+(?:[.,:/ ]?[0-9A-Za-z]+)*", lambda match: match.group()[::-1], back)
    return back.translate(str.maketrans("()«»", ")(»«")) if shapes else back


@pytest.mark.parametrize("shapes", [False, True])
def test_visual_order_is_turned_round(shapes: bool) -> None:
    assert logical_order(visual(TEXT, shapes=shapes)) == TEXT


def test_visual_order_in_presentation_forms() -> None:
    text = "\n".join(OTHER_BODY).replace("لا", "\ufefb")
    turned = logical_order(visual(text).translate(str.maketrans(_LETTERS)))
    assert display_text(turned) == "\n".join(OTHER_BODY)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "كلمة ةخطأ وأخرى ىخطأ في نص سليم كتبته مدرسة القرية في المدينة القديمة.",
        "The letter ة is written at the end of a word.",
        "ةةة ىىى",
        "",
    ],
)
def test_other_text_is_unchanged(text: str) -> None:
    assert logical_order(text) == text


@given(st.text(alphabet="ةىابتلمن 12ab.\n\u064b\u0651", max_size=80))
def test_no_sign_is_lost(text: str) -> None:
    assert sorted(logical_order(text)) == sorted(text)
