"""Articles as CSV (RFC 4180) that a spreadsheet can open. Pure.

A spreadsheet runs a cell that begins like a formula, and an article's text comes from strangers. Such a cell gets an
apostrophe before it, which every spreadsheet takes for «this is text»; nothing else of any text is changed. It can be
undone exactly: a cell that begins with apostrophes and then like a formula has one apostrophe too many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]

BOM = "\ufeff"
# Between the values of one cell. No name holds it.
JOINT = " | "

# OWASP, «CSV Injection»: = + - @, their full-width forms, tab and line end; blanks and invisible characters before them
# do not protect, as programs trim them.
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
    """Whether a spreadsheet may run a cell with this text, or did before an apostrophe was put before it."""
    return _FORMULA.match(text) is not None


def defused(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{text}" if looks_like_formula(text) else text


def line(cells: Iterable[str], separator: str, *, safe: bool) -> str:
    """One record with its line end. Every cell is quoted, so that a body's own line ends and separators stay in it."""
    shown = (defused(cell) if safe else cell for cell in cells)
    return separator.join('"' + cell.replace('"', '""') + '"' for cell in shown) + "\r\n"


def row(document: Document, columns: Sequence[str]) -> list[str]:
    """The cells of one article."""
    return [COLUMNS[name](document) for name in columns]
