"""A format: files of cards. `#cards` is the first line; each card is an address, a headline and lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from streams.errors import Reason, Rejected
from streams.records import RawArticle
from streams.sources.base import Item
from streams.sources.readers.base import Document, Format, ReadOptions

_FIRST_LINE = b"#cards\n"


def recognise(document: Document) -> bool:
    """Return whether a document is a file of cards."""
    return document.head.startswith(_FIRST_LINE)


def read(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Yield the cards of a document, which blank lines separate."""
    document.stream.readline()
    card: list[bytes] = []
    number = 0
    for line in document.stream:
        if line.strip():
            card.append(line)
        elif card:
            number += 1
            yield _item(card, f"{document.location}:card {number}", options)
            card = []
    if card:
        yield _item(card, f"{document.location}:card {number + 1}", options)


def _item(card: list[bytes], location: str, options: ReadOptions) -> Item:
    data = b"".join(card)
    try:
        url, title, *text = data.decode("utf-8").strip().split("\n")
    except ValueError:
        # Its bytes go to articles.dlq with this reason and the location.
        return Item(location, data, failure=Rejected(Reason.BAD_SCHEMA, "a card has an address and a headline"))
    source = options.source or "cards"
    return Item.of(RawArticle(url=url, source=source, title=title, content="\n".join(text)), location)


CARDS = Format("cards", "files of cards", suffixes=(".crd",), recognise=recognise, read=read)
