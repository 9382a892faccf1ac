"""Read what people keep of Telegram channels: its export as JSON or HTML, and messages copied from its window."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from streams.errors import Reason, Rejected
from streams.sources.base import Item
from streams.sources.readers.base import (
    MAX_RECORD_BYTES,
    Document,
    Format,
    ReadOptions,
    Skipped,
    first_lines,
    head_text,
    too_large,
)
from streams.sources.readers.fields import read_fields
from streams.sources.readers.json_records import piece_location, text_stream
from streams.sources.readers.json_scan import Scanner
from streams.sources.readers.messages import headline

_JSON_RE = re.compile(
    r'\s*\{.*?"messages"\s*:\s*\[\s*\{\s*"id"\s*:\s*-?\d+\s*,\s*"type"\s*:\s*"(?:message|service)"', re.DOTALL
)
_MESSAGES_RE = re.compile(rb'"messages"\s*:\s*\[')
_STRING = rb'"((?:[^"\\]|\\.){0,400})"'
_NAME_RE = re.compile(rb'"name"\s*:\s*' + _STRING)
_ID_RE = re.compile(rb'"id"\s*:\s*(-?\d+)')
_HTML_RE = re.compile(r'class="message (?:default|service) clearfix')
_STAMP_RE = re.compile(
    r"^(?P<name>[^\n\[\]]{1,120}), \[(?P<time>\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d\d(?::\d\d)?)\]\s*$", re.MULTILINE
)
_MEDIA_RE = re.compile(
    r"^\[ (?:Photo|Video|File|Album|Voice message|Sticker|GIF|Poll|Audio file|صورة|فيديو|ملف|ألبوم) \]$"
)


def _record(chat: str, chat_id: object, number: object, text: str, when: object) -> dict[str, Any]:
    """Make the record of one message. Its address is what Telegram itself uses for messages of a channel by number."""
    if isinstance(chat_id, int) and isinstance(number, int):
        url = f"https://t.me/c/{chat_id}/{number}"
    else:
        url = f"urn:telegram:{quote(chat or 'chat')}:{quote(str(number))}"
    return {
        "url": url,
        "source": chat[:200] or "telegram",
        "title": headline(text),
        "content": text,
        "content_type": "text/plain",
        "published_at": when,
    }


def _read_json(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Read result.json: of one chat, or of all."""
    scanner = Scanner(text_stream(document), MAX_RECORD_BYTES)
    skipped = Skipped()
    while (header := scanner.skip_to(_MESSAGES_RE, keep=4096)) is not None:
        names, ids = _NAME_RE.findall(header), _ID_RE.findall(header)
        chat = json.loads(b'"' + names[-1] + b'"', strict=False) if names else ""
        chat_id = int(ids[-1]) if ids else None
        for piece in scanner.elements():
            location = piece_location(document.location, piece)
            if piece.fault is not None:
                failure = (
                    too_large(MAX_RECORD_BYTES) if "too long" in piece.fault else Rejected(Reason.NOT_JSON, piece.fault)
                )
                yield Item(location, piece.data, failure=failure)
                continue
            try:
                message = json.loads(piece.data.decode("utf-8", "surrogatepass"), strict=False)
            except (ValueError, RecursionError) as error:
                yield Item(location, piece.data, failure=Rejected(Reason.NOT_JSON, str(error)))
                continue
            text = _text(message.get("text")) if isinstance(message, Mapping) else ""
            if not text.strip():
                skipped.add("messages without text")
                continue
            seconds = message.get("date_unixtime")
            when = (
                datetime.fromtimestamp(int(seconds), UTC).isoformat()
                if str(seconds).isdecimal()
                else message.get("date")
            )
            record = _record(chat, chat_id, message.get("id"), text, when)
            yield read_fields(location, record, options, data=piece.data)
    yield from skipped.items(document.location)


def _text(value: Any) -> str:
    """Return the text of a message: a text, or a list of texts and marked texts."""
    if isinstance(value, list):
        return "".join(map(_text, value))
    if isinstance(value, Mapping):
        return _text(value.get("text"))
    return value if isinstance(value, str) else ""


def _read_html(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Read messages.html, a page of up to a thousand messages."""
    tree = LexborHTMLParser(document.read_whole().decode("utf-8", "replace"))
    title = tree.css_first(".page_header .text")
    chat = _line(title) if title is not None else ""
    skipped = Skipped()
    for node in tree.css("div.message"):
        body = node.css_first("div.text")
        number = (node.attributes.get("id") or "").removeprefix("message")
        if "service" in (node.attributes.get("class") or "").split() or body is None:
            skipped.add("messages without text")
            continue
        stamp = node.css_first("div.date")
        when = (stamp.attributes.get("title") or "") if stamp is not None else ""
        # 05.03.2024 10:30:00 UTC+03:00
        record = _record(chat, None, number, _paragraphs(body), when.replace("UTC", "").strip() or None)
        yield read_fields(f"{document.location}:message {number}", record, options)
    yield from skipped.items(document.location)


def _line(node: LexborNode) -> str:
    return " ".join(node.text().split())


def _paragraphs(node: LexborNode) -> str:
    for line_break in node.css("br"):
        line_break.replace_with("\n")
    return node.text().strip()


def _read_copy(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Read messages that were copied from the window: each begins with `Name, [05.03.2024 10:30]`."""
    text = head_text(document.read_whole()).replace("\r\n", "\n")
    stamps = list(_STAMP_RE.finditer(text))
    skipped = Skipped()
    if before := text[: stamps[0].start()].strip() if stamps else text.strip():
        record = _record("", None, "0", before, None)
        yield read_fields(f"{document.location}:1", record, options)
    for index, stamp in enumerate(stamps):
        end = stamps[index + 1].start() if index + 1 < len(stamps) else len(text)
        lines = text[stamp.end() : end].split("\n")
        body = "\n".join(line for line in lines if not _MEDIA_RE.match(line.strip())).strip()
        if not body:
            skipped.add("messages without text")
            continue
        name = stamp["name"].strip()
        # The same message has the same address wherever it stands among others.
        number = hashlib.sha256(f"{stamp['time']}\n{body}".encode("utf-8", "replace")).hexdigest()[:16]
        line = text.count("\n", 0, stamp.start()) + 1
        yield read_fields(f"{document.location}:{line}", _record(name, None, number, body, stamp["time"]), options)
    yield from skipped.items(document.location)


def _is_copy(document: Document) -> bool:
    lines = first_lines(document.head, 1)
    return bool(lines) and _STAMP_RE.match(lines[0]) is not None


JSON = Format(
    "telegram",
    "Telegram's export, result.json",
    (),
    lambda document: _JSON_RE.match(head_text(document.head)) is not None,
    _read_json,
)
HTML = Format(
    "telegram-html",
    "Telegram's export, messages.html",
    (),
    lambda document: _HTML_RE.search(head_text(document.head)) is not None,
    _read_html,
)
COPY = Format("telegram-copy", "messages copied from Telegram's window", (), _is_copy, _read_copy)
