"""Tell the captions and credits among the lines of one article."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.name_tables import is_agency
from agents.clean.credits.parse import MAX_CREDIT_CHARS, Credit, parse_credit
from agents.clean.layout.boundaries import HEADER_LINES
from agents.clean.layout.lines import (
    Line,
    Removal,
    Rule,
    is_body,
    is_credited_caption,
    read_label,
    split_credit,
)
from agents.clean.layout.parts import Hints, Parts
from agents.text.keys import match_key

# «Author, فلان», as the BBC's pages name the author.
_WHO_RE = re.compile(r"^(?:Author|Role|Reporting from|الكاتب|الدور)\s*,\s*")


class LineReader:
    """Tell captions and credits among the lines of one article, and keep what is read. One instance reads one article.

    Args:
        lines: the article's lines, at least one.
        hints: what is known of it.
        headed: whether the page holds several articles, so that each has a header of its own.
        edited: whether a translator or editor is named below the text, as below a signature.
    """

    def __init__(self, lines: Sequence[Line], hints: Hints, *, headed: bool, edited: bool) -> None:
        self.lines = lines
        self.hints = hints
        self.headed = headed
        self.edited = edited
        self.parts = Parts(title=hints.title)
        self.title_key = self._printed_key(match_key(hints.title)) if hints.title else ""
        self.caption_keys: set[str] = set()
        self.known_captions = {match_key(caption) for caption in hints.captions}
        self.credits: list[Credit] = []
        self.picture_credit: str | None = None
        self.kicker: str | None = None

    def _printed_key(self, key: str) -> str:
        """Return the key of the known headline as the page prints it, possibly without the site's name."""
        top = self.lines[:HEADER_LINES]
        return next((line.key for line in top if same_title(line.key, key) and not is_body(line)), key)

    def _remove(self, line: Line, rule: Rule) -> None:
        self.parts.removed.append(Removal(line.text, rule))

    def _repeats(self, line: Line) -> bool:
        return bool(line.key) and sum(other.key == line.key for other in self.lines[:HEADER_LINES]) > 1

    def _take_label(self, line: Line) -> bool:
        """Take a labelled caption or credit: «صدر الصورة، …», «التعليق على الصورة، …»."""
        label = read_label(line.text)
        if label is None:
            return False
        kind, content = label
        if kind == "credit":
            self.picture_credit = content
        else:
            if all(content != text for text, _ in self.parts.captions):
                self.parts.captions.append((content, self.picture_credit))
            self.caption_keys.add(match_key(content))
            self.picture_credit = None
        self._remove(line, Rule.CAPTION)
        return True

    def _take_caption(self, line: Line, *, in_header: bool, repeats: bool = False, above_text: bool = False) -> bool:
        if self._take_label(line):
            return True
        if self.caption_keys and line.key and line.key in self.caption_keys:
            self._remove(line, Rule.CAPTION_ECHO)
            return True
        known = bool(self.known_captions and line.key) and line.key in self.known_captions
        outlet = self.hints.outlet
        credited = is_credited_caption(line, in_header=in_header, above_text=above_text, outlet=outlet)
        if not (known or repeats or credited):
            return False
        if line.key:
            self.caption_keys.add(line.key)
        text, credit = split_credit(line.text)
        if all(text != other for other, _ in self.parts.captions):
            self.parts.captions.append((text, credit))
        self._remove(line, Rule.CAPTION)
        return True

    def _add_known_captions(self) -> None:
        """Add the captions of the markup that are not among the lines."""
        held = {match_key(text) for text, _ in self.parts.captions} | self.caption_keys
        for caption in self.hints.captions:
            label = read_label(caption)
            text, credit = (label[1], None) if label is not None else split_credit(caption)
            if (
                match_key(caption) in held
                or match_key(text) in held
                or self.headed
                or (label is not None and label[0] == "credit")
            ):
                continue
            self.parts.captions.append((text, credit))

    def _credit_of(self, line: Line) -> Credit | None:
        """Parse the line if it is a credit line and nothing else, else return None."""
        if len(line.text) > MAX_CREDIT_CHARS:
            return None
        credit = parse_credit(_WHO_RE.sub("", line.text), self.hints.outlet)
        if self.hints.author and line.key == match_key(self.hints.author):
            return credit
        if credit.likely and self._before_paragraph(line):
            return credit
        return credit if credit.certain and not self._is_bare_name(line, credit) else None

    def _before_paragraph(self, line: Line) -> bool:
        """Return whether the line is the last of the header, directly above the first paragraph."""
        paragraph = next((at for at, other in enumerate(self.lines[:HEADER_LINES]) if is_body(other)), -1)
        return self._number(line) + 1 == paragraph

    def _is_bare_name(self, line: Line, credit: Credit) -> bool:
        """Return whether a credit is only a name or place, which may also be a caption or a heading.

        A writer's name counts as a credit if no author is known. Above the text, a news agency alone or the outlet
        itself is a credit, and so is a town above one of these or above a date.
        """
        if credit.parts == 1 and self._is_above_text(line):
            if credit.agencies:
                return not (is_agency(credit.agencies[0]) or self.hints.outlet.owns(credit.agencies[0]))
            below = self._below(line)
            if credit.places_only and below is not None:
                source = parse_credit(below.text, self.hints.outlet)
                return not (is_date_line(below.text) or (source.certain and source.parts == len(source.agencies) == 1))
        return credit.places_only or (credit.parts < 2 and (credit.byline is None or self.hints.author is not None))

    def _is_above_text(self, line: Line) -> bool:
        return self._number(line) < next((at for at, other in enumerate(self.lines) if is_body(other)), 0)

    def _below(self, line: Line) -> Line | None:
        return next(iter(self.lines[self._number(line) + 1 :][:1]), None)

    def _number(self, line: Line) -> int:
        return next(number for number, other in enumerate(self.lines) if other is line)


def same_title(one: str, other: str) -> bool:
    """Return whether two keys are equal, or one is the other plus the site's name or a section («… | صحيفة»)."""
    if not one or not other:
        return False
    short, long = sorted((one, other), key=len)
    return short == long or (
        len(short) > 20 and len(short) > 0.5 * len(long) and (long.startswith(short) or long.endswith(short))
    )
