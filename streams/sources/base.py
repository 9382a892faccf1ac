"""What a source of raw articles is. Sources are found by entry points of the group `rasd.sources`.

docs/guides/add-a-source.md shows how a package adds its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from dataclasses import dataclass

from streams.errors import Rejected
from streams.plugins import Group, find
from streams.records import RawArticle

__all__ = ["Item", "Source", "load_source"]


@dataclass(frozen=True, slots=True)
class Item:
    """One record as a source read it: exactly one of `raw`, `failure` and `skipped` is given.

    Attributes:
        location: file and line (`day.jsonl:17`), or whatever names the record, for messages and dead letters.
        data: what is sent: the bytes of a raw record as JSON, or of what could not be read.
        raw: the record, or None if it cannot be read.
        failure: why it cannot be read, or None. Without `data` there is nothing to keep, and no dead letter is written:
            a file is damaged, for example.
        skipped: why something that is no article was passed over (a picture in an archive), or None. It is reported and
            not counted as an error.
    """

    location: str
    data: bytes
    raw: RawArticle | None = None
    failure: Rejected | None = None
    skipped: str | None = None

    @classmethod
    def of(cls, raw: RawArticle, location: str) -> Item:
        """Make an item of a record that was built rather than read."""
        return cls(location, raw.to_json(), raw=raw)

    @classmethod
    def skip(cls, location: str, why: str) -> Item:
        """Make an item that reports what was passed over."""
        return cls(location, b"", skipped=why)


def _unknown_size(_: Sequence[str]) -> None:
    """Report no size: the progress bar then shows records alone."""


@dataclass(frozen=True, slots=True)
class Source:
    """A way to get raw articles: `rasd ingest --from NAME ARGUMENT…`.

    Attributes:
        name: the entry point's name.
        help: one line about the arguments.
        read: yields the records that the arguments name. An unreadable one is an item with a failure, so that its bytes
            reach articles.dlq. May raise `OperatorError` for wrong arguments, and `Retryable` for a server that is
            unavailable; both end the command. A plain iterator blocks the sending while it waits, so one that reads
            from a network should be asynchronous. That an item was yielded does not mean that it was sent.
        count_bytes: total size of the arguments in bytes, for a progress bar; None when it is unknown.
    """

    name: str
    help: str
    read: Callable[[Sequence[str]], Iterable[Item] | AsyncIterable[Item]]
    count_bytes: Callable[[Sequence[str]], int | None] = _unknown_size


def load_source(name: str) -> Source:
    """Import a source.

    Raises:
        OperatorError: it is unknown, or cannot be imported.
    """
    source = find(Group.SOURCES, name).load(Source)
    assert isinstance(source, Source)  # noqa: S101  (`load` has checked it)
    return source
