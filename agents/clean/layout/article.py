"""Read one article from its lines: header, text, and the credits below it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agents.clean.credits.dateline import dateline_credit
from agents.clean.credits.name_tables import ends_in_surname, is_description, is_place, person_certainty
from agents.clean.credits.parse import MAX_CREDIT_CHARS, Credit, parse_credit
from agents.clean.layout.boilerplate_rules import INITIALS, is_inner_end, is_related_heading
from agents.clean.layout.boundaries import (
    header_end,
)
from agents.clean.layout.header import HeaderReader
from agents.clean.layout.lines import (
    CLOSING,
    MIN_SENTENCE_WORDS,
    Line,
    Removal,
    Rule,
    is_body,
    is_sentence,
)
from agents.clean.layout.page_frame import is_stamp
from agents.clean.layout.parts import Parts

_MAX_RELATED = 8
_MAX_DESCRIPTION_WORDS = 8
_MAX_LOW_CREDIT = 3
_EDITORS_RE = re.compile(rf"^{INITIALS}(?:\s?/\s?{INITIALS}){{0,3}}\s*(?=[(\[])")
_MAX_SOURCE_CHARS, _MIN_SOURCES, _SENTENCE_SIGNS = 60, 2, frozenset(".؟!…")
# «فلان الفلاني، كاتب وباحث», «فلان الفلاني (باحثة في …)»
_DESCRIBED_RE = re.compile(r"(?P<name>[^،,/()–—-]{5,40}?)\s?(?:[،,/(]|\s[-–—])\s?(?P<told>[^()]{3,60})\)?")
_MIN_SIGNED, _MAX_NAME_WORDS, _SIGNATURE_SIGNS = 3, 4, " *•-–—ـ"
_SOURCE_LINE_RE = re.compile(r"^(?:المصدر|المصادر|مصدر الخبر)\s*[:：]\s*(?P<source>.{2,60})$")


class ArticleReader(HeaderReader):
    """Read one article's lines from the top."""

    def read(self) -> Parts:
        """Return the parts of the article."""
        self.lines = self.lines[self._read_top() :]
        end = header_end(self.lines, self.title_key)
        start = self._read_header(end)
        self._read_body(start)
        self._take_editors()
        self._take_description()
        self._take_signature()
        self._add_known_captions()
        if not self.parts.body:
            self._restore()
        self._settle_credit()
        if self.parts.subtitle is None and self.parts.body:
            self.parts.subtitle = self.kicker
        return self.parts

    def _read_body(self, start: int) -> None:
        related = 0
        # A page without a paragraph is a picture with a caption; the caption is then its body.
        running = any(map(is_body, self.lines[start:]))
        for number in range(start, len(self.lines)):
            line = self.lines[number]
            if is_related_heading(line.text):
                self._remove(line, Rule.RELATED)
                related = _MAX_RELATED if line.text.rstrip(" :") == line.text or line.text.endswith(":") else 0
                continue
            if related and not is_body(line):
                self._remove(line, Rule.RELATED)
                related -= 1
                continue
            related = 0
            if self._is_repeated_lead(line):
                self._remove(line, Rule.REPEAT)
                continue
            if number - start <= _MAX_LOW_CREDIT and self._take_credit_below_lead(line):
                continue
            if is_stamp(line.text) or is_inner_end(line.text):
                self._remove(line, Rule.DATE_LINE if is_stamp(line.text) else Rule.END_MARK)
                continue
            if (running and self._take_caption(line, in_header=False)) or self._take_source_line(
                line, last=number == len(self.lines) - 1
            ):
                continue
            self.parts.body.append(line.text)

    def _take_credit_below_lead(self, line: Line) -> bool:
        """Take the outlet's name or a credit with a writer that stands between the lead and the text."""
        signed = self.hints.author or any(credit.byline for credit in self.credits)
        if signed or not self.parts.body or len(line.text) > MAX_CREDIT_CHARS or is_body(line):
            return False
        following = self.lines[self._number(line) + 1 :]
        if not any(map(is_body, following)):
            return False
        if self.hints.outlet.prints(line.text):
            self._remove(line, Rule.BYLINE)
            return True
        credit = parse_credit(line.text, self.hints.outlet)
        above_text = credit.likely and bool(credit.dateline) and is_body(following[0])
        placed = bool(credit.dateline or credit.agencies)  # not «سامر الخطيب، رئيس البلدية» below a quotation
        if not (credit.byline and placed and (credit.certain or above_text)):
            return False
        self.credits.append(credit)
        self._remove(line, Rule.BYLINE)
        return True

    def _take_signature(self) -> None:
        """Take the writer's name, alone below the last paragraph, as papers print their readers' letters."""
        body = self.parts.body
        if len(body) < _MIN_SIGNED:
            return
        name = body[-1].strip(_SIGNATURE_SIGNS)
        if self.hints.author or any(credit.byline for credit in self.credits):
            known = {self.hints.author, *(credit.byline for credit in self.credits)}
            if name in known and body[-2][-1] in CLOSING:
                self.parts.removed.append(Removal(body.pop(), Rule.BYLINE))
            return
        # «فلان الفلاني، كاتب وباحث»
        parted = _DESCRIBED_RE.fullmatch(name)
        name = parted["name"] if parted is not None and is_description(parted["told"]) else name
        if self._is_signature(name) and body[-2][-1] in CLOSING and body[-2].count(" ") >= MIN_SENTENCE_WORDS - 1:
            self.credits.append(Credit(byline=name))
            self.parts.removed.append(Removal(body.pop(), Rule.BYLINE))

    def _take_description(self) -> None:
        """Take what the writer is, below the last paragraph of a signed column: «كاتب فلسطيني»."""
        body = self.parts.body
        if len(body) < _MIN_SIGNED:
            return
        signed = self.hints.author is not None or any(credit.byline for credit in self.credits)
        below_name = len(body) > _MIN_SIGNED and body[-3][-1] in CLOSING and self._is_signature(body[-2])
        if not signed and not below_name:
            return
        told = body[-1].strip(_SIGNATURE_SIGNS)
        short = 0 < told.count(" ") < _MAX_DESCRIPTION_WORDS and told[-1:] not in CLOSING
        if short and is_description(told) and (body[-2][-1] in CLOSING or below_name):
            self.parts.removed.append(Removal(body.pop(), Rule.BYLINE))

    def _is_signature(self, text: str) -> bool:
        """Return whether a line is a name, as letters and columns are signed below their last paragraph."""
        name = text.strip(_SIGNATURE_SIGNS)
        if not 0 < name.count(" ") < _MAX_NAME_WORDS or is_place(name):
            return False
        certainty = person_certainty(name)
        return certainty > 1 or (certainty == 1 and (ends_in_surname(name) or self.edited))

    def _take_editors(self) -> None:
        """Take the names of an agency's editors below its text: «فلان الفلاني/ علان العلاني»."""
        body = self.parts.body
        if len(body) < _MIN_SIGNED or len(body[-1]) > MAX_CREDIT_CHARS or body[-1].count("/") not in (1, 2):
            return
        people = all(person_certainty(part.strip()) for part in body[-1].split("/"))
        if people and body[-2][-1] in CLOSING:
            lead = dateline_credit(body[0], self.hints.outlet)
            if lead is not None and lead.agencies:
                self.parts.removed.append(Removal(body.pop(), Rule.END_MARK))

    def _is_repeated_lead(self, line: Line) -> bool:
        """Return whether the line is the first paragraph printed a second time; verses may repeat."""
        body = self.parts.body
        return (
            len(body) == 1 and line.text == body[0] and is_sentence(line) and line.text.count(" ") >= MIN_SENTENCE_WORDS
        )

    def _take_source_line(self, line: Line, *, last: bool) -> bool:
        match = _SOURCE_LINE_RE.match(line.text)
        # «(رويترز)», «ع.ج/ أ.ح (د ب أ، أ ف ب)»
        bare = _EDITORS_RE.sub("", line.text)
        bracketed = last and len(line.text) < _MAX_SOURCE_CHARS and bare[:1] in {"(", "["} and bare[-1:] in {")", "]"}
        named = last and len(line.text) < _MAX_SOURCE_CHARS and line.text[-1] not in _SENTENCE_SIGNS
        if match is None and not bracketed and not named:
            return False
        credit = parse_credit(match["source"] if match else bare, self.hints.outlet)
        if match is None and not (credit.certain and credit.agencies):
            return False
        if match is None and not bracketed and (credit.byline or credit.parts < _MIN_SOURCES):
            return False
        sources = credit.agencies or ((match["source"].strip(' "«»“”'),) if match else ())
        self.credits.append(Credit(agencies=sources, dateline=credit.dateline if credit.certain else None))
        self._remove(line, Rule.SOURCE_LINE)
        return True

    def _restore(self) -> None:
        """Fill an empty body from the removals, because a page that is all caption or credit is still an article."""
        for rules in (
            {Rule.CAPTION, Rule.SOURCE_LINE},
            {Rule.SUBTITLE},
            {Rule.BYLINE},
            {Rule.DATE_LINE, Rule.RELATED},
            {Rule.TITLE, Rule.TITLE_ECHO},
            {Rule.KICKER, Rule.BREADCRUMB, Rule.COMMENTS},
        ):
            back = [removal for removal in self.parts.removed if removal.reason in rules]
            if back:
                self.parts.body = list(dict.fromkeys(removal.text for removal in back))
                self.parts.removed = _without(self.parts.removed, rules)
                if Rule.CAPTION in rules:
                    self.parts.captions = []
                if Rule.SUBTITLE in rules:
                    self.parts.subtitle = None
                if Rule.TITLE in rules:
                    self.parts.title = self.hints.title
                return

    def _settle_credit(self) -> None:
        """Combine the credits: the author field takes precedence over what the page prints."""
        found = [parse_credit(self.hints.author, self.hints.outlet)] if self.hints.author else []
        found.extend(self.credits)
        lead = dateline_credit(self.parts.body[0], self.hints.outlet) if self.parts.body else None
        if lead is not None:
            found.append(lead)
        self.parts.credit = Credit(
            byline=next((credit.byline for credit in found if credit.byline), None),
            dateline=next((credit.dateline for credit in found if credit.dateline), None),
            agencies=tuple(dict.fromkeys(name for credit in found for name in credit.agencies)),
        )


def _without(removed: Sequence[Removal], rules: Collection[Rule]) -> list[Removal]:
    """Return the removals without the first of each text that one of the rules removed: it is in the body again."""
    back: set[str] = set()
    left = []
    for removal in removed:
        if removal.reason in rules and removal.text not in back:
            back.add(removal.text)
        else:
            left.append(removal)
    return left
