"""The live feed's events and their ids. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

Vector = dict[int, int]

# How long a browser waits before it comes back; the default of browsers is between 3 and 5 s.
RETRY_MS = 2000


def write_vector(vector: Mapping[int, int]) -> str:
    """Next offsets as an event id: `0:12,1:40`."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(vector.items()))


def read_vector(text: str) -> Vector:
    """Undo `write_vector`.

    Raises:
        ValueError: it is not of that form.
    """
    vector: Vector = {}
    for part in text.split(","):
        partition, separator, offset = part.partition(":")
        numbers = partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()
        if not (separator and numbers and len(part) <= 32) or int(partition) in vector:
            raise ValueError("is no event id of this feed")
        vector[int(partition)] = int(offset)
    return vector


class Kind(StrEnum):
    """What an event tells."""

    HELLO = "hello"
    ARTICLE = "article"
    HERE = "here"
    GAP = "gap"
    DROPPED = "dropped"


_NOTICES = {
    Kind.GAP: "articles before this point are no longer kept",
    Kind.DROPPED: "this reader is too slow for its articles; it may come back with the id of its last event",
}


@dataclass(frozen=True)
class LiveEvent:
    """One article, or a notice, for one reader or many.

    Attributes:
        kind: `hello` begins a stream, `here` says where the reader stands while nothing comes, `gap` that articles are
            missing (Kafka has deleted them since, or never had them), `dropped` that the stream ends.
        vector: where the reader stands after it; None leaves it where it is.
        data: the article's JSON as it stands in Kafka.
    """

    kind: Kind
    vector: str | None
    data: bytes = b""

    @cached_property
    def wire(self) -> bytes:
        """The event as it goes over the line (HTML Living Standard, 9.2.6); made once for all readers."""
        head = f"id: {self.vector}\n".encode() if self.vector is not None else b""
        if self.kind is Kind.HELLO:
            return head + f"retry: {RETRY_MS}\n: rasd\n\n".encode()
        if self.kind is Kind.HERE:
            # Without data nothing is dispatched, but a browser notes the id; the comment keeps proxies awake.
            return head + b": here\n\n"
        # JSON holds line ends between its tokens alone, where they mean nothing.
        data = self.data.translate(None, b"\r\n") or _NOTICES[self.kind].encode()
        return head + f"event: {self.kind}\ndata: ".encode() + data + b"\n\n"
