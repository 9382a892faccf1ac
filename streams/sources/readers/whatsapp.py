"""Read the text that WhatsApp exports of a chat."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from streams.sources.base import Item
from streams.sources.readers.base import (
    MAX_RECORD_BYTES,
    Document,
    Format,
    ReadOptions,
    Skipped,
    first_lines,
    too_large,
)
from streams.sources.readers.fields import read_fields
from streams.sources.readers.json_records import text_stream
from streams.sources.readers.messages import headline

_INVISIBLE_RE = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_NARROW = str.maketrans({"\u00a0": " ", "\u202f": " "})
# «29/11/2026, 14:30 - Name: text» of Android, «[29/11/2026, 2:30:05 PM] Name: text» of iOS; digits may be Arabic.
_DAY = r"(?P<day>[\d٠-٩]{1,4}[/.\-][\d٠-٩]{1,2}[/.\-][\d٠-٩]{2,4})"
_CLOCK = r"(?P<clock>[\d٠-٩]{1,2}:[\d٠-٩]{2}(?::[\d٠-٩]{2})?(?: ?(?:[AaPp]\.?[Mm]\.?|ص|م))?)"
_BRACKETED_RE = re.compile(rf"\[{_DAY}[,،]? {_CLOCK}\] (?P<rest>.*)")
_DASHED_RE = re.compile(rf"{_DAY}[,،]? {_CLOCK} [-–] (?P<rest>.*)")
_SENDER_RE = re.compile(r"(?P<sender>[^:\n]{1,80}): ?(?P<text>.*)", re.DOTALL)
_MEDIA_RE = re.compile(
    r"\s*(?:<[^<>\n]{3,60}>|(?:image|video|audio|sticker|document|GIF|Contact card) omitted|null"
    r"|.{1,80}\((?:file attached|الملف مرفق)\)"
    r"|This message was deleted\.?|You deleted this message\.?|تم حذف هذه الرسالة\.?|لقد حذفت هذه الرسالة\.?)\s*",
)
_CHAT_RE = re.compile(
    r"(?:WhatsApp Chat (?:with|-) |محادثة واتساب مع |دردشة واتساب مع )(?P<name>[^/]+?)(?:\.(?:txt|zip))?(?=$|!)"
)


def _read(document: Document, options: ReadOptions) -> Iterator[Item]:
    """Yield the messages that people wrote; what WhatsApp itself writes between them is passed over."""
    named = _CHAT_RE.search(document.location)
    chat = named["name"].strip() if named else ""
    skipped = Skipped()
    lines: list[str] = []
    begins = number = size = 0
    stream = text_stream(document)
    while line := stream.readline(MAX_RECORD_BYTES):
        number += 1
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if _stamp(text) is not None:
            yield from _message(document, lines, begins, chat, options=options, skipped=skipped)
            lines, begins, size = [], number, 0
        elif not lines:
            begins = number
        lines.append(text)
        size += len(line)
        if size > MAX_RECORD_BYTES:
            yield Item(
                f"{document.location}:{begins}", "\n".join(lines).encode()[:65536], failure=too_large(MAX_RECORD_BYTES)
            )
            lines, size = [], 0
    yield from _message(document, lines, begins, chat, options=options, skipped=skipped)
    yield from skipped.items(document.location)


def _stamp(line: str) -> re.Match[str] | None:
    plain = _INVISIBLE_RE.sub("", line[:200]).translate(_NARROW) + line[200:]
    return _BRACKETED_RE.match(plain) or _DASHED_RE.match(plain)


def _message(
    document: Document, lines: list[str], begins: int, chat: str, *, options: ReadOptions, skipped: Skipped
) -> Iterator[Item]:
    if not lines or not any(line.strip() for line in lines):
        return
    stamp = _stamp(lines[0])
    if stamp is None:
        first, when, text = None, None, "\n".join(lines)
    else:
        first = _SENDER_RE.fullmatch(stamp["rest"])
        if first is None:
            skipped.add("lines of WhatsApp itself")
            return
        when = f"{_four_digits(stamp['day'])} {stamp['clock']}"
        text = "\n".join([first["text"], *lines[1:]])
    if not text.strip() or _MEDIA_RE.fullmatch(_INVISIBLE_RE.sub("", text)) is not None:
        skipped.add("messages without text")
        return
    sender = first["sender"].strip() if first else ""
    source = (chat or sender or "whatsapp")[:200]
    digest = hashlib.sha256(f"{when}\n{sender}\n{text}".encode("utf-8", "replace")).hexdigest()[:16]
    record: dict[str, Any] = {
        "url": f"urn:whatsapp:{quote(source)}:{digest}",
        "source": source,
        "title": headline(text),
        "content": text,
        "content_type": "text/plain",
        "published_at": when,
    }
    yield read_fields(f"{document.location}:{begins}", record, options)


def _four_digits(day: str) -> str:
    """Complete a year of two digits."""
    return re.sub(r"([/.\-])([\d٠-٩]{2})$", r"\g<1>20\2", day) if re.match(r"[\d٠-٩]{1,2}[/.\-]", day) else day


def _recognise(document: Document) -> bool:
    lines = [_stamp(line) for line in first_lines(document.head, 20)]
    return bool(lines) and lines[0] is not None


WHATSAPP = Format("whatsapp", "WhatsApp's export of a chat as text", (), _recognise, _read)
