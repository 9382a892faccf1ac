"""Make display text: what a reader sees, without invisible characters."""

from __future__ import annotations

import html
import re
import unicodedata
from itertools import groupby

# UAX #15 calls text "stream-safe" if no letter carries more than 30 marks. No language needs more, and sorting longer
# runs into canonical order takes quadratic time.
MAX_MARKS = 30

_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls other than tab and line ends
    "\u00ad\u200b\u2060\ufeff"  # soft hyphen, zero-width space, word joiner, byte order mark
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # bidi controls, also the deprecated ones
    "\ufff9-\ufffb\ud800-\udfff"  # interlinear annotation; lone surrogates, which no UTF-8 can carry
)
_LINE_ENDS = "\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_PRESENTATION = "\ufb50-\ufdff\ufe70-\ufefc"
_ARABIC_LETTER = "\u0620-\u064a\u066e-\u066f\u0671-\u06d3\u06d5\u06ee-\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c7"
_ARABIC_MARK = "\u064b-\u065f\u0670"

# Ligatures that readers know as one sign. Their compatibility decompositions are phrases (ﷺ), or spell Arabic with
# Persian letters (﷼).
_KEPT_SIGNS = frozenset("\ufdf0\ufdf1\ufdfa\ufdfb\ufdfc\ufdfd")

_SUSPECT = re.compile(f"[&{_INVISIBLE}{_LINE_ENDS}{_PRESENTATION}\u200c\u200d]")
_INVISIBLE_RE = re.compile(f"[{_INVISIBLE}]+")
_LINE_END_RE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_PRESENTATION_RE = re.compile(f"[{_PRESENTATION}]")
_JOINER_RE = re.compile("[\u200c\u200d]+")
_BEFORE_JOINER = re.compile(f"[{_ARABIC_LETTER}][{_ARABIC_MARK}]{{0,{MAX_MARKS}}}\\Z")
_ARABIC_LETTER_RE = re.compile(f"[{_ARABIC_LETTER}]")
# Only references that end in `;`: `?a=1&para=2` is an address, not a paragraph sign.
_TOKEN_RE = re.compile(r"\S+")
_ENTITY_RE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def _ranges(codes: list[int]) -> str:
    """Return the body of a character class of exactly these code points, which are in ascending order."""
    parts = []
    for _, group in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        run = [code for _, code in group]
        parts.append(f"{re.escape(chr(run[0]))}-{re.escape(chr(run[-1]))}")
    return "".join(parts)


# The blocks that have combining marks, as looking through the million code points of Unicode takes .3 s.
MARK_BLOCKS = (
    range(0x300, 0x3100),
    range(0xA600, 0xAC00),
    range(0xFB00, 0xFF00),
    range(0x10000, 0x12000),
    range(0x16000, 0x17000),
    range(0x1BC00, 0x1F000),
)
_MARKS = _ranges([code for block in MARK_BLOCKS for code in block if unicodedata.combining(chr(code))])
_MARK_RE = re.compile(f"[{_MARKS}]")
_LONG_MARK_RUN_RE = re.compile(f"([{_MARKS}]{{{MAX_MARKS}}})[{_MARKS}]+")


def _presentation_table() -> dict[str, str]:
    table = {}
    for code in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)):
        sign = chr(code)
        # The isolated forms of harakat decompose to a space and the mark; the space is not part of the text.
        letters = unicodedata.normalize("NFKC", sign).removeprefix(" ")
        if letters != sign and sign not in _KEPT_SIGNS:
            table[sign] = letters
    return table


_PRESENTATION_LETTERS = _presentation_table()


def _visible(text: str) -> str:
    return _INVISIBLE_RE.sub("", _LINE_END_RE.sub("\n", text))


def _unescape_once(text: str) -> str:
    return _visible(_ENTITY_RE.sub(lambda match: html.unescape(match.group()), text))


def _unescape_token(match: re.Match[str]) -> str:
    token = match.group()
    if "&" not in token:
        return token
    twice = _unescape_once(_unescape_once(token))
    # Text that is escaped more than twice is about escapes. Leaving it unchanged also keeps the function idempotent.
    return twice if _unescape_once(twice) == twice else token


def _keep_joiner(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    before = text[max(0, start - MAX_MARKS - 1) : start]
    after = text[end : end + 1]
    if _BEFORE_JOINER.search(before) and _ARABIC_LETTER_RE.match(after):
        return match.group()[0]
    # 👩‍👧 and other emoji sequences are one picture only with the joiner.
    if match.group()[0] == "\u200d" and before[-1:] >= "\u2190" and after >= "\u2190" and not after.isalpha():
        return "\u200d"
    return ""


def compose(text: str) -> str:
    """Normalise text to NFC in linear time; marks beyond the thirtieth on one letter are dropped. Idempotent."""
    capped = _cap_marks(text)
    if unicodedata.is_normalized("NFC", capped):
        return capped
    return _cap_marks(unicodedata.normalize("NFC", capped))


def _cap_marks(text: str) -> str:
    if len(text) <= MAX_MARKS:
        return text
    # A run that is too long covers every 31st position at least once, so looking around the marks there suffices.
    for mark in _MARK_RE.finditer(text[MAX_MARKS :: MAX_MARKS + 1]):
        at = MAX_MARKS + mark.start() * (MAX_MARKS + 1)
        if _LONG_MARK_RUN_RE.search(text, max(0, at - MAX_MARKS), at + MAX_MARKS + 1) is not None:
            return _LONG_MARK_RUN_RE.sub(r"\1", text)
    return text


def display_text(text: str) -> str:
    r"""Return what a reader sees of `text`.

    Entities are unescaped (at most twice), bidi controls, zero-width spaces, soft hyphens and other invisible controls
    removed, Arabic presentation forms replaced by their letters, line ends made `\n`, and the result composed (NFC).
    Zero-width joiners and non-joiners stay between Arabic letters and inside emoji. Tatweel, harakat, digits of every
    system, quotes, spaces and signs such as ﷺ stay as printed.

    Idempotent; linear in the length of `text`.
    """
    if _SUSPECT.search(text) is not None:
        text = _visible(text)
        if "&" in text:
            text = _TOKEN_RE.sub(_unescape_token, text)
        text = _PRESENTATION_RE.sub(lambda match: _PRESENTATION_LETTERS.get(match.group(), match.group()), text)
        text = _JOINER_RE.sub(_keep_joiner, text)
    return compose(text)
