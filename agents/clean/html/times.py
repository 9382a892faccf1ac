"""Find the time of publication of a story as its page prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from agents.clean.credits.date_lines import is_date_line, without_dates
from agents.clean.credits.parse import parse_credit
from agents.clean.dates.timestamps import Stamp, names_zone, parse_stamp
from agents.clean.html.labels import without_sign
from agents.clean.html.place import Place
from agents.clean.html.roles import STAMP_ATTRIBUTES
from agents.clean.html.tree import Box
from agents.clean.layout.lines import Rule

_MAX_DATE_ROW = 130
_UPDATED_RE = re.compile(r"(?:آخر|اخر|تم ال)?\s?(?:تحديث|تعديل|(?<!\w)حُ?دِ?ّ?ِ?ثت?(?!\w))|updated|modified", re.IGNORECASE)
# The time of the reader's visit
_VISIT_RE = re.compile(
    r"(?:تاريخ|وقت)\s(?:ال)?(?:طباعة|يوم|زيارة|دخول)|طُ?بعت?\s(?:في|بتاريخ)|اليوم\sهو|printed", re.IGNORECASE
)
_TODAY_RE = re.compile(r"(?<![a-z])(?:today|now|clock|current-?(?:date|time)|server-?time|hijri-?today)(?![a-z])")
_FIRST_TIME_RE = re.compile(r"publish|posted|created|entry-date|post-date")
_LABELLED_RE = re.compile(
    r"(?:تاريخ|وقت)\s(?:ال)?نشر|نُ?شرت?\s(?:في|يوم|بتاريخ)|تم\s(?:ال)?نشر|أضيف\sفي|published", re.I
)
# «10:30 ص», «LOC16:41 13:41 GMT», «الساعة 10:30»
_CLOCK_ROW_RE = re.compile(
    r"(?:[^\W\d_]{0,8}\s?[-:|]?\s?\d{1,2}[:.٫]\d{2}(?:[:.]\d{2})?\s?(?:[صم]|صباح[اًا]{1,2}|مساء[اً]{0,2}|[AaPp]\.?[Mm]\.?)?\s?){1,2}"
    r"(?:\(?(?:GMT|UTC|بتوقيت\s\S{2,12}(?:\s\S{2,12})?)\)?)?"
)
_MAX_CLOCK_ROW = 40
_DATELINE_RE, _MAX_DATELINE_WORDS = re.compile(r"(.{8,70}?\)?)\s?[-–—]{1,3}\s"), 6
_ABOVE = 8
# A box in a frame of these kinds speaks of another story, or of a reader.
_NEVER = frozenset({Rule.COMMENTS, Rule.HIDDEN})
_BARS = frozenset({Rule.NAVIGATION, Rule.OUTSIDE})


class Times:
    """The times that a page prints beside its story.

    Args:
        place: the story's place on the page.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._rows = place.tree.rows
        self._latest = place.latest

    def stamps(self) -> Iterator[Stamp]:
        """Yield the times that the page prints, the most trustworthy first."""
        late: list[Stamp] = []
        told = False
        found = chain(self._named_stamps(), self._printed_stamps(), self._hidden_stamps())
        for stamp, updated in found:
            if updated:
                late.append(stamp)
            else:
                told = True
                yield stamp
        yield from self._stamps_above()
        if not told:
            yield from late

    def _named_stamps(self) -> Iterator[tuple[Stamp, bool]]:
        """Yield the times in elements that the markup names as dates, each with whether it is of a change."""
        for box, text in self._place.dates:
            if _TODAY_RE.search(box.names) is not None:
                continue
            attributes = box.attributes or {}
            own, *others = (attributes.get(name) for name in STAMP_ATTRIBUTES)
            values = (own, attributes.get("content"), text, *others)
            stamp = next((found for value in values if value and (found := parse_stamp(value, self._latest))), None)
            if stamp is not None:
                yield stamp, self._is_update(box, text)

    @staticmethod
    def _is_update(box: Box, text: str) -> bool:
        """Return whether a box says when the story was changed; WordPress puts `updated` beside `published`."""
        if "نشر" in text:
            return False
        named = "modified" in box.names or "updated" in box.names
        return _UPDATED_RE.search(text) is not None or (named and _FIRST_TIME_RE.search(box.names) is None)

    def _printed_stamps(self) -> Iterator[tuple[Stamp, bool]]:
        """Yield the times that lines beside the story print, each with whether it is of a change."""
        for zone in (self._place.between, self._place.above, self._place.below):
            # What only says when comes first: a caption names the day of its picture.
            for at in sorted(zone, key=lambda at: not is_date_line(self._rows[at].text)):
                row = self._rows[at]
                if len(row.text) > _MAX_DATE_ROW or row.hidden or not any(map(str.isdecimal, row.text)):
                    continue
                if _VISIT_RE.search(row.text) is not None or _TODAY_RE.search(row.box.names) is not None:
                    continue
                if self._place.reasons[at] is not None and zone is not self._place.between:
                    # «item-nav», which holds the date and the number of the story
                    bar = self._place.reasons[at] in _BARS and zone is self._place.above and not row.linked
                    if not bar or not is_date_line(row.text):
                        continue
                if zone is self._place.below and not is_date_line(row.text):
                    continue
                stamp = self._with_clock(at, zone, parse_stamp(row.text, self._latest))
                if stamp is not None:
                    yield stamp, _UPDATED_RE.search(row.text) is not None and "نشر" not in row.text

    def _hidden_stamps(self) -> Iterator[tuple[Stamp, bool]]:
        """Yield the times between headline and text that only a screen reader reads out."""
        for at in self._place.between:
            row = self._rows[at]
            if row.hidden and len(row.text) <= _MAX_CLOCK_ROW and any(map(str.isdecimal, row.text)):
                stamp = parse_stamp(row.text, self._latest)
                if stamp is not None:
                    yield stamp, _UPDATED_RE.search(row.text) is not None

    def _stamps_above(self) -> Iterator[Stamp]:
        """Yield the times above the story's box that say that they are of its publication."""
        for at in range(max(0, self._place.at - _ABOVE), self._place.story.scope.start):
            # beside the breadcrumb: «تاريخ النشر: 12/09/2024»
            text = self._rows[at].text
            if (
                len(text) <= _MAX_DATE_ROW
                and self._place.reasons[at] not in _NEVER
                and _LABELLED_RE.search(text) is not None
            ):
                stamp = parse_stamp(text, self._latest)
                if stamp is not None:
                    yield stamp

    def _with_clock(self, at: int, zone: range, stamp: Stamp | None) -> Stamp | None:
        """Return the time of a date with the hour that stands alone in the row below it or above it."""
        if stamp is None:
            return None
        if stamp.exact:
            below = self._rows[at + 1].text if at + 1 in zone else ""
            if not names_zone(below):
                return stamp
            return parse_stamp(f"{self._rows[at].text} {below}", self._latest) or stamp
        for beside in (at + 1, at - 1):
            text = without_sign(self._rows[beside].text) if beside in zone else ""
            if 0 < len(text) <= _MAX_CLOCK_ROW and _CLOCK_ROW_RE.fullmatch(text) is not None:
                joined = parse_stamp(f"{self._rows[at].text} {text}", self._latest)
                if joined is not None and joined.exact:
                    return joined
        return stamp


def dateline_time(paragraph: str, latest: datetime | None) -> datetime | None:
    """Return the day that a first paragraph begins with, before a dash: «5 آذار/مارس 2024، القاهرة، مصر - …»."""
    match = _DATELINE_RE.match(paragraph)
    if match is None or not any(map(str.isdecimal, match[1])):
        return None
    words = without_dates(match[1]).replace("/", " ").split()
    credit = parse_credit(match[1])
    # «15 أيار 1948 - …» in a history names no place.
    told = len(words) <= _MAX_DATELINE_WORDS and bool(credit.dateline or credit.agencies)
    stamp = parse_stamp(match[1], latest) if told else None
    return stamp.time if stamp is not None else None


def best_time(stamps: Iterator[Stamp]) -> datetime | None:
    """Return the first time; or, if it is only a day, the first that gives the hour of that day."""
    first: Stamp | None = None
    for stamp in stamps:
        if first is None:
            if stamp.exact:
                return stamp.time
            first = stamp
        elif stamp.exact and abs((stamp.time - first.time).total_seconds()) < 86_400 and stamp.time >= first.time:
            return stamp.time
    return first.time if first is not None else None
