"""Compute keys that two spellings of one title, line or address share. They are never displayed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from agents.text.search import search_text, search_text_of_display

_NO_WORD_RE = re.compile(r"[\W_]+")


def match_key(text: str) -> str:
    """Reduce `text` to the key that titles are compared by: search text in lower case, words only, one space apart."""
    return _words(search_text(text))


def match_key_of_display(shown: str) -> str:
    """Return `match_key` of what is display text already; cheaper, as it need not be made."""
    return _words(search_text_of_display(shown))


def _words(normalised: str) -> str:
    return _NO_WORD_RE.sub(" ", normalised).strip().casefold()


def hostname(url: str) -> str:
    """Return the host of an address in lower case, empty when it has none or cannot be parsed."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
