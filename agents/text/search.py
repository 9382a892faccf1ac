"""Normalise text for comparing, hashing and matching. The result is never displayed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from agents.text.display import compose, display_text

# Marks that dediac_ar leaves: tatweel, honorifics, madda and hamza marks, Koranic marks, zero-width joiners.
_LEFT_MARKS_RE = re.compile(
    "[\u0640\u0610-\u061a\u0653-\u065f\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff\u200c\u200d]+"
)
_ARABIC_DIGIT_RE = re.compile("[\u0660-\u0669\u06f0-\u06f9]")
# The ranges of all other digits, with letters and signs of other scripts; few pages contain any of them.
_FAR_RE = re.compile("[\u07c0-\u1fff\ua620-\uabff\uff10-\U0001fbff]")
_ARABIC_DIGITS = {chr(zero + digit): str(digit) for zero in (0x660, 0x6F0) for digit in range(10)}


@lru_cache(maxsize=1)
def _digits() -> dict[int, str]:
    """Return the ASCII digit of each decimal digit of all scripts; made when a text first needs it."""
    codes = range(0x660, 0x20000)
    return {code: str(unicodedata.decimal(chr(code))) for code in codes if unicodedata.category(chr(code)) == "Nd"}


@lru_cache(maxsize=1)
def _camel_tools() -> tuple[Callable[[str], str], ...]:
    """Return the steps that camel-tools does.

    Imported with the first text, as the import classifies every code point of Unicode (.6 s).
    """
    from camel_tools.utils.dediac import dediac_ar  # noqa: PLC0415
    from camel_tools.utils.normalize import (  # noqa: PLC0415
        normalize_alef_ar,
        normalize_alef_maksura_ar,
        normalize_teh_marbuta_ar,
    )

    return dediac_ar, normalize_alef_ar, normalize_alef_maksura_ar, normalize_teh_marbuta_ar


def load_normalisers() -> None:
    """Import camel-tools now, not with the first text."""
    _camel_tools()


def search_text(text: str) -> str:
    """Normalise the spellings that readers take for the same word.

    Harakat, tatweel and zero-width characters are removed; أ إ آ ٱ become ا, ى and ی become ي, ک becomes ك, ة becomes
    ه, and the digits of all systems become ASCII. Everything else stays: other letters, their case, spaces,
    punctuation.

    `search_text(display_text(t)) == search_text(t)`.
    """
    return search_text_of_display(display_text(text))


def search_text_of_display(shown: str) -> str:
    """Return `search_text` of text that is already display text; cheaper."""
    normalised = shown
    for step in _camel_tools():
        normalised = step(normalised)
    normalised = _LEFT_MARKS_RE.sub("", normalised)
    normalised = normalised.replace("\u06cc", "\u064a").replace("\u06a9", "\u0643")
    normalised = _ARABIC_DIGIT_RE.sub(lambda match: _ARABIC_DIGITS[match.group()], normalised)
    if _FAR_RE.search(normalised) is not None:
        normalised = normalised.translate(_digits())
    # Removing the marks can make a letter and an accent adjacent.
    return compose(normalised)
