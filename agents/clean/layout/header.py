"""Read what stands above the text of an article: kicker, headline, second headline, credits, captions, dates."""

from __future__ import annotations

import re
from itertools import islice

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.name_tables import is_description
from agents.clean.credits.parse import MAX_CREDIT_CHARS, Credit, parse_credit
from agents.clean.layout.boundaries import HEADER_LINES, is_headline, is_kicker
from agents.clean.layout.line_reader import LineReader
from agents.clean.layout.lines import (
    Line,
    Removal,
    Rule,
    is_body,
    is_credited_caption,
    read_label,
)
from agents.clean.layout.page_frame import is_breadcrumb, is_separator, is_stamp
from agents.text.keys import match_key

_MAX_TITLE_WORDS = 30
_MIN_KICKER_WORDS, _MAX_KICKER_WORDS = 3, 25
_MAX_TOP, _MAX_DESCRIPTION_WORDS = 5, 8
# «🔴 عاجل | », printed before a headline
_URGENT_RE = re.compile(r"^[^\w«\"“(\[]{0,6}عاجل\s?[|:/\-–—]+\s*(?=\S)")


class HeaderReader(LineReader):
    """Read what stands above the text of one article."""

    def _read_top(self) -> int:
        """Take the lines above the headline: dates, breadcrumbs, heads of posts, credits, and a kicker.

        Returns:
            The index of the headline, or 0 if no headline follows such lines.
        """
        taken: list[tuple[Line, Rule]] = []
        found: list[Credit] = []
        at = 0
        while at < min(_MAX_TOP, len(self.lines) - 1):
            line = self.lines[at]
            rule = _top_rule(line)
            if rule is None and self.hints.title is None:
                credit = parse_credit(line.text, self.hints.outlet) if len(line.text) <= MAX_CREDIT_CHARS else Credit()
                if credit.certain and credit.parts > 1 and not credit.places_only:
                    rule = Rule.BYLINE
                    found.append(credit)
            if rule is None:
                break
            taken.append((line, rule))
            at += 1
        kicker = self._kicker(at)
        headline = at + (kicker is not None)
        printed = headline < len(self.lines) and self.lines[headline].key == self.title_key
        if not headline or headline >= len(self.lines) or not (printed if self.title_key else self._is_title(headline)):
            return 0
        for line, rule in taken:
            self._remove(line, rule)
        self.credits.extend(found)
        if kicker is not None:
            self.kicker = kicker.text
            self._remove(kicker, Rule.KICKER)
        return headline

    def _kicker(self, at: int) -> Line | None:
        if not is_kicker(self.lines, at):
            return None
        line = self.lines[at]
        # What is printed again is the headline, whatever it ends with.
        again = any(line.key == other.key for other in self.lines[at + 1 : HEADER_LINES])
        return None if again or line.key == self.title_key else line

    def _is_title(self, number: int) -> bool:
        return is_headline(self.lines[number]) and any(map(is_body, self.lines[number + 1 :]))

    def _read_header(self, end: int) -> int:
        """Read lines until the body starts; `end` is where the repetitions of the header end."""
        position = self._read_title(end)
        while position < len(self.lines):
            line = self.lines[position]
            if self._take_header_line(line, repeated=position < end):
                position += 1
            elif position < end or self._is_kicker(position):
                if self.parts.subtitle is not None or is_body(line):
                    break
                if line.text.count(" ") + 1 < _MIN_KICKER_WORDS:
                    # Of whom the picture is: too short for a second headline.
                    self.parts.captions.append((line.text, None))
                    self.caption_keys.add(line.key)
                    self._remove(line, Rule.CAPTION)
                    position += 1
                    continue
                self.parts.subtitle = line.text
                self._remove(line, Rule.SUBTITLE)
                position += 1
            else:
                break
        return position

    def _read_title(self, end: int) -> int:
        first = self.lines[0]
        if self.title_key:
            for position, line in enumerate(self.lines[:3]):
                if line.key != self.title_key or is_body(line):
                    continue
                # A poem's first verse is also its title; a headline has an article below it.
                if position == 0 and (end or len(self.lines) == 1 or self.lines[1].blanks or self._heads_text()):
                    self._remove(line, Rule.TITLE_ECHO)
                    return 1
                return 0
            return 0
        looks_like_title = (
            bool(first.key)
            and not is_body(first)
            and first.text.count(" ") < _MAX_TITLE_WORDS
            and (end > 0 or (not is_credited_caption(first, in_header=False) and self._credit_of(first) is None))
        )
        if looks_like_title and len(self.lines) > 1:
            label = _URGENT_RE.match(first.text)
            title = first.text[label.end() :] if label else first.text
            if label is not None:
                self.parts.removed.append(Removal(label.group().strip(), Rule.KICKER))
            self.parts.title, self.title_key = title, match_key(title)
            self.parts.removed.append(Removal(title, Rule.TITLE))
            return 1
        return 0

    def _heads_text(self) -> bool:
        """Return whether a paragraph follows the first line with only credits, captions and dates between.

        Below a headline of several words, it may follow anywhere: first paragraphs are short and have no full stop in
        most papers.
        """
        if self.lines[0].text.count(" ") >= _MIN_KICKER_WORDS and any(map(is_body, self.lines[1:])):
            return True
        below = (line for line in self.lines[1:HEADER_LINES] if not self._is_header_line(line))
        return any(map(is_body, islice(below, 1)))

    def _take_header_line(self, line: Line, *, repeated: bool) -> bool:
        if line.key and line.key == self.title_key and repeated:
            self._remove(line, Rule.TITLE_ECHO)
            return True
        credit = self._credit_of(line)
        if credit is not None:
            self.credits.append(credit)
            self._remove(line, Rule.BYLINE)
            return True
        if self._describes_writer(line):
            self._remove(line, Rule.BYLINE)
            return True
        rule = _top_rule(line) or (Rule.SEPARATOR if is_separator(line.text) else None)
        repeats = repeated and self._repeats(line)
        if rule is None and self._take_caption(
            line, in_header=repeated or self.headed, repeats=repeats, above_text=True
        ):
            return True
        if rule is None and line.text in self.hints.heads and not is_body(line):
            rule = Rule.BYLINE
        if rule is not None:
            self._remove(line, rule)
        return rule is not None

    def _describes_writer(self, line: Line) -> bool:
        """Return whether the line below a byline says what its writer is: «كاتب وباحث»."""
        signed = (self.hints.author is not None) if not self.credits else self.credits[-1].byline is not None
        return (
            signed and not is_body(line) and line.text.count(" ") < _MAX_DESCRIPTION_WORDS and is_description(line.text)
        )

    def _is_kicker(self, position: int) -> bool:
        """Return whether a line is a second headline: below one that the page prints, above the first paragraph."""
        if self.hints.title is not None or position != 1 or self.parts.title is None or position + 1 >= len(self.lines):
            return False
        line = self.lines[position]
        below = [other for other in self.lines[position + 1 : position + 5] if not self._is_header_line(other)]
        return (
            not is_body(line)
            and _MIN_KICKER_WORDS <= line.text.count(" ") + 1 <= _MAX_KICKER_WORDS
            and any(map(is_body, below[:1]))
            and not line.text.endswith(":")
        )

    def _is_header_line(self, line: Line) -> bool:
        """Return whether the line is a credit, a caption or a date, which may be between headline and text."""
        credited = self._credit_of(line) is not None
        pictured = is_credited_caption(line, in_header=False) or read_label(line.text) is not None
        return credited or pictured or is_date_line(line.text)


def _top_rule(line: Line) -> Rule | None:
    """Return why a line above the text is no part of it: a date, the head of a post, a breadcrumb; else None."""
    if is_stamp(line.text) or is_date_line(line.text):
        return Rule.DATE_LINE
    return Rule.BREADCRUMB if is_breadcrumb(line) else None
