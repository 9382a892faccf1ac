"""Detect the language of a text."""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNDECIDED = "und"
# The first lines suffice; more text takes time and does not change the result.
_SAMPLE = 600
_MIN_LETTERS = 3
_ARABIC_LETTERS_RE = re.compile("[\u0620-\u064a\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff]+")
_LETTERS_RE = re.compile(r"[^\W\d_]+")
# So many letters are no accident, and need not be counted twice.
_MANY_LETTERS = 100
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
# Letters that only Sindhi has, of the languages in question. ڪ alone is also an ornate form of ك.
_SINDHI_RE = re.compile("[ٻڀٿٺڄڃڇڊڌڏڍڙڦڪڳڱڻ۽۾]")
_MIN_SINDHI, _MIN_SINDHI_SHARE = 2, 0.03
# South Azerbaijani, for which py3langid has no model. Its words by their endings, and those of its relatives.
_AZERI_RE = re.compile(
    r"(?<!\w)(?:بیر|بو|دا|نین|اوچون|ایله|داها|چوخ|سونرا|کیمی|اولدو|اولان|اولار|اولوب|گؤر\w*|[دی]ئ\w+|ائ\w+|ائل\w*|\w*[^\W\d_]ؤ\w+"
    r"|\w{2,}(?:لار|لر|لارین?|لاری|لارا|لرین?|لری|لره|سینین|ینین|ونون|ندان|دان|دیر|دور|جاق|جاغ\w+|جک|میش|موش|ماق|ماغ\w*|لیک|لیق|یب|وب|دی|دو))(?!\w)"
)
_PERSIAN_WORD_RE = re.compile(r"(?<!\w)(?:از|به|در|را|که|این|آن|است|با|می\w*|شد|کرد|برای|خود|شود|کند)(?!\w)")
_UZBEK_RE = re.compile(r"[ۉېۀ]|(?<!\w)\w+نینگ(?!\w)|(?<!\w)بیلن(?!\w)")
_MIN_AZERI_SHARE = 0.25
_AZERI_LIKE = frozenset({"fa", "uz-Arab", "ug", "ckb", "ps", "ur"})  # what py3langid takes it for
# Scripts with languages among those above. Texts in others (Syriac, Thaana, Tifinagh) have no tag.
_KNOWN_SCRIPT_RE = re.compile(
    "[A-Za-z\u00aa-\u024f\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u05d0-\u05ea\u0900-\u097f\u0980-\u09ff\u0b80-\u0bff"
    "\u0d00-\u0d7f\u0e01-\u0e4f\u10a0-\u10ff\u1100-\u11ff\u1200-\u137f\u1e00-\u1fff\u3040-\u30ff\u3130-\u318f\u4e00-\u9fff"
    "\uac00-\ud7af]"
)
# Fewer words than this without a non-Arabic letter count as Arabic: statistics on them are no better than chance.
_FEW_WORDS = 6
_BEYOND_ARABIC_RE = re.compile("[\u0671-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f]")
_ARABIC_ONLY_RE = re.compile(
    r"(?<!\w)(?:[وفبكل]?ال[ء-ي]{2,}|في|إلى|التي|الذي|هذا|هذه|أن|إن|على|عن|لم|لن|قد|كان|كانت)(?!\w)"
)


@lru_cache(maxsize=1)
def _every_language() -> LanguageIdentifier:
    """Read the model: .4 s and 40 MB, which a stream of Arabic pages never needs."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@lru_cache(maxsize=2)
def _identifier(*, arabic_script: bool) -> LanguageIdentifier:
    identifier = copy(_every_language())  # they share the model
    identifier.set_languages(list(_ARABIC_SCRIPT) if arabic_script else list(_OTHERS))
    return identifier


def load_languages() -> None:
    """Read the model now, not with the first text that needs it."""
    for arabic_script in (False, True):
        _identifier(arabic_script=arabic_script)


def detect_language(text: str) -> str:
    """Return the BCP 47 tag of the text's language, or `und` for fewer than three letters or an unknown script.

    py3langid (Lui and Baldwin 2012) decides between languages of one script. Its model is read for the first text that
    needs it.
    """
    sample = _NOISE_RE.sub(" ", text[:_SAMPLE])
    arabic = sum(map(len, _ARABIC_LETTERS_RE.findall(sample)))
    if arabic > _MANY_LETTERS and arabic * 2 >= len(sample) - sample.count(" "):
        return _arabic_script(sample, arabic)
    letters = sum(map(len, _LETTERS_RE.findall(sample)))
    if letters < _MIN_LETTERS:
        return UNDECIDED
    if arabic * 2 < letters:
        if len(_KNOWN_SCRIPT_RE.findall(sample)) * 2 < letters:
            return UNDECIDED
        label: str = _identifier(arabic_script=False).classify(sample)[0]
        return label
    return _arabic_script(sample, arabic)


def _arabic_script(sample: str, letters: int) -> str:
    words = len(sample.split())
    sindhi = _SINDHI_RE.findall(sample)
    if len(set(sindhi)) >= _MIN_SINDHI and len(sindhi) >= _MIN_SINDHI_SHARE * letters:
        return "sd"
    if words < _FEW_WORDS and _BEYOND_ARABIC_RE.search(sample) is None:
        return "ar"
    if len(_ARABIC_ONLY_RE.findall(sample)) * 8 >= words:
        shares = {tag: len(pattern.findall(sample)) / letters for tag, pattern in _TELLTALE}
        if max(shares.values()) < 0.05:
            return "ar"
    label = _ARABIC_SCRIPT[_identifier(arabic_script=True).classify(sample)[0]]
    if label in _AZERI_LIKE and _is_azeri(sample, words):
        return "az-Arab"
    return label


def _is_azeri(sample: str, words: int) -> bool:
    own = len(_AZERI_RE.findall(sample))
    persian = len(_PERSIAN_WORD_RE.findall(sample))
    # Telltale letters of another language outweigh endings, which words of any language may have.
    if any(pattern.search(sample) for tag, pattern in _TELLTALE if tag in {"ur", "ckb"}):
        return False
    return own >= _MIN_AZERI_SHARE * words and own > 2 * persian and _UZBEK_RE.search(sample) is None
