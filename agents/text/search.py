"""Normalise text for comparing, hashing and matching. The result is never displayed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from agents.text.display import compose, display_text

# Harakat and the dagger alef, tatweel, honorifics, madda and hamza marks, Koranic marks, zero-width joiners.
_MARKS_RE = re.compile(
    "[\u064b-\u0652\u0670\u0640\u0610-\u061a\u0653-\u065f\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff"
    "\u200c\u200d]+"
)
_ALEF_RE = re.compile("[\u0622\u0623\u0625\u0671]")
_ARABIC_DIGIT_RE = re.compile("[\u0660-\u0669\u06f0-\u06f9]")
# The ranges of all other digits, with letters and signs of other scripts; few pages contain any of them.
_FAR_RE = re.compile("[\u07c0-\u1fff\ua620-\uabff\uff10-\U0001fbff]")
_ARABIC_DIGITS = {chr(zero + digit): str(digit) for zero in (0x660, 0x6F0) for digit in range(10)}


@lru_cache(maxsize=1)
def _digits() -> dict[int, str]:
    """Return the ASCII digit of each decimal digit of all scripts; made when a text first needs it."""
    codes = range(0x660, 0x20000)
    return {code: str(unicodedata.decimal(chr(code))) for code in codes if unicodedata.category(chr(code)) == "Nd"}


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
    normalised = _ALEF_RE.sub("\u0627", _MARKS_RE.sub("", shown))
    normalised = normalised.replace("\u0649", "\u064a").replace("\u0629", "\u0647")
    normalised = normalised.replace("\u06cc", "\u064a").replace("\u06a9", "\u0643")
    normalised = _ARABIC_DIGIT_RE.sub(lambda match: _ARABIC_DIGITS[match.group()], normalised)
    if _FAR_RE.search(normalised) is not None:
        normalised = normalised.translate(_digits())
    # Removing the marks can make a letter and an accent adjacent.
    return compose(normalised)
