"""Split a page's lines into its articles, and read each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from agents.clean.credits.name_tables import is_agency
from agents.clean.credits.outlet import Outlet
from agents.clean.layout.article import ArticleReader
from agents.clean.layout.boilerplate import without_boilerplate, without_foot
from agents.clean.layout.boilerplate_rules import is_widget
from agents.clean.layout.boundaries import (
    parted_points,
    split_points,
)
from agents.clean.layout.line_reader import same_title
from agents.clean.layout.lines import (
    Line,
    Removal,
    Rule,
    to_lines,
)
from agents.clean.layout.page_frame import is_separator
from agents.clean.layout.parts import NO_HINTS, Hints, Parts
from agents.text.keys import match_key

_WORD_RE = re.compile(r"[^\W\d_][\w\u064b-\u0652]+")


def segment(text: str, hints: Hints = NO_HINTS) -> list[Parts]:
    """Split a page of display text into its articles, in page order, each with at least one paragraph.

    Args:
        text: display text, one paragraph or other element on each line.
        hints: what is known of the page. A title that the page does not print belongs to the first article.
    """
    lines, below = without_boilerplate(to_lines(text.split("\n")), hints.outlet)
    points = split_points(lines)
    if points and hints.title is None:
        points = sorted({*points, *parted_points(lines, hints.outlet)})
    spans = list(pairwise([*points, len(lines)]))
    pages = [_own_lines(lines[start:end], hints.outlet, last=end == len(lines)) for start, end in spans]
    owner = _title_owner([page for page, _ in pages], hints.title)
    articles: list[Parts] = []
    loose: list[Removal] = []
    for number, (page, foot) in enumerate(pages):
        removed = [removal for line in page for removal in line.removed]
        if page:
            own_hints = hints if number == owner else Hints(captions=hints.captions, outlet=hints.outlet)
            edited = any(removal.reason is Rule.DESK_NOTE for removal in (*foot, *below))
            parts = ArticleReader(page, own_hints, headed=len(pages) > 1, edited=edited).read()
            parts.removed[:0] = loose + removed
            parts.removed.extend(foot)
            loose = []
            if parts.body:
                articles.append(parts)
            else:
                _append(articles, loose, parts.removed)
        else:
            _append(articles, loose, foot)
    if articles:
        articles[-1].removed.extend(below)
        for parts in articles:
            _credit_endings(parts)
        return articles
    found = loose + below
    leftover = [removal for removal in found if removal.reason is not Rule.WIDGET]
    # A picture gallery may print only its own link; the page is still an article.
    rest = [removal for removal in found if removal.reason is Rule.WIDGET]
    return [Parts(title=hints.title, body=[removal.text for removal in leftover], removed=rest)] if leftover else []


def _credit_endings(parts: Parts) -> None:
    """Credit an agency that only ends the text: «/العُمانية/», «وام/فلان/علان»."""
    ends = (removal.text for removal in parts.removed if removal.reason is Rule.END_MARK)
    found = [name for text in ends for name in _WORD_RE.findall(text) if is_agency(name)]
    if found and not parts.credit.agencies:
        parts.credit = replace(parts.credit, agencies=tuple(dict.fromkeys(found)))


def _append(articles: Sequence[Parts], loose: list[Removal], removed: Sequence[Removal]) -> None:
    """Add boilerplate that is no article to the article above it, or to `loose` where there is none."""
    (articles[-1].removed if articles else loose).extend(removed)


def _own_lines(page: Sequence[Line], outlet: Outlet, *, last: bool) -> tuple[list[Line], list[Removal]]:
    """Return the lines of one article without the rules around it, and what was removed below its text."""
    lines, foot = list(page), list[Removal]()
    while lines and is_separator(lines[-1].text):
        foot[:0] = [*lines[-1].removed, Removal(lines[-1].text, Rule.SEPARATOR)]
        lines.pop()
    if not last:
        lines, above = without_foot(lines, outlet)
        foot = above + foot
    kept: list[Line] = []
    removed: list[Removal] = []
    for line in lines:
        removed.extend(line.removed)
        if is_separator(line.text) and not kept:
            removed.append(Removal(line.text, Rule.SEPARATOR))
        elif is_separator(line.text) and is_widget(line.text):
            removed.append(Removal(line.text, Rule.WIDGET))
        else:
            kept.append(replace(line, removed=tuple(removed)) if len(removed) > len(line.removed) else line)
            removed = []
    return kept, [*removed, *foot]


def _title_owner(pages: Sequence[Sequence[Line]], title: str | None) -> int:
    """Return the index of the article that a title belongs to, or -1."""
    if title is None or len(pages) == 1:
        return 0
    key = match_key(title)
    for number, page in enumerate(pages):
        if any(same_title(line.key, key) for line in page[:1]):
            return number
    return -1
