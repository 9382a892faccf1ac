"""Read an HTML page: its stories, each with its lines, what the markup says about it, and what was left out and why."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import islice

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.name_tables import is_genre, is_role, key_of, names_correspondents, person_certainty
from agents.clean.credits.outlet import Outlet, outlet_of
from agents.clean.credits.parse import MAX_CREDIT_CHARS, parse_credit
from agents.clean.dates.mentions import find_dates
from agents.clean.html.frame import Frame
from agents.clean.html.head import Head, Selectors
from agents.clean.html.headline import Headline, Headlines
from agents.clean.html.labels import labelled
from agents.clean.html.linked_data import Object
from agents.clean.html.parse import parse
from agents.clean.html.place import Place
from agents.clean.html.roles import DECK_RE, KICKER_RE, is_caption_row, is_deck, is_info, is_kicker, names_match
from agents.clean.html.several import find_units
from agents.clean.html.story import Chooser, Story
from agents.clean.html.times import Times, best_time, dateline_time
from agents.clean.html.tree import HEADINGS, Box, Row, Tree
from agents.clean.html.writers import Writers
from agents.clean.layout.boilerplate_rules import is_related_heading, is_widget
from agents.clean.layout.lines import Removal, Rule, is_credited_caption, to_lines
from agents.text.display import display_text
from agents.text.keys import hostname, match_key

_MIN_KICKER_WORDS, _MAX_KICKER_WORDS = 3, 25
_MIN_DECK_WORDS = 4
_KICKER_ABOVE, _HEADLINE_ABOVE, _MAX_DATED_SPACES, _NEAR = 3, 8, 8, 5
# The text of the linked data replaces a page's that is so many times shorter.
_SHORTER = 2
# A photographer's credit or the page's address above the headline
_NO_KICKER_RE = re.compile(r"©|://|\(c\)\s", re.IGNORECASE)
# Whose name says that it holds the name of a column or section
_COLUMN_RE = re.compile(
    r"(?<![a-z])(?:column|section|category|corner|rubrique|series|topic|dossier)-?(?:title|name|label)(?![a-z])"
)
# «لمعرفة المزيد: …» before the link of another story
_LABELLED_LINK_RE = re.compile(r"[^\s:]{2,20}(?: [^\s:]{1,20}){0,3} ?[:：] ?\S+(?: \S+){3}")
_MOSTLY_LINK = 0.6
_MIN_LINKED_CHARS = 120
_MIN_SPACES = 4
_NOTICE_RE = re.compile(
    r"ملفات (?:تعريف )?الارتباط|الكوكيز|كوكيز|سياسة الخصوصية|cookies|(?:تفعيل|شغل) (?:ال)?جافا|enable javascript"
    r"|(?:جميع|كافة|كل) (?:ال)?حقوق (?:\S+ ){0,3}محفوظة|حقوق (?:النشر|الطبع) (?:\S+ ){0,3}محفوظة|all rights reserved|©",
    re.IGNORECASE,
)
_CLOCK_RE = re.compile(r"[\d٠-٩]{1,2}[:.٫][\d٠-٩]{2}\s?(?:[صم]|صباح[اًا]{1,2}|مساء[ً]?|[AaPp][Mm]|GMT)?")
_FIRST_WORD_RE = re.compile(r"\s?[:：/–-]\s?")
_MAX_CLOCK_CHARS, _MAX_NOTICE_CHARS, _MAX_COLOPHON_CHARS = 20, 400, 120
_LOOSE_TAGS, _MAX_DATED_CHARS = frozenset({"div", "span", "time"}), 40
_TAG_RE = re.compile(r"<(?:/?[a-zA-Z][^<>]{0,1000}|br\s?/?)>")
_MARKUP_BREAK_RE = re.compile(r"</(?:p|div|h[1-6]|li|blockquote)>|<br\s?/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Markup:
    """One story of an HTML page.

    Attributes:
        text: its lines, display text.
        title, subtitle, author, published_at: from the metadata or the page, the first that has it; or None.
        captions: texts of its captions, each with its credit.
        site: the outlet's name according to the metadata or the title, or None.
        heads: lines of the text that stand above it and may be credits, but never its first sentence.
        removed: what the page holds besides, each line with the rule that removed it, in page order. On a page of
            several stories, what belongs to none of them is listed with the first.
    """

    text: str
    title: str | None
    subtitle: str | None
    author: str | None
    published_at: datetime | None
    captions: tuple[str, ...]
    site: str | None
    heads: frozenset[str]
    removed: tuple[Removal, ...]


@dataclass(frozen=True, slots=True)
class OutletRules:
    """CSS selectors of one outlet's pages, a row of data/outlets.json; None where the general rules suffice.

    Attributes:
        title, body, byline, published, caption: elements that hold these.
        drop: elements inside `body` to remove.
    """

    title: str | None = None
    body: str | None = None
    byline: str | None = None
    published: str | None = None
    caption: str | None = None
    drop: str | None = None


@lru_cache(maxsize=1)
def outlet_rules() -> dict[str, OutletRules]:
    """Read data/outlets.json: host to the selectors of its pages."""
    table = json.loads(files("agents.clean").joinpath("data/outlets.json").read_text(encoding="utf-8"))
    return {host: OutletRules(**rules) for host, rules in table.items()}


def _rules_for(url: str) -> OutletRules:
    labels = hostname(url).split(".")
    return next(
        (rules for n in range(len(labels)) if (rules := outlet_rules().get(".".join(labels[n:])))), OutletRules()
    )


def looks_like_html(text: str) -> bool:
    """Return whether a page without a content type is HTML."""
    return (
        re.search(r"<(?:!doctype\s+html|html|head|body|article|div|p|br|h1|meta)\b", text[:5000], re.IGNORECASE)
        is not None
    )


def read_stories(html: str, url: str, latest: datetime | None = None) -> list[Markup]:
    """Read one HTML page.

    Args:
        html: the page, decoded.
        url: its address, which selects the outlet's rules.
        latest: no story was published after this time; None if unknown.

    Returns:
        The page's stories in page order, at least one, which has no text if the page holds no story.

    Raises:
        Rejected: the page has more tags than any page needs.
    """
    return _Reader(parse(html), url, latest).read()


@dataclass(frozen=True, slots=True)
class _Choice:
    """What `_Reader` makes a story of.

    Attributes:
        story: its rows; None if it is not among the page's.
        frame: why the other rows are not part of it.
        headline: its printed headline, or None.
        linked: the JSON-LD of it, or an empty dict.
        span: the rows that are its own, all of which are in its text or among its removals.
        of_page: whether the page's head speaks of this story.
    """

    story: Story | None
    frame: Frame
    headline: Headline | None
    linked: Object
    span: Sequence[int]
    of_page: bool


class _Reader:
    """Read one page."""

    def __init__(self, tree: Tree, url: str, latest: datetime | None) -> None:
        self._tree, self._url, self._latest = tree, url, latest
        self._rules = _rules_for(url)
        selectors = Selectors(self._rules.title, self._rules.byline, self._rules.published)
        self._head = Head(tree, url, selectors, latest)
        self._headlines = Headlines(self._head)
        self._marked_captions = self._selected(self._rules.caption)

    @cached_property
    def _outlet(self) -> Outlet:
        return outlet_of("", self._url, self._head.site)

    def read(self) -> list[Markup]:
        headline = self._headlines.find()
        frame = self._frame(headline)
        units = [] if self._rules.body else find_units(self._tree, frame, self._head, headline)
        if units:
            return self._several(frame, units)
        if headline is None and not self._head.names_story:
            headline = self._headline_above(frame)
            frame = self._frame(headline)
        story, frame = self._story(frame, headline)
        linked = self._head.story
        told = _linked_text(linked)
        held = sum(len(row.text) + 1 for row in story.body) if story is not None else 0
        if len(told) < _MIN_LINKED_CHARS or held * _SHORTER >= len(told):
            told = ""
        everything = range(len(self._tree.rows))
        choice = _Choice(None if told else story, frame, headline, linked, everything, of_page=True)
        return [self._markup(choice, self._headlines.title(headline), told)]

    def _several(self, frame: Frame, units: Sequence[tuple[Box, Row]]) -> list[Markup]:
        found = []
        taken: set[int] = set()
        page_title = match_key(self._head.titles[0]) if self._head.titles else ""
        for box, heading in units:
            story = Chooser(self._tree, frame, range(box.start, box.end), heading, None).choose()
            if story is not None:
                found.append((box, heading, story))
                taken.update(range(box.start, box.end))
        rest = [at for at in range(len(self._tree.rows)) if at not in taken]
        markups = []
        for number, (box, heading, story) in enumerate(found):
            linked = self._head.linked.by_title(heading.text)
            of_page = match_key(heading.text) == page_title
            span = sorted([*range(box.start, box.end), *([] if number else rest)])
            headline = Headline((heading,), heading.text)
            linked = linked or (self._head.story if of_page else {})
            choice = _Choice(story, frame, headline, linked, span, of_page=of_page)
            markups.append(self._markup(choice, heading.text))
        return markups

    def _frame(self, headline: Headline | None, *, open_all: bool = False) -> Frame:
        frame = Frame(self._tree, headline.last if headline else None, open_all=open_all)
        for at in self._selected(self._rules.drop):
            frame.reasons[at] = frame.reasons[at] or Rule.OUTSIDE
        for row in headline.rows if headline else ():
            frame.reasons[row.number] = None
        return frame

    def _selected(self, selector: str | None) -> set[int]:
        if not selector:
            return set()
        nodes = {node.mem_id for node in self._tree.parser.css(selector)}
        return {at for box in self._tree.boxes if box.node in nodes for at in range(box.start, box.end)}

    def _given_body(self) -> Box | None:
        node = self._tree.parser.css_first(self._rules.body) if self._rules.body else None
        if node is None:
            return None
        return next((box for box in self._tree.boxes if box.node == node.mem_id and box.start < box.end), None)

    def _story(self, frame: Frame, headline: Headline | None) -> tuple[Story | None, Frame]:
        """Choose the story; without one, look inside the frames that hold most of the text."""
        given = self._given_body()
        for once_more in (False, True):
            if once_more:
                frame = self._frame(headline, open_all=True)
            row = headline.last if headline else None
            story = Chooser(self._tree, frame, range(len(self._tree.rows)), row, given).choose()
            if story is not None and not self._is_no_text(story, headline):
                return story, frame
        return None, frame

    def _headline_above(self, frame: Frame) -> Headline | None:
        """Return the heading, or the line like one, above the text of a page whose head does not name its headline."""
        story, _ = self._story(frame, None)
        if story is None:
            return None
        text = next((row.number for row in story.body if row.prose), story.start)
        above = self._tree.rows[max(0, text - _HEADLINE_ABOVE) : text + 1]
        free = [row for row in above if frame.reasons[row.number] is None and not row.prose and not row.is_link]
        for row in reversed(free):
            if row.tag in HEADINGS[:4] and row.text.count(" ") >= _MIN_KICKER_WORDS - 1:
                return Headline((row,), row.text)
        for row in reversed(free):
            own = row.number < text and row.box.end - row.box.start == 1 and row.box.tag in {"div", "td", "p", "span"}
            if own and _MIN_SPACES <= row.text.count(" ") < _MAX_KICKER_WORDS and not _is_dated(row.text):
                return Headline((row,), row.text)
        return None

    def _is_no_text(self, story: Story, headline: Headline | None) -> bool:
        """Return whether what was chosen are notices, or links and labels."""
        for row in story.body:
            if row.prose and (len(row.text) > _MAX_NOTICE_CHARS or _NOTICE_RE.search(row.text) is None):
                return False
        title = match_key(headline.text) if headline else ""
        lines = [row for row in story.body if match_key(row.text) != title]
        if all(len(row.text) <= _MAX_NOTICE_CHARS and _NOTICE_RE.search(row.text) is not None for row in lines):
            return True
        linked = self._tree.parser.css_first("a") is not None
        return linked and not any(row.text.count(" ") >= _MIN_SPACES for row in lines)

    def _markup(self, choice: _Choice, title: str | None, told: str = "") -> Markup:
        rows, story, reasons = self._tree.rows, choice.story, choice.frame.reasons
        why: dict[int, Rule] = {}
        lines: list[str] = []
        captions: list[str] = []
        subtitle = printed = None
        linked, tells = choice.linked, choice.of_page or bool(choice.linked)
        times = list(self._head.stamps(linked)) if tells else []
        names = list(self._head.authors(linked)) if tells else []
        people = [name for name in names if not self._outlet.owns(name)]
        if choice.headline is not None:
            why.update((row.number, Rule.TITLE) for row in choice.headline.rows)
        inside: set[int] = set()
        heads: set[str] = set()
        if story is not None:
            inside = {row.number for row in (*story.body, *story.between)}
            place = Place(self._tree, choice.frame, story, self._latest, self._outlet)
            times.extend(Times(place).stamps())
            printed = Writers(place).author()
            captions.extend(row.text for row in story.captions)
            why.update((row.number, Rule.CAPTION) for row in story.captions)
            subtitle = self._subtitle(story, place, why)
            held = {row.number for row in story.body}
            led = False
            for row in sorted((*story.between, *story.body), key=lambda row: row.number):
                if row.number in why:
                    continue
                if row.number in held:
                    rule = self._body_rule(row, last=row is story.body[-1] and len(story.body) > 1)
                elif row.text == printed or row.text in people or (printed and self._names(row, printed)):
                    rule = Rule.BYLINE
                else:
                    rule = self._between_rule(row, place, led=led)
                if rule is None:
                    led = led or row.prose
                    lines.append(row.text)
                    if row.number < story.start and row.box.tag != "p":
                        heads.add(row.text)
                    continue
                why[row.number] = Rule.CAPTION_ECHO if rule is Rule.CAPTION and row.text in captions else rule
                if rule is Rule.CAPTION:
                    captions.append(row.text)
        return Markup(
            text=told or "\n".join(lines),
            title=title,
            subtitle=subtitle,
            author=self._author(people, printed, names),
            published_at=best_time(iter(times)) or (dateline_time(lines[0], self._latest) if lines else None),
            captions=tuple(dict.fromkeys(captions)),
            site=self._head.site,
            heads=frozenset(heads),
            removed=tuple(
                Removal(rows[at].text, why.get(at) or reasons[at] or Rule.OUTSIDE)
                for at in choice.span
                if at in why or at not in inside
            ),
        )

    def _author(self, people: Sequence[str], printed: str | None, names: Sequence[str]) -> str | None:
        """Return the first writer: of the head, as printed, an outlet; in Arabic letters if the page prints them so."""
        if people and printed and people[0].isascii() and person_certainty(printed):
            return printed
        # «محرر الموقع» in the head names nobody.
        named = [name for name in people if parse_credit(name, self._outlet).byline]
        return next(iter([*named, *([printed] if printed else []), *people, *names]), None)

    def _names(self, row: Row, printed: str) -> bool:
        """Return whether a line is the writer with a label or a date: «بقلم الأستاذ: فلان», «فلان - 5/3/2024»."""
        if len(row.text) > MAX_CREDIT_CHARS or printed not in row.text:
            return False
        if row.text.endswith(printed) and labelled(row.text) == printed:
            return True
        credit = parse_credit(row.text, self._outlet)
        return credit.certain and credit.byline == printed and any(map(str.isdecimal, row.text))

    def _body_rule(self, row: Row, *, last: bool) -> Rule | None:
        """Return why a line of the text is not part of it; None if it is."""
        if last and len(row.text) <= _MAX_COLOPHON_CHARS and _NOTICE_RE.search(row.text) is not None:
            return Rule.COLOPHON
        if len(row.text) <= _MAX_CLOCK_CHARS and _CLOCK_RE.fullmatch(row.text) is not None:
            return Rule.DATE_LINE  # of an update of a live blog
        if row.tag in _LOOSE_TAGS and len(row.text) <= _MAX_DATED_CHARS and not row.prose and is_date_line(row.text):
            return Rule.DATE_LINE  # of a post below the first
        if row.linked and row.text.rstrip()[-1:] not in ":：":
            letters = len(row.text) - row.text.count(" ")
            if is_related_heading(row.text) or (
                _LABELLED_LINK_RE.match(row.text) is not None and row.linked >= _MOSTLY_LINK * letters
            ):
                return Rule.RELATED  # «اقرأ أيضا: …» with its link; what is below it belongs to the text
        return Rule.CAPTION if row.number in self._marked_captions and not row.prose else None

    def _between_rule(self, row: Row, place: Place, *, led: bool) -> Rule | None:
        """Return why a line between headline and text is not part of the text; None if it may be.

        Args:
            row: the line.
            place: what the page prints about the story.
            led: whether a lead stands above it.
        """
        if place.is_date(row):
            return Rule.DATE_LINE
        if place.is_credit(row):
            return Rule.BYLINE
        if not led and len(row.text) <= MAX_CREDIT_CHARS:
            credit = parse_credit(row.text, self._outlet)
            placed = credit.dateline is not None and not credit.agencies
            if credit.certain and credit.byline and (placed or is_role(key_of(_FIRST_WORD_RE.split(row.text, 1)[0]))):
                return None  # «تحقيق: فلان - تصوير: علان», «فلان (الطائف)» are no captions
        (line,) = to_lines([row.text])
        if is_credited_caption(line, in_header=True, above_text=True, outlet=self._outlet):
            return Rule.CAPTION
        if len(row.text) <= MAX_CREDIT_CHARS and parse_credit(row.text, self._outlet).certain:
            # Below the lead no later rule would take it for a credit.
            return Rule.BYLINE if led else None
        paragraph = row.box.tag == "p" and row.text.count(" ") >= _MIN_KICKER_WORDS - 1
        return Rule.DATE_LINE if is_info(row) else None if paragraph else Rule.OUTSIDE

    def _subtitle(self, story: Story, place: Place, why: dict[int, Rule]) -> str | None:
        """Find the second headline below the first, else the kicker above it."""
        if story.headline is None:
            return None
        at = story.headline.number
        reasons = place.reasons
        inline = self._inline_boxes(story.scope, range(max(0, at - _KICKER_ABOVE), story.start + 1))
        told_kicker = {row for row, box in inline.items() if names_match(box, KICKER_RE)}
        told_deck = {row for row, box in inline.items() if names_match(box, DECK_RE)}
        others = {row.tag for row in story.body if row.tag in HEADINGS and row.number > at + 1}
        for row in self._tree.rows[at + 1 : story.start + 1]:
            if reasons[row.number] is not None or row.number in why or row.is_link:
                continue
            heading = row.tag in HEADINGS[1:4] and row.tag not in others
            # A second headline may be as long as a paragraph.
            heading = heading and (row.number < story.start or (row.number == at + 1 and row.text[-1:] != "."))
            told = is_deck(row) or is_kicker(row) or row.number in told_deck
            # A second headline may be long, or a question; a lead ends with a full stop.
            short = not row.prose or (told and row.tag in HEADINGS and row.text[-1:] != ".")
            named = (told or self._is_unnamed_deck(row, at, place)) and short
            if (named or heading) and not (place.is_date(row) or place.is_credit(row)):
                why[row.number] = Rule.SUBTITLE
                return row.text
        for number in range(at - 1, max(story.scope.start, at - _KICKER_ABOVE) - 1, -1):
            row = self._tree.rows[number]
            told = is_kicker(row) or number in told_kicker
            if row.number in why or row.is_link or row.hidden or (reasons[number] is not None and not told):
                continue
            words = row.text.count(" ") + 1
            if words > _MAX_KICKER_WORDS or place.is_date(row) or place.is_credit(row) or is_widget(row.text):
                continue
            if story.headline.text in row.text or _is_mostly_digits(row.text):
                continue  # a breadcrumb, prices
            if any(_COLUMN_RE.search(box.names) for box in islice(row.box.above(), 1)):
                continue
            if is_info(row) or _NO_KICKER_RE.search(row.text) is not None or is_genre(row.text):
                continue
            beside = any(box.start <= at < box.end for box in islice(row.box.above(), _NEAR))
            if told or is_deck(row) or (words >= _MIN_KICKER_WORDS and beside and story.scope.tag != "body"):
                why[number] = Rule.SUBTITLE
                return row.text
        return None

    def _inline_boxes(self, scope: Box, span: range) -> dict[int, Box]:
        """Return the elements inside lines that hold all of a line's text, by its number."""
        rows = self._tree.rows
        return {
            box.start: box
            for box in self._tree.boxes[scope.number : scope.last]
            if box.inline and box.names and box.start in span and box.text and box.text == rows[box.start].text
        }

    def _is_signed(self, row: Row, place: Place) -> bool:
        """Return whether a short line stands between the headline and the line with its date."""
        below = self._tree.rows[row.number + 1 : row.number + 1 + _NEAR]
        return row.text[-1:] not in ".؟!…" and any(place.is_date(each) or is_info(each) for each in below)

    def _is_unnamed_deck(self, row: Row, headline: int, place: Place) -> bool:
        """Return whether a line directly below the headline is a second one, though no name says so."""
        if row.number != headline + 1 or is_caption_row(row):
            return False
        if row.box.tag not in {"td", "div", "span"} and not (row.box.tag == "p" and self._is_signed(row, place)):
            return False
        words = row.text.count(" ") + 1
        if not _MIN_DECK_WORDS <= words <= _MAX_KICKER_WORDS or row.text.endswith((":", "：")):
            return False
        name = labelled(row.text)
        if (name is not None and person_certainty(name)) or names_correspondents(row.text):
            return False
        return not (
            is_info(row) or _is_dated(row.text) or is_widget(row.text) or parse_credit(row.text, self._outlet).certain
        )


def _is_mostly_digits(text: str) -> bool:
    return sum(map(str.isdecimal, text)) * 2 > sum(map(str.isalpha, text))


def _is_dated(text: str) -> bool:
    return is_date_line(text) or (text.count(" ") < _MAX_DATED_SPACES and bool(find_dates(text)))


def _linked_text(linked: Object) -> str:
    """Return the text that the linked data holds of its story, one paragraph a line."""
    text = linked.get("articleBody")
    if not isinstance(text, str):
        return ""
    text = display_text(text)
    if "<" in text:
        text = display_text(_TAG_RE.sub("", _MARKUP_BREAK_RE.sub("\n", text)))
    return "\n".join(line for part in text.split("\n") if (line := " ".join(part.split())))
