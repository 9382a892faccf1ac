"""Find the writer of a story as its page prints him or her."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, islice

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.name_tables import ends_in_surname, is_description, is_genre, person_certainty
from agents.clean.credits.parse import MAX_CREDIT_CHARS, NAMES_APART, parse_credit
from agents.clean.dates.timestamps import parse_stamp
from agents.clean.html.labels import labelled, without_sign
from agents.clean.html.parse import names_profile
from agents.clean.html.place import Place
from agents.clean.html.roles import is_caption_row, is_credit_box
from agents.clean.html.tree import Box, Row
from agents.clean.layout.lines import Rule
from agents.text.display import display_text

_MAX_DATE_ROW = 130
_EDITOR_RE = re.compile(r"(?:تحرير|ترجمة|مراجعة|تدقيق|إخراج|تصوير)(?!\w)")
_COMMA_RE = re.compile(r"[،,|]| و(?=\S{3})")
# «writer-name», but not the name of the column
_NAME_BOX_RE = re.compile(r"(?<!column-)(?<!section-)(?<!site-)(?<!paper-)(?<!cat-)(?<![a-z])name(?![a-z])")
_COLUMN_RE = re.compile(r"(?<![a-z])(?:opinion|column|avatar|portrait|ka?te?ib|kottab|kuttab|maqal)")
_MIN_NAME_WORDS, _MAX_NAME_WORDS, _MAX_LONG_NAME, _MAX_ABOVE = 2, 4, 8, 12
_ABOVE, _CERTAIN, _NEAR = 8, 2, 3
_MAX_MARKED_ROWS = 4


class Writers:
    """The writers that a page prints beside its story.

    Args:
        place: the story's place on the page.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._story = place.story
        self._rows = place.tree.rows
        self._boxes = place.tree.boxes
        self._latest = place.latest
        # Whom a picture shows has not written the story.
        self._pictured = frozenset(row.number for row in place.story.captions)

    def author(self) -> str | None:
        """Return the writer that the page prints."""
        named = (self._name_in(box, text) for box, text in self._place.credits)
        lines = [self._rows[at].text for at in self._place.between]
        signed = (labelled(line) for line in lines if _EDITOR_RE.match(line) is None)
        edited = (labelled(line) for line in lines if _EDITOR_RE.match(line) is not None)
        found = list(filter(self._is_name, chain(named, signed)))
        # A box with the date and the time of reading is named after the writer, too.
        bare = next((name for name in found if not any(map(str.isdecimal, name or ""))), None)
        others = chain(found, self._unnamed(), edited, self._above_scope(), self._labelled_below())
        return bare or next(filter(self._is_name, others), None)

    def _is_name(self, text: str | None) -> bool:
        return (
            bool(text)
            and len(text or "") <= MAX_CREDIT_CHARS
            and not is_date_line(text or "")
            and not self._place.site.owns(text or "")
        )

    def _name_in(self, box: Box, text: str) -> str:
        """Return the name in a box with a label, a portrait or a biography beside it."""
        inside = self._boxes[box.number + 1 : box.last]
        lines = [row.text for row in self._rows[box.start : box.end]]
        # Links to the writers' pages, beside what they are; or a list of names
        several = [inner.text for inner in inside if inner.tag == "a" and inner.text and person_certainty(inner.text)]
        if not several and len(lines) > 1 and all(map(person_certainty, lines)):
            several = lines
        if several:
            return NAMES_APART.join(dict.fromkeys(several))
        for inner in inside:
            named = inner.attributes and (
                inner.attributes.get("itemprop") == "name" or _NAME_BOX_RE.search(inner.names) is not None
            )
            if not named:
                continue
            if inner.tag == "meta" and (told := inner.attributes.get("content")):
                return " ".join(display_text(told).split())
            if inner.text:
                return inner.text
            if inner.end - inner.start == 1 and not inner.inline:
                return self._rows[inner.start].text
        label = labelled(text)
        if label is None:
            pieces = [inner.text for inner in inside if inner.inline and inner.text and inner.text != text]
            people = [piece for piece in pieces if person_certainty(piece) == _CERTAIN]
            # «فلان الفلانيمراسل الشؤون البحرية»
            glued = any(text.startswith(name) and text[len(name)].isalpha() for name in people)
            if people and (glued or person_certainty(text) < _CERTAIN):
                return people[0]
        return label or text

    def _unnamed(self) -> Iterator[str | None]:
        """Yield names beside a date or with a link to their writer, in elements whose names tell nothing."""
        yield from self._linked_names()
        yield from self._portrayed_above()
        for at in self._place.between:
            row = self._rows[at]
            # A name alone below a portrait and directly above the date is the writer's, not a caption's.
            portrait = not is_caption_row(row) and self._is_dated(at + 1)
            shown = row.number not in self._pictured or portrait
            if shown and self._may_sign(row) and self._is_signed(row):
                yield without_sign(row.text)
        for at in sorted(self._date_like):
            row = self._rows[at]
            if len(row.text) <= MAX_CREDIT_CHARS and not row.hidden:
                # «فلان - 5 مارس 2024», in an element that is named after the date
                credit = parse_credit(row.text, self._place.site)
                if credit.certain and credit.byline:
                    yield credit.byline
        for box in self._boxes[self._story.scope.number : self._story.scope.last]:
            if box.text and box.start in self._place.between and box.start in self._date_like:
                words = box.text.count(" ") + 1
                if _MIN_NAME_WORDS <= words <= _MAX_NAME_WORDS and not any(map(str.isdecimal, box.text)):
                    yield parse_credit(box.text, self._place.site).byline

    def _portrayed_above(self) -> Iterator[str]:
        """Yield the name beside a portrait directly above the headline, as columns have it."""
        at = self._place.at - 1
        if self._story.headline is None or at < self._story.scope.start or self._place.reasons[at] is not None:
            return
        row = self._rows[at]
        near = [box for box in islice(row.box.above(), _NEAR) if box.end - box.start == 1]
        told = any(_NAME_BOX_RE.search(box.names) or _COLUMN_RE.search(box.names) for box in near)
        if (
            told
            and any(box.pictures for box in near)
            and not is_caption_row(row)
            and not row.is_link
            and self._may_sign(row)
        ):
            yield row.text

    def _linked_names(self) -> Iterator[str]:
        """Yield names that are links to what their bearers wrote."""
        for box in self._boxes[self._story.scope.number : self._story.scope.last]:
            if box.tag != "a" or not box.text or box.start not in self._place.between:
                continue
            if names_profile(box.attributes.get("href")) and person_certainty(box.text):
                yield box.text
        for at in self._place.between:
            row = self._rows[at]
            if names_profile(row.href) and 0 < row.text.count(" ") < _MAX_NAME_WORDS:
                yield row.text
            elif row.href and self._is_placed(row):
                # «بيروت: فلان», which links to the writer's articles, and the same below it
                end = at
                while end + 1 in self._place.between and self._is_placed(self._rows[end + 1]):
                    end += 1
                yield NAMES_APART.join(row.text for row in self._rows[at : end + 1])

    def _is_placed(self, row: Row) -> bool:
        """Return whether a line is a writer and his or her town, and nothing else."""
        if len(row.text) > MAX_CREDIT_CHARS:
            return False
        credit = parse_credit(row.text, self._place.site)
        return credit.certain and credit.parts > 1 and credit.byline is not None

    @staticmethod
    def _may_sign(row: Row) -> bool:
        """Return whether a line holds only a person's name, or several with commas between them."""
        if row.href and "member" in row.href:
            return False  # of a forum
        text = without_sign(row.text)
        if 0 < text.count(" ") < _MAX_LONG_NAME and _COMMA_RE.search(text) is None:
            certainty = person_certainty(text)
            return certainty >= _CERTAIN or (certainty > 0 and ends_in_surname(text) and not is_genre(text))
        if row.prose or len(row.text) > MAX_CREDIT_CHARS or _COMMA_RE.search(row.text) is None:
            return False
        names = [person_certainty(name.strip()) for name in _COMMA_RE.split(row.text)]
        return all(names) and max(names) >= _CERTAIN

    def _labelled_below(self) -> Iterator[str]:
        """Yield the writers that lines below the text name after a label: «إعداد: فلان»."""
        for at in self._place.below:
            row = self._rows[at]
            if len(row.text) > MAX_CREDIT_CHARS or self._place.reasons[at] not in {None, Rule.OUTSIDE} or row.linked:
                continue
            name = labelled(row.text) if _EDITOR_RE.match(row.text) is None else None
            if name and person_certainty(name):
                yield name

    def _is_signed(self, row: Row) -> bool:
        for box in islice(row.box.above(), _MAX_ABOVE):
            if box.end - box.start > _MAX_MARKED_ROWS:
                break
            beside = (at for at in range(box.start, box.end) if at != row.number)
            if any(at in self._date_like or is_description(self._rows[at].text) for at in beside):
                return True
        return self._is_dated(row.number + 1) or self._is_dated(row.number - 1)

    def _is_dated(self, at: int) -> bool:
        row = self._rows[at] if at in self._date_like else None
        return row is not None and len(row.text) <= _MAX_DATE_ROW and parse_stamp(row.text, self._latest) is not None

    @cached_property
    def _date_like(self) -> frozenset[int]:
        return frozenset(at for at in self._place.between if any(map(str.isdecimal, self._rows[at].text)))

    def _above_scope(self) -> Iterator[str | None]:
        """Yield the writer of a column from the box above its headline, if that box names no other story."""
        if self._story.headline is None:
            return
        for box in self._boxes[: self._story.headline.box.number]:
            if (
                not self._place.at - _ABOVE <= box.start < self._story.scope.start
                or not is_credit_box(box)
                or box.inline
            ):
                continue
            whole = box
            for whole in box.above():
                if whole.parent is None or whole.parent.start <= self._place.at < whole.parent.end:
                    break
            own = sum(1 for row in self._rows[whole.start : whole.end] if row.is_link)
            if whole.end - whole.start <= _MAX_MARKED_ROWS and own <= 1 and not self._place.frame.titled_links(whole):
                yield " ".join(row.text for row in self._rows[box.start : min(box.end, box.start + 1)])
