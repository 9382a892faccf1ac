"""A source: clippings, a text file with articles between lines of `***`, each a headline and its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from streams.errors import OperatorError, Reason, Rejected
from streams.records import RawArticle
from streams.sources.base import Item, Source


def read(arguments: Sequence[str]) -> Iterator[Item]:
    """Yield the clippings of files.

    Raises:
        OperatorError: a file cannot be read.
    """
    for name in arguments:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OperatorError(f"{name}: {error}", status=2) from error
        for number, clipping in enumerate(text.split("\n***\n"), start=1):
            yield _item(clipping, f"{name}:clipping {number}", f"urn:clippings:{Path(name).stem}:{number}")


def _item(clipping: str, location: str, url: str) -> Item:
    title, _, body = clipping.strip().partition("\n")
    if not body.strip():
        # Its bytes go to articles.dlq with the reason and the location.
        return Item(location, clipping.encode(), failure=Rejected(Reason.EMPTY_BODY, "a clipping without text"))
    return Item.of(RawArticle(url=url, source="clippings", title=title, content=body), location)


SOURCE = Source("clippings", help="Text files with clippings between lines of ***.", read=read)
