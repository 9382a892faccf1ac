"""Raw records as WARC records, and back without loss.

Each raw record becomes two WARC records. First a `metadata` record with its fields, without `content`, as JSON: so
readers of a stream know them when the page comes, and a file that ends between the two has no page without its fields.
Then the page: a `resource`, or a `response` where the scraper gave status and headers in `extra.http`. Its id follows
from Kafka's topic, partition and offset, the time and the bytes, so a page that is written twice has the same id twice.

ISO 28500:2017 (WARC 1.1); fields whose names begin with Rasd- are extensions, which it allows.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import BufferWARCWriter

from streams.errors import Rejected
from streams.records import RawArticle, decode
from streams.stage import Original

FIELDS_TYPE = "application/vnd.rasd.raw-record+json"
"""Media type of the metadata record."""
UNREADABLE_TYPE = "application/octet-stream"
"""Media type of a record of the topic that is no raw record, kept as it came."""

HTTP_TYPE = "application/http; msgtype=response"
# The page is stored decoded, so these would be untrue.
_TRANSFER = {"content-encoding", "transfer-encoding", "content-length"}


class Writer(BufferWARCWriter):  # type: ignore[misc]
    """Makes gzip members of WARC records, with SHA-256 as digest: SHA-1, warcio's default, proves nothing any more."""

    def __init__(self) -> None:
        super().__init__(gzip=True, warc_version="1.1")

    @staticmethod
    def _create_digester() -> Digester:
        return Digester("sha256")

    @staticmethod
    def _create_temp_file() -> io.BytesIO:
        return io.BytesIO()

    def member(self, record: Any) -> bytes:
        """Return a WARC record as a gzip member of its own."""
        self.out = io.BytesIO()
        self.write_record(record)
        return bytes(self.out.getvalue())


def info_member(writer: Writer, filename: str, info: Mapping[str, str]) -> tuple[str, bytes]:
    """Return the id and the bytes of the `warcinfo` record with which a file begins."""
    record = writer.create_warcinfo_record(filename, {"format": "WARC File Format 1.1", **info})
    return str(record.rec_headers.get_header("WARC-Record-ID")), writer.member(record)


def page_members(writer: Writer, original: Original, info_id: str) -> bytes:
    """Return the gzip members of one record of the topic."""
    return b"".join(writer.member(record) for record in _records(writer, original, info_id))


def _records(writer: Writer, original: Original, info_id: str) -> Iterator[Any]:
    kafka = {
        "Rasd-Kafka-Topic": original.topic,
        "Rasd-Kafka-Partition": str(original.partition),
        "Rasd-Kafka-Offset": str(original.offset),
        "Rasd-Kafka-Time": _iso(datetime.fromtimestamp(original.timestamp, UTC)),
    }
    shared = {"WARC-Warcinfo-ID": info_id, **kafka}
    try:
        raw = decode(RawArticle, original.value)
        fields = json.loads(original.value)
        page = raw.content_bytes()
        payload = raw.content.encode() if page is None else page
    except (Rejected, ValueError):  # its content may not be base64, or hold half of a surrogate pair
        headers = {"WARC-Record-ID": _id(original), "WARC-Date": kafka["Rasd-Kafka-Time"], **shared}
        uri = f"urn:rasd:{original.topic}:{original.partition}:{original.offset}"
        yield _record(writer, "resource", uri, UNREADABLE_TYPE, original.value, headers=headers)
        return
    del fields["content"]
    date = _iso(raw.fetched_at) if raw.fetched_at is not None else kafka["Rasd-Kafka-Time"]
    uri = re.sub(r"[\x00-\x20\x7f]", lambda found: quote(found[0]), raw.url)
    about = {"WARC-Record-ID": _id(original, "fields"), "WARC-Refers-To": _id(original), "WARC-Date": date, **shared}
    yield _record(writer, "metadata", uri, FIELDS_TYPE, json.dumps(fields).encode(), headers=about)
    headers = {"WARC-Record-ID": _id(original), "WARC-Date": date, **shared}
    media_type = raw.content_type or ("text/html" if b"<" in payload else "text/plain")
    charset = "utf-8" if raw.encoding is None else raw.encoding
    content_type = media_type if charset == "auto" else f"{media_type}; charset={re.sub(r'[^!-~]', '', charset)}"
    http = _http(fields, content_type)
    if http is None:
        yield _record(writer, "resource", uri, content_type, payload, headers=headers)
    else:
        yield _record(writer, "response", uri, HTTP_TYPE, payload, headers=headers, http=http)


def _record(
    writer: Writer,
    kind: str,
    uri: str,
    content_type: str,
    payload: bytes,
    *,
    headers: dict[str, str],
    http: StatusAndHeaders | None = None,
) -> Any:
    return writer.create_warc_record(
        uri,
        kind,
        payload=io.BytesIO(payload),
        length=len(payload),
        warc_content_type=content_type,
        warc_headers_dict=headers,
        http_headers=http,
    )


def _http(fields: Mapping[str, Any], content_type: str) -> StatusAndHeaders | None:
    """Status line and headers of the response, if `extra.http` holds them: {"status": 200, "headers": {...}}."""
    extra = fields.get("extra")
    http = extra.get("http") if isinstance(extra, dict) else None
    if not isinstance(http, dict) or not isinstance(http.get("status"), int) or not 100 <= http["status"] <= 599:
        return None
    given = http.get("headers")
    pairs = list(given.items()) if isinstance(given, dict) else given if isinstance(given, list) else []
    headers = []
    for pair in pairs:
        if isinstance(pair, tuple | list) and len(pair) == 2:
            name, value = (re.sub(r"[\x00-\x1f\x7f]+", " ", str(part)).strip() for part in pair)
            # As replay tools name what was received and does not describe the stored bytes.
            prefix = "X-Archive-Orig-" if name.lower() in _TRANSFER else ""
            if re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                headers.append((prefix + name, value))
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", content_type))
    try:
        phrase = HTTPStatus(http["status"]).phrase
    except ValueError:
        phrase = ""
    return StatusAndHeaders(f"{http['status']} {phrase}".strip(), headers, protocol="HTTP/1.1")


def raw_record(fields: Mapping[str, Any], payload: bytes) -> bytes:
    """Return a raw record as JSON: what `page_members` was given, up to insignificant differences of JSON and base64.

    Args:
        fields: the metadata record.
        payload: the page.

    Raises:
        UnicodeDecodeError: the page has no declared encoding and is not UTF-8; its digest cannot have been checked.
    """
    encoded = str(fields.get("encoding") or "").strip()
    content = base64.b64encode(payload).decode() if encoded else payload.decode()
    return json.dumps({**fields, "content": content}, ensure_ascii=False).encode()


def _id(original: Original, part: str = "") -> str:
    digest = hashlib.sha256(original.value).hexdigest()
    name = f"rasd:{original.topic}:{original.partition}:{original.offset}:{original.timestamp}:{digest}:{part}"
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}>"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
