"""What a format is, and the document that its reader reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO

from streams.errors import Reason, Rejected
from streams.settings import MIB
from streams.sources.base import Item

__all__ = ["Document", "Format", "ReadOptions", "Skipped", "first_lines", "too_large"]

# Formats are recognised by the beginning of a document.
HEAD_BYTES = 64 * 1024
# The longest record that a reader takes into memory: a line, a page, a feed. Cleaning takes far less (5 MiB).
MAX_RECORD_BYTES = 64 * MIB
# What a dead letter keeps of a record that is longer.
KEPT_BYTES = 64 * 1024
_NAMED = 5


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says about the files.

    Attributes:
        format: name of the format, instead of recognising it.
        source: outlet of all records, instead of what each says.
        names: field of a raw record to the name that it has in the files (`{"title": "headline"}`); dots lead into
            objects.
    """

    format: str | None = None
    source: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Document:
    """One file, member of an archive, or request body.

    Attributes:
        location: how messages name it: `crawl.zip!day.jsonl`.
        name: its own name, whose suffix helps to recognise it; empty if it has none.
        uri: its address, for pages that do not know their own.
        head: its first `HEAD_BYTES` bytes.
        stream: all of it, read once from the beginning.
    """

    location: str
    name: str
    uri: str
    head: bytes
    stream: BinaryIO

    @property
    def suffix(self) -> str:
        """The name's suffix in lower case, with its dot."""
        return PurePosixPath(self.name).suffix.lower()

    def read_whole(self, limit: int = MAX_RECORD_BYTES) -> bytes:
        """Return all bytes.

        Raises:
            Rejected: there are more than `limit`.
        """
        parts, size = [], 0
        while chunk := self.stream.read(MIB):
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
        return b"".join(parts)


def too_large(limit: int) -> Rejected:
    """Make the failure of a record that exceeds the limit of a reader."""
    return Rejected(Reason.TOO_LARGE, f"longer than {limit // MIB} MiB; its first {KEPT_BYTES // 1024} KiB are kept")


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files that hold articles. Other packages add theirs as entry points of the group `rasd.formats`.

    Attributes:
        name: what `--format` calls it.
        help: what it is, in a few words.
        suffixes: suffixes of files that are read so when their beginning does not say what they are.
        recognise: says of a document, by its `head`, whether it has the format.
        read: yields the document's records; `location` of each begins with the document's. Raises `Rejected` when
            nothing can be read, and may raise `OperatorError` for what a person has to fix.
        certain: whether `recognise` is so sure that the suffix need not be looked at.
    """

    name: str
    help: str
    suffixes: tuple[str, ...]
    recognise: Callable[[Document], bool]
    read: Callable[[Document, ReadOptions], Iterator[Item]]
    certain: bool = True


class Skipped:
    """Counts what a reader passes over, for one message at the end."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._named: dict[str, list[str]] = {}

    def add(self, kind: str, name: str = "") -> None:
        """Count one thing of a kind, by its name if it has one."""
        self._counts[kind] += 1
        named = self._named.setdefault(kind, [])
        if name and len(named) < _NAMED:
            named.append(name)

    def items(self, location: str) -> Iterator[Item]:
        """Yield one item that names the kinds and some of each, or none."""
        if self._counts:
            yield Item.skip(location, "skipped " + "; ".join(map(self._kind, self._counts)))

    def _kind(self, kind: str) -> str:
        names, count = self._named[kind], self._counts[kind]
        more = f", and {count - len(names)} more" if names and count > len(names) else ""
        return f"{count:,} {kind}" + (f" ({', '.join(names)}{more})" if names else "")


_BOM_RE = re.compile("^[\ufeff\u200b-\u200f\u202a-\u202e\u2066-\u2069\\s]+")


def first_lines(head: bytes, count: int = 5) -> list[str]:
    """Return the first lines of a head that are not blank, without what is invisible at their beginning."""
    text = head_text(head)
    lines = (_BOM_RE.sub("", line).rstrip() for line in text.split("\n"))
    return [line for _, line in zip(range(count), filter(None, lines), strict=False)]


def head_text(head: bytes) -> str:
    """Decode a head, which may end inside a character, as UTF-8 or what its byte order mark says."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    return head.decode("utf-8", "replace")
