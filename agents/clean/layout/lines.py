"""Represent the lines of a page, and recognise sentences, captions and picture credits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from agents.clean.credits.name_tables import is_agency, is_source
from agents.clean.credits.outlet import NOBODY, Outlet
from agents.text.keys import match_key_of_display


class Rule(StrEnum):
    """Rule by which a line, or a part of one, was taken out of the body."""

    WIDGET = "widget"
    CODE = "code"
    TITLE = "title"
    TITLE_ECHO = "title_echo"
    SUBTITLE = "subtitle"
    CAPTION = "caption"
    CAPTION_ECHO = "caption_echo"
    BYLINE = "byline"
    DATE_LINE = "date_line"
    SOURCE_LINE = "source_line"
    RELATED = "related"
    TAGS = "tags"
    SELF_LINK = "self_link"
    END_MARK = "end_mark"
    DESK_NOTE = "desk_note"
    COLOPHON = "colophon"
    HIDDEN = "hidden"
    NAVIGATION = "navigation"
    COMMENTS = "comments"
    OUTSIDE = "outside"
    SEPARATOR = "separator"
    BREADCRUMB = "breadcrumb"
    KICKER = "kicker"
    NOTICE = "notice"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Removal:
    """Text that was taken out of the body.

    Attributes:
        text: the text.
        reason: the rule that removed it.
    """

    text: str
    reason: Rule


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page.

    Attributes:
        text: display text with single spaces, never empty.
        blanks: number of empty lines before it.
        after_widget: whether a font-size or sharing widget was between the previous line and this one.
        removed: boilerplate that was removed above this line or from it.
    """

    text: str
    blanks: int
    after_widget: bool = False
    removed: tuple[Removal, ...] = ()

    @property
    def key(self) -> str:
        """`match_key` of the text, by which lines are compared; empty for long lines."""
        return _key_of(self.text) if len(self.text) <= MAX_KEY_CHARS else ""


# Few lines are compared at all, but those several times.
_key_of = lru_cache(maxsize=4096)(match_key_of_display)

# Maximum length of a caption; body paragraphs that end in brackets can be longer.
MAX_CAPTION_WORDS = 45
MAX_CAPTION_CHARS = 600
# Headlines and captions are compared with each other; longer lines are paragraphs and get no key.
MAX_KEY_CHARS = 300
MAX_CREDIT_WORDS = 6
MIN_BODY_WORDS = 25
MIN_SENTENCE_WORDS = 6
_END_CHARS = 12
# Signs that a sentence may end with.
CLOSING = frozenset(".!؟?…»”\"')]:،")
# Headlines can end in ؟ or ! too, but none seen has this many words.
MIN_QUESTION_WORDS = 20

_CREDIT_RE = re.compile(r"^(?P<text>.*\S)\s*[(\[](?P<credit>[^()\[\]]{2,60})[)\]]\s*\.?$", re.DOTALL)
_PHOTO_CREDIT_RE = re.compile(
    r"^(?P<text>.*\S)\s*[(\[]?\s*(?<!\w)(?:تصوير|عدسة|تصوير/)\s*[:/-]?\s*(?P<credit>[^()\[\].:]{3,40})[)\]]?\s*$"
)
# «الوزير خلال المؤتمر - صورة أرشيفية»
_ARCHIVE_RE = re.compile(r"^(?P<text>.*\S)\s+[-–—]\s+(?P<credit>(?:صورة\s+)?(?:أ|إ)?رشيفية|أرشيف)$")
_PHOTO_WORD_RE = re.compile(r"^(?:تصوير|عدسة|موقع|وكالة|أرشيف\w*|رويترز|صورة)\b|إ?أ?رشيفية")
_NO_CREDIT_RE = re.compile(
    r"\d|^[^\W_]?$|^(?:بال)?(?:صور|صورة|فيديو|فديو|انفوجرافيك|إنفوجرافيك|تقرير|حوار|تحديث|محدث|خاص|\W*)$"
)
_LABEL_RE = re.compile(
    r"^(?:(?:(?:م?صدر الصورة|Image source)\s*[،,:]|(?:ال)?صورة(?: من)?\s*:|(?:تصوير|عدسة)\s*[:/])\s*(?P<credit>.{2,80})"
    r"|(?:(?:ال)?تعليق على الصورة|تعليق الصورة|شرح الصورة|Image caption)\s*[،,:]\s*(?P<text>.{2,}))$"
)
_SENTENCE_END_RE = re.compile(r"[^.][.؟?!؛…][\"'”»)\]]*$|[.؟?!…]{1,3}[»\")”]$")
_FULL_STOP_RE = re.compile(r"[^.\s]\s?\.[\"'”»)\]]*$")


def squeeze(text: str) -> str:
    """Replace every run of white space, including no-break spaces, by one space."""
    # A printable text has no white space but spaces. Most lines are squeezed already.
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    return " ".join(text.split())


def is_sentence(line: Line) -> bool:
    """Return whether the line ends like a sentence and is long enough for one. Headlines have no full stop."""
    words, end = line.text.count(" ") + 1, line.text[-_END_CHARS:]
    return words >= MIN_SENTENCE_WORDS and (
        _FULL_STOP_RE.search(end) is not None
        or (words >= MIN_QUESTION_WORDS and _SENTENCE_END_RE.search(end) is not None)
    )


def is_body(line: Line) -> bool:
    """Return whether the line is certainly a paragraph of running text."""
    return is_sentence(line) or line.text.count(" ") + 1 >= MIN_BODY_WORDS


def split_credit(text: str) -> tuple[str, str | None]:
    """Split a caption from the credit at its end: (caption, credit), or (the whole text, None)."""
    if len(text) > MAX_CAPTION_CHARS:
        return text, None
    match = None
    # Few lines are captions, and these checks of what each form must hold are quick.
    if text.rstrip().removesuffix(".").rstrip().endswith((")", "]")):
        match = _CREDIT_RE.match(text)
    if match is None and "رشيف" in text:
        match = _ARCHIVE_RE.match(text)
    if match is None and ("تصوير" in text or "عدسة" in text):
        match = _PHOTO_CREDIT_RE.match(text)
    if match is None or match["credit"].count(" ") >= MAX_CREDIT_WORDS:
        return text, None
    return match["text"].strip(" -–—|"), match["credit"].strip()


def read_label(text: str) -> tuple[str, str] | None:
    """Read a line that is labelled as a caption or picture credit, as the BBC prints them.

    «صدر الصورة، رويترز» is the credit of the «التعليق على الصورة، …» after it.

    Returns:
        ("text" or "credit", the content), or None if the line has no label.
    """
    match = _LABEL_RE.match(text)
    if match is None or len(text) > MAX_CAPTION_CHARS:
        return None
    return ("credit", match["credit"]) if match["credit"] else ("text", match["text"])


def is_credited_caption(line: Line, *, in_header: bool, above_text: bool = False, outlet: Outlet = NOBODY) -> bool:
    """Return whether the line is a caption by its credit.

    In the header of an article, any short text in brackets at the end counts as a credit; between body paragraphs it
    must be a known agency or outlet, the page's own outlet, or a word for a photograph. A full stop after the brackets
    makes the line a sentence, unless a known agency is credited above the text.

    Args:
        line: the line.
        in_header: whether it is in the header of an article.
        above_text: whether it is above the first paragraph.
        outlet: the outlet that published the page.
    """
    if line.text.count(" ") >= MAX_CAPTION_WORDS:
        return False
    text, credit = split_credit(line.text)
    if _FULL_STOP_RE.search(line.text[-_END_CHARS:]) is not None:
        short = above_text and text.count(" ") < MIN_QUESTION_WORDS
        return short and credit is not None and is_agency(credit)
    if credit is None or text.count(" ") < 1 or _NO_CREDIT_RE.search(credit) is not None:
        return False
    return in_header or is_source(credit) or outlet.owns(credit) or _PHOTO_WORD_RE.search(credit) is not None


def to_lines(paragraphs: Iterable[str]) -> list[Line]:
    """Make lines of paragraphs of display text; each counts the empty paragraphs before it."""
    lines = []
    blanks = 0
    for paragraph in paragraphs:
        text = squeeze(paragraph)
        if not text:
            blanks += 1
            continue
        lines.append(Line(text, blanks))
        blanks = 0
    return lines
