"""The lines of a page without its machinery; every removal is kept beside the line that it stood over."""

from __future__ import annotations

from dataclasses import replace

from agents.clean.identity import fold_shown
from agents.clean.lines import Line, Removal, Rule
from agents.clean.machinery import is_tags_line, is_widget, split_self_link, split_tags, strip_prefix_widget


def without_machinery(lines: list[Line]) -> tuple[list[Line], list[Removal]]:
    """Take widgets, tags and the page's links to itself away.

    Returns:
        The lines that stay, each with what was removed from it or over it; and what stood below the last one.
    """
    kept: list[Line] = []
    removed: list[Removal] = []
    after_widget, blanks = False, 0
    for number, line in enumerate(lines):
        blanks = max(blanks, line.blanks)
        if is_widget(line.text):
            removed.append(Removal(line.text, Rule.WIDGET))
            after_widget = True
            continue
        if is_tags_line(line.text):
            removed.append(Removal(line.text, Rule.TAGS))
            continue
        text, parts = _without_parts(line.text, last=number == len(lines) - 1)
        removed.extend(parts)
        if not text:
            continue
        key = line.key if text == line.text else fold_shown(text)
        kept.append(replace(line, text=text, blanks=blanks, key=key, after_widget=after_widget, removed=tuple(removed)))
        after_widget, blanks, removed = False, 0, []
    return kept, removed


def _without_parts(text: str, *, last: bool) -> tuple[str, list[Removal]]:
    """The line without the machinery that a scraper glued to it."""
    widget, text = strip_prefix_widget(text)
    text, link = split_self_link(text)
    text, tags = split_tags(text) if last else (text, "")
    found = ((widget, Rule.WIDGET), (link, Rule.SELF_LINK), (tags, Rule.TAGS))
    return text, [Removal(part, rule) for part, rule in found if part]
