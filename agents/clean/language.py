"""Detect the language of a text."""

from __future__ import annotations

import re
from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNDECIDED = "und"
# The first lines suffice; more text takes time and does not change the result.
_SAMPLE = 600
_MIN_LETTERS = 3
_ARABIC_LETTER_RE = re.compile("[\u0620-\u064a\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff]")
_LETTER_RE = re.compile(r"[^\W\d_]")
_NOISE_RE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[#@]\w+|[\d\u0640\u064b-\u0652]+")

# Languages that news is written in. Leaving out small relatives of large languages (Occitan, Asturian) makes the result
# for short texts more reliable. Moroccan and Egyptian count as Arabic.
_ARABIC_SCRIPT = {
    "ar": "ar",
    "ary": "ar",
    "arz": "ar",
    "fa": "fa",
    "ps": "ps",
    "sdh": "ckb",
    "ug": "ug",
    "ur": "ur",
    "uzs": "uz-Arab",
}
_OTHERS = (
    "am", "az", "bg", "bn", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ha", "he", "hi",
    "hr", "hu", "hy", "id", "it", "ja", "ka", "kk", "ko", "ku", "ky", "lt", "lv", "mk", "ml", "mn", "ms", "nl",
    "no", "pl", "pt", "ro", "ru", "sk", "sl", "so", "sq", "sr", "sv", "sw", "ta", "te", "tg", "th", "tk", "tr",
    "uk", "uz", "vi", "zh",
)  # fmt: skip
# Letters that Arabic does not have and that each of these languages uses often. They decide about headlines that are
# too short for statistics. Persian's four letters prove nothing: Arabic papers print them in foreign names.
_TELLTALE = (
    ("ur", re.compile("[ٹڈڑںےھہۂ]")),
    ("ps", re.compile("[ټډړږښګڼېۍځڅ]")),
    ("ckb", re.compile("[ێۆڵڕەڤ]")),
    ("ug", re.compile("[ېۇۈۋەڭ]")),
    ("fa", re.compile("[پچژگ]|ی|ک")),
)
# Fewer words than this without a non-Arabic letter count as Arabic: statistics on them are no better than chance.
_FEW_WORDS = 6
_BEYOND_ARABIC_RE = re.compile("[\u0671-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f]")
_ARABIC_ONLY_RE = re.compile(
    r"(?<!\w)(?:[وفبكل]?ال[ء-ي]{2,}|في|إلى|التي|الذي|هذا|هذه|أن|إن|على|عن|لم|لن|قد|كان|كانت)(?!\w)"
)


@lru_cache(maxsize=2)
def _identifier(arabic_script: bool) -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_ARABIC_SCRIPT) if arabic_script else list(_OTHERS))
    return identifier


def detect_language(text: str) -> str:
    """Return the BCP 47 tag of the text's language, or `und` if it has fewer than three letters.

    py3langid (Lui and Baldwin 2012) decides between languages of one script.
    """
    sample = _NOISE_RE.sub(" ", text[:_SAMPLE])
    letters = _LETTER_RE.findall(sample)
    if len(letters) < _MIN_LETTERS:
        return UNDECIDED
    arabic = len(_ARABIC_LETTER_RE.findall(sample))
    if arabic * 2 < len(letters):
        label: str = _identifier(arabic_script=False).classify(sample)[0]
        return label
    return _arabic_script(sample, arabic)


def _arabic_script(sample: str, letters: int) -> str:
    words = len(sample.split())
    if words < _FEW_WORDS and _BEYOND_ARABIC_RE.search(sample) is None:
        return "ar"
    if len(_ARABIC_ONLY_RE.findall(sample)) * 8 >= words:
        shares = {tag: len(pattern.findall(sample)) / letters for tag, pattern in _TELLTALE}
        if max(shares.values()) < 0.05:
            return "ar"
    return _ARABIC_SCRIPT[_identifier(arabic_script=True).classify(sample)[0]]
