"""Names and places that begin as a reader types. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from streams.search.query import TIMEOUT, Body

FIELDS = {"person": "facets.persons", "organisation": "facets.organisations", "place": "facets.places"}
# Letters that readers and outlets write in place of each other.
_ALIKE = ("اأإآٱ", "ةه", "يىئ", "وؤ")
_CLASSES = {letter: f"[{group}]" for group in _ALIKE for letter in group}


class Completion(BaseModel):
    """A name that begins as typed."""

    kind: str = Field(description="person, organisation or place: the filter that it is a value of.")
    name: str
    articles: int = Field(description="Number of articles that name it.")


def name_pattern(typed: str) -> str:
    """Return Lucene's regular expression for names of which a word begins as typed, letters alike being one."""
    letters = []
    for letter in " ".join(typed.split()):
        if letter in _CLASSES:
            letters.append(_CLASSES[letter])
        else:
            # Everything that is no letter or digit may have a meaning in Lucene's syntax.
            letters.append(letter if letter.isalnum() or letter == " " else f"\\{letter}")
    return f"(.* )?{''.join(letters)}.*"


def build_completion(typed: str, size: int) -> Body:
    """Build the aggregation of the most frequent names that begin as typed."""
    pattern = name_pattern(typed)
    return {
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "aggs": {kind: {"terms": {"field": field, "include": pattern, "size": size}} for kind, field in FIELDS.items()},
    }


def read_completion(answer: Mapping[str, Any], size: int) -> list[Completion]:
    """Return the names of the response to `build_completion`, the most frequent first."""
    found = [
        Completion(kind=kind, name=bucket["key"], articles=bucket["doc_count"])
        for kind in FIELDS
        for bucket in answer["aggregations"][kind]["buckets"]
    ]
    return sorted(found, key=lambda one: -one.articles)[:size]
