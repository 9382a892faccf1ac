"""The lines of a page without its machinery; every removal is kept beside the line that it stood over."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.outlet import Outlet
from agents.clean.layout.boilerplate_rules import (
    is_colophon,
    is_desk_note,
    is_end_mark,
    is_own_address,
    is_tags_heading,
    is_tags_line,
    is_widget,
    opens_insert,
    split_self_link,
    split_tags,
    strip_prefix_widget,
)
from agents.clean.layout.embedded_code import without_code
from agents.clean.layout.lines import Line, Removal, Rule, is_body
from agents.text.keys import match_key_of_display

# Colophon, end mark, desk note, tags: no page has more of them below its text.
_MAX_FOOT_LINES, _MAX_TAG_LINES = 6, 12
# A box that the page offers to skip is never longer.
_MAX_INSERT = 8
_INSERT_END = "نهاية"
_HOUR_RE = re.compile(r"^[\d٠-٩]{4}$")


def without_machinery(lines: list[Line], own: Outlet) -> tuple[list[Line], list[Removal]]:
    """Take widgets, tags, the page's links to itself and what stands below its text away.

    Args:
        lines: the whole page.
        own: the outlet whose page it is.

    Returns:
        The lines that stay, each with what was removed from it or over it; and what stood below the last one.
    """
    lines, code_below = without_code(lines)
    lines, foot = _without_foot(lines, own)
    foot += code_below
    kept: list[Line] = []
    removed: list[Removal] = []
    after_widget, blanks, insert_end = False, 0, 0
    for number, line in enumerate(lines):
        blanks = max(blanks, line.blanks)
        removed.extend(line.removed)
        if opens_insert(line.text):
            insert_end = _insert_end(lines, number)
        if number < insert_end:
            removed.append(Removal(line.text, Rule.WIDGET))
            continue
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
        key = line.key if text == line.text else match_key_of_display(text)
        kept.append(replace(line, text=text, blanks=blanks, key=key, after_widget=after_widget, removed=tuple(removed)))
        after_widget, blanks, removed = False, 0, []
    return kept, removed + foot


def _insert_end(lines: list[Line], start: int) -> int:
    """Index after the last line of the box that begins at `start`."""
    for number in range(start, min(start + _MAX_INSERT, len(lines))):
        if lines[number].text == _INSERT_END:
            return number + 1
    return start + 1


def _without_foot(lines: list[Line], own: Outlet) -> tuple[list[Line], list[Removal]]:
    """The lines above the page's foot, and the foot, in page order."""
    foot: list[Removal] = []
    end = len(lines)
    for number in range(max(1, end - _MAX_TAG_LINES), end):
        if is_tags_heading(lines[number].text) and not any(map(is_body, lines[number:])):
            foot = [each for line in lines[number:] for each in (*line.removed, Removal(line.text, Rule.TAGS))]
            end = number
            break
    for _ in range(_MAX_FOOT_LINES):
        if end <= 1:
            break
        rule = _foot_rule(lines[end - 1].text, own)
        if rule is None and _HOUR_RE.match(lines[end - 1].text) and is_end_mark(lines[end - 2].text):
            rule = Rule.END_MARK
        if rule is None:
            break
        end -= 1
        foot[:0] = [*lines[end].removed, Removal(lines[end].text, rule)]
    return (lines[:end], foot) if any(map(is_body, lines[:end])) else (lines, [])


def _foot_rule(text: str, own: Outlet) -> Rule | None:
    if is_own_address(text, own):
        return Rule.SELF_LINK
    if is_colophon(text, own):
        return Rule.COLOPHON
    return next((rule for rule, holds in _FOOT_RULES if holds(text)), None)


_FOOT_RULES: tuple[tuple[Rule, Callable[[str], bool]], ...] = (
    (Rule.WIDGET, is_widget),
    (Rule.END_MARK, is_end_mark),
    (Rule.DESK_NOTE, is_desk_note),
    (Rule.TAGS, is_tags_line),
    (Rule.DATE_LINE, is_date_line),
)


def _without_parts(text: str, *, last: bool) -> tuple[str, list[Removal]]:
    """The line without the machinery that a scraper glued to it."""
    widget, text = strip_prefix_widget(text)
    text, link = split_self_link(text)
    text, tags = split_tags(text) if last else (text, "")
    found = ((widget, Rule.WIDGET), (link, Rule.SELF_LINK), (tags, Rule.TAGS))
    return text, [Removal(part, rule) for part, rule in found if part]
