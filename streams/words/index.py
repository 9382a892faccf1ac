"""The fields of terms that an article's document has beside the article.

`forms` and `families` hold a string for each searchable text: terms with a space between words, in the order of the
text, the forms of one word joined by `|`. The index splits them at these signs and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from streams.words.lexicon import DATA
from streams.words.names import name_fields
from streams.words.terms import Span, Word, text_words

#: Fields of an article that the text query searches.
TEXTS = ("title", "subtitle", "body", "captions")
#: Number of the rules. It is part of an index's digest: raise it when they make other terms of the same text.
REVISION = 8
JOINT = "|"


@cache
def analysis_digest() -> str:
    """Return a digest of the rules' number and of all word lists, which together decide the terms of a text."""
    found = hashlib.sha256(str(REVISION).encode())
    for path in sorted(DATA.iterdir(), key=lambda path: path.name):
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def article_words(article: Mapping[str, Any]) -> dict[str, list[Word]]:
    """Return the words of each searchable text of an article; texts without any are left out.

    Args:
        article: the article as JSON (`title`, `body`, `captions[].text`, `entities[].start` …).
    """
    names: list[Span] = []
    persons: list[Span] = []
    for entity in article.get("entities") or ():
        (persons if entity["type"] == "PER" else names).append((entity["start"], entity["end"]))
    for place in article.get("places") or ():
        names += [(mention["start"], mention["end"]) for mention in place.get("mentions") or ()]
    texts = {
        "title": article.get("title"),
        "subtitle": article.get("subtitle"),
        "body": article.get("body"),
        "captions": "\n".join(caption["text"] for caption in article.get("captions") or () if caption.get("text")),
    }
    words = {
        name: text_words(text, names, persons) if name == "body" else text_words(text)
        for name, text in texts.items()
        if text
    }
    return {name: found for name, found in words.items() if found}


def term_fields(article: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fields `forms`, `families` and `names` of an article's document.

    Args:
        article: as for `article_words`.
    """
    words = article_words(article)
    return {
        # Captions are searched for words, not for phrases.
        "forms": {name: forms_text(found) for name, found in words.items() if name != "captions"},
        "families": {name: families_text(found) for name, found in words.items()},
        "names": name_fields(article.get("entities") or (), article.get("quotes") or ()),
    }


def forms_text(words: Sequence[Word]) -> str:
    """Return the forms of words as the index reads them."""
    return " ".join(JOINT.join(word.forms) for word in words)


def families_text(words: Sequence[Word]) -> str:
    """Return the families of words as the index reads them."""
    return " ".join(family for word in words for family in word.families)
