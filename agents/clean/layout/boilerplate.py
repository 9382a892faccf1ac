"""Remove boilerplate from the lines of a page, and keep every removal with the line below it."""

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
    is_feed_foot,
    is_list_heading,
    is_own_address,
    is_tags_heading,
    is_tags_line,
    is_widget,
    opens_insert,
    split_end_mark,
    split_self_link,
    split_tags,
    strip_prefix_widget,
)
from agents.clean.layout.embedded_code import without_code
from agents.clean.layout.lines import Line, Removal, Rule, is_body
from agents.clean.layout.page_frame import comments_start, is_separator, notices

# Maximum lines below the text: of colophon, end mark and desk note, and of tags.
_MAX_FOOT_LINES, _MAX_TAG_LINES, _MAX_LIST_LINES = 8, 12, 25
# Maximum lines of a box that the page offers to skip.
_MAX_INSERT = 8
_INSERT_END = "نهاية"
# The line above the signature of a message (RFC 3676, section 4.3)
_SIGNATURE = "--"
_HOUR_RE = re.compile(r"^[\d٠-٩]{4}$")


def without_boilerplate(lines: list[Line], outlet: Outlet) -> tuple[list[Line], list[Removal]]:
    """Remove widgets, tags, the page's links to itself, and everything below its text.

    Args:
        lines: the whole page.
        outlet: the outlet that published the page.

    Returns:
        The remaining lines, each with what was removed from it or above it; and what was removed below the last one.
    """
    lines, code_below = without_code(lines)
    lines, notes = _without_notices(lines)
    lines, foot = _without_comments(lines)
    lines, lower = without_foot(lines, outlet)
    foot = [*lower, *foot, *notes, *code_below]
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
        if is_separator(line.text):
            kept.append(replace(line, blanks=blanks, after_widget=after_widget, removed=tuple(removed)))
            after_widget, blanks, removed = False, 0, []
            continue
        if is_widget(line.text):
            removed.append(Removal(line.text, Rule.WIDGET))
            after_widget = True
            continue
        if is_tags_line(line.text):
            removed.append(Removal(line.text, Rule.TAGS))
            continue
        if is_feed_foot(line.text) or is_own_address(line.text, outlet):
            removed.append(Removal(line.text, Rule.SELF_LINK))
            continue
        text, parts = _without_parts(line.text, last=number == len(lines) - 1)
        removed.extend(parts)
        if not text:
            continue
        changed = text != line.text or blanks != line.blanks or after_widget or line.after_widget
        if not (changed or removed or line.removed):
            kept.append(line)  # as most are
        else:
            kept.append(replace(line, text=text, blanks=blanks, after_widget=after_widget, removed=tuple(removed)))
        after_widget, blanks, removed = False, 0, []
    return kept, removed + foot


def _insert_end(lines: list[Line], start: int) -> int:
    """Return the index after the last line of the box that begins at `start`."""
    for number in range(start, min(start + _MAX_INSERT, len(lines))):
        if lines[number].text == _INSERT_END:
            return number + 1
    return start + 1


def _without_notices(lines: list[Line]) -> tuple[list[Line], list[Removal]]:
    """Return the lines that are no notice to the visitor, and the notices below the last of them."""
    numbers = notices(lines)
    if not numbers:
        return lines, []
    kept: list[Line] = []
    removed: list[Removal] = []
    for number, line in enumerate(lines):
        removed.extend(line.removed)
        if number in numbers:
            removed.append(Removal(line.text, Rule.NOTICE))
        else:
            kept.append(replace(line, removed=tuple(removed)))
            removed = []
    return kept, removed


def _without_comments(lines: list[Line]) -> tuple[list[Line], list[Removal]]:
    """Return the lines above the readers' comments, and the comments."""
    start = comments_start(lines)
    below = [each for line in lines[start:] for each in (*line.removed, Removal(line.text, Rule.COMMENTS))]
    return lines[:start], below


def without_foot(lines: list[Line], outlet: Outlet) -> tuple[list[Line], list[Removal]]:
    """Return the lines above the foot of a page or an article, and the foot, in page order."""
    lines, listed = _without_list(lines)
    lines, foot = _without_last_lines(lines, outlet)
    return lines, foot + listed


def _without_list(lines: list[Line]) -> tuple[list[Line], list[Removal]]:
    """Return the lines above a list of other stories with which a page ends, and the list with its heading."""
    for number in range(max(1, len(lines) - _MAX_LIST_LINES), len(lines)):
        if is_list_heading(lines[number].text) and not any(map(is_body, lines[number:])):
            below = [each for line in lines[number:] for each in (*line.removed, Removal(line.text, Rule.RELATED))]
            return (lines[:number], below) if any(map(is_body, lines[:number])) else (lines, [])
    return lines, []


def _without_last_lines(lines: list[Line], outlet: Outlet) -> tuple[list[Line], list[Removal]]:
    foot: list[Removal] = []
    end = len(lines)
    for number in range(max(1, end - _MAX_TAG_LINES), end):
        if is_tags_heading(lines[number].text) and not any(map(is_body, lines[number:])):
            foot = [each for line in lines[number:] for each in (*line.removed, Removal(line.text, Rule.TAGS))]
            end = number
            break
    for number in range(max(1, end - _MAX_FOOT_LINES), end):
        if lines[number].text == _SIGNATURE and not any(map(is_body, lines[number:])):
            below = [each for line in lines[number:end] for each in (*line.removed, Removal(line.text, Rule.COLOPHON))]
            foot, end = below + foot, number
            break
    for _ in range(_MAX_FOOT_LINES):
        if end <= 1:
            break
        rule = _foot_rule(lines[end - 1].text, outlet)
        if rule is None and _HOUR_RE.match(lines[end - 1].text) and is_end_mark(lines[end - 2].text):
            rule = Rule.END_MARK
        if rule is None:
            break
        end -= 1
        foot[:0] = [*lines[end].removed, Removal(lines[end].text, rule)]
    return (lines[:end], foot) if any(map(is_body, lines[:end])) else (lines, [])


def _foot_rule(text: str, outlet: Outlet) -> Rule | None:
    if is_own_address(text, outlet):
        return Rule.SELF_LINK
    if is_colophon(text, outlet):
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
    """Remove the boilerplate that a scraper appended to or put before a line; return the rest and the removals."""
    widget, text = strip_prefix_widget(text)
    text, link = split_self_link(text)
    text, end = split_end_mark(text)
    text, tags = split_tags(text) if last else (text, "")
    found = ((widget, Rule.WIDGET), (end, Rule.END_MARK), (link, Rule.SELF_LINK), (tags, Rule.TAGS))
    return text, [Removal(part, rule) for part, rule in found if part]
