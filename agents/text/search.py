"""Normalise text for comparing, hashing and matching. The result is never displayed."""

from __future__ import annotations

import re
import unicodedata

from camel_tools.utils.dediac import dediac_ar
from camel_tools.utils.normalize import normalize_alef_ar, normalize_alef_maksura_ar, normalize_teh_marbuta_ar

from agents.text.display import compose, display_text

# Marks that dediac_ar leaves: tatweel, honorifics, madda and hamza marks, Koranic marks, zero-width joiners.
_LEFT_MARKS_RE = re.compile(
    "[\u0640\u0610-\u061a\u0653-\u065f\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff\u200c\u200d]+"
)
_ARABIC_DIGIT_RE = re.compile("[\u0660-\u0669\u06f0-\u06f9]")
# The ranges of all other digits, with letters and signs of other scripts; few pages contain any of them.
_FAR_RE = re.compile("[\u07c0-\u1fff\ua620-\uabff\uff10-\U0001fbff]")
_DIGITS = {
    code: str(unicodedata.decimal(chr(code)))
    for code in range(0x660, 0x20000)
    if unicodedata.category(chr(code)) == "Nd"
}


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
    normalised = dediac_ar(shown)
    normalised = _LEFT_MARKS_RE.sub("", normalised)
    normalised = normalize_teh_marbuta_ar(normalize_alef_maksura_ar(normalize_alef_ar(normalised)))
    normalised = normalised.replace("\u06cc", "\u064a").replace("\u06a9", "\u0643")
    normalised = _ARABIC_DIGIT_RE.sub(lambda match: _DIGITS[ord(match.group())], normalised)
    if _FAR_RE.search(normalised) is not None:
        normalised = normalised.translate(_DIGITS)
    # Removing the marks can make a letter and an accent adjacent.
    return compose(normalised)
