"""Parse an HTML page into rows, as a browser would show them, and the boxes that hold them.

It is one walk over the page's nodes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from agents.clean.html.bounds import bounded
from agents.clean.html.roles import is_credit_box
from agents.clean.html.tree import INLINE, Box, Row, Tree, children
from agents.clean.layout.lines import squeeze
from agents.text.display import display_text

# Elements whose content is never text for a reader.
_SKIPPED = frozenset(
    {"script", "style", "template", "svg", "math", "canvas", "iframe", "object", "audio", "video", "head", "map"}
)
_BREAKS, _CLOSED = frozenset({"br", "hr"}), frozenset({"noscript", "dialog"})
_NO_NAMES = (None, None)
_SILENT_CONTROLS = frozenset({"hidden", "submit", "image"})
_CONTROLS = frozenset({"input", "textarea", "select", "button"})
# Frames that a page has besides its article, and what they never hold if they are menus.
_FRAMES = frozenset({"nav", "aside", "footer", "menu"})
_NO_MENU = "h1, p, article, table, form, script, style, template, svg, noscript, [itemprop], [rel=author], pre"
_MENU_SHARE = 0.7
# Here elements inside a line are parts of words.
_RUNNING = frozenset({"p", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption"})
_LOOSE, _MAX_LOOSE = frozenset({"div", "li", "td"}), 120
_SPECIAL = _SKIPPED | _BREAKS | _FRAMES | {"img"}
_HIDDEN_STYLE_RE = re.compile(r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_PRE_STYLE_RE = re.compile(r"white-space\s*:\s*pre", re.IGNORECASE)
# «30 يناير 2024» and «24:15» in elements side by side
_YEAR_END_RE, _CLOCK_START_RE = re.compile(r"(?<!\d)(?:19|20)\d\d$"), re.compile(r"\d{1,2}:\d\d")
# A label or a full date begins a piece of its own: «<span>فلان</span><span>الثلاثاء 5 آذار 2024</span>»
_WORD_END_RE = re.compile(r"[^\W\d_]{2}[\u064b-\u0652]*$|[صم]$|(?<!\d)(?:19|20)\d\d$")
_OWN_PIECE_RE = re.compile(
    r"(?:يوم )?ال(?:سبت|[أا]حد|[إا]ثنين|ثلاثاء|[أا]ربعاء|خميس|جمعة)[\s،,/-]{1,3}\d"
    r"|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}(?!\d)|\d{4}[/-]\d{1,2}[/-]\d|\d{1,2} [^\W\d_]{3,9},? \d{4}(?!\d)"
    r"|(?:نص|صور|تصوير|عدسة|بقلم|كتبت?|ترجمة|تحرير|إعداد|المصدر|نُ?شرت?(?: في)?|تاريخ النشر|آخر تحديث)\s?[:：]"
)
# «<span>كتب</span><a>فلان</a>»
_LABEL_RE = re.compile(r"\s*(?:كتبت?|بقلم|بواسطة|إعداد|حاورت?ها?|by)", re.IGNORECASE)
# Elements in a bar of a story's facts are labels, whether they have names of their own or not.
_FACTS_RE = re.compile(
    r"(?<![a-z])(?:metas?|infos?|(?:post|entry|article|news)-?(?:meta|info)|by-?line|credits?|publish-?date)(?![a-z])"
)
_MAX_SEAM = 12
_ICON_RE, _MAX_NEAR = re.compile(r"(?<![a-z])(?:icons?|ico|fa[srlbd]?|glyphicon|bi|material)(?![a-z])"), 4
_TELLING = frozenset({"itemprop", "rel"})
_PROFILE_RE = re.compile(
    r"/(?:authors?|writers?|columnists?|contributors?|profiles?|users?|editors?|journalists?|auteurs?|by|katib)[/=?-]|^/@[\w.-]{2,40}$",
    re.IGNORECASE,
)
_CAPITAL_RE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SENTENCE_END = (".", "؟", "!", "…", ":", "»", '"', "”", "؛", "،")
_LONG_WORDS, _SENTENCE_WORDS = 12, 5
_ALL_LINK, _MOSTLY_LINK = 0.9, 0.6
# An element inside a line that says something about the story is a name or a date.
_MAX_PIECES, _MAX_MARKED_CHARS = 40, 1000
# Cells of a table with data; cells of a page's layout hold paragraphs.
_MAX_CELL, _MEAN_CELL = 200, 60
_HIDDEN_NAMES = frozenset(
    {
        "hidden", "hide", "d-none", "is-hidden", "sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text",
        "invisible", "u-hidden", "uk-hidden", "display-none", "element-invisible", "visually-hidden-focusable",
    }
)  # fmt: skip


def parse(html: str) -> Tree:
    """Parse a page.

    Raises:
        Rejected: it has more tags than any page needs.
    """
    parser = LexborHTMLParser(bounded(html))
    walk = _Walk()
    if parser.body is not None:
        walk.read(parser.body)
    return Tree(parser, walk.rows, walk.boxes)


class _Walk:
    """Read the nodes below one element into rows and boxes."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.boxes: list[Box] = []
        self._pieces: list[str] = []
        self._linked = 0
        self._href: str | None = None
        self._links: list[str | None] = []
        self._hidden = 0
        self._pre = 0
        self._block: Box | None = None
        # Lines that an element inside them interrupts because no reader sees it.
        self._held: list[tuple[list[str], int, str | None]] = []
        # The inline element that ended where the next one begins, with nothing between them.
        self._ended: Box | None = None
        self._further, self._seam = 0, False

    def read(self, root: LexborNode) -> None:
        """Walk the element and everything below it."""
        # Open elements: the parser's id, the box, and how many pieces of the line stood before it.
        opened: list[tuple[int, Box, int]] = []
        top = 0
        skipped: set[int] = set()
        for node in root.traverse(include_text=True):
            tag = node.tag
            parent = node.parent
            above = parent.mem_id if parent is not None else 0
            if above != top:
                if above in skipped:
                    skipped.add(node.mem_id)
                    continue
                while opened and opened[-1][0] != above:
                    _, box, pieces = opened.pop()
                    self._close(box, pieces)
                top = above
            if tag == "-text":
                self._text(node.text_content or "")
            elif tag is None or tag[0] in "-!#":
                continue
            elif tag in _SPECIAL and self._read_special(node, tag, opened[-1][1] if opened else None):
                skipped.add(node.mem_id)
            else:
                top = node.mem_id
                opened.append((top, self._open(node, tag, opened[-1][1] if opened else None), len(self._pieces)))
        while opened:
            _, box, pieces = opened.pop()
            self._close(box, pieces)
        self._flush()

    def _read_special(self, node: LexborNode, tag: str, parent: Box | None) -> bool:
        """Read an element that is no box; return False for frames that must be walked."""
        if tag == "img":
            if parent is not None:
                parent.pictures += 1
        elif tag in _BREAKS:
            self._flush()
        elif tag in _FRAMES:
            lines = _menu(node)
            if lines is None:
                return False
            box = self._open(node, tag, parent)
            hidden, at = self._hidden > 0, len(self.rows)
            self.rows += [
                Row(line, box, len(line), None, hidden, number, tag, is_link=True, prose=False)
                for number, line in enumerate(lines, at)
            ]
            self._close(box, len(self._pieces))
        return True

    def _open(self, node: LexborNode, tag: str, parent: Box | None) -> Box:
        attributes = node.attributes
        inline = tag in INLINE
        if not inline and self._pieces:
            self._flush()
        ended, self._ended = self._ended, None
        names, hidden = "", tag in _CLOSED
        if attributes:
            written = attributes.get("class"), attributes.get("id")
            if written != _NO_NAMES:
                names, hidden_by_name = _names(*written)
                hidden = hidden or hidden_by_name
            hidden = hidden or is_hidden(attributes)
            if _keeps_lines(tag, attributes):
                self._pre += 1
        box = Box(tag, names, attributes, parent, node.mem_id, inline, hidden, len(self.rows))
        box.number = len(self.boxes)
        self.boxes.append(box)
        if ended is not None and inline and ended.parent is parent and _stand_apart(ended, box):
            self._pieces.append(" ")
            self._further += box.tag == "a"
        self._seam = ended is not None or (inline and bool(self._pieces))
        if hidden:
            self._hidden += 1
            self._held.append((self._pieces, self._linked, self._href))
            self._pieces, self._linked, self._href = [], 0, None
        if tag == "a":
            self._links.append(attributes.get("href"))
        elif tag in _CONTROLS and attributes.get("type") not in _SILENT_CONTROLS:
            box.controls = 1
        elif tag == "amp-img":
            box.pictures = 1
        elif tag == "pre" and not attributes:
            self._pre += 1
        if not inline or hidden:
            self._block = box
        return box

    def _close(self, box: Box, pieces: int) -> None:
        parent = box.parent
        box.end = len(self.rows)
        box.last = len(self.boxes)
        if box.inline and not box.hidden:
            if len(self._pieces) == pieces and pieces and self._is_icon(box):
                self._pieces.append(" ")
            self._ended = box
            told = box.names or box.tag in {"time", "abbr"} or not _TELLING.isdisjoint(box.attributes)
            told = told or (box.tag == "a" and names_profile(box.attributes.get("href")))
            # What a writer's name is beside: «<span>فلان</span><span>مراسل</span>»
            told = told or (parent is not None and bool(parent.names) and is_credit_box(parent))
            # «<span>2:10 م، 5 مارس 2024</span> <span>فلان</span>», outside paragraphs
            loose = parent is not None and parent.tag in _LOOSE and len(self._pieces) - pieces == 1
            told = told or (loose and len(self._pieces[-1]) <= _MAX_LOOSE)
            if told and box.start == box.end and len(self._pieces) - pieces <= _MAX_PIECES:
                box.text = _squeezed("".join(self._pieces[pieces:])[:_MAX_MARKED_CHARS])
        else:
            if self._pieces:
                self._flush()
                box.end = len(self.rows)
            above = parent
            while above is not None and above.inline and not above.hidden:
                above = above.parent
            self._block = above
            if box.hidden:
                self._hidden -= 1
                self._pieces, self._linked, self._href = self._held.pop()
        if (box.attributes or box.tag == "pre") and _keeps_lines(box.tag, box.attributes):
            self._pre -= 1
        if box.tag == "a":
            self._links.pop()
        elif box.tag == "table":
            if not box.tables:
                self._read_table(box)
            box.tables += 1
        if parent is not None:
            parent.pictures += box.pictures
            parent.controls += box.controls
            parent.tables += box.tables

    @staticmethod
    def _is_icon(box: Box) -> bool:
        """Return whether an empty element shows a sign that parts what stands beside it: a clock, a pen."""
        if _ICON_RE.search(box.names) is None:
            return False
        return not any(above.tag in _RUNNING for above in islice(box.above(), _MAX_NEAR))

    def _text(self, text: str) -> None:
        if self._pre and "\n" in text:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self._piece(first)
            for line in others:
                self._flush()
                self._piece(line)
            return
        self._piece(text)

    def _piece(self, text: str) -> None:
        if not text:
            return
        if self._seam and self._pieces and _begins_apart(self._pieces[-1], text):
            self._pieces.append(" ")
        self._ended, self._seam = None, False
        self._pieces.append(text)
        if self._links:
            bare = text.strip()
            self._linked += len(bare) - bare.count(" ")
            self._href = self._href or self._links[-1]

    def _flush(self) -> None:
        if not self._pieces:
            return
        raw = self._pieces[0] if len(self._pieces) == 1 else "".join(self._pieces)
        self._pieces.clear()
        linked, href, self._linked, self._href = self._linked, self._href, 0, None
        links, self._further = self._further + 1, 0
        if self._block is None or not raw or raw.isspace():
            return
        # The line ends of the source are spaces, those that display text has are not.
        shown = display_text(raw.replace("\n", " ").replace("\r", " "))
        for line in shown.split("\n") if "\n" in shown else (shown,):
            text = squeeze(line)
            if text:
                self._add(text, self._block, linked, href, links)

    def _add(self, text: str, box: Box, linked: int, href: str | None, links: int = 1) -> None:
        spaces = text.count(" ")
        is_link = linked > 0 and linked >= _ALL_LINK * (len(text) - spaces)
        prose = linked < _MOSTLY_LINK * (len(text) - spaces) and (
            spaces >= _LONG_WORDS - 1 or (spaces >= _SENTENCE_WORDS - 1 and text.endswith(_SENTENCE_END))
        )
        rows = self.rows
        rows.append(Row(text, box, linked, href, self._hidden > 0, len(rows), box.tag, is_link, prose, None, links))

    def _read_table(self, table: Box) -> None:
        """Put each row of a table with data on one line; leave a table that only places things as it is."""
        within = self.boxes[table.number + 1 : table.last]
        lines = [box for box in within if box.tag == "tr"]
        cells = [[cell for cell in children(self.boxes, line) if cell.tag in {"td", "th"}] for line in lines]
        several = [line for line in cells if len(line) > 1]
        if len(several) < 2 or any(box.tag in {"ul", "form"} for box in within):
            return
        held = self.rows[table.start : table.end]
        texts = [[self._cell(cell) for cell in line] for line in cells]
        filled = [text for line in texts for text in line if text]
        linked = sum(row.linked for row in held)
        total = sum(map(len, filled))
        if not filled or max(map(len, filled)) > _MAX_CELL or total > _MEAN_CELL * len(filled) or linked * 2 > total:
            return
        del self.rows[table.start :]
        for box in within:
            box.start = box.end = table.start
        for line, shown in zip(lines, texts, strict=True):
            text = "، ".join(filter(None, shown))
            line.start = len(self.rows)
            if text:
                self._add(text, line, 0, None)
            line.end = len(self.rows)
        table.end = len(self.rows)

    def _cell(self, cell: Box) -> str:
        return " ".join(row.text for row in self.rows[cell.start : cell.end])


def _menu(node: LexborNode) -> list[str] | None:
    """Return the lines of a frame that holds links and little else; None for others.

    Half of a news page's elements are in menus and in lists of other stories. Their lines become removals; nothing else
    in them is ever used, so they need no walk.
    """
    if node.css_first(_NO_MENU) is not None:
        return None
    lines = [" ".join(line.split()) for line in display_text(node.text(separator="\n")).split("\n")]
    lines = [line for line in lines if line]
    size = sum(map(len, lines))
    linked = sum(len(link.text(strip=True)) for link in node.css("a"))
    return lines if linked >= _MENU_SHARE * size else None


def names_profile(href: str | None) -> bool:
    """Return whether an address is that of a writer's page: «/author/…»."""
    return href is not None and _PROFILE_RE.search(href) is not None


def _begins_apart(before: str, text: str) -> bool:
    """Return whether a text at the seam of two elements begins with a date, an hour or a label of its own."""
    before = before[-_MAX_SEAM:]
    if _CLOCK_START_RE.match(text) is not None and _YEAR_END_RE.search(before) is not None:
        return True
    if _LABEL_RE.fullmatch(before) is not None:
        return not text[:1].isspace()
    return _OWN_PIECE_RE.match(text) is not None and _WORD_END_RE.search(before) is not None


def _stand_apart(one: Box, two: Box) -> bool:
    """Return whether style rules part two elements of a line: links side by side, labels with names of their own."""
    if one.tag == two.tag == "a":
        return True
    parent = one.parent
    if parent is None or parent.inline or parent.tag in _RUNNING:
        return False
    if one.tag == two.tag == "span" and _FACTS_RE.search(parent.names) is not None:
        return True
    kinds = (one.tag if one.tag == "small" else "", one.names), (two.tag if two.tag == "small" else "", two.names)
    return kinds[0] != kinds[1] and all(box.names or box.tag in {"a", "time", "small"} for box in (one, two))


def _keeps_lines(tag: str, attributes: dict[str, str | None]) -> bool:
    if tag == "pre":
        return True
    style = attributes.get("style")
    return bool(style) and _PRE_STYLE_RE.search(style or "") is not None


def _squeezed(text: str) -> str:
    return " ".join(display_text(text).split())


def is_hidden(attributes: dict[str, str | None]) -> bool:
    """Return whether a browser shows nothing of an element with these attributes."""
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    style = attributes.get("style")
    return bool(style) and _HIDDEN_STYLE_RE.search(style or "") is not None


@lru_cache(maxsize=50_000)
def _names(classes: str | None, identifier: str | None) -> tuple[str, bool]:
    """Return the names of a box, and whether one of them hides it. The pages of an outlet share theirs."""
    names = _CAPITAL_RE.sub("-", f"{classes or ''} {identifier or ''}".strip()).lower()
    return names, not _HIDDEN_NAMES.isdisjoint(names.split())
