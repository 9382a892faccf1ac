"""Files that crawlers and people left behind, from file to article: each once cost an article or made a wrong one."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.clean.page import Limits, clean_page
from streams.records import Article
from streams.sources.files import read_paths

TITLE = "مرجان تفتتح سوقا مغطاة للخضار بعد عامين من الترميم"
FIRST = "أعلنت بلدية مرجان افتتاح سوق مغطاة للخضار على ضفة الوادي، بعد عامين من أعمال الترميم."
SECOND = "وقالت رئيسة البلدية هالة النجدي إن السوق تضم مئة وعشرين محلا، وإن الأولوية للباعة القدامى."
THIRD = "ويقول البائع سليم قنديل إنه انتظر هذا اليوم طويلا، فالأمطار كانت تفسد بضاعته كل شتاء."
URL = "https://aldiffa.example/n/7"
PAGE = f"""<!DOCTYPE html>
<html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>{TITLE}</title></head>
<body><h1>{TITLE}</h1><article><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></article></body></html>"""
RECORD = {"url": URL, "source": "الضفة", "title": TITLE, "content": f"{FIRST}\n\n{SECOND}\n\n{THIRD}"}
BODY = f"{FIRST}\n{SECOND}\n{THIRD}"


def articles(file: Path) -> list[Article]:
    """What the files become after cleaning."""
    found = []
    for item in read_paths([file]):
        assert item.failure is None, item.failure
        if item.raw is not None:
            found += clean_page(item.raw, ingested_at=datetime(2026, 11, 30, tzinfo=UTC), limits=Limits())
    return found


FUNDUS = {
    "title": TITLE,
    "body": {"summary": [FIRST], "sections": [{"headline": [], "paragraphs": [SECOND, THIRD]}]},
    "authors": ["رنا قاسم"],
    "publishing_date": "2024-03-05 10:30:00+03:00",
    "html": {"requested_url": URL, "responded_url": URL, "content": PAGE},
}
TRAFILATURA = {
    "title": TITLE,
    "author": "رنا قاسم",
    "hostname": "aldiffa.example",
    "date": "2024-03-05",
    "raw_text": BODY,
    "text": BODY,
    "source": URL,
    "source-hostname": "aldiffa.example",
    "comments": "",
}


@pytest.mark.parametrize(
    ("record", "published", "byline"),
    [
        (RECORD | {"published_at": "Tue, 05 Mar 2024 10:30:00 +0300"}, "2024-03-05T07:30:00Z", None),
        (RECORD | {"published_at": "05/03/2024"}, "2024-03-05T00:00:00Z", None),
        (RECORD | {"author": ["رنا قاسم", "مازن درويش"], "id": 17}, None, "رنا قاسم، مازن درويش"),
        (RECORD | {"author": "رنا قاسم\nمازن درويش"}, None, "رنا قاسم، مازن درويش"),
        (FUNDUS, "2024-03-05T07:30:00Z", "رنا قاسم"),
        (TRAFILATURA, "2024-03-05T00:00:00Z", "رنا قاسم"),
    ],
)
def test_records(tmp_path: Path, record: dict[str, object], published: str | None, byline: str | None) -> None:
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    (article,) = articles(file)
    assert (article.url, article.title, article.body, article.byline) == (URL, TITLE, BODY, byline)
    assert json.loads(article.to_json())["published_at"] == published


def test_half_an_emoji(tmp_path: Path) -> None:
    text = json.dumps(RECORD, ensure_ascii=False).replace(FIRST, FIRST + r" \ud83d")
    (tmp_path / "record.json").write_text(text, encoding="utf-8")
    (article,) = articles(tmp_path / "record.json")
    assert article.body == BODY
    assert article.trace["clean"].notes == ["content: 1 character that is no text was removed"]


def test_a_packed_page(tmp_path: Path) -> None:
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (article,) = articles(tmp_path / "page.html.gz")
    assert (article.title, article.body) == (TITLE, BODY)


def test_the_headers_of_a_warc_file_are_not_its_article(tmp_path: Path) -> None:
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{PAGE}"
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {URL}\r\nContent-Type: application/http; msgtype=response"
    )
    data = f"{head}\r\nContent-Length: {len(http.encode())}\r\n\r\n{http}\r\n\r\n"
    (tmp_path / "page.txt").write_bytes(data.encode())
    (article,) = articles(tmp_path / "page.txt")
    assert (article.url, article.title, article.body, article.language) == (URL, TITLE, BODY, "ar")


def test_messages_copied_from_telegram_are_articles_of_their_own(tmp_path: Path) -> None:
    text = (
        f"قناة الضفة, [05.03.2024 10:30]\n{TITLE}\n\n{FIRST}\n\nقناة الضفة, [05.03.2024 11:05]\n[ Photo ]\n{SECOND}\n"
    )
    (tmp_path / "copy.txt").write_text(text, encoding="utf-8")
    first, second = articles(tmp_path / "copy.txt")
    assert (first.title, first.body) == (TITLE, FIRST)
    assert second.body == SECOND


def test_both_messages_of_a_page_of_telegram_are_kept(tmp_path: Path) -> None:
    message = (
        '<div class="message default clearfix" id="message{}"><div class="body"><div class="text">{}</div></div></div>'
    )
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>Exported Data</title></head><body>'
        + message.format(1, f"<strong>{TITLE}</strong><br><br>{FIRST}")
        + message.format(2, SECOND)
        + "</body></html>"
    )
    (tmp_path / "messages.html").write_text(page, encoding="utf-8")
    first, second = articles(tmp_path / "messages.html")
    assert (first.title, first.body, second.body) == (TITLE, FIRST, SECOND)
