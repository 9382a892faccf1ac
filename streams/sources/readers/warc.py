"""Read WARC files (Common Crawl's news, Heritrix, wget, browsertrix), and the ARC files of crawls before 2009."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
from backports import zstd
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader

from streams.errors import Reason, Rejected
from streams.sources.base import Item
from streams.sources.readers.base import (
    KEPT_BYTES,
    MAX_RECORD_BYTES,
    Document,
    Format,
    ReadOptions,
    Skipped,
    first_lines,
    too_large,
)
from streams.sources.readers.pages import page_item

_PAGES = {"text/html": "text/html", "application/xhtml+xml": "text/html", "text/plain": "text/plain"}
_OK = range(200, 300)


logging.getLogger("warcio.recordloader").setLevel(logging.ERROR)  # it warns of addresses with spaces


class _Records(ArchiveIterator):  # type: ignore[misc]
    """Iterates over records; counts those that do not end where they should (`err_count`), and prints nothing."""

    INC_RECORD = ""


def _read(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Yield the pages among the records: responses with a status of success, and resources."""
    skipped = Skipped()
    number = faults = 0
    try:
        records = _Records(document.stream, arc2warc=True)
        for record in records:
            if records.err_count > faults:
                faults = records.err_count
                fault = f"record {number} does not end where its Content-Length says"
                yield Item(f"{document.location}:record {number}", b"", failure=Rejected(Reason.BAD_ENCODING, fault))
            number += 1
            if (item := _item(document, record, number, options, skipped)) is not None:
                yield item
    except Exception as error:  # warcio raises whatever a damaged record leads to
        fault = f"the WARC file is damaged after record {number}: {error or type(error).__name__}"
        yield Item(f"{document.location}:record {number + 1}", b"", failure=Rejected(Reason.BAD_ENCODING, fault))
    yield from skipped.items(document.location)


def _item(document: Document, record: Any, number: int, options: ReadOptions, skipped: Skipped) -> Item | None:
    header = record.rec_headers.get_header if record.rec_headers is not None else lambda _: None
    if record.rec_type not in {"response", "resource", "conversion"}:
        if record.rec_type is None:
            raise ValueError("a record has no type")
        if record.rec_type not in {"warcinfo", "request", "metadata"}:  # those belong to every file
            skipped.add(f"records of the type {record.rec_type}")
        return None
    url = header("WARC-Target-URI")
    # Records of ARC files have no ids; warcio makes them up.
    record_id = None if _is_arc(document) else header("WARC-Record-ID")
    name = (record_id or "").strip("<>") or f"record {number}"
    location = f"{document.location}:{name}"
    url = (url or "").strip("<>")
    http = record.http_headers
    if http is not None and int(http.get_statuscode() or 0) not in _OK:
        skipped.add(f"responses with status {http.get_statuscode()}")
        return None
    declared = (http.get_header("Content-Type") if http is not None else header("Content-Type")) or ""
    bare, _, parameters = declared.partition(";")
    content_type = _PAGES.get(bare.strip().lower())
    if content_type is None and bare.strip():
        skipped.add(f"records of {bare.strip().lower()}")
        return None
    encoding = (http.get_header("Content-Encoding") or "") if http is not None else ""
    chunked = "chunked" in ((http.get_header("Transfer-Encoding") or "") if http is not None else "").lower()
    stream = ChunkedDataReader(record.raw_stream) if chunked else record.raw_stream
    stored = _read_stream(stream, MAX_RECORD_BYTES)
    try:
        data = _whole(stored, encoding, missing=getattr(record.raw_stream, "limit", 0))
    except Rejected as failure:
        return Item(location, stored[:KEPT_BYTES], failure=failure)
    provenance = {
        "warc_file": document.location,
        "warc_record_id": record_id,
        "warc_payload_digest": header("WARC-Payload-Digest"),
    }
    more = {
        "fetched_at": header("WARC-Date"),
        "provenance": {key: value for key, value in provenance.items() if value},
    }
    return page_item(
        location,
        data,
        options,
        uri=f"{document.uri}#{name}",
        url=url,
        content_type=content_type or "text/html",
        charset=_charset(parameters),
        more=more,
    )


def _whole(stored: bytes, encoding: str, missing: int) -> bytes:
    """Return the page of a response.

    Raises:
        Rejected: it is too long, cut, empty, or not encoded as its header says.
    """
    if len(stored) > MAX_RECORD_BYTES:
        raise too_large(MAX_RECORD_BYTES)
    if missing > 0:
        raise Rejected(Reason.BAD_ENCODING, f"the record is cut: {missing} bytes are missing")
    data = _decoded(stored, encoding)
    if not data.strip():
        raise Rejected(Reason.EMPTY_BODY, "the response is empty")
    return data


def _charset(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip("\"' ")[:40] or None
    return None


def _read_stream(stream: Any, limit: int) -> bytes:
    parts, size = [], 0
    while size <= limit and (chunk := stream.read(min(1024 * 1024, limit + 1 - size))):
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts)


def _decoded(stored: bytes, encoding: str) -> bytes:
    """Undo the Content-Encoding of a response. Some crawlers store the header and the plain page.

    Raises:
        Rejected: it is damaged, too large, or in an unknown encoding.
    """
    data = stored
    for name in reversed([each.strip().lower() for each in encoding.split(",") if each.strip()]):
        if name == "identity":
            continue
        try:
            data = _decode_once(data, name)
        except KeyError:
            raise Rejected(Reason.BAD_ENCODING, f"unknown Content-Encoding {name}") from None
        except (OSError, EOFError, zlib.error, brotli.error, zstd.ZstdError) as error:
            if data.lstrip()[:1] == b"<":
                return data
            raise Rejected(Reason.BAD_ENCODING, f"not {name}, as Content-Encoding says: {error}") from error
        if len(data) > MAX_RECORD_BYTES:
            raise too_large(MAX_RECORD_BYTES)
    return data


def _decode_once(data: bytes, name: str) -> bytes:
    limit = MAX_RECORD_BYTES + 1
    if name in {"gzip", "x-gzip"}:
        return zlib.decompressobj(31).decompress(data, limit)
    if name == "deflate":
        try:
            return zlib.decompressobj().decompress(data, limit)
        except zlib.error:
            return zlib.decompressobj(-15).decompress(data, limit)
    if name == "br":
        unpacked: bytes = brotli.Decompressor().process(data, output_buffer_limit=limit)
        return unpacked
    if name == "zstd":
        return zstd.ZstdDecompressor().decompress(data, limit)
    raise KeyError(name)


def _is_arc(document: Document) -> bool:
    return document.head.startswith(b"filedesc:")


def _recognise(document: Document) -> bool:
    lines = first_lines(document.head, 1)
    return bool(lines) and (lines[0].startswith(("WARC/0.", "WARC/1.")) or _is_arc(document))


WARC = Format("warc", "WARC and ARC files (Common Crawl's news, Heritrix, wget)", (".warc", ".arc"), _recognise, _read)
