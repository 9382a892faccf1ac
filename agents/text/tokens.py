"""Split Arabic text into words and sentences with exact offsets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

# Combining marks are no `\w` in Python, yet a vowelled word is one word: Arabic marks, Koranic annotation, the general
# combining block (Latin names), and the joiners that Persian and careless editors put inside words.
_MARKS = (
    "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u08d3-\u08ff\u200c\u200d"
)
_LETTER = r"[^\W\d_]"
_WORD = rf"(?:[^\W_][{_MARKS}]*)"

_WORDS = rf"""
      \d+ (?:[.,:/\-٫٬،]\d+)+ (?!{_WORD})    # 12٫5, 1,200, 2015/08/01, 12:30
    | {_LETTER} (?:\.{_LETTER})+ (?!{_WORD}) # أ.ف.ب, U.S
    | {_WORD}+                               # a word, its vowel signs and digits with it
"""
_WORD_TOKEN = re.compile(_WORDS, re.VERBOSE)
_TOKEN = re.compile(
    rf"""
      {_WORDS}
    | ([.\-–—_=*~!؟?…])\1*                   # a run of one sign is one token: ..., ---
    | [^\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]
    """,
    re.VERBOSE,
)
_ENDS_SENTENCE = frozenset(".!?؟…")


class Token(NamedTuple):
    """One token of a text.

    Attributes:
        text: the token as printed, equal to the slice `start:end` of the text.
        start: offset of its first code point.
        end: offset after its last code point.
    """

    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text in order. Takes linear time.

    A word keeps its marks and digits; abbreviations (أ.ف.ب), decimals and dates are one token; so is a run of one sign;
    any other sign is a token. White space and invisible direction marks belong to no token.
    """
    return [Token(match[0], *match.span()) for match in _TOKEN.finditer(text)]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of the words and numbers: the tokens of `tokenize` that begin with a letter or digit."""
    return [match.span() for match in _WORD_TOKEN.finditer(text)]


def sentences(text: str, tokens: Sequence[Token]) -> list[slice]:
    """Split the tokens of a text into sentences.

    A sentence ends with a stop, a question or exclamation mark, an ellipsis, or a line break.

    Args:
        text: the text.
        tokens: its tokens, from `tokenize`.

    Returns:
        Slices of `tokens`, one for each sentence, without gaps between them.
    """
    found: list[slice] = []
    first = 0
    for index in range(1, len(tokens)):
        before, token = tokens[index - 1], tokens[index]
        if _closes(tokens, index - 1) or "\n" in text[before.end : token.start]:
            found.append(slice(first, index))
            first = index
    if tokens:
        found.append(slice(first, len(tokens)))
    return found


def _closes(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.text[0] not in _ENDS_SENTENCE:
        return False
    if token.text != "." or index == 0:
        return True
    before = tokens[index - 1]
    # «د. سعيد», «م. ليلى»: the stop of a title or initial does not end a sentence.
    return not (before.end == token.start and len(before.text) == 1 and before.text.isalpha())
