"""Tell by elements and their names what a box or a row is: a writer, a date, a caption, a second headline."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from agents.clean.dates.timestamps import parse_stamp
from agents.clean.html.tree import Box, Row, Tree
from agents.clean.layout.lines import MAX_CAPTION_CHARS, MAX_CAPTION_WORDS

_MAX_INFO_CHARS = 130
_MAX_CAPTION_ROWS, _MAX_FIGURE_ROWS = 2, 4
_CAPTION_RE = re.compile(
    r"(?<![a-z])(?:captions?|wp-caption-text|figcaption|img-cap|image-?(?:caption|desc|description)|photo-?caption"
    r"|pic(?:ture)?-?caption|media-?caption|legend|cutline)(?![a-z])"
)
_PICTURE_RE = re.compile(r"(?<![a-z])(?:pic|pics|picture|photo|img|image|figure|media|thumb|thumbnail)(?![a-z])")
_PHOTO_END_RE = re.compile(r"(?<!\w)(?:ال)?(?:صورة|صور|تصوير|عدسة|photo|credit)\s?[:：/]\s?\S.{1,40}$", re.IGNORECASE)
_CREDITED_RE = re.compile(r"\([^()]{2,40}\)\.?$")
_CREDIT_RE = re.compile(
    r"(?<![a-z])(?:authors?|author-?name|by-?line|by-?author|writers?|writer-?name|write-?by|written-?by|reporters?|journalists?"
    r"|editor-?name|columnist|contributors?|posted-by|created-by|user-?name|auth-?names?|journalistes?|auteurs?|redacteurs?)(?![a-z])"
    r"|(?<![a-z_-])(?:by|auth)(?![a-z_-])"
)
_DATE_RE = re.compile(
    r"(?<![a-z])(?:date|dates|date-?time|time|time-?stamp|published|publish-?date|pub-?date|posted-on|entry-date"
    r"|[a-z]+-?date|created|updated|modified|pub)(?![a-z])"
)
# Attributes in which scripts find the time that they print as «منذ 8 أشهر»
STAMP_ATTRIBUTES = ("datetime", "title", "data-time", "data-date", "data-datetime", "data-timestamp", "data-livestamp")
_ISO_RE = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)|1\d{9}(?:\d{3})?$")
DECK_RE = re.compile(
    r"(?<![a-z])(?:sub-?titles?|sub-?head(?:line|ing)?|deck|stand-?first|dek|secondary-?title|second-?title)(?![a-z])|(?<![a-z-])sub(?![a-z-])"
)
KICKER_RE = re.compile(
    r"(?<![a-z])(?:kicker|over-?title|over-?line|pre-?title|eyebrow|top-?title|supra-?title|upper-?title|hat|shoulder"
    r"|sur-?titre|tag-?line|heading-?top|title-?top)(?![a-z])"
)


def names_match(box: Box, pattern: re.Pattern[str]) -> bool:
    """Return whether the names of the box match."""
    return bool(box.names) and _matches(box.names, pattern)


@lru_cache(maxsize=100_000)
def _matches(names: str, pattern: re.Pattern[str]) -> bool:
    return pattern.search(names) is not None


def is_credit_box(box: Box) -> bool:
    """Return whether the markup says that the box names the writer."""
    attributes = box.attributes
    if attributes and (attributes.get("itemprop") == "author" or attributes.get("rel") == "author"):
        return True
    return names_match(box, _CREDIT_RE) or box.tag == "address"


def is_date_box(box: Box) -> bool:
    """Return whether the markup says that the box holds a date."""
    if box.tag == "time":
        return True
    attributes = box.attributes
    if box.inline and attributes and any(_ISO_RE.match(attributes.get(name) or "") for name in STAMP_ATTRIBUTES):
        return True  # «<abbr title="2024-03-09T18:30:00Z">8 أشهر</abbr>»
    if attributes and attributes.get("itemprop") in {"datePublished", "dateCreated", "dateModified"}:
        return True
    return names_match(box, _DATE_RE)


def is_info(row: Row) -> bool:
    """Return whether a line above the text says who published it and when, and is no sentence."""
    if len(row.text) > _MAX_INFO_CHARS or row.text.endswith((".", "؟", "!")) or not any(map(str.isdecimal, row.text)):
        return False
    return parse_stamp(row.text) is not None


def is_deck(row: Row) -> bool:
    """Return whether the markup says that the row is a second headline below the first."""
    return any(names_match(box, DECK_RE) for box in _near(row))


def is_kicker(row: Row) -> bool:
    """Return whether the markup says that the row is a short line above the headline."""
    return any(names_match(box, KICKER_RE) for box in _near(row))


def _near(row: Row) -> Iterable[Box]:
    """Yield the boxes of a row that hold nothing else, innermost first."""
    for box in row.box.above():
        if box.end - box.start > 1 or box.tag == "body":
            return
        yield box


def is_caption_row(row: Row) -> bool:
    """Return whether the markup says that the row is a caption."""
    if row.is_caption is None:
        row.is_caption = len(row.text) <= MAX_CAPTION_CHARS and _is_caption(row)
    return row.is_caption


def _is_caption(row: Row) -> bool:
    if row.box.pictures and row.box.tag != "p" and row.box.end - row.box.start == 1:
        named = names_match(row.box, _PICTURE_RE)
        if named and row.text.count(" ") < MAX_CAPTION_WORDS and _CREDITED_RE.search(row.text) is not None:
            return True  # «مولد كهرباء في بيروت (فلان).»
    if row.box.pictures and row.box.tag == "p" and _PHOTO_END_RE.search(row.text) is not None:
        return True  # «متطوعة تعطي اللقاح لطفلة. الصورة: المنظمة»
    for box in row.box.above():
        if box.tag == "figcaption" or (box.attributes and box.attributes.get("itemprop") == "caption"):
            return True
        if names_match(box, _CAPTION_RE) and box.end - box.start <= _MAX_CAPTION_ROWS:
            return True
        if box.tag in {"figure", "article", "body"} or box.end - box.start > _MAX_FIGURE_ROWS:
            return False
    return False


def box_and_only(tree: Tree, box: Box) -> Iterable[Box]:
    """Yield the box and those inside it that hold all of its rows."""
    number = box.number
    while number < box.last:
        inner = tree.boxes[number]
        if inner.start != box.start or inner.end != box.end:
            return
        yield inner
        number += 1
