"""Normalise words before the tagger, its tables or a mention's name look at them."""

from __future__ import annotations

import re
from functools import lru_cache

_INVISIBLE = re.compile(
    "[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff\u0640\u200b-\u200f\u202a-\u202e\ufeff]"
)
# Editors differ in these and one editor differs from himself: hamza carriers, final ya, Persian kaf and ya, digits.
_LETTERS = str.maketrans("أإآٱىیکپڤگچ", "ااااييكبفكج")
_DIGITS = re.compile(r"\d")
# What normalising leaves as it is: most words.
_NORMAL = re.compile("[ءؤئابةتثجحخدذرزسشصضطظعغفقكلمنهوي]*")


@lru_cache(maxsize=1 << 17)
def normalise(word: str) -> str:
    """The word without vowel signs and tatweel, its letters in one spelling, every digit as 0, Latin in lower case."""
    if _NORMAL.fullmatch(word):
        return word
    return _DIGITS.sub("0", _INVISIBLE.sub("", word).translate(_LETTERS).lower())


def plain(word: str) -> str:
    """The word as a reader knows it: without vowel signs, tatweel and invisible marks, its letters untouched."""
    return _INVISIBLE.sub("", word)
