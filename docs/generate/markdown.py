"""Parts of a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CODE_SPAN = re.compile(r"(`[^`]*`)")


def document(title: str, introduction: str, parts: Iterable[str]) -> str:
    """Return a page: a note that it is generated, its title, its introduction and its parts, blank lines between."""
    note = "<!-- Made from the code by `make docs`. Do not edit. -->"
    return "\n\n".join([note, f"# {title}", introduction.strip(), *parts]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose cells are Markdown; a cell keeps its text on one line."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def code(text: object) -> str:
    """Return text as a code span; nothing for empty text."""
    return f"`{text}`" if str(text) else ""


def sentence(text: str | None) -> str:
    """Return text as a sentence: its first letter a capital, a full stop at its end."""
    if not text:
        return ""
    text = " ".join(escaped(text).split())
    first = text if text.startswith(("`", "http")) else text[0].upper() + text[1:]
    return first if first.endswith((".", "!", "?", ":")) else first + "."


def escaped(text: str) -> str:
    """Return plain text with what Markdown or HTML would take for markup escaped; code spans stay as they are."""
    parts = _CODE_SPAN.split(text)
    return "".join(part if part.startswith("`") else re.sub(r"([<>*])|_(?=\*)", r"\\\g<0>", part) for part in parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
