"""Events of the live feed and their ids. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

Vector = dict[int, int]

# How long a browser waits before it reconnects; by default, 3 to 5 s.
RETRY_MS = 2000


def write_vector(vector: Mapping[int, int]) -> str:
    """Encode the next offset of each partition as an event id: `0:12,1:40`."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(vector.items()))


def read_vector(text: str) -> Vector:
    """Decode an event id made by `write_vector`.

    Raises:
        ValueError: the text is not such an id.
    """
    vector: Vector = {}
    for part in text.split(","):
        partition, separator, offset = part.partition(":")
        numbers = partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()
        if not (separator and numbers and len(part) <= 32) or int(partition) in vector:
            raise ValueError("is not an event id of this feed")
        vector[int(partition)] = int(offset)
    return vector


class Kind(StrEnum):
    """Type of an event."""

    HELLO = "hello"
    ARTICLE = "article"
    HERE = "here"
    GAP = "gap"
    DROPPED = "dropped"
    NOTE = "note"


_NOTICES = {
    Kind.GAP: "articles before this point are missing: Kafka no longer has them",
    Kind.DROPPED: "this client is too slow; reconnect with the id of the last event to resume",
    Kind.NOTE: "a part of the query was not understood",
}


@dataclass(frozen=True)
class LiveEvent:
    """An article or a notice, for one client or many.

    Attributes:
        kind: `hello` starts a stream, `here` updates the client's position while no article arrives, `gap` reports
            missing articles (Kafka deleted them, or never had them), `dropped` ends the stream, `note` tells what of
            the query was not understood.
        vector: event id of the client's position after this event; None leaves the position as it is.
        data: the article's JSON as in Kafka, or the text of a note.
    """

    kind: Kind
    vector: str | None
    data: bytes = b""

    @cached_property
    def wire(self) -> bytes:
        """The event's bytes on the wire (HTML Living Standard, 9.2.6), encoded once for all clients."""
        head = f"id: {self.vector}\n".encode() if self.vector is not None else b""
        if self.kind is Kind.HELLO:
            return head + f"retry: {RETRY_MS}\n: rasd\n\n".encode()
        if self.kind is Kind.HERE:
            # Without data a browser dispatches no event but stores the id. The comment keeps proxies from timing out.
            return head + b": here\n\n"
        # JSON contains raw line ends only between tokens, where they are insignificant.
        data = self.data.translate(None, b"\r\n") or _NOTICES[self.kind].encode()
        return head + f"event: {self.kind}\ndata: ".encode() + data + b"\n\n"
