"""Restore the order of letters that a PDF extractor wrote as they stand on paper, from left to right."""

from __future__ import annotations

import re

from agents.clean.html.encoding import soundness
from agents.text.display import display_text

_ARABIC = "\u0621-\u064a\u066e-\u06d3\ufb50-\ufdff\ufe70-\ufefc"
_ARABIC_RE = re.compile(f"[{_ARABIC}]")
# ة and ى end words, and never begin one; so do the forms of the former that Unicode keeps for old fonts.
_IMPOSSIBLE_RE = re.compile(f"(?<![{_ARABIC}\u064b-\u0652\u0640])[ةىﺓﺔﻯﻰ](?=[{_ARABIC}])")
_USUAL_RE = re.compile(f"(?<=[{_ARABIC}])[ةىﺓﺔﻯﻰ](?![{_ARABIC}\u064b-\u0652\u0640])")
_MIN_IMPOSSIBLE = 2
# A quick first check
_WORD_STARTS = tuple(before + sign for before in (" ", "\n") for sign in "ةى")
_OLD_WORD_STARTS_RE = re.compile("[ \n][ﺓﺔﻯﻰ]")
# Runs that are written from left to right in Arabic text too: numbers, and words of other alphabets.
_LEFT_TO_RIGHT_RE = re.compile(
    f"[^\\W_{_ARABIC}\u064b-\u0652]+(?:[.,:/٫٬%@&'’-]?[^\\W_{_ARABIC}\u064b-\u0652]+)*"
    f"(?: [^\\W\\d_{_ARABIC}]+(?:[.,:/@&'’-]?[^\\W_{_ARABIC}\u064b-\u0652]+)*)*"
)
_MARKED_RE = re.compile("([\u064b-\u0652\u0670]+)(.)", re.DOTALL)
_LEADING_MARK_RE = re.compile(f"(?<![{_ARABIC}\u064b-\u0652\u0640])[\u064b-\u0652](?=[{_ARABIC}])")
_MIRROR = str.maketrans("()[]{}«»<>", ")(][}{»«><")
_OPENING, _CLOSING = frozenset("([{«<"), frozenset(")]}»>")
_CLEARLY, _SAMPLE = 0.3, 20_000


def logical_order(text: str) -> str:
    """Return a text in the order in which it is read, if it is in the order of the page; else unchanged.

    Words that begin with ة or ى, which no word of any language in Arabic letters does, give it away; and the reversed
    text must be clearly sounder Arabic. Numbers and Latin words keep their order. Line ends stay.

    Args:
        text: the page as it arrived: presentation forms must not have been replaced, as ﻼ is one sign in both orders.
    """
    if not any(sign in text for sign in _WORD_STARTS) and _OLD_WORD_STARTS_RE.search(text) is None:
        return text
    impossible = sum(1 for _ in _IMPOSSIBLE_RE.finditer(text))
    if impossible < _MIN_IMPOSSIBLE or impossible <= sum(1 for _ in _USUAL_RE.finditer(text)):
        return text
    turned = "\n".join(_turned(line) if _ARABIC_RE.search(line) is not None else line for line in text.split("\n"))
    if _LEADING_MARK_RE.search(turned) is not None:
        # The extractor kept each vowel sign behind its letter, so that it is before it now.
        turned = _MARKED_RE.sub(r"\2\1", turned)
    read, seen = display_text(turned[:_SAMPLE]), display_text(text[:_SAMPLE])
    return turned if soundness(read) > soundness(seen) + _CLEARLY else text


def _turned(line: str) -> str:
    back = _LEFT_TO_RIGHT_RE.sub(lambda match: match.group()[::-1], line[::-1])
    first = next((sign for sign in back if sign in _OPENING or sign in _CLOSING), "")
    # Some extractors write the shapes of brackets, others what they mean.
    return back.translate(_MIRROR) if first in _CLOSING else back
