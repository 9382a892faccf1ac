"""Find the stories of a page that holds several: archive pages with whole posts, pages that load the next story."""

from __future__ import annotations

from agents.clean.html.frame import Frame
from agents.clean.html.metadata import Head, Headline
from agents.clean.html.tree import Box, Row, Tree
from agents.clean.layout.lines import Rule
from agents.text.keys import match_key

_MIN_PROSES, _MIN_PROSE, _MIN_TITLE_WORDS, _MAX_SECTION_WORDS = 2, 150, 3, 3
_MAX_STORIES = 300


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
    return []


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
