"""Articles as CSV (RFC 4180) that is safe to open in a spreadsheet. Pure.

A spreadsheet evaluates a cell that begins like a formula, and article text is untrusted. Such a cell gets a leading
apostrophe, by which every spreadsheet marks text; nothing else is changed. This is reversible: a cell of apostrophes
followed by a formula has exactly one apostrophe too many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]

BOM = "\ufeff"
# Separates several values in a cell. No name contains it.
JOINT = " | "

# OWASP, "CSV Injection": = + - @, their full-width forms, tab and line end. Preceding blanks and invisible characters
# are matched as well, as some programs trim them.
_FORMULA = re.compile(
    r"['\s\x00-\x1f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@＝＋－＠]|['\s]*[\t\r\n]"
)


def _plain(name: str) -> Callable[[Document], str]:
    return lambda document: str(document.get(name) or "")


def _list(name: str) -> Callable[[Document], str]:
    return lambda document: JOINT.join(document.get(name) or ())


def _cluster(name: str) -> Callable[[Document], str]:
    return lambda document: str((document.get("cluster") or {}).get(name) or "")


def _entities(kind: str) -> Callable[[Document], str]:
    return lambda document: _once(e["name"] for e in document.get("entities") or () if e["type"] == kind)


def _places(name: str) -> Callable[[Document], str]:
    return lambda document: _once(p[name] for p in document.get("places") or () if p.get(name))


def _once(values: Iterable[str]) -> str:
    return JOINT.join(dict.fromkeys(values))


COLUMNS: dict[str, Callable[[Document], str]] = {
    "id": _plain("id"),
    "url": _plain("url"),
    "source": _plain("source"),
    "language": _plain("language"),
    "published_at": _plain("published_at"),
    "fetched_at": _plain("fetched_at"),
    "ingested_at": _plain("ingested_at"),
    "title": _plain("title"),
    "subtitle": _plain("subtitle"),
    "byline": _plain("byline"),
    "dateline": _plain("dateline"),
    "agencies": _list("agencies"),
    "persons": _entities("PER"),
    "organisations": _entities("ORG"),
    "places": _places("name"),
    "countries": _places("country"),
    "cluster": _cluster("id"),
    "relation": _cluster("relation"),
    "body": _plain("body"),
}


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet may evaluate a cell with this text, leading apostrophes ignored."""
    return _FORMULA.match(text) is not None


def defused(text: str) -> str:
    """Return the text as a cell that no spreadsheet evaluates."""
    return f"'{text}" if looks_like_formula(text) else text


def line(cells: Iterable[str], separator: str, *, safe: bool) -> str:
    """Format one record with its line end. Every cell is quoted, as bodies contain line ends and separators.

    Args:
        cells: the values.
        separator: between the cells.
        safe: whether to defuse formulas.
    """
    shown = (defused(cell) if safe else cell for cell in cells)
    return separator.join('"' + cell.replace('"', '""') + '"' for cell in shown) + "\r\n"


def row(document: Document, columns: Sequence[str]) -> list[str]:
    """Return the cells of one article, in the order of `columns` (keys of `COLUMNS`)."""
    return [COLUMNS[name](document) for name in columns]
