"""Tell the lines and boxes that belong to a story by their place on the page.

They stand between headline and text, beside the headline, or below the text in the same box; never in a menu, a comment
or a box with another story.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import islice

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.name_tables import is_description
from agents.clean.credits.outlet import Outlet
from agents.clean.html.frame import Frame
from agents.clean.html.roles import is_credit_box, is_date_box
from agents.clean.html.story import Story
from agents.clean.html.tree import Box, Row, Tree
from agents.clean.layout.lines import Rule
from agents.text.display import display_text

_MAX_ABOVE, _NEAR, _MIN_HEADLINE_SPACES = 12, 3, 4
_FOOT_RE = re.compile(r"(?<![a-z])(?:article|entry|post|story)-?(?:footer|meta|info)(?![a-z])")
_ABOVE, _BELOW = 8, 12
# A box in a frame of these kinds speaks of another story, or of a reader.
_NEVER = frozenset({Rule.COMMENTS, Rule.HIDDEN})
_ELSEWHERE = frozenset({Rule.NAVIGATION, Rule.OUTSIDE, Rule.RELATED})
_MAX_MARKED_ROWS, _MOST_OF_ROW = 4, 0.6


class Place:
    """What the page prints about one story, by its place.

    Args:
        tree: the page.
        frame: what its rows are not part of an article by.
        story: the story.
        latest: no story was published after this time; None if unknown.
        site: the outlet, whose name is no writer's.
    """

    def __init__(self, tree: Tree, frame: Frame, story: Story, latest: datetime | None, site: Outlet) -> None:
        self.tree, self.frame, self.story, self.latest, self.site = tree, frame, story, latest, site
        self.reasons = frame.reasons
        at = story.headline.number if story.headline is not None else story.scope.start
        self.at = at
        self.between = range(at + 1, max(story.start, story.main))
        self.above = range(max(story.scope.start, at - _ABOVE), at)
        self.below = range(story.end, min(story.scope.end, story.end + _BELOW))

    @cached_property
    def credits(self) -> list[tuple[Box, str]]:
        """The boxes that the markup names as writers, with their text, the most trustworthy first."""
        return list(self._search(is_credit_box))

    @cached_property
    def dates(self) -> list[tuple[Box, str]]:
        """The boxes that the markup names as dates, with their text, the most trustworthy first."""
        return list(self._search(is_date_box))

    @cached_property
    def _credit_rows(self) -> frozenset[int]:
        return frozenset(at for box, _ in self.credits for at in _rows_of(box))

    @cached_property
    def _date_rows(self) -> frozenset[int]:
        rows = self.tree.rows
        return frozenset(
            at
            for box, text in self.dates
            for at in _rows_of(box)
            if at < len(rows) and len(text) >= _MOST_OF_ROW * len(rows[at].text)
        )

    def _search(self, fits: Callable[[Box], bool]) -> Iterator[tuple[Box, str]]:
        rows = self.tree.rows
        boxes = self.tree.boxes[self.story.scope.number : self.story.scope.last]
        found = [box for box in boxes if (box.attributes or box.tag == "time") and fits(box)]
        for zone in (self.between, self.above, self.below):
            trusted = zone is self.between
            for box in found:
                at = box.start
                # A box that holds only `meta` elements stands before the row that follows it.
                bare = box.text is not None or box.start == box.end
                first = trusted and at == self.story.start and bare
                if (at not in zone and not first) or at >= len(rows) or box.end - box.start > _MAX_MARKED_ROWS:
                    continue
                reason = self.reasons[at]
                if reason in _NEVER or (reason in _ELSEWHERE and not trusted and not _is_told(box)):
                    continue
                if zone is self.above and any(map(_tells_of_another, rows[at : box.end])):
                    continue  # a strip of writers with their columns
                if box.tag == "meta":
                    yield box, display_text((box.attributes or {}).get("content") or "").strip()
                    continue
                yield box, box.text if box.text is not None else " ".join(row.text for row in rows[at : box.end])

    def is_credit(self, row: Row) -> bool:
        """Return whether a row between headline and text only names the writer."""
        return row.number in self._credit_rows

    def is_date(self, row: Row) -> bool:
        """Return whether a row between headline and text only says when."""
        return row.number in self._date_rows or is_date_line(row.text)


def _tells_of_another(row: Row) -> bool:
    """Return whether a row of a box that names writers is the headline of another story."""
    return row.text.count(" ") >= _MIN_HEADLINE_SPACES and not (is_date_line(row.text) or is_description(row.text))


def _rows_of(box: Box) -> range:
    return range(box.start, max(box.end, box.start + 1))


def _is_told(box: Box) -> bool:
    """Return whether the markup says more of a box than that it may name a writer or a date."""
    if box.attributes and box.attributes.get("itemprop") in {"author", "datePublished"}:
        return True
    if box.tag in {"abbr", "time"} and "published" in box.names.split():
        return True
    if box.tag == "time" and any(_FOOT_RE.search(above.names) for above in islice(box.above(), _NEAR)):
        return True  # «<footer class="article-footer">بقلم: فلان <time>»
    return any(is_credit_box(above) for above in islice(box.above(), _MAX_ABOVE))
