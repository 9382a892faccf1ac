"""Read pages that a browser saved with all that belongs to them: MHTML (RFC 2557)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

from streams.errors import Reason, Rejected
from streams.sources.base import Item
from streams.sources.readers.base import Document, Format, ReadOptions, head_text
from streams.sources.readers.pages import page_item

_HEADER_RE = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*)+")
_KIND_RE = re.compile(r"^content-type:\s*multipart/(?:related|mixed|alternative)", re.IGNORECASE | re.MULTILINE)


def _read(document: Document, options: ReadOptions) -> Iterator[Item]:
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(document.read_whole())
    page = _root(message)
    if page is None:
        raise Rejected(Reason.NO_ARTICLE, "no part of it is a page")
    data = page.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        raise Rejected(Reason.EMPTY_BODY, "the page in it is empty")
    address = str(message.get("Snapshot-Content-Location") or page.get("Content-Location") or "").strip()
    more = {}
    with suppress(TypeError, ValueError):  # no date, or an invalid one
        more["fetched_at"] = parsedate_to_datetime(str(message["Date"])).isoformat()
    yield page_item(
        document.location,
        data,
        options,
        uri=document.uri,
        url=address if re.match(r"https?://", address, re.IGNORECASE) else None,
        content_type="text/plain" if page.get_content_type() == "text/plain" else "text/html",
        charset=page.get_content_charset(),
        more=more,
    )


def _root(message: EmailMessage) -> EmailMessage | None:
    """Return the part that is the page: the one that `start` names, else the first page, else the first text."""
    start = message.get_param("start")
    parts = [part for part in message.walk() if isinstance(part, EmailMessage) and not part.is_multipart()]
    named = [part for part in parts if start and part.get("Content-ID") == start]
    pages = [part for part in parts if part.get_content_type() in {"text/html", "application/xhtml+xml"}]
    texts = [part for part in parts if part.get_content_type() == "text/plain"]
    return next(iter([*(part for part in named if part in pages), *pages, *texts]), None)


def _recognise(document: Document) -> bool:
    header = _HEADER_RE.match(head_text(document.head).replace("\r\n", "\n"))
    return header is not None and _KIND_RE.search(header.group()) is not None


MHTML = Format("mhtml", "pages saved as one file", (".mhtml", ".mht"), _recognise, _read)
