"""Split display text and queries into tokens, with exact offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from streams.words.letters import MARKS, normalise_number, normalise_word

_ARABIC = (
    "\u0620-\u063f\u0641-\u064a\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c7"
    "\ufb50-\ufdff\ufe70-\ufefc"
)
_A = f"[{_ARABIC}{MARKS}]"
# Chinese characters, kana: texts do not part words there, so each character is a token.
_WIDE = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_OTHER = rf"(?:[^\W_{_ARABIC}{_WIDE}]|[\u0300-\u036f\u200c\u200d])"
_SEPARATOR = "[.,،٬٫]"
# Every token begins with one of these: spaces and signs are passed over without trying each kind of token.
_FIRST = rf"[\w\#＃@{MARKS}{_ARABIC}{_WIDE}\u0300-\u036f\u200c\u200d]"
# Most words begin with two letters, and can be nothing but words: they come first, as the others cost more to rule out.
_TOKEN_RE = re.compile(
    rf"""
    (?={_FIRST})(?:
      (?P<word>[{_ARABIC}]{{2}}{_A}*)
    | (?P<tag>(?<![\w@])[\#＃@](?=[\w{MARKS}])[\w{MARKS}]+)
    | (?P<number>\d+(?:{_SEPARATOR}\d+)+(?!\d) | \d+(?![^\W_{_ARABIC}{_WIDE}]))
    | (?P<initials>(?<![{_ARABIC}])[{_ARABIC}](?:[{MARKS}]*\.[{_ARABIC}]){{1,}}[{MARKS}]*(?![{_ARABIC}])
      | (?<![^\W\d_])[A-Za-z](?:\.[A-Za-z]){{1,}}(?![^\W\d_]))
    | (?P<spaced>(?<![\w{MARKS}])[{_ARABIC}](?:[ ][{_ARABIC}]){{2,}}(?![\w{MARKS}]))
    | (?P<arabic>{_A}*[{_ARABIC}]{_A}*)
    | (?P<other>{_OTHER}+(?:['’]{_OTHER}+)*)
    | (?P<wide>[{_WIDE}])
    )
    """,
    re.VERBOSE,
)
_TAG_WORD_RE = re.compile(rf"{_A}*[{_ARABIC}]{_A}*|\d+(?![^\W\d_{_ARABIC}])|[^\W_{_ARABIC}]+")


# Code points of a term; what is longer is no word, and the index limits terms.
LONGEST = 64


class Token(NamedTuple):
    """One token.

    Attributes:
        text: its normalised spelling.
        start, end: code points of the text that it was printed as.
        tag: on the first word of a hashtag or handle, the whole of it, normalised; else None.
        printed: the token as printed, for Arabic words; empty for others.
        parts: of a name that was printed as two words (عبد الله), each of them; else empty.
    """

    text: str
    start: int
    end: int
    tag: str | None = None
    printed: str = ""
    parts: tuple[Token, ...] = ()


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of a text, in order. Takes linear time.

    Arabic letters part from digits and from letters of other scripts («لـ450», «العالم2026»); signs such as `.`, `:`,
    `_` and `/` part words. Numbers keep their decimals, and abbreviations («أ.ف.ب», «أ ف ب») are one token. The words
    of a hashtag are tokens, and the first also carries the whole of it.
    """
    for match in split(text):
        if match.lastgroup == "word":
            # Most tokens are; to begin a generator for each costs as much as the rest.
            printed = match.group()
            start, end = match.span()
            for part in normalise_word(printed).split():
                yield Token(part[:LONGEST], start, end, None, printed)
        else:
            yield from tokens_of(match)


def split(text: str) -> Iterator[re.Match[str]]:
    """Yield where the tokens of a text are, without reading them: several words of a hashtag are one match."""
    return _TOKEN_RE.finditer(text)


def tokens_of(match: re.Match[str]) -> Iterator[Token]:
    """Yield the tokens of one match of `split`."""
    return read_printed(match.lastgroup, match.group(), match.start())


def read_printed(kind: str | None, printed: str, start: int) -> Iterator[Token]:
    """Yield the tokens of a match of `split`.

    Args:
        kind: name of its group (`re.Match.lastgroup`).
        printed: its text.
        start: where it begins.
    """
    end = start + len(printed)
    if kind in {"word", "arabic"}:
        word = normalise_word(printed)
        if word:
            # A presentation form may stand for several words.
            for part in word.split():
                yield Token(part[:LONGEST], start, end, None, printed)
    elif kind == "number":
        yield Token(normalise_number(printed)[:LONGEST], start, end)
    elif kind == "other":
        word = normalise_word(printed)
        if word:
            yield Token(word[:LONGEST], start, end)
    elif kind == "tag":
        yield from _tag(printed, start)
    elif kind == "wide":
        yield Token(printed, start, end)
    else:  # initials
        yield Token(normalise_word(re.sub("[. ]", "", printed))[:LONGEST], start, end)


def _tag(printed: str, start: int) -> Iterator[Token]:
    words = list(_TAG_WORD_RE.finditer(printed))
    texts = [
        normalise_number(word.group()) if word.group().isdigit() else normalise_word(word.group()) for word in words
    ]
    whole: str | None = ("@" if printed[0] == "@" else "#") + "_".join(text for text in texts if text)[:LONGEST]
    for word, text in zip(words, texts, strict=True):
        if text:
            arabic = "\u0620" <= text[0] <= "\u06ff"
            yield Token(text[:LONGEST], start + word.start(), start + word.end(), whole, word.group() if arabic else "")
            whole = None
