"""Split a page's lines into articles and assign each line a role."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice, pairwise

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.dateline import dateline_credit
from agents.clean.credits.name_tables import is_agency, is_description, is_place, person_certainty
from agents.clean.credits.outlet import NOBODY, Outlet
from agents.clean.credits.parse import MAX_CREDIT_CHARS, Credit, parse_credit
from agents.clean.layout.boilerplate import without_boilerplate, without_foot
from agents.clean.layout.boilerplate_rules import INITIALS, is_inner_end, is_related_heading, is_widget
from agents.clean.layout.boundaries import (
    HEADER_LINES,
    header_end,
    is_headline,
    is_kicker,
    parted_points,
    split_points,
)
from agents.clean.layout.lines import (
    CLOSING,
    MIN_SENTENCE_WORDS,
    Line,
    Removal,
    Rule,
    is_body,
    is_credited_caption,
    is_sentence,
    read_label,
    split_credit,
    to_lines,
)
from agents.clean.layout.page_frame import is_breadcrumb, is_separator, is_stamp
from agents.text.keys import match_key

_MAX_TITLE_WORDS = 30
_MIN_KICKER_WORDS, _MAX_KICKER_WORDS = 3, 25
_MAX_RELATED = 8
_MAX_TOP, _MAX_DESCRIPTION_WORDS = 5, 8
_MAX_LOW_CREDIT = 3
# «🔴 عاجل | », printed before a headline
_URGENT_RE = re.compile(r"^[^\w«\"“(\[]{0,6}عاجل\s?[|:/\-–—]+\s*(?=\S)")
# «Author, فلان», as the BBC's pages name the author.
_WHO_RE = re.compile(r"^(?:Author|Role|Reporting from|الكاتب|الدور)\s*,\s*")
_EDITORS_RE = re.compile(rf"^{INITIALS}(?:\s?/\s?{INITIALS}){{0,3}}\s*(?=[(\[])")
_MAX_SOURCE_CHARS, _MIN_SOURCES, _SENTENCE_SIGNS = 60, 2, frozenset(".؟!…")
_SURNAME_RE = re.compile(r"(?!ال)[\u0621-\u064a]{3,} ال[\u0621-\u064a]{3,}ي")
_MIN_SIGNED, _MAX_NAME_WORDS, _SIGNATURE_SIGNS = 3, 4, " *•-–—ـ"
_WORD_RE = re.compile(r"[^\W\d_][\w\u064b-\u0652]+")
_SOURCE_LINE_RE = re.compile(r"^(?:المصدر|المصادر|مصدر الخبر)\s*[:：]\s*(?P<source>.{2,60})$")


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of the page from the record or the markup.

    Attributes:
        title: the headline, display text.
        author: the author field as printed, display text.
        captions: texts that are captions according to the markup.
        outlet: the outlet that published the page.
        heads: lines that stand above the text according to the markup, and belong to it only if they are sentences.
    """

    title: str | None = None
    author: str | None = None
    captions: tuple[str, ...] = ()
    outlet: Outlet = NOBODY
    heads: frozenset[str] = frozenset()


@dataclass(slots=True)
class Parts:
    """Parts of one article.

    Attributes:
        title, subtitle: headline and second headline, or None.
        body: paragraphs.
        captions: (text, credit), each once.
        credit: content of the credit lines.
        removed: everything taken out of the body, each with its rule; boilerplate first, then the rest in page order.
        published_at: when it was published, if its page says so; None if unknown.
    """

    title: str | None = None
    subtitle: str | None = None
    body: list[str] = field(default_factory=list)
    captions: list[tuple[str, str | None]] = field(default_factory=list)
    credit: Credit = field(default_factory=Credit)
    removed: list[Removal] = field(default_factory=list)
    published_at: datetime | None = None


def segment(text: str, hints: Hints = Hints()) -> list[Parts]:
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
            parts = _Reader(page, own_hints, headed=len(pages) > 1, edited=edited).read()
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


def _title_owner(pages: Sequence[Sequence[Line]], title: str | None) -> int:
    """Return the index of the article that a title belongs to, or -1."""
    if title is None or len(pages) == 1:
        return 0
    key = match_key(title)
    for number, page in enumerate(pages):
        if any(same_title(line.key, key) for line in page[:1]):
            return number
    return -1


def same_title(one: str, other: str) -> bool:
    """Return whether two keys are equal, or one is the other plus the site's name or a section («… | صحيفة»)."""
    if not one or not other:
        return False
    short, long = sorted((one, other), key=len)
    return short == long or (
        len(short) > 20 and len(short) > 0.5 * len(long) and (long.startswith(short) or long.endswith(short))
    )


def _top_rule(line: Line) -> Rule | None:
    """Return why a line above the text is no part of it: a date, the head of a post, a breadcrumb; else None."""
    if is_stamp(line.text) or is_date_line(line.text):
        return Rule.DATE_LINE
    return Rule.BREADCRUMB if is_breadcrumb(line) else None


class _Reader:
    """Read one article's lines from the top. One instance reads one article.

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

    def _remove(self, line: Line, rule: Rule) -> None:
        self.parts.removed.append(Removal(line.text, rule))

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
        signed = bool(self.credits) and self.credits[-1].byline is not None
        return (
            signed and not is_body(line) and line.text.count(" ") < _MAX_DESCRIPTION_WORDS and is_description(line.text)
        )

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
        if self.hints.author or len(body) < _MIN_SIGNED or any(credit.byline for credit in self.credits):
            return
        name = body[-1].strip(_SIGNATURE_SIGNS)
        if not 0 < name.count(" ") < _MAX_NAME_WORDS or is_place(name):
            return
        # «درصاف اللموشي»: adjectives agree in the article with the word before them, so this is a surname.
        certainty = person_certainty(name)
        if certainty < 2 and (not certainty or (_SURNAME_RE.fullmatch(name) is None and not self.edited)):
            return
        if body[-2][-1] in CLOSING and body[-2].count(" ") >= MIN_SENTENCE_WORDS - 1:
            self.credits.append(Credit(byline=name))
            self.parts.removed.append(Removal(body.pop(), Rule.BYLINE))

    def _take_description(self) -> None:
        """Take what the writer is, below the last paragraph of a signed column: «كاتب فلسطيني»."""
        body = self.parts.body
        if len(body) < _MIN_SIGNED or not (self.hints.author or any(credit.byline for credit in self.credits)):
            return
        told = body[-1].strip(_SIGNATURE_SIGNS)
        short = 0 < told.count(" ") < _MAX_DESCRIPTION_WORDS and told[-1:] not in CLOSING
        if short and is_description(told) and body[-2][-1] in CLOSING:
            self.parts.removed.append(Removal(body.pop(), Rule.BYLINE))

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
