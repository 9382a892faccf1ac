"""Find the headline of a story as its page prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.clean.credits.date_lines import is_date_line
from agents.clean.html.head import Head
from agents.clean.html.labels import labelled
from agents.clean.html.tree import HEADINGS, Box, Row
from agents.text.display import display_text
from agents.text.keys import match_key

_MIN_TITLE_WORDS = 3
_LIST_NAME_RE = re.compile(r"^\[[A-Za-z][\w. -]{1,24}\]\s(?=\S)", re.ASCII)
_MAX_DATE_ROW = 130
_MIN_ALIKE_CHARS, _MIN_ALIKE, _MIN_HELD = 15, 0.4, 0.6
_ELLIPSIS = ("...", "…")
_EMPHASIS, _MAX_EMPHASISED = "b, strong, font, big", 50


@dataclass(frozen=True, slots=True)
class Headline:
    """A printed headline.

    Attributes:
        rows: its lines, at least one.
        text: the headline.
    """

    rows: tuple[Row, ...]
    text: str

    @property
    def last(self) -> Row:
        """The last of its rows."""
        return self.rows[-1]


class Headlines:
    """The headings and other lines of a page among which its headline is.

    Args:
        head: what the page's head says.
    """

    def __init__(self, head: Head) -> None:
        self._head = head

    def find(self) -> Headline | None:
        """Return the headline as the page prints it, or None."""
        found = self._chosen() or self._exact()
        if found is not None:
            return found
        keys = [key for title in [*self._head.titles, *self._head.named_titles] if (key := match_key(title))]
        best: tuple[tuple[float, ...], Headline] | None = None
        for rank, candidate in self._candidates():
            if rank > len(HEADINGS) and best is not None and best[0][0] >= 1 and -best[0][1] <= len(HEADINGS):
                break  # a heading is the headline, if one matches
            key = match_key(candidate.text)
            match = max((_alike(key, other) for other in keys), default=0.0)
            words = key.count(" ") + 1
            heading = candidate.last.tag in HEADINGS
            if match < 1 and not (rank == 0 and words >= _MIN_TITLE_WORDS):
                continue
            if candidate.last.is_link and not heading:
                continue
            score = (min(match, 2.0), -rank, words >= _MIN_TITLE_WORDS, -candidate.last.number)
            if best is None or score > best[0]:
                best = score, candidate
        if best is not None and not self._head.is_site(best[1].text, set(map(match_key, self._head.site_names))):
            return best[1]
        return self._emphasised() if best is None else None

    def _emphasised(self) -> Headline | None:
        """Return the first line in bold or large letters above the text of a page without headings.

        Printed versions and old pages have such lines, and only the outlet's name in their head.
        """
        rows = self._head.tree.rows
        first = next((row.number for row in rows if row.prose and not row.hidden), 0)
        if any(row.tag in HEADINGS and not row.hidden for row in rows):
            return None
        nodes = self._head.parser.css(_EMPHASIS)[:_MAX_EMPHASISED]
        emphasised = {" ".join(display_text((node.text() or "")[: _MAX_DATE_ROW * 2]).split()) for node in nodes}
        for row in rows[:first]:
            whole = row.text in emphasised and not row.linked and row.text.count(" ") >= _MIN_TITLE_WORDS
            if whole and not row.hidden and not is_date_line(row.text) and labelled(row.text) is None:
                return Headline((row,), row.text)
        return None

    def _chosen(self) -> Headline | None:
        """Return what the outlet's selector chooses."""
        node = self._head.parser.css_first(self._head.selectors.title) if self._head.selectors.title else None
        box = next((box for box in self._head.tree.boxes if node is not None and box.node == node.mem_id), None)
        rows = tuple(self._head.tree.rows[box.start : max(box.end, box.start + 1)]) if box is not None else ()
        return Headline(rows, box.text or " ".join(row.text for row in rows)) if rows and box is not None else None

    def _exact(self) -> Headline | None:
        """Return the first of the highest headings that is the headline letter by letter, as on most pages."""
        titles = {*self._head.titles, *self._head.named_titles}
        rows = [
            row for row in self._head.tree.rows if row.text in titles and not row.hidden and row.tag in HEADINGS[:2]
        ]
        first = min(rows, key=lambda row: (row.tag, row.is_link, row.number), default=None)
        return Headline((first,), first.text) if first is not None else None

    def _candidates(self) -> Iterator[tuple[int, Headline]]:
        """Yield headings, then other lines that are as long as a headline, each with its rank: 0 for `h1`."""
        rows = self._head.tree.rows
        longest = max((len(title) for title in self._head.named_titles), default=0) * 1.3 + 20
        for box in self._head.tree.boxes:
            if box.start == box.end or box.hidden:
                continue
            if (box.tag in HEADINGS or _is_headline_box(box)) and box.end - box.start <= 4:
                rank = (
                    HEADINGS.index(box.tag)
                    if box.tag in HEADINGS
                    else (0 if box.attributes.get("itemprop") == "headline" else 4)
                )
                held = tuple(row for row in rows[box.start : box.end] if not row.hidden)
                if len(held) > 1:
                    yield rank, Headline(held, " ".join(row.text for row in held))
                for row in held:
                    yield rank, Headline((row,), row.text)
        for row in rows:
            if len(row.text) <= longest and not row.hidden and row.tag not in HEADINGS and not row.is_link:
                yield len(HEADINGS) + 1, Headline((row,), row.text)

    def title(self, headline: Headline | None) -> str | None:
        """Return the story's headline: as printed, else as the head has it."""
        if headline is None:
            whole = [title for title in self._head.titles if not title.endswith(_ELLIPSIS)]
            return next(iter([*whole, *self._head.titles]), None)
        # «[list] العنوان», as archives of mailing lists have it
        printed = _LIST_NAME_RE.sub("", headline.text, count=1)
        key = match_key(printed)
        # «صحيفة الضفة | العنوان» in the heading itself
        shorter = [
            title for title in self._head.titles if len(title) < len(printed) and _alike(match_key(title), key) >= 1
        ]
        bare = self._head.without_site(printed)
        return bare if bare != printed and any(match_key(title) == match_key(bare) for title in shorter) else printed


def _is_headline_box(box: Box) -> bool:
    return bool(box.attributes) and (
        box.attributes.get("itemprop") == "headline"
        or any(
            name in {"headline", "entry-title", "post-title", "article-title", "news-title"}
            for name in box.names.split()
        )
    )


def _alike(one: str, other: str) -> float:
    """Return 2 for equal keys, 1 if one is the other and more, else 0."""
    if not one or not other:
        return 0.0
    if one == other:
        return 2.0
    short, long = sorted((one, other), key=len)
    if len(short) <= _MIN_ALIKE_CHARS or len(short) <= _MIN_ALIKE * len(long):
        return 0.0
    # «وكالة كذا : العنوان 05/03/2024»
    if long.startswith(short) or long.endswith(short) or (len(short) > _MIN_HELD * len(long) and f" {short} " in long):
        return 1.0 + len(short) / len(long) / 2
    return 0.0
