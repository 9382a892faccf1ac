"""Dead letters in parts: one that does not fit into a record of articles.dlq is written as several.

A record in articles.raw may be as large as the topic takes. Its dead letter is larger by its headers, and one that a
producer compressed may have many times its size in Kafka, so it can be too large for articles.dlq. Key and value are
then joined and cut; each part is a record with all headers of the letter and three of its own. `DeadLetters` joins them
again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streams.observability.spans import Headers

# Two of them fit into a topic with Kafka's default limit of 1 MiB, as the producer may send them in one batch.
PART_BYTES = 500_000
_PART = "rasd.part"
_KEY_BYTES = "rasd.key_bytes"
_SHA256 = "rasd.sha256"


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of which letter a record is.

    Attributes:
        number: from 1 to `count`.
        count: how many there are.
        key_bytes: how much of the joined bytes is the letter's key; None if it has no key.
        sha256: digest of the joined bytes, in hex.
    """

    number: int
    count: int
    key_bytes: int | None
    sha256: str


def split(key: bytes | None, value: bytes, headers: Headers | None) -> Iterator[tuple[bytes, bytes, Headers]]:
    """Yield key, value and headers of the records that a letter is written as.

    All have one key, so they are in one partition. Equal letters are cut alike, so a part that is written again is the
    same as before.
    """
    whole = (key or b"") + value
    digest = hashlib.sha256(whole).hexdigest().encode()
    count = max(1, -(-len(whole) // PART_BYTES))
    key_bytes = b"" if key is None else str(len(key)).encode()
    for number in range(count):
        own = [(_PART, f"{number + 1}/{count}".encode()), (_KEY_BYTES, key_bytes), (_SHA256, digest)]
        yield digest, whole[number * PART_BYTES : (number + 1) * PART_BYTES], [*(headers or ()), *own]


def is_part(headers: Headers | None) -> bool:
    """Return whether a record with these headers is a part already."""
    return any(name == _PART for name, _ in headers or ())


def read_part(headers: Mapping[str, str]) -> Part | None:
    """Read the headers of a part; None for a letter that is whole."""
    number, slash, count = headers.get(_PART, "").partition("/")
    key_bytes = headers.get(_KEY_BYTES, "")
    if not slash or not all(text.isdecimal() for text in (number, count, key_bytes or "0")):
        return None
    return Part(int(number), int(count), int(key_bytes) if key_bytes else None, headers.get(_SHA256, ""))


def join(part: Part, values: Sequence[bytes]) -> tuple[bytes | None, bytes]:
    """Return key and value of the letter.

    Args:
        part: any of its parts.
        values: the values of all parts, in order.

    Raises:
        ValueError: they are not the bytes that were cut.
    """
    whole = b"".join(values)
    if hashlib.sha256(whole).hexdigest() != part.sha256:
        raise ValueError("the parts are not those of one letter")
    return (None if part.key_bytes is None else whole[: part.key_bytes]), whole[part.key_bytes or 0 :]
