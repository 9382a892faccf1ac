"""Choose the rows of a page that are an article: its text, its captions and the lines between headline and text.

The text is found where most running text is, near the headline, and follows it in the page's order. What the markup
names (`itemprop=articleBody`) weighs more, but decides nothing alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from agents.clean.html.frame import Frame, holds_body
from agents.clean.html.roles import box_and_only, is_caption_row, is_credit_box, is_info, names_match
from agents.clean.html.tree import HEADINGS, TEXT_TAGS, Box, Row, Tree, children
from agents.clean.layout.lines import MAX_CAPTION_CHARS, MAX_CAPTION_WORDS, Rule
from agents.text.keys import match_key

_BEFORE, _NAMED, _ITEMPROP, _IN_ARTICLE, _PLAIN, _DISTANCE = 0.2, 2.0, 4.0, 1.3, 0.25, 0.15
_MIN_WORDS = 3
_MIN_POINTS, _MIN_POINT_SPACES = 2, 5
_PROSE_SHARE, _DENSE = 0.6, 0.6
_MAX_UP = 40
_MAX_INFO_CHARS, _MIN_BELOW = 130, 120
# Below a line like this are readers' comments.
_COMMENTS_RE = re.compile(
    r"(?:\(?\d{1,5}\)?\s)?(?:ال)?تعليقات?(?:\s(?:القراء|الزوار|على\s.{3,40}))?(?:\s?\(?\d{1,5}\)?)?\s?:?"
    r"|آراء القراء|(?:اترك|أضف|أضيف|اكتب|شارك)\s(?:ب|لنا\s)?(?:تعليق|رأي|رد)\S{0,4}(?:\s\S{2,12}){0,3}"
)
_SOURCES_RE = re.compile(
    r"(?:ال)?(?:مصادر|مراجع|هوامش|حواشي)(?!\w)|(?:وصلات|روابط)\s(?:خارجية|ذات\sصلة)|[أا]نظر\s[أا]يضا"
)
_QUOTE_RE = re.compile(r"(?<![a-z])(?:pull-?quotes?|quote-?box|blockquote-?large|highlight-?quote)(?![a-z])")
_MAX_NEAR = 4


@dataclass(slots=True)
class Story:
    """Rows of one article.

    Attributes:
        headline: its printed headline, or None.
        scope: the smallest box that holds headline and text; the page's body if there is none.
        body: lines of the text, in page order.
        captions: of its pictures.
        between: lines between headline and text that are none of the others, in page order.
        start: index of the first line of the text.
        main: index of the first line of its largest part; its lead may stand above that, and a byline between them.
        end: index after the last line of the text.
    """

    headline: Row | None
    scope: Box
    body: list[Row] = field(default_factory=list)
    captions: list[Row] = field(default_factory=list)
    between: list[Row] = field(default_factory=list)
    start: int = 0
    main: int = 0
    end: int = 0


class Chooser:
    """Choose the rows of one story.

    Args:
        tree: the page.
        frame: what its rows are not part of an article by.
        span: the rows to look at.
        headline: the story's printed headline, or None.
        body: the box that holds the text where the outlet's rules say so.
    """

    def __init__(self, tree: Tree, frame: Frame, span: range, headline: Row | None, body: Box | None) -> None:
        self._tree, self._frame, self._low, self._high = tree, frame, span.start, span.stop
        self._headline = headline
        self._at = headline.number if headline is not None else -1
        self._rows = tree.rows
        self._reasons = frame.reasons
        self._given = body
        self._taken: set[int] = set()

    def choose(self) -> Story | None:
        """Return the story, or None if there is no text outside frames."""
        main = self._given or self._densest()
        if main is None:
            return None
        parts = [main, *self._equals(main)]
        scope = self._scope(parts)
        for part in parts:
            self._take_inside(part)
        if self._given is None:
            self._take_beside(main, scope)
        body = self._sandwiched(scope, parts)
        if self._given is None and self._headline is not None:
            # «نُشر في 2 نوفمبر 2024 - 07:15 صباحا | كتبه: فلان» is as long as a sentence.
            while len(body) > 1 and is_info(body[0]):
                body = body[1:]
        body = self._without_quotes(self._above_sources(self._above_comments(body)))
        if not body:
            return None
        first = min(part.start for part in parts)
        story = Story(
            self._headline,
            scope,
            body=body,
            start=body[0].number,
            end=body[-1].number + 1,
            main=max(first, self._at + 1),
        )
        self._add_captions(story)
        if self._headline is not None:
            captions = {row.number for row in story.captions}
            above = range(max(self._at + 1, scope.start), max(story.start, story.main))
            taken = {row.number for row in body}
            story.between = [
                self._rows[at] for at in above if self._reasons[at] is None and at not in captions and at not in taken
            ]
        return story

    def _above_comments(self, body: list[Row]) -> list[Row]:
        """Cut the text at the heading of readers' comments, and mark what is below it."""
        for number, row in enumerate(body):
            if number and not row.prose and _COMMENTS_RE.fullmatch(row.text[:_MAX_INFO_CHARS]) is not None:
                for below in body[number:]:
                    self._reasons[below.number] = Rule.COMMENTS
                return body[:number]
        return body

    def _above_sources(self, body: list[Row]) -> list[Row]:
        """Cut a list of links to sources with which the text ends, under a heading that says so."""
        for number, row in enumerate(body):
            if not number or row.tag not in HEADINGS or _SOURCES_RE.match(row.text) is None:
                continue
            below = body[number + 1 :]
            if below and all(each.tag == "li" and each.linked for each in below):
                for each in body[number:]:
                    self._reasons[each.number] = Rule.RELATED
                return body[:number]
        return body

    def _without_quotes(self, body: list[Row]) -> list[Row]:
        """Drop sentences of the text that the page prints once more in large letters."""
        quotes = [row for row in body if any(names_match(box, _QUOTE_RE) for box in islice(row.box.above(), _MAX_NEAR))]
        if not quotes:
            return body
        again = {
            quote.number
            for quote in quotes
            if (key := match_key(quote.text)) and any(key in match_key(row.text) for row in body if row is not quote)
        }
        for number in again:
            self._reasons[number] = Rule.REPEAT
        return [row for row in body if row.number not in again]

    def _densest(self) -> Box | None:
        """Return the box with most running text, near the headline and not above it."""
        weights: dict[int, float] = {}
        containers: dict[int, Box] = {}
        for at in range(self._low, self._high):
            if self._reasons[at] is not None or at == self._at:
                continue
            row = self._rows[at]
            weight = float(len(row.text) - row.linked)
            if not row.prose:
                if row.text.count(" ") < _MIN_WORDS - 1 or row.tag in HEADINGS or is_caption_row(row):
                    continue
                weight *= _PLAIN
            if at < self._at:
                weight *= _BEFORE
            box = row.container
            weights[box.number] = weights.get(box.number, 0.0) + weight
            containers[box.number] = box
        if not weights:
            return None
        return containers[
            max(weights, key=lambda number: (weights[number] * self._likely(containers[number]), -number))
        ]

    def _likely(self, box: Box) -> float:
        factor = 1.0
        named = article = False
        near = self._headline is None
        for above in islice(box.above(), _MAX_UP):
            attributes = above.attributes
            if attributes and attributes.get("itemprop") == "articleBody":
                factor, named = factor * (1.0 if named else _ITEMPROP), True
            elif not named and holds_body(above):
                factor, named = factor * _NAMED, True
            if above.tag in {"article", "main"} and not article:
                factor, article = factor * _IN_ARTICLE, True
            if not near and above.start <= self._at < above.end:
                near = True
                factor /= 1.0 + _DISTANCE * self._levels(above)
        return factor

    def _levels(self, scope: Box) -> int:
        """Return how many boxes are between the headline and a box around it."""
        around = self._headline.box.above() if self._headline is not None else iter(())
        return sum(1 for _ in takewhile(lambda box: box is not scope, islice(around, _MAX_UP)))

    def _equals(self, main: Box) -> list[Box]:
        """Return other boxes of the same kind: pages part a text to put advertisements between."""
        tag, first = main.signature
        if not first or tag in {"body", "li"}:
            return []
        found = []
        for box in self._tree.boxes:
            if box.tag != tag or box is main or box.signature != main.signature:
                continue
            if box.start < max(self._low, self._at + 1) or box.end > self._high or self._reasons_of(box):
                continue
            if self._frame.proses(box) and not (box.holds(main) or main.holds(box)):
                found.append(box)
        return found

    def _reasons_of(self, box: Box) -> bool:
        return all(self._reasons[at] is not None for at in range(box.start, box.end))

    def _scope(self, parts: Sequence[Box]) -> Box:
        """Return the smallest box that holds the headline and all parts; without a headline, all text around them."""
        low, high = min(part.start for part in parts), max(part.end for part in parts)
        if self._headline is not None and self._low <= self._at < self._high:
            low, high = min(low, self._at), max(high, self._at + 1)
        scope = parts[0]
        for scope in parts[0].above():
            if scope.start <= low and high <= scope.end and scope.start < scope.end:
                break
        if self._headline is None:
            for above in islice(scope.above(), _MAX_UP):
                if above.tag in {"body", "html"} or not self._is_dense(above):
                    break
                scope = above
        return scope

    def _is_dense(self, box: Box) -> bool:
        kept = sum(len(self._rows[at].text) for at in range(box.start, box.end) if self._reasons[at] is None)
        prose = sum(
            len(self._rows[at].text)
            for at in range(box.start, box.end)
            if self._reasons[at] is None and self._rows[at].prose
        )
        return prose >= _DENSE * kept

    def _free(self, at: int) -> bool:
        return self._reasons[at] is None and at != self._at and self._low <= at < self._high

    def _take_inside(self, part: Box) -> None:
        start = max(part.start, self._at + 1)
        free = [at for at in range(start, part.end) if self._free(at) and not is_caption_row(self._rows[at])]
        proses = [at for at in free if self._rows[at].prose]
        last = (
            next((at for at in range(proses[-1], part.end) if self._reasons[at] is not None), part.end) if proses else 0
        )
        if not proses or part is self._given:
            self._taken.update(free)
            return
        sections = {self._rows[at].tag for at in free if at > proses[0]}.intersection(HEADINGS)
        for at in free:
            row = self._rows[at]
            # The rows of a table with data belong to the text as its paragraphs do.
            own = row.container is part or row.box.tag == "tr"
            if at < proses[0] and row.tag in sections:
                self._taken.add(at)
            elif at < proses[0]:
                # Above the first paragraph, only what the text itself holds.
                if own and self._at < part.start and row.tag not in HEADINGS:
                    self._taken.add(at)
            elif at > proses[-1]:
                # What follows a menu or a box with other stories is no longer the text.
                if own and at < last and row.tag not in {"span", "time"}:
                    self._taken.add(at)
            elif (
                own
                or row.prose
                or ((row.tag in HEADINGS or row.text.count(" ") >= _MIN_WORDS - 1) and not self._is_beside_picture(row))
            ):
                self._taken.add(at)
        self._take_list(part, last)

    def _take_list(self, part: Box, start: int) -> None:
        """Take a list below a menu or a box with other stories, if a line that announces it stands there."""
        for at in range(start, part.end):
            row = self._rows[at]
            if not (self._free(at) and row.tag == "p" and row.container is part and row.text.endswith((":", "："))):
                continue
            items = at + 1
            while items < part.end and self._free(items) and self._rows[items].tag == "li":
                items += 1
            if items > at + 1:
                self._taken.update(range(at, items))

    def _take_beside(self, main: Box, scope: Box) -> None:
        """Take running text beside the main part, up to the scope: the lead above it, other parts below it."""
        inner = main
        for box in main.above():
            if box is not main:
                self._take_children(box, inner)
                inner = box
            if box is scope:
                break

    def _take_children(self, box: Box, inner: Box) -> None:
        position = box.start
        for child in children(self._tree.boxes, box):
            if child.inline or child.start == child.end:
                continue
            self._take_rows(position, child.start)
            position = child.end
            if child is inner or child.holds(inner) or child.end <= self._at + 1:
                continue
            if self._is_text(child, inner):
                self._take_part(child, above=child.end <= inner.start)
        self._take_rows(position, box.end)

    def _take_rows(self, start: int, end: int) -> None:
        """Take the running text among rows that stand in no box of their own."""
        self._taken.update(at for at in range(max(start, self._at + 1), end) if self._free(at) and self._rows[at].prose)

    def _take_part(self, child: Box, *, above: bool) -> None:
        """Take the text of a box beside the main part; above that, short lines say who wrote it."""
        rows = [self._rows[at] for at in range(max(child.start, self._at + 1), child.end) if self._free(at)]
        points = all(row.tag == "li" for row in rows)
        for at in range(max(child.start, self._at + 1), child.end):
            row = self._rows[at]
            if not self._free(at) or is_caption_row(row) or row.tag == "h1":
                continue
            beside = self._frame.proses(row.container) > 0 and (not above or row.text.count(" ") >= _MIN_WORDS)
            beside = beside or (above and points)
            if row.prose or row.tag in HEADINGS or row.box.tag == "tr" or beside:
                self._taken.add(at)

    def _is_text(self, box: Box, inner: Box) -> bool:
        """Return whether a box beside `inner`, which holds the main part, is running text of the story."""
        rows = [self._rows[at] for at in range(max(box.start, self._at + 1), box.end) if self._free(at)]
        size = sum(len(row.text) for row in rows)
        prose = sum(len(row.text) for row in rows if row.prose and not is_caption_row(row))
        if self._are_points(rows, box, inner):
            return True
        if not prose or prose < _PROSE_SHARE * size:
            return False
        if any(row.tag == "h1" for row in rows):
            return False
        alike = box.tag in TEXT_TAGS or box.signature == inner.signature
        if box.start >= inner.end and not alike and prose < _MIN_BELOW:
            return False  # a notice or a signature below the text
        return not any(is_credit_box(inner) for inner in box_and_only(self._tree, box))

    @staticmethod
    def _are_points(rows: Sequence[Row], box: Box, inner: Box) -> bool:
        """Return whether a box is a list of what the story says, between its headline and its text."""
        if box.end > inner.start or len(rows) < _MIN_POINTS:
            return False
        return all(row.tag == "li" and not row.linked and row.text.count(" ") >= _MIN_POINT_SPACES for row in rows)

    def _sandwiched(self, scope: Box, parts: Sequence[Box]) -> list[Row]:
        """Return the rows taken and what stands between them: headings, short lines, items.

        Between equal parts, which posts of a forum are, too, only headings: the other lines there are about the posts.
        """
        proses = sorted(at for at in self._taken if self._rows[at].prose)
        if proses:
            for at in range(proses[0] + 1, proses[-1]):
                row = self._rows[at]
                if at in self._taken or not self._free(at) or is_caption_row(row) or self._is_beside_picture(row):
                    continue
                if not scope.start <= at < scope.end:
                    continue
                if at < parts[0].start and (is_info(row) or row.tag not in HEADINGS):
                    continue  # between a lead and the text: who wrote it and when
                inside = len(parts) == 1 or any(part.start <= at < part.end for part in parts)
                if row.tag in HEADINGS or row.box.tag == "tr" or (inside and row.text.count(" ") >= _MIN_WORDS):
                    self._taken.add(at)
        return [self._rows[at] for at in sorted(self._taken)]

    def _add_captions(self, story: Story) -> None:
        low = max(story.scope.start, self._at - 6 if self._at >= 0 else story.scope.start, self._low)
        for at in range(low, story.end):
            row = self._rows[at]
            if (
                self._reasons[at] is None
                and at != self._at
                and at not in self._taken
                and (is_caption_row(row) or self._is_beside_picture(row))
            ):
                story.captions.append(row)
        # A picture may stand below the text.
        for at in range(story.end, min(story.scope.end, self._high)):
            if self._reasons[at] is None and is_caption_row(self._rows[at]):
                story.captions.append(self._rows[at])

    def _is_beside_picture(self, row: Row) -> bool:
        """Return whether a short line is alone with a picture in a box."""
        if len(row.text) > MAX_CAPTION_CHARS or row.text.count(" ") >= MAX_CAPTION_WORDS or row.tag in HEADINGS:
            return False
        for box in row.box.above():
            if box.end - box.start > 1 or box.tag == "body" or (box.tag == "p" and box.pictures):
                return False
            if box.pictures:
                return True
        return False
