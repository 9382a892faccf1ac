"""Compute keys that two spellings of one title, line or address share. They are never displayed."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from agents.text.display import display_text
from agents.text.search import search_text_of_display

_NO_WORD_RE = re.compile(r"[\W_]+")
# ASCII, the letters, vowel signs and digits of Arabic, and the punctuation of its papers.
_PLAIN_CODES = (
    range(0x20, 0x7F), range(0x621, 0x63B), range(0x640, 0x653), range(0x660, 0x66A),
    (0x0A, 0xA0, 0xAB, 0xBB, 0x60C, 0x61B, 0x61F, 0x2013, 0x2014, 0x201C, 0x201D, 0x2018, 0x2019, 0x2026),
)  # fmt: skip
# What most Arabic lines are made of. Each of these signs has one counterpart in a key, whatever stands beside it, so
# that a table does at once what the steps of `search_text` do.
_PLAIN_SIGNS = "".join(chr(code) for codes in _PLAIN_CODES for code in codes)
_PLAIN_RE = re.compile(f"[{re.escape(_PLAIN_SIGNS)}]*")


@lru_cache(maxsize=1)
def _plain_table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for sign in _PLAIN_SIGNS:
        letter = search_text_of_display(sign)
        table[ord(sign)] = (_words(letter) or " ") if letter else None
    return table


def match_key(text: str) -> str:
    """Reduce `text` to the key that titles are compared by: search text in lower case, words only, one space apart."""
    return match_key_of_display(display_text(text))


def match_key_of_display(shown: str) -> str:
    """Return `match_key` of what is display text already; cheaper, as it need not be made."""
    if _PLAIN_RE.fullmatch(shown) is not None:
        return " ".join(shown.translate(_plain_table()).split())
    return _words(search_text_of_display(shown))


def _words(normalised: str) -> str:
    return _NO_WORD_RE.sub(" ", normalised).strip().casefold()


def hostname(url: str) -> str:
    """Return the host of an address in lower case, empty when it has none or cannot be parsed."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
