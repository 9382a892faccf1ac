"""Find the stories of a page that holds several: archive pages with whole posts, pages that load the next story."""

from __future__ import annotations

from agents.clean.html.frame import Frame
from agents.clean.html.head import Head
from agents.clean.html.headline import Headline
from agents.clean.html.roles import is_info
from agents.clean.html.tree import Box, Row, Tree
from agents.clean.layout.lines import Rule
from agents.text.keys import match_key

_MIN_PROSES, _MIN_PROSE, _MIN_TITLE_WORDS, _MAX_SECTION_WORDS = 2, 150, 3, 3
_MAX_STORIES, _NEAR_ROWS = 300, 6


def find_units(tree: Tree, frame: Frame, head: Head, headline: Headline | None) -> list[tuple[Box, Row]]:
    """Return the boxes that each hold one of several stories, with its headline, in page order; else nothing.

    Every story has a headline of one level and text of its own. A page that its head calls one article, whose headline
    stands above all of them, is one: their headlines are then headings, or the updates of a live blog.
    """
    for level in ("h1", "h2", "h3"):
        headings = [row for row in tree.rows if row.tag == level and _may_head(row, frame)]
        headings = [row for row in headings if row.text.count(" ") >= _MIN_TITLE_WORDS - 1][:_MAX_STORIES]
        if len(headings) < 2:
            continue
        units = [unit for row in headings if (unit := _unit(row, headings, frame)) is not None]
        if len(units) < 2 or len({match_key(row.text) for _, row in units}) < 2:
            continue
        if level == "h1" or _are_stories(units, head, headline):
            return units
    return _next_stories(tree, frame)


def _next_stories(tree: Tree, frame: Frame) -> list[tuple[Box, Row]]:
    """Return the story under the page's `h1` and those that it loads below, each under an `h2` in a box of its kind.

    Boxes of one kind are also the sections of one story: only those that say when each was published are stories.
    """
    headings = [row for row in tree.rows if row.tag in {"h1", "h2"} and _may_head(row, frame)]
    headings = [row for row in headings if row.text.count(" ") >= _MIN_TITLE_WORDS - 1][:_MAX_STORIES]
    if len(headings) < 2 or headings[0].tag != "h1" or not any(row.tag == "h2" for row in headings):
        return []
    first = _unit(headings[0], headings, frame)
    if first is None or not _is_dated(tree, *first):
        return []
    kind = first[0].signature
    units = [first]
    for row in headings[1:]:
        unit = _unit(row, headings, frame)
        if unit is not None and unit[0].signature == kind and unit[0].parent is first[0].parent and kind[1]:
            units.append(unit)
    return units if len(units) > 1 and all(_is_dated(tree, *unit) for unit in units) else []


def _is_dated(tree: Tree, unit: Box, heading: Row) -> bool:
    """Return whether a story says beside its headline when it was published."""
    below = tree.rows[heading.number + 1 : min(unit.end, heading.number + _NEAR_ROWS)]
    return any(not row.prose and is_info(row) for row in below)


def _may_head(row: Row, frame: Frame) -> bool:
    reason = frame.reasons[row.number]
    # Headlines of an archive page are links to their stories.
    return reason is None or (row.is_link and reason in {Rule.RELATED, Rule.NAVIGATION})


def _unit(heading: Row, headings: list[Row], frame: Frame) -> tuple[Box, Row] | None:
    """Return the largest box that holds this headline and no other, if it holds text below it."""
    numbers = [row.number for row in headings]
    place = numbers.index(heading.number)
    low = numbers[place - 1] if place else -1
    high = numbers[place + 1] if place + 1 < len(numbers) else 1 << 60
    unit = None
    for box in heading.box.above():
        if box.start <= low or box.end > high or box.tag in {"body", "html"}:
            break
        unit = box
    if unit is None or unit.start > heading.number:
        return None
    if frame.proses(unit) < _MIN_PROSES and frame.prose(unit) < _MIN_PROSE:
        return None
    if all(frame.reasons[at] is not None for at in range(heading.number + 1, unit.end)):
        return None
    return unit, heading


def _are_stories(units: list[tuple[Box, Row]], head: Head, headline: Headline | None) -> bool:
    first = units[0][0]
    if any(box.parent is not first.parent for box, _ in units) or any(box.tag != first.tag for box, _ in units):
        return False
    titles = {match_key(title) for title in head.titles}
    own = [row for _, row in units if match_key(row.text) in titles]
    if own:
        return all(box.tag == "article" for box, _ in units)
    if headline is not None and headline.text.count(" ") >= _MAX_SECTION_WORDS:
        return False
    if head.is_article:
        return False
    # «صحيفة الضفة - محليات»
    return all(len(part.split()) <= _MAX_SECTION_WORDS for title in head.named_titles[:1] for part in head.parts(title))
