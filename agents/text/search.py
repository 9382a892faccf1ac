"""Search text: what is compared, hashed and matched. Never shown to anyone."""

from __future__ import annotations

import re
import unicodedata

from camel_tools.utils.dediac import dediac_ar
from camel_tools.utils.normalize import normalize_alef_ar, normalize_alef_maksura_ar, normalize_teh_marbuta_ar

from agents.text.display import compose, display_text

# What dediac_ar leaves: tatweel, honorifics, madda and hamza marks, Koranic marks, zero-width joiners.
_LEFT_MARKS_RE = re.compile(
    "[\u0640\u0610-\u061a\u0653-\u065f\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff\u200c\u200d]+"
)
_ARABIC_DIGIT_RE = re.compile("[\u0660-\u0669\u06f0-\u06f9]")
# All further digits lie here, between letters and signs of other scripts; few pages have any of them.
_FAR_RE = re.compile("[\u07c0-\u1fff\ua620-\uabff\uff10-\U0001fbff]")
_DIGITS = {
    code: str(unicodedata.decimal(chr(code)))
    for code in range(0x660, 0x20000)
    if unicodedata.category(chr(code)) == "Nd"
}


def search_text(text: str) -> str:
    """`text` with every spelling that readers take for the same word made the same.

    Harakat, tatweel and zero-width characters go; أ إ آ ٱ become ا, ى and ی become ي, ک becomes ك, ة becomes ه, and the
    digits of all systems become ASCII. All else stays: other letters, their case, spaces, punctuation.

    `search_text(display_text(t)) == search_text(t)`.
    """
    return search_text_of_display(display_text(text))


def search_text_of_display(shown: str) -> str:
    """`search_text` of what is display text already."""
    folded = dediac_ar(shown)
    folded = _LEFT_MARKS_RE.sub("", folded)
    folded = normalize_teh_marbuta_ar(normalize_alef_maksura_ar(normalize_alef_ar(folded)))
    folded = folded.replace("\u06cc", "\u064a").replace("\u06a9", "\u0643")
    folded = _ARABIC_DIGIT_RE.sub(lambda match: _DIGITS[ord(match.group())], folded)
    if _FAR_RE.search(folded) is not None:
        folded = folded.translate(_DIGITS)
    # With the marks gone, a letter and an accent may meet that were apart.
    return compose(folded)
