"""A source: text files of clippings. Lines of `***` separate them; the first line of each is its headline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from streams.errors import OperatorError, Reason, Rejected
from streams.records import RawArticle
from streams.sources.base import Item, Source


def read(arguments: Sequence[str]) -> Iterator[Item]:
    """Yield the clippings of the files that the arguments name.

    Raises:
        OperatorError: a file cannot be read.
    """
    for name in arguments:
        file = Path(name)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OperatorError(f"{file}: {error}", status=2) from error
        for number, clipping in enumerate(text.split("\n***\n"), start=1):
            yield _item(clipping, location=f"{file}:clipping {number}", url=f"urn:clippings:{file.stem}:{number}")


def _item(clipping: str, location: str, url: str) -> Item:
    title, _, content = clipping.strip().partition("\n")
    if not content.strip():
        # Its bytes go to articles.dlq with this reason and the location.
        return Item(location, clipping.encode(), failure=Rejected(Reason.EMPTY_BODY, "a clipping without text"))
    return Item.of(RawArticle(url=url, source="clippings", title=title, content=content), location)


SOURCE = Source("clippings", help="Text files of clippings, separated by lines of ***.", read=read)
