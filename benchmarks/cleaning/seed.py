"""Compare the sample page with its gold, as it is and with its boundary signals removed one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agents.clean.layout.parts import Parts
from agents.clean.layout.segment import segment
from agents.text.display import display_text


def variants(page: str) -> Iterator[tuple[str, str]]:
    """Yield the page as it is and without some signals: (name, page)."""
    without_tt = re.sub(r"(?m)^TT\n", "", page)
    yield "as it is", page
    yield "without TT", without_tt
    yield "without the triple blank", page.replace("\n\n\n\n", "\n\n")
    yield "without any blank", re.sub(r"\n+", "\n", page)
    yield "without TT and any blank", re.sub(r"\n+", "\n", without_tt)
    yield "Windows line ends", page.replace("\n", "\r\n")


def differences(page: str, gold: list[dict[str, Any]]) -> list[str]:
    """Return the fields in which the cleaned page differs from the gold; empty if it is exact."""
    found = segment(display_text(page))
    if len(found) != len(gold):
        return [f"{len(found)} articles, not {len(gold)}"]
    return [
        f"article {number}: {field}"
        for number, (parts, expected) in enumerate(zip(found, gold, strict=True), 1)
        for field, (one, other) in _fields(parts, expected).items()
        if one != other
    ]


def _fields(parts: Parts, expected: dict[str, Any]) -> dict[str, tuple[object, object]]:
    captions = [(caption["text"], caption["credit"]) for caption in expected["captions"]]
    return {
        "title": (parts.title, expected["title"]),
        "subtitle": (parts.subtitle, expected["subtitle"]),
        "captions": (parts.captions, captions),
        "body": (parts.body, expected["body"]),
        "byline": (parts.credit.byline, expected["byline"]),
        "dateline": (parts.credit.dateline, expected["dateline_place"]),
    }
