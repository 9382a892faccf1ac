"""Read JSON: one record, several, arrays of them, objects that hold an array; and JSON Lines."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from typing import BinaryIO, cast

from streams.errors import Reason, Rejected
from streams.sources.base import Item
from streams.sources.readers.base import (
    HEAD_BYTES,
    KEPT_BYTES,
    MAX_RECORD_BYTES,
    Document,
    Format,
    ReadOptions,
    first_lines,
    too_large,
)
from streams.sources.readers.fields import read_record
from streams.sources.readers.json_scan import Piece, Scanner

_JSON_RE = re.compile(r"""\s*(?:\[\s*(?:[\[{\]"]|$)|\{\s*(?:["}]|$))""")
# Objects that hold the records in an array: NewsAPI, Media Cloud, exports of databases and search engines.
_HOLDERS = "articles|items|results|records|data|docs|documents|news|posts|stories|hits|value|entries|response"
_HELD_RE = re.compile(
    rf"""\s*\{{\s*(?:"[^"\\]{{1,64}}"\s*:\s*(?:"(?:[^"\\]++|\\.)*+"|[\w.+-]++|\{{[^{{}}]{{0,4000}}\}})\s*,\s*)*+"""
    rf""""(?P<name>{_HOLDERS})"\s*:\s*(?:\{{(?:[^{{}}\[\]]{{0,2000}}|[^{{}}\[\]]*\{{[^{{}}\[\]]*\}}[^{{}}\[\]]*)"""
    rf""""(?P<inner>{_HOLDERS})"\s*:\s*)?\[\s*(?:\{{|\])"""
)


def text_stream(document: Document) -> BinaryIO:
    """Return the document's bytes as UTF-8 without a byte order mark, from UTF-16 if its first bytes say so."""
    head = document.head[:4]
    wide = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}.get(head[:2])
    if wide is None and len(head) == 4 and head.count(0) == 2:
        wide = "utf-16-be" if head[0] == 0 else "utf-16-le"
    if wide is not None:
        return cast(BinaryIO, io.BufferedReader(_Recoded(document.stream, wide)))
    if head.startswith(codecs.BOM_UTF8):
        document.stream.read(len(codecs.BOM_UTF8))
    return document.stream


class _Recoded(io.RawIOBase):
    """A stream of another encoding as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            chunk = self._stream.read(HEAD_BYTES)
            self._ready = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "surrogatepass")
            if not chunk and not self._ready:
                return 0
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _is_json(document: Document) -> bool:
    lines = first_lines(document.head, 2)
    return _JSON_RE.match("\n".join(lines)) is not None


def _is_lines(document: Document) -> bool:
    if not _is_json(document):
        return False
    lines = first_lines(document.head, 2)
    if not lines[0].startswith("{"):
        return False
    if document.suffix in LINES.suffixes:
        # Not a record over several lines under the wrong name; one broken line says nothing.
        return lines[0] != "{"
    return len(lines) > 1 and lines[1].startswith("{") and _is_object(lines[0])


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line, strict=False), dict)
    except (ValueError, RecursionError):
        return False


def read_json(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Read one object, several, an array, or an object that holds an array. Elements keep their bytes."""
    scanner = Scanner(text_stream(document), MAX_RECORD_BYTES)
    head = "\n".join(first_lines(document.head, 10_000))
    if (held := _HELD_RE.match(head)) is not None:
        name = (held["inner"] or held["name"]).encode()
        scanner.skip_to(re.compile(rb'"' + name + rb'"\s*:\s*\['), keep=200)
        pieces = scanner.elements()
    else:
        pieces = scanner.values()
    for piece in pieces:
        yield _of_piece(document, piece, options)


def _of_piece(document: Document, piece: Piece, options: ReadOptions) -> Item:
    location = piece_location(document.location, piece)
    if piece.fault is None:
        return read_record(location, piece.data, options)
    if "too long" in piece.fault:
        return Item(location, piece.data, failure=too_large(MAX_RECORD_BYTES))
    return Item(location, piece.data, failure=Rejected(Reason.NOT_JSON, piece.fault))


def piece_location(location: str, piece: Piece) -> str:
    """Name a value by its line; an element that shares its line with others by its position in the array too."""
    return f"{location}:{piece.line}[{piece.number}]" if piece.shares_line else f"{location}:{piece.line}"


def read_lines(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Read JSON Lines: one record a line, as Scrapy, news-please's and most other crawlers' exporters write it."""
    stream = text_stream(document)
    number = 0
    while line := stream.readline(MAX_RECORD_BYTES + 1):
        number += 1
        location = f"{document.location}:{number}"
        if len(line) > MAX_RECORD_BYTES and not line.endswith(b"\n"):
            kept = line[:KEPT_BYTES]
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_RECORD_BYTES)
            yield Item(location, kept, failure=too_large(MAX_RECORD_BYTES))
        # Some writers join the lines to one array, or leave NUL where a crash cut the file.
        elif (shown := (record := line.rstrip(b"\r\n").strip(b"\x00\x1e")).strip()) and shown not in {b"[", b"]"}:
            yield read_record(location, shown.removesuffix(b",") if shown.endswith(b"},") else record, options)


LINES = Format(
    "jsonl",
    "JSON Lines: one record a line (Scrapy, news-please and most crawlers)",
    (".jsonl", ".ndjson", ".jl", ".jsonlines", ".ldjson"),
    _is_lines,
    read_lines,
)
JSON = Format(
    "json",
    "JSON: a record, several, an array, or an object that holds an array (news-please, Fundus, newspaper, trafilatura, "
    "Scrapy, WordPress, NewsAPI)",
    (".json",),
    _is_json,
    read_json,
)
