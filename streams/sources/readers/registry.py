"""Find the format of a document: by its beginning, then by its suffix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from streams.errors import OperatorError, Reason, Rejected, Retryable
from streams.plugins import Group, installed
from streams.sources.base import Item
from streams.sources.readers import csv_tables, feeds, json_records, mhtml, pages, parquet, telegram, warc, whatsapp
from streams.sources.readers.base import Document, Format, ReadOptions

# In the order in which they are tried: what says clearly what it is comes before what holds it.
BUILT_IN = (
    warc.WARC,
    parquet.PARQUET,
    mhtml.MHTML,
    telegram.JSON,
    telegram.HTML,
    feeds.JSON_FEED,
    feeds.FEED,
    json_records.LINES,
    json_records.JSON,
    pages.HTML,
    whatsapp.WHATSAPP,
    telegram.COPY,
    csv_tables.TSV,
    csv_tables.CSV,
    pages.TEXT,
)


@cache
def formats() -> Mapping[str, Format]:
    """Return all formats by name, those of plugins first, as they know their own files best.

    Raises:
        OperatorError: a plugin cannot be loaded, or has the name of another format.
    """
    found: dict[str, Format] = {}
    for plugin in installed(Group.FORMATS).values():
        part = plugin.load(Format)
        assert isinstance(part, Format)  # noqa: S101  (`load` has checked it)
        found[part.name] = part
    for part in BUILT_IN:
        if part.name in found:
            raise OperatorError(f"the format {part.name} of a plugin has the name of a built-in one")
        found[part.name] = part
    return found


def read_as(found: Format, document: Document, options: ReadOptions) -> Iterator[Item]:
    """Yield the records of a document in a format. Whatever a reader raises costs the document, not those after it.

    Raises:
        OperatorError: a person has to fix something, an extra that is missing for example.
    """
    try:
        yield from found.read(document, options)
    except (OperatorError, Retryable):
        raise
    except Rejected as failure:
        yield Item(document.location, b"", failure=failure)
    except Exception as error:  # libraries raise errors of any kind on damaged bytes
        fault = f"cannot be read as {found.name}: {type(error).__name__}: {error}"
        yield Item(document.location, b"", failure=Rejected(Reason.BAD_ENCODING, " ".join(fault.split())[:500]))


def format_named(name: str) -> Format:
    """Return the format of this name.

    Raises:
        OperatorError: there is none.
    """
    try:
        return formats()[name]
    except KeyError:
        raise OperatorError(f"unknown format {name}; choose from {', '.join(formats())}", status=2) from None


def recognise(document: Document) -> Format | None:
    """Return the format of a document, or None if it is in none that is known."""
    if not document.head.strip():
        return None
    found = next((each for each in formats().values() if each.certain and each.recognise(document)), None)
    if found is not None:
        return found
    named = next((each for each in formats().values() if document.suffix in each.suffixes), None)
    if named is not None and _looks_binary(document.head):
        return None
    return named or next((each for each in formats().values() if not each.certain and each.recognise(document)), None)


def _looks_binary(head: bytes) -> bool:
    """Return whether the head is of a picture or a program: NUL between other bytes, and no UTF-16."""
    sample = head[:4096]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in sample.rstrip(b"\0"):
        return False
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    # In UTF-16 they are all on one side.
    return min(even, odd) * 4 > max(even, odd)
