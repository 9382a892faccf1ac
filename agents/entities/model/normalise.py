"""Normalise words for the tagger, its tables and the names of mentions."""

from __future__ import annotations

import re
from functools import lru_cache

_INVISIBLE = re.compile(
    "[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff\u0640\u200b-\u200f\u202a-\u202e\ufeff]"
)
# Letters that are spelt in several ways, by one editor too: hamza carriers, final ya, Persian kaf and ya.
_LETTERS = str.maketrans("أإآٱىیکپڤگچ", "ااااييكبفكج")
_DIGITS = re.compile(r"\d")
# Words that normalising leaves unchanged, which most are.
_NORMAL = re.compile("[ءؤئابةتثجحخدذرزسشصضطظعغفقكلمنهوي]*")


@lru_cache(maxsize=1 << 17)
def normalise(word: str) -> str:
    """Remove vowel signs and tatweel, spell each letter in one way, and make digits 0 and Latin letters lower case.

    The result may be empty.
    """
    if _NORMAL.fullmatch(word):
        return word
    return _DIGITS.sub("0", _INVISIBLE.sub("", word).translate(_LETTERS).lower())


def plain(word: str) -> str:
    """Remove vowel signs, tatweel and invisible marks, and leave the letters as printed."""
    return _INVISIBLE.sub("", word)


def normalised_words(text: str) -> frozenset[str]:
    """Return the words of a text, normalised: a way to write down a list of them."""
    return frozenset(map(normalise, text.split()))
