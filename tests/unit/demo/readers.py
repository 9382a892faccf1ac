"""Reading the sample articles as a browser would, with nothing of the pipeline but the decoding of raw records."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from streams.records import RawArticle, decode

ROOT = Path(__file__).resolve().parents[3]
ARTICLES = ROOT / "deploy" / "demo" / "articles"
EXPECTED: dict[str, Any] = json.loads((ARTICLES / "expected.json").read_text(encoding="utf-8"))
EXPECTED_ARTICLES: list[dict[str, Any]] = EXPECTED["articles"]

# Bytes that cp1252 leaves undefined; browsers, and so most scrapers, read them as the C1 control of the same number.
CP1252_HOLES = (0x81, 0x8D, 0x8F, 0x90, 0x9D)


def fold(text: str) -> list[str]:
    """Words without vowel marks, tatweel and joiners, hamza seats and digit systems unified."""
    text = re.sub("[\u064b-\u0652\u0670\u0640\u200c\u200d]", "", text)
    text = text.translate(str.maketrans("أإآٱىة٠١٢٣٤٥٦٧٨٩", "اااايه0123456789"))
    return re.findall(r"\d+(?:[.,٫]\d+)*|[^\W\d_]+", text)


def unmarked(text: str) -> str:
    """Without vowel marks and tatweel."""
    return re.sub("[\u064b-\u0652\u0670\u0640]", "", text)


def read_html(page: str) -> str:
    """What stands on the page, its head's title included, entities resolved."""
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", page)).replace("\u00a0", " ")


def repair(text: str) -> str:
    """Undo UTF-8 that was read as cp1252."""
    return b"".join(c.encode("latin-1" if ord(c) in CP1252_HOLES else "cp1252") for c in text).decode()


def file_text(path: Path) -> str:
    """A .txt or .html file, by its byte order mark, its meta charset, else UTF-8."""
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    charset = re.search(rb"charset=[\"']?([\w-]+)", data[:2000]) if path.suffix == ".html" else None
    return data.decode(charset.group(1).decode() if charset else "utf-8")


@cache
def raw_records(file: str) -> tuple[RawArticle, ...]:
    """Every record of a .jsonl or .json file, in order."""
    path = ARTICLES / file
    if path.suffix == ".jsonl":
        return tuple(decode(RawArticle, line) for line in path.read_bytes().splitlines())
    rows = json.loads(path.read_bytes())
    return tuple(decode(RawArticle, json.dumps(row).encode()) for row in rows)


def record_text(record: RawArticle) -> str:
    """All that a reader could see of one raw record."""
    data = record.content_bytes()
    if data is not None:
        content = data.decode("windows-1256" if record.encoding == "auto" else record.encoding or "utf-8")
    else:
        content = record.content
    if record.content_type == "text/html":
        content = read_html(content)
    text = "\n".join(part for part in (record.title, record.author, content) if part)
    return repair(text) if "Ø" in text else text


@cache
def source_text(index: int) -> str:
    """All that a reader could see in the input of one expected article."""
    expected = EXPECTED_ARTICLES[index]
    path = ARTICLES / expected["file"]
    if path.suffix in {".jsonl", ".json"}:
        at = expected["line"] - 1 if path.suffix == ".jsonl" else expected["index"]
        return record_text(raw_records(expected["file"])[at])
    text = file_text(path)
    return read_html(text) if path.suffix == ".html" else text


def body(index: int) -> str:
    """The article's own text: from its first expected words to its last."""
    expected, text = EXPECTED_ARTICLES[index], source_text(index)
    start = text.rindex(expected["begins"])
    return text[start : text.index(expected["ends"], start) + len(expected["ends"])]
