"""Represent a parsed page: its rows, as a browser would show them, and the boxes (elements) that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

# Elements that do not break a line. Elements that HTML does not know (`amp-img`) are blocks in the frameworks that
# define them.
INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "img", "ins", "kbd", "label", "link", "mark", "meta", "nobr", "output", "picture", "q", "rp", "rt", "ruby",
        "s", "samp", "small", "source", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    }
)  # fmt: skip
# Transparent elements: their text belongs to the box around them.
TEXT_TAGS = INLINE | {
    "p", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "center",
    "tbody", "tr", "figure", "address",
}  # fmt: skip
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(slots=True, eq=False)
class Box:
    """One element of the page.

    Attributes:
        tag: its name.
        names: its classes and id in lower case, with `-` before what was a capital.
        attributes: as written; None for an attribute without a value.
        parent: the box around it; None for the page's body.
        node: the parser's id of the element.
        inline: whether it is part of a line.
        hidden: whether no reader sees it.
        start, end: its rows, half-open. An element inside a line has the number of that line as both.
        text: what an element inside a line holds; None for blocks.
        number, last: its place among the page's boxes, and the one after the last box inside it.
        pictures, controls, tables: how many images, form controls that a reader sees, and tables it holds.
    """

    tag: str
    names: str
    attributes: dict[str, str | None]
    parent: Box | None
    node: int
    inline: bool
    hidden: bool
    start: int
    end: int = 0
    text: str | None = None
    number: int = 0
    last: int = 0
    pictures: int = 0
    controls: int = 0
    tables: int = 0

    def above(self) -> Iterator[Box]:
        """Yield this box and those around it, innermost first."""
        box: Box | None = self
        while box is not None:
            yield box
            box = box.parent

    def holds(self, other: Box) -> bool:
        """Return whether `other` is this box or inside it."""
        return any(box is self for box in other.above())

    @property
    def signature(self) -> tuple[str, str]:
        """Tag and first class, or an id without its number, which boxes of one kind share («post_message_12»)."""
        name = (self.attributes.get("class") or "").split(" ", 1)[0]
        return self.tag, name or _unnumbered(self.attributes.get("id"))


@dataclass(slots=True, eq=False)
class Row:
    """One line of the page as a browser shows it.

    Attributes:
        text: display text with single spaces, never empty.
        box: the innermost block that holds it.
        linked: number of characters inside links.
        href: address of its first link, or None.
        hidden: whether no reader sees it.
        number: its place on the page, from 0.
        tag: of the box: a heading, a paragraph, an item or another block.
        is_link: whether the whole line is a link.
        prose: whether it reads like running text and not like a label, a headline or a link.
        is_caption: whether the markup says that it is a caption; None until somebody asks (`story.is_caption_row`).
        links: how many links stand side by side in it, if it is a link at all.
    """

    text: str
    box: Box
    linked: int
    href: str | None
    hidden: bool
    number: int
    tag: str
    is_link: bool
    prose: bool
    is_caption: bool | None = None
    links: int = 1

    @property
    def container(self) -> Box:
        """Return the innermost box around the line that is more than a paragraph, a list or a quotation."""
        return next((box for box in self.box.above() if box.tag not in TEXT_TAGS), self.box)


@dataclass(slots=True)
class Tree:
    """A parsed page.

    Attributes:
        parser: the parser's tree, for selectors.
        rows: all lines of the page's body, in page order.
        boxes: all boxes, each before those inside it.
    """

    parser: LexborHTMLParser
    rows: list[Row]
    boxes: list[Box]


def children(boxes: Sequence[Box], box: Box) -> Iterator[Box]:
    """Yield the boxes directly inside a box, in page order."""
    number = box.number + 1
    while number < box.last:
        yield boxes[number]
        number = boxes[number].last


def _unnumbered(identifier: str | None) -> str:
    bare = identifier.rstrip("0123456789") if identifier else ""
    return bare if bare != identifier else ""
