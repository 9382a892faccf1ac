"""What is fuzzed: each target takes any bytes and must not fail.

A target raises where the code under test breaks a promise. The errors that it makes on purpose are part of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime

from agents.clean.page import Limits, clean_page
from streams.api.events import read_vector, write_vector
from streams.errors import Rejected
from streams.records import Article, ClusterMove, FingerprintedArticle, RawArticle, Record, decode
from streams.search.query import build_query
from streams.search.request import Filters, read_cursor, write_cursor
from streams.search.syntax import MAX_DISTRIBUTED, MAX_OPERANDS, parse

NOON = datetime(2024, 2, 3, 12, tzinfo=UTC)
SMALL = Limits(max_content_bytes=65_536, max_paragraphs=200, max_articles=20)
RECORDS: tuple[type[Record], ...] = (RawArticle, Article, FingerprintedArticle, ClusterMove)


def query(data: bytes) -> None:
    """A text query: parsed within its limits, and built into a query of plain JSON."""
    text = data.decode(errors="replace")
    try:
        parsed = parse(text)
    except ValueError:
        return
    operands = [operand for choice in parsed.required for operand in choice] + list(parsed.excluded)
    assert all(operand.text.strip() for operand in operands)
    assert len(set(parsed.words)) + len({*operands}) <= MAX_OPERANDS
    assert len(operands) <= MAX_DISTRIBUTED + MAX_OPERANDS
    if len(text) <= 500:
        json.dumps(build_query(Filters(q=text)))


def positions(data: bytes) -> None:
    """A cursor of a page and an event id of the live feed: read only if it could have been written."""
    text = data.decode(errors="replace")
    try:
        position = read_cursor(text)
    except ValueError:
        pass
    else:
        assert read_cursor(write_cursor(position)) == position
    try:
        vector = read_vector(text)
    except ValueError:
        pass
    else:
        assert read_vector(write_vector(vector)) == vector


def records(data: bytes) -> None:
    """Records from the wire: rejected with a reason, or written in a form that is read without loss.

    The first writing may differ, as it is where times of several forms become ISO 8601.
    """
    for model in RECORDS:
        try:
            record = decode(model, data)
        except Rejected as error:
            assert error.detail
            continue
        written = decode(model, record.to_json()).to_json()
        assert decode(model, written).to_json() == written


def page(data: bytes) -> None:
    """A page in HTML or text: rejected, or articles that have a text and can be written."""
    kind, content = data[:1], data[1:].decode(errors="replace")
    raw = RawArticle(
        url="https://almina.example.com/news/1",
        source="almina",
        content=content,
        content_type={b"h": "text/html", b"t": "text/plain"}.get(kind),
    )
    try:
        articles = clean_page(raw, ingested_at=NOON, limits=SMALL)
    except Rejected:
        return
    for article in articles:
        assert article.body.strip()
        written = article.to_json()
        assert decode(Article, written).to_json() == written


def encoded(data: bytes) -> None:
    """A page of bytes in a charset that it may lie about."""
    label, _, content = data.partition(b"\n")
    raw = RawArticle(
        url="https://almina.example.com/news/1",
        source="almina",
        content=base64.b64encode(content).decode(),
        encoding=label.decode(errors="replace")[:40] or "auto",
    )
    try:
        clean_page(raw, ingested_at=NOON, limits=SMALL)
    except Rejected:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (query, positions, records, page, encoded)
}


# Inputs from which fuzzing starts: they show it what the code reads.
SEEDS: dict[str, tuple[str, ...]] = {
    "query": ('"مجلس الأمن" -رياضة', "(صنعاء أو عدن) و انفجار", "+عدن NOT «كرة قدم» | x", "l’Élysée -(a b) “c”"),
    "positions": ("0:12,1:40", "MTA", "WzEuNSwxNzAwMDAwMDAwMDAwLCJhMSJd"),
    "records": (
        '{"url":"https://a.example.com/1","source":"a","content":"نص","published_at":"2024-02-03T04:05:06+03:00"}',
        '{"id":"a1","url":"https://a.example.com/1","source":"a","title":null,"body":"نص","language":"ar",'
        '"ingested_at":"2024-02-03T04:05:06Z"}',
    ),
    "page": (
        "h<html><head><title>خبر - المينا</title></head><body><article><h1>خبر عاجل</h1><p>بيروت (وكالات) - افتتح"
        " الوزير معرض الكتاب مساء أمس.</p><p>كتب: سمير خوري</p></article></body></html>",
        "tافتتاح معرض الكتاب\nبيروت 3-2-2024 (أ ف ب) - افتتح الوزير المعرض.\n\nاقرأ أيضا: خبر آخر",
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"خبر","articleBody":"نص"}</script>',
    ),
    "encoded": ("windows-1256\n<p>نص عربي</p>", "auto\nÇáÓáÇã Úáíßã", "utf-16\nx"),
}
