"""Normalise the spelling of one token, so that differences that readers overlook do not part words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Signs that belong to no word: vowel signs, tatweel, Koranic marks, joiners, direction marks, soft hyphens.
MARKS = (
    "\u00ad\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff"
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
)
_MARKS_RE = re.compile(f"[{MARKS}]+")
# Ligatures and positional forms, which old typesetting systems and PDF files produce.
_FORMS_RE = re.compile("[\ufb50-\ufdff\ufe70-\ufefc\uff00-\uffef]")
_LETTERS = str.maketrans(
    {
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ۀ": "ه", "ۃ": "ه",
        "ؤ": "ء", "ئ": "ء", "ک": "ك", "ڪ": "ك", "ی": "ي", "ے": "ي", "ہ": "ه", "ھ": "ه", "ە": "ه",
        # Letters for sounds that Arabic lacks, and what newspapers print instead.
        "پ": "ب", "چ": "ج", "ڤ": "ف", "ڥ": "ف", "ڨ": "ق", "گ": "ك", "ڭ": "ك", "ژ": "ز", "۔": ".",
        "’": "'", "‘": "'", "ʼ": "'",
    }
)  # fmt: skip
# Of these, the ones that only look like others: typing habits of keyboards, not spellings.
_LOOK_ALIKE = str.maketrans(
    {"ٱ": "ا", "ک": "ك", "ڪ": "ك", "ی": "ي", "ے": "ي", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۀ": "ه", "ۃ": "ة", "۔": "."}
)
# Latin letters that decomposition does not reduce to ASCII.
_LATIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}
)
_ELISION_RE = re.compile(r"^(?:[cdjlmnst]|qu)'(?=[a-z])")
_THOUSANDS_RE = re.compile(r"^[0-9]{1,3}(?:[,،٬][0-9]{3})+(?=$|[.٫])")
_THOUSANDS_BY_STOP_RE = re.compile(r"^[0-9]{1,3}(?:\.[0-9]{3}){2,}$")
_MANY_DECIMALS_RE = re.compile(r"[,،٬٫]")
# مائة is written مئة as well; ماءه and مءه after `_LETTERS`. مائية (of water) is another word.
_HUNDRED_RE = re.compile(
    r"^((?:و|ب|ل|ك|ف|وب|ول)?(?:ال|لل|ل)?(?:ثلاث|اربع|خمس|ست|سبع|ثمان|ثماني|تسع)?)ماء(?=(?:ه|تي|تين|تان|تا)$)"
)

# قارئ and مبادئ are printed قارىء, مباديء as well; شيء and بطيء have no alef before.
_LAST_HAMZA_RE = re.compile("(?<=ا[ء-ي])يء$")


@lru_cache(maxsize=50_000)
def normalise_word(word: str) -> str:
    """Normalise a word as printed: marks, forms of alef, hamza seats, ة, ى, Persian letters, case and accents.

    Returns:
        The normalised word, empty if it consisted of marks.
    """
    if _FORMS_RE.search(word) is not None:
        word = unicodedata.normalize("NFKC", word)
    word = _MARKS_RE.sub("", word).translate(_LETTERS)
    if word.isascii():
        return _ELISION_RE.sub("", word.lower())
    if "\u0620" <= word[:1] <= "\u06ff":
        if word.endswith("يء"):
            word = _LAST_HAMZA_RE.sub("ء", word)
        return _HUNDRED_RE.sub(r"\1مء", word) if "ماء" in word else word
    return _ELISION_RE.sub("", _fold(word))


def _spellings() -> dict[str, str]:
    """Return for each letter that normalising leaves the other letters that become it."""
    found: dict[str, str] = {}
    for code, letter in _LETTERS.items():
        if code not in _LOOK_ALIKE:
            found[letter] = found.get(letter, "") + chr(code)
    return found


_SPELLINGS = _spellings()


def spellings_pattern(word: str) -> str:
    """Return a pattern of all spellings that are normalised to an Arabic word, the word itself included.

    The pattern means the same to Python and to Elasticsearch: letters, and classes of letters.
    """
    return "".join(
        f"[{letter}{_SPELLINGS[letter]}]"
        if letter in _SPELLINGS and "\u0620" <= letter <= "\u06ff"
        else re.escape(letter)
        for letter in word
    )


@lru_cache(maxsize=4096)  # all words of a sign such as ﷺ are printed as the whole of it
def printed_word(word: str) -> str:
    """Normalise an Arabic word but keep its letters: hamza, ة and ه, ى and ي.

    Returns:
        The word without vowel signs, tatweel and invisible characters.
    """
    if _FORMS_RE.search(word) is not None:
        word = unicodedata.normalize("NFKC", word)
    return _MARKS_RE.sub("", unicodedata.normalize("NFC", word)).translate(_LOOK_ALIKE)


def normalise_number(number: str) -> str:
    """Normalise a number: digits of all systems become ASCII, signs of thousands go, the decimal sign is a stop."""
    digits = "".join(str(unicodedata.decimal(character, character)) for character in number)
    match = _THOUSANDS_RE.match(digits)
    if match is not None:
        whole = re.sub("[,،٬]", "", match.group())
        digits = whole + digits[match.end() :]
    elif _THOUSANDS_BY_STOP_RE.match(digits) is not None:
        digits = digits.replace(".", "")
    return _MANY_DECIMALS_RE.sub(".", digits)


def _fold(word: str) -> str:
    parts = []
    for character in word.lower().translate(_LATIN):
        base = unicodedata.normalize("NFD", character)[0]
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            parts.append(str(digit))
        elif unicodedata.category(character) == "Mn":
            continue
        else:
            parts.append(base if base.isascii() else character)
    return "".join(parts)
