"""Every format, from the output of the programs that write it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import product
from pathlib import Path
from typing import Any

import brotli
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from feedgen.feed import FeedGenerator
from scrapy.exporters import CsvItemExporter, JsonItemExporter, JsonLinesItemExporter
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from streams.errors import OperatorError, Reason
from streams.formats.csv import BOM, COLUMNS, line, row
from streams.records import RawArticle
from streams.sources.base import Item
from streams.sources.files import read_paths
from streams.sources.readers.base import MAX_RECORD_BYTES, ReadOptions
from streams.sources.readers.messages import headline
from streams.sources.readers.registry import formats
from tests.support.articles import BODY, article, raw_record

TITLE = "افتتاح معرض الكتاب في بيروت"
SECOND = "وقال المنظمون إن المعرض يستمر أسبوعين وإن الدخول مجاني."
URL = "https://almina.example/news/1"
WHEN = datetime(2024, 3, 5, 7, 30, tzinfo=UTC)
PAGE = (
    '<!DOCTYPE html>\n<html lang="ar"><head><meta charset="{charset}"><title>معرض</title>'
    '<link rel="canonical" href="https://almina.example/news/1"><meta property="og:site_name" content="المينا">'
    f"</head><body><h1>{TITLE}</h1><p>{BODY}</p></body></html>"
)


def read(path: Path, **options: Any) -> list[Item]:
    return list(read_paths([path], ReadOptions(**options)))


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def records(items: list[Item]) -> list[RawArticle]:
    """The records; none may have failed."""
    assert [item.failure for item in items if item.failure] == []
    return [item.raw for item in items if item.raw is not None]


def only(items: list[Item]) -> RawArticle:
    (raw,) = records(items)
    return raw


def failure(item: Item) -> tuple[Reason, str]:
    assert item.failure is not None
    return item.failure.reason, item.failure.detail


# What crawlers write as JSON, by the names that they use.

CRAWLED: dict[str, dict[str, Any]] = {
    "news-please": {
        "authors": ["رنا قاسم", "مازن درويش"],
        "date_download": "2024-03-06 01:02:03",
        "date_modify": None,
        "date_publish": "2024-03-05 07:30:00",
        "description": "وصف",
        "filename": "x.json",
        "image_url": None,
        "language": "ar",
        "localpath": None,
        "maintext": f"{BODY}\n{SECOND}",
        "source_domain": "almina.example",
        "title": TITLE,
        "title_page": None,
        "url": URL,
    },
    "Fundus": {
        "title": TITLE,
        "body": {"summary": [BODY], "sections": [{"headline": [], "paragraphs": [SECOND]}]},
        "authors": ["رنا قاسم", "مازن درويش"],
        "publishing_date": "2024-03-05 10:30:00+03:00",
        "topics": [],
        "html": {
            "requested_url": URL,
            "responded_url": URL,
            "content": "<html></html>",
            "crawl_date": "2024-03-06 01:02:03+00:00",
            "source_info": {"publisher": "almina.example"},
        },
    },
    "newspaper": {
        "url": URL,
        "read_more_link": "",
        "title": TITLE,
        "authors": ["رنا قاسم", "مازن درويش"],
        "text": f"{BODY}\n{SECOND}",
        "publish_date": "2024-03-05T07:30:00",
        "meta_site_name": "almina.example",
        "canonical_link": "https://almina.example/other",
        "summary": "",
        "download_date": "2024-03-06T01:02:03Z",
    },
    "trafilatura": {
        "title": TITLE,
        "author": "رنا قاسم، مازن درويش",
        "hostname": "almina.example",
        "date": "2024-03-05T07:30:00",
        "fingerprint": "x",
        "id": None,
        "raw_text": "x",
        "text": f"{BODY}\n{SECOND}",
        "source": URL,
        "source-hostname": "almina.example",
        "crawl_date": "2024-03-06T01:02:03",
    },
    "WordPress": {
        "id": 17,
        "date": "2024-03-05T10:30:00",
        "date_gmt": "2024-03-05T07:30:00",
        "guid": {"rendered": "https://almina.example/?p=17"},
        "link": URL,
        "title": {"rendered": TITLE},
        "content": {"rendered": f"{BODY}\n{SECOND}", "protected": False},
        "author": 3,
        "site": "almina.example",
    },
    "NewsAPI": {
        "source": {"id": None, "name": "almina.example"},
        "author": "رنا قاسم، مازن درويش",
        "title": TITLE,
        "url": URL,
        "publishedAt": "2024-03-05T07:30:00Z",
        "content": f"{BODY}\n{SECOND}",
    },
    "Zyte": {
        "url": URL,
        "headline": TITLE,
        "datePublished": "2024-03-05T07:30:00Z",
        "datePublishedRaw": "5 مارس",
        "authors": [{"name": "رنا قاسم", "nameRaw": "رنا"}, {"name": "مازن درويش"}],
        "articleBody": f"{BODY}\n{SECOND}",
        "publisher": {"name": "almina.example"},
        "metadata": {"dateDownloaded": "2024-03-06T01:02:03Z"},
    },
    "a dump of Elasticsearch": {
        "_index": "news",
        "_id": "17",
        "_source": {"url": URL, "title": TITLE, "body": f"{BODY}\n{SECOND}", "timestamp": 1709623800000},
    },
    "a project of one's own": {
        "link": URL,
        "header": TITLE,
        "text": [BODY, SECOND],
        "pub_date": "Tue, 05 Mar 2024 10:30:00 +0300",
        "site": "https://www.almina.example/",
    },
    "a table in Arabic": {
        "الرابط": URL,
        "العنوان": TITLE,
        "النص": f"{BODY}\n{SECOND}",
        "تاريخ النشر": "05/03/2024 07:30",
    },
}


@pytest.mark.parametrize("program", CRAWLED)
@pytest.mark.parametrize("many", [False, True])
def test_records_of_crawlers(tmp_path: Path, program: str, many: bool) -> None:
    written = CRAWLED[program]
    file = tmp_path / "out.json"
    file.write_text(json.dumps([written] * 2 if many else written, ensure_ascii=False, indent=2), encoding="utf-8")
    raw = records(read(file))[-1]
    assert (raw.url, raw.source, raw.title) == (URL, "almina.example", TITLE)
    assert raw.content == f"{BODY}\n{SECOND}"
    assert raw.published_at == WHEN
    assert raw.author in {"رنا قاسم، مازن درويش", None}
    assert (raw.author is None) == (not {"author", "authors"} & {*written} or program == "WordPress")
    assert raw.fetched_at in {datetime(2024, 3, 6, 1, 2, 3, tzinfo=UTC), None}
    # A number of another program's database is no id: two of them may have the same.
    assert raw.id is None
    assert raw.notes == ()


def test_our_own_articles_come_back_with_their_ids(tmp_path: Path) -> None:
    ours = article(byline="رنا قاسم", published_at="2024-03-05T07:30:00Z")
    raw = only(read(write(tmp_path / "export.ndjson", ours.to_json() + b"\n")))
    assert (raw.id, raw.url, raw.content, raw.author) == (ours.id, ours.url, ours.body, ours.byline)


def test_names_of_the_user_and_an_outlet_for_all(tmp_path: Path) -> None:
    file = write(tmp_path / "x.jl", json.dumps({"a": URL, "t": {"x": TITLE}, "title": "آخر", "txt": BODY, "nr": 7}))
    (item,) = read(file)
    reason, detail = failure(item)
    assert reason is Reason.BAD_SCHEMA
    assert "url: Field required" in detail
    assert "content: Field required" in detail
    assert "fields there: a, t, title, txt, nr (--map)" in detail
    raw = only(read(file, names={"url": "a", "title": "t.x", "content": "txt", "id": "nr"}, source="المينا"))
    assert (raw.url, raw.title, raw.content, raw.source, raw.id) == (URL, TITLE, BODY, "المينا", "7")


def test_a_record_of_ours_keeps_its_bytes(tmp_path: Path) -> None:
    written = json.dumps(raw_record(author=["a"]), indent=1)
    (item,) = read(write(tmp_path / "x.json", written))
    assert item.data.decode() == written


@pytest.mark.parametrize("holder", ["articles", "items", "results", "data"])
def test_objects_that_hold_the_records(tmp_path: Path, holder: str) -> None:
    whole = {
        "status": "ok",
        "total": 2,
        "meta": {"page": 1},
        holder: [raw_record(id="1"), raw_record(id="2")],
        "next": None,
    }
    items = read(write(tmp_path / "page.json", json.dumps(whole, ensure_ascii=False)))
    assert [raw.id for raw in records(items)] == ["1", "2"]
    assert [item.location.rpartition(":")[2] for item in items] == ["1[1]", "1[2]"]


def test_the_answer_of_a_search_engine(tmp_path: Path) -> None:
    hits = [{"_id": "1", "_source": raw_record(id="1")}, {"_id": "2", "_source": raw_record(id="2")}]
    whole = {"took": 3, "timed_out": False, "hits": {"total": {"value": 2}, "max_score": None, "hits": hits}}
    assert len(records(read(write(tmp_path / "hits.json", json.dumps(whole))))) == 2


def test_elements_of_an_array_are_named_by_line_or_position(tmp_path: Path) -> None:
    compact = write(tmp_path / "compact.json", json.dumps([raw_record(), {"title": 1}, raw_record()]))
    assert [item.location for item in read(compact)] == [f"{compact}:1[{number}]" for number in (1, 2, 3)]
    pretty = write(tmp_path / "pretty.json", json.dumps([raw_record(), {"title": 1}], indent=1))
    assert [item.location for item in read(pretty)] == [f"{pretty}:2", f"{pretty}:8"]


def test_a_broken_element_costs_itself_alone(tmp_path: Path) -> None:
    good = [json.dumps(raw_record(id=str(number)), indent=1) for number in range(3)]
    bad = ['{"url": "x", }', '{\n "title": "a quotation mark too few,\n "url": "y"\n}', '{"url": "z"']
    text = "[\n" + ",\n".join([good[0], bad[0], good[1], bad[1], good[2], bad[2]])
    items = read(write(tmp_path / "x.json", text))
    assert [item.raw.id for item in items if item.raw] == ["0", "1", "2"]
    kept = [item.data.decode() for item in items if item.failure and item.data]
    assert kept == bad
    assert all(failure(item)[0] is Reason.NOT_JSON for item in items if item.failure)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_json_of_windows(tmp_path: Path, encoding: str, name: str) -> None:
    text = "\n".join(json.dumps(raw_record(id=str(n)), ensure_ascii=False) for n in range(2))
    assert [raw.id for raw in records(read(write(tmp_path / name, text.encode(encoding))))] == ["0", "1"]


def test_a_record_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("json_records",):
        monkeypatch.setattr(f"streams.sources.readers.{module}.MAX_RECORD_BYTES", 4000)
    long = [raw_record(id="1"), raw_record(id="2", content="ا" * 3_000_000), raw_record(id="3")]
    for file in (
        write(tmp_path / "x.json", json.dumps(long)),
        write(tmp_path / "x.jsonl", "\n".join(map(json.dumps, long))),
    ):
        first, second, third = read(file)
        assert first.raw is not None
        assert failure(second)[0] is Reason.TOO_LARGE
        assert 0 < len(second.data) < 70_000
        assert third.raw is not None
        assert third.raw.id == "3"


# Scrapy, tables

ITEM = {"url": URL, "title": TITLE, "text": BODY, "date": "2024-03-05T07:30:00Z", "author": "رنا قاسم"}


@pytest.mark.parametrize(
    ("exporter", "name"), [(JsonLinesItemExporter, "x.jl"), (JsonItemExporter, "x.json"), (CsvItemExporter, "x.csv")]
)
@pytest.mark.parametrize("encoding", [None, "utf-8"])
def test_what_scrapy_exports(tmp_path: Path, exporter: Callable[..., Any], name: str, encoding: str | None) -> None:
    with (tmp_path / name).open("wb") as file:
        export = exporter(file, encoding=encoding)
        export.start_exporting()
        export.export_item(ITEM)
        export.export_item(ITEM | {"url": URL + "0", "text": f'{BODY}\n«{SECOND}», "x"'})
        export.finish_exporting()
    first, second = records(read(tmp_path / name))
    assert (first.url, first.source, first.title, first.content) == (URL, "almina.example", TITLE, BODY)
    assert (first.author, first.published_at) == ("رنا قاسم", WHEN)
    assert second.content == f'{BODY}\n«{SECOND}», "x"'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1256", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_of_spreadsheets(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=delimiter)
    table.writerow(["الرابط", "العنوان", "النص", "المصدر"])
    table.writerow([URL, TITLE, f"{BODY}\n{SECOND}", "المينا"])
    table.writerow([])
    table.writerow([URL, TITLE, "", ""])
    table.writerow([URL, TITLE, BODY, "المينا", "too", "many"])
    file = write(tmp_path / "x.csv", text.getvalue().encode(encoding))
    good, empty, many = read(file)
    assert good.raw is not None
    assert (good.raw.url, good.raw.title, good.raw.source) == (URL, TITLE, "المينا")
    assert good.raw.content == f"{BODY}\n{SECOND}"
    assert empty.location == f"{file}:5"
    assert "content: Field required" in failure(empty)[1]
    assert "6 cells where the first row has 4" in failure(many)[1]


def test_a_table_without_articles_says_which_columns_it_has(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "a,b\n1,2\n")
    (item,) = read(file)
    assert failure(item)[1].startswith("no column is the article's url or content: the columns are a, b; name it")
    assert only(read(write(file, f"a,b\n{URL},{BODY}\n"), names={"url": "a", "content": "b"})).content == BODY


def test_our_own_csv_comes_back(tmp_path: Path) -> None:
    ours = article(title="=1+1", body=f"-{BODY}\n'+1", byline="@رنا")
    cells = row(json.loads(ours.to_json()), list(COLUMNS))
    file = write(tmp_path / "x.csv", BOM + line(list(COLUMNS), ",", safe=True) + line(cells, ",", safe=True))
    raw = only(read(file))
    assert (raw.id, raw.title, raw.content, raw.author) == (ours.id, ours.title, ours.body, ours.byline)


def test_parquet(tmp_path: Path) -> None:
    rows = {
        "url": [URL, URL + "0"],
        "title": [TITLE, None],
        "text": [BODY, None],
        "authors": [["رنا قاسم", "مازن درويش"], []],
        "published": pa.array([WHEN, None], pa.timestamp("us", "UTC")),
    }
    pq.write_table(pa.table(rows), tmp_path / "x.parquet", compression="zstd")
    good, bad = read(tmp_path / "x.parquet")
    assert good.raw is not None
    assert (good.raw.title, good.raw.content, good.raw.published_at) == (TITLE, BODY, WHEN)
    assert good.raw.author == "رنا قاسم، مازن درويش"
    assert bad.location.endswith("x.parquet:row 2")
    assert "content: Field required" in failure(bad)[1]
    cut = write(tmp_path / "cut.parquet", (tmp_path / "x.parquet").read_bytes()[:-20])
    assert "not a readable Parquet file" in failure(read(cut)[0])[1]


# Feeds


def feed() -> FeedGenerator:
    made = FeedGenerator()
    made.load_extension("dc")
    made.id("https://almina.example/")
    made.title("المينا")
    made.description("أخبار")
    made.link(href="https://almina.example/", rel="alternate")
    for number in (1, 2):
        entry = made.add_entry(order="append")
        entry.id(f"https://almina.example/news/{number}")
        entry.link(href=f"https://almina.example/news/{number}")
        entry.title(f"{TITLE} & {number}")
        entry.description("ملخص", isSummary=True)
        entry.content(f'<p>{BODY}</p><form action="x"><p>{SECOND}</p></form>', type="CDATA")
        entry.dc.dc_creator("رنا قاسم")
        entry.author(name="رنا قاسم")
        entry.published(WHEN)
        entry.updated(WHEN)
    return made


@pytest.mark.parametrize("name", ["rss.xml", "atom.xml", "no-suffix"])
def test_feeds_with_full_content(tmp_path: Path, name: str) -> None:
    data = feed().atom_str(pretty=True) if name == "atom.xml" else feed().rss_str(pretty=True)
    items = read(write(tmp_path / name, data))
    first, second = records(items)
    assert (first.url, first.source, first.title) == (URL, "المينا", f"{TITLE} & 1")
    # All of it: cleaning decides what is text.
    assert first.content == f'<p>{BODY}</p><form action="x"><p>{SECOND}</p></form>'
    assert (first.author, first.published_at) == ("رنا قاسم", WHEN)
    assert second.url == "https://almina.example/news/2"
    assert items[1].location == f"{tmp_path / name}:item 2"


RDF = f"""<?xml version="1.0" encoding="windows-1256"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>المينا</title></channel>
<item rdf:about="{URL}"><title>{TITLE}</title><link>{URL}</link><description>{BODY}</description>
<dc:date>2024-03-05T10:30:00+03:00</dc:date></item></rdf:RDF>"""


def test_rdf_in_an_old_encoding(tmp_path: Path) -> None:
    raw = only(read(write(tmp_path / "x.rdf", RDF.encode("cp1256"))))
    assert (raw.source, raw.title, raw.content, raw.published_at) == ("المينا", TITLE, BODY, WHEN)


def test_an_export_of_wordpress(tmp_path: Path) -> None:
    def item(kind: str, status: str, number: int) -> str:
        return (
            f"<item><title>{TITLE}</title><link>https://almina.example/{number}</link>"
            f"<content:encoded><![CDATA[<p>{BODY}</p>]]></content:encoded><excerpt:encoded><![CDATA[]]></excerpt:encoded>"
            f"<wp:post_type>{kind}</wp:post_type><wp:status>{status}</wp:status></item>"
        )

    wxr = (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<!-- generator="WordPress/6" -->\n<rss version="2.0" '
        'xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:wp="http://wordpress.org/export/1.2/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>المينا</title>'
        + item("post", "publish", 1)
        + item("post", "draft", 2)
        + item("attachment", "inherit", 3)
        + "</channel></rss>"
    )
    items = read(write(tmp_path / "export.xml", wxr))
    assert [raw.url for raw in records(items)] == ["https://almina.example/1"]
    assert items[-1].skipped == "skipped 1 entries with the status draft; 1 entries of the type attachment"


def test_a_feed_that_ends_in_the_middle(tmp_path: Path) -> None:
    items = read(write(tmp_path / "x.rss", feed().rss_str()[:-200]))
    assert items[0].raw is not None
    assert "the feed is damaged" in failure(items[-1])[1]


def test_a_feed_cannot_expand_without_bound(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">{entities}]><rss version="2.0"><channel><item>'
    items = read(write(tmp_path / "x.rss", bomb + "<title>&j;</title></item></channel></rss>"))
    assert "amplification" in failure(items[-1])[1]


def test_json_feed(tmp_path: Path) -> None:
    written = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "المينا",
        "authors": [{"name": "رنا قاسم"}],
        "items": [
            {
                "id": "1",
                "url": URL,
                "title": TITLE,
                "content_html": f"<p>{BODY}</p>",
                "date_published": "2024-03-05T10:30:00+03:00",
            },
            {"id": "2"},
            "x",
        ],
    }
    first, second, third = read(write(tmp_path / "feed.json", json.dumps(written)))
    assert first.raw is not None
    assert (first.raw.source, first.raw.author, first.raw.published_at) == ("المينا", "رنا قاسم", WHEN)
    assert "content: Field required" in failure(second)[1]
    assert failure(third)[0] is Reason.BAD_SCHEMA


# WARC


def warc(*pages: tuple[str, bytes, list[tuple[str, str]]], status: str = "200 OK", packed: bool = True) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("x.warc.gz", {"software": "test"}))
    for url, payload, headers in pages:
        http = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(payload), http_headers=http))
    return buffer.getvalue()


def html(charset: str = "utf-8") -> bytes:
    return PAGE.format(charset=charset).encode(charset)


def test_warc_of_a_crawler(tmp_path: Path) -> None:
    old = f"<p>{BODY}</p>".encode("cp1256")
    data = warc(
        ("http://almina.example/1", html(), [("Content-Type", "text/html; charset=UTF-8")]),
        ("http://almina.example/2", old, [("Content-Type", 'text/html; charset="windows-1256"')]),
        ("http://almina.example/3.jpg", b"\xff\xd8", [("Content-Type", "image/jpeg")]),
        ("http://almina.example/4", BODY.encode(), [("Content-Type", "text/plain")]),
    )
    items = read(write(tmp_path / "CC-NEWS.warc.gz", data))
    first, second, text = records(items)
    assert (first.url, first.source, first.content_bytes()) == ("http://almina.example/1", "المينا", html())
    assert first.encoding == "UTF-8"
    assert first.fetched_at is not None
    assert first.provenance is not None
    assert first.provenance["warc_record_id"].startswith("<urn:uuid:")
    assert first.provenance["warc_payload_digest"].startswith("sha1:")
    assert (second.source, second.encoding, second.content_bytes()) == ("almina.example", "windows-1256", old)
    assert text.content_type == "text/plain"
    assert items[0].location == f"{tmp_path}/CC-NEWS.warc.gz:{first.provenance['warc_record_id'].strip('<>')}"
    assert items[-1].skipped == "skipped 1 records of image/jpeg"
    # The record goes through Kafka with what it is known by.
    assert json.loads(items[0].data)["provenance"] == first.provenance


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("br", brotli.compress),
        ("deflate", zlib.compress),
        ("zstd", zstd.compress),
        ("gzip", bytes),  # the header was kept, and the page stored plain
        ("identity", bytes),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_responses_as_they_came_from_the_network(
    tmp_path: Path, encoding: str, encode: Callable[[bytes], bytes], chunked: bool
) -> None:
    payload = encode(html())
    headers = [("Content-Type", "text/html"), ("Content-Encoding", encoding)]
    if chunked:
        payload = b"%x\r\n%s\r\n0\r\n\r\n" % (len(payload), payload)
        headers.append(("Transfer-Encoding", "chunked"))
    assert only(read(write(tmp_path / "x.warc", warc((URL, payload, headers), packed=False)))).content_bytes() == html()


def test_a_response_that_is_not_as_its_header_says_costs_itself_alone(tmp_path: Path) -> None:
    data = warc(
        (URL, b"\x00\x01", [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]),
        (URL, b"", [("Content-Type", "text/html")]),
        (URL, html(), [("Content-Type", "text/html"), ("Content-Encoding", "compress")]),
        (URL, html(), [("Content-Type", "text/html")]),
    )
    items = read(write(tmp_path / "x.warc.gz", data))
    assert [failure(item)[0] for item in items[:3]] == [Reason.BAD_ENCODING, Reason.EMPTY_BODY, Reason.BAD_ENCODING]
    assert items[3].raw is not None


def test_errors_of_servers_are_no_articles(tmp_path: Path) -> None:
    (item,) = read(write(tmp_path / "x.warc", warc((URL, html(), []), status="404 Not Found", packed=False)))
    assert item.skipped == "skipped 1 responses with status 404"


@pytest.mark.parametrize("packed", [False, True])
def test_a_warc_that_ends_in_the_middle_gives_what_stands_before(tmp_path: Path, packed: bool) -> None:
    kind = [("Content-Type", "text/html")]
    data = warc((URL, html(), kind), (URL, html(), kind), packed=packed)
    items = read(write(tmp_path / "x.warc.gz", data[:-60]))
    assert items[0].raw is not None
    assert [item for item in items[1:] if item.raw] == []
    assert any(item.failure for item in items[1:])


@pytest.mark.parametrize("packed", [False, True])
def test_an_arc_file(tmp_path: Path, packed: bool) -> None:
    """The format before WARC, as Heritrix 1 wrote it: a line before each record, no ids."""

    def record(url: str, kind: str, data: bytes) -> bytes:
        whole = f"{url} 192.0.2.1 20080305103000 {kind} {len(data)}\n".encode() + data + b"\n"
        return gzip.compress(whole) if packed else whole

    def response(status: str, kind: str, data: bytes) -> bytes:
        return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n\r\n".encode() + data

    about = b"1 0 Crawler\nURL IP-address Archive-date Content-type Archive-length\n"
    data = (
        record("filedesc://x.arc", "text/plain", about)
        + record(URL, "text/html", response("200 OK", "text/html; charset=utf-8", html()))
        + record(f"{URL}/gone", "text/html", response("404 Not Found", "text/html", html()))
    )
    items = read(write(tmp_path / ("x.arc.gz" if packed else "x.arc"), data))
    page = only([item for item in items if item.raw is not None])
    assert (page.url, page.content_bytes(), page.fetched_at) == (URL, html(), datetime(2008, 3, 5, 10, 30, tzinfo=UTC))
    assert page.provenance is not None and set(page.provenance) == {"warc_file"}
    assert [item.location for item in items if item.raw is not None] == [f"{page.provenance['warc_file']}:record 2"]
    assert [item.skipped for item in items if item.skipped] == ["skipped 1 responses with status 404"]


@pytest.mark.parametrize(
    ("name", "magic", "tool"),
    [("x.warc.lz4", b"\x04\x22\x4d\x18", "lz4 -d"), ("x.7z", b"7z\xbc\xaf\x27\x1c", "7z x")],
)
def test_a_packing_that_is_not_read_is_named(tmp_path: Path, name: str, magic: bytes, tool: str) -> None:
    (item,) = read(write(tmp_path / name, magic + b"\x40\x40\xc0 rest"))
    assert item.failure is not None and f"unpack it with `{tool}` first" in item.failure.detail


def test_a_warc_by_another_name(tmp_path: Path) -> None:
    """Its headers are no text of an article."""
    data = warc((URL, html(), [("Content-Type", "text/html")]), packed=False)
    assert only(read(write(tmp_path / "x.txt", data))).url == URL


def test_damage_between_records_is_named(tmp_path: Path) -> None:
    data = warc((URL, html(), [("Content-Type", "text/html")]), packed=False)
    items = read(write(tmp_path / "x.warc", data + b"WARC/1.0\r\nnonsense\r\n\r\n"))
    assert items[0].raw is not None
    assert "damaged after record" in failure(items[-1])[1]


def test_a_record_with_a_wrong_length_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    kind = [("Content-Type", "text/html")]
    data = warc((URL, html(), kind), (URL, html(), kind), packed=False)
    length = f"Content-Length: {data.split(b'Content-Length: ')[2].split(chr(13).encode())[0].decode()}"
    short = data.replace(length.encode(), b"Content-Length: 300", 1)
    items = read(write(tmp_path / "x.warc", short))
    assert any(item.failure is not None and "does not end where" in item.failure.detail for item in items)
    assert items[-1].raw is not None or len([item for item in items if item.raw]) >= 1
    assert capfd.readouterr().err == ""


def test_whatever_a_library_raises_costs_the_file_alone(tmp_path: Path) -> None:
    data = feed().atom_str().replace(b"UTF-8", b"\xff\x89")
    write(tmp_path / "a.xml", data)
    write(tmp_path / "b.json", json.dumps(raw_record()))
    bad, good = read(tmp_path)
    assert failure(bad)[1].startswith("cannot be read as feed: UnicodeDecodeError")
    assert good.raw is not None


SAMPLES = (
    "a.warc", "b.warc.gz", "c.xml", "d.json", "e.json", "f.jsonl", "g.csv", "h.parquet", "i.html", "j.mhtml", "k.txt",
    "l.json",
)  # fmt: skip


def samples() -> dict[str, bytes]:
    """A sound file of each format."""
    kind = [("Content-Type", "text/html")]
    table = io.BytesIO()
    pq.write_table(pa.table({"url": [URL], "text": [BODY]}), table)
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n'
    return {
        "a.warc": warc((URL, html(), kind), (URL, html(), kind), packed=False),
        "b.warc.gz": warc((URL, html(), kind)),
        "c.xml": feed().rss_str(),
        "d.json": json.dumps(CHAT, indent=1).encode(),
        "e.json": json.dumps([raw_record()] * 3).encode(),
        "f.jsonl": json.dumps(raw_record()).encode() * 3,
        "g.csv": f'url,text,title\n{URL},"{BODY}",x\n'.encode(),
        "h.parquet": table.getvalue(),
        "i.html": html(),
        "j.mhtml": head + b"--x\r\nContent-Type: text/html\r\n\r\n" + html() + b"\r\n--x--",
        "k.txt": f"05/03/2024, 10:30 - رنا: {TITLE}\n\n{BODY}\n".encode(),
        "l.json": json.dumps({"articles": [raw_record()] * 2}).encode(),
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_no_damage_ends_in_an_error(tmp_path: Path, name: str) -> None:
    numbers = random.Random(name)
    sound = samples()[name]
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(25):
        data = bytearray(sound)
        for _ in range(numbers.choice((1, 2, 20))):
            data[numbers.randrange(len(data))] = numbers.randrange(256)
        write(folder / f"{number}-{name}", bytes(data[: numbers.choice((len(data), numbers.randrange(len(data))))]))
    for item in read(folder):
        assert sum(part is not None for part in (item.raw, item.failure, item.skipped)) == 1


@pytest.mark.parametrize(
    "piece", ["<!-- x -->", "<!-- ", "<?xml-stylesheet x?>", "<!DOCTYPE x>", "{", '{"a":{},', '"a":1,']
)
def test_recognition_takes_no_time_whatever_stands_there(tmp_path: Path, piece: str) -> None:
    for start in ("", "<?xml version='1.0'?>", "{"):
        file = write(tmp_path / "x.txt", start + piece * (70_000 // len(piece)))
        assert len(read(file)) >= 1


# Pages


# A file in UTF-16 without a suffix is left out: nothing says that it is a page.
@pytest.mark.parametrize(
    ("name", "charset"),
    [
        *product(["x.html", "x.xhtml", "x.htm"], ["utf-8", "windows-1256", "utf-16"]),
        *product(["saved"], ["utf-8", "windows-1256"]),
    ],
)
def test_a_saved_page_says_where_it_comes_from(tmp_path: Path, charset: str, name: str) -> None:
    raw = only(read(write(tmp_path / name, html(charset))))
    assert (raw.url, raw.source, raw.content_type) == (URL, "المينا", "text/html")
    assert raw.content_bytes() == html(charset)


@pytest.mark.parametrize(
    ("head", "url", "source"),
    [
        ('<meta content="https://almina.example/1" property="og:url">', "https://almina.example/1", "almina.example"),
        ('<link href="/news/1" rel="shortlink canonical">', None, "file"),
        (
            "<!-- saved from url=(0028)https://www.almina.example/2 -->",
            "https://www.almina.example/2",
            "almina.example",
        ),
        (
            '<!-- saved from url=(0028)https://almina.example/2 --><link rel=canonical href="/3">',
            "https://almina.example/3",
            "almina.example",
        ),
        (
            '<link rel="canonical" href="https://almina.example/"><meta property="og:url" content="https://almina.example/7">',
            "https://almina.example/7",
            "almina.example",
        ),
        ('<link rel="canonical" href="javascript:x">', None, "file"),
        ('<link rel="canonical" href="http://[">', None, "file"),
    ],
)
def test_addresses_of_pages(tmp_path: Path, head: str, url: str | None, source: str) -> None:
    file = write(tmp_path / "صفحة.html", f"<html><head>{head}</head><body>{BODY}</body></html>")
    raw = only(read(file))
    assert (raw.url, raw.source) == (url or file.as_uri(), source)


def test_mhtml_of_a_browser(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"] = "<Saved by Blink>"
    message["Snapshot-Content-Location"] = URL
    message["Date"] = "Tue, 05 Mar 2024 10:30:00 +0300"
    message.set_content(html("windows-1256"), "text", "html", cte="quoted-printable")
    message.replace_header("Content-Type", 'text/html; charset="windows-1256"')
    message.make_related()
    message.add_related(b"\x89PNG", "image", "png", cid="<x>")
    raw = only(read(write(tmp_path / "page.mhtml", bytes(message))))
    assert (raw.url, raw.source, raw.encoding) == (URL, "المينا", "windows-1256")
    assert raw.fetched_at == WHEN
    content = raw.content_bytes()
    assert content is not None
    assert content.strip() == html("windows-1256")


def test_mhtml_without_a_page(tmp_path: Path) -> None:
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n'
    data = head + b"--x\r\nContent-Type: image/png\r\n\r\n\r\n--x--"
    assert failure(read(write(tmp_path / "x.mht", data))[0])[0] is Reason.NO_ARTICLE


# Messengers

CHAT = {
    "name": 'قناة "المينا"',
    "type": "public_channel",
    "id": 1234567890,
    "messages": [
        {
            "id": 1,
            "type": "service",
            "date": "2024-03-05T10:00:00",
            "actor": "x",
            "action": "create_channel",
            "text": "",
        },
        {
            "id": 2,
            "type": "message",
            "date": "2024-03-05T10:30:00",
            "date_unixtime": "1709623800",
            "text": [{"type": "bold", "text": TITLE}, f"\n\n{BODY} ", {"type": "link", "text": URL}],
            "text_entities": [{"type": "bold", "text": "x"}],
        },
        {"id": 3, "type": "message", "date": "2024-03-05T10:31:00", "photo": "x.jpg", "text": ""},
        {"id": 4, "type": "message", "date": "2024-03-05T10:32:00", "text": SECOND},
    ],
}


@pytest.mark.parametrize("whole", [False, True])
def test_export_of_telegram(tmp_path: Path, whole: bool) -> None:
    written = {"about": "x", "chats": {"about": "y", "list": [CHAT, CHAT]}} if whole else CHAT
    items = read(write(tmp_path / "result.json", json.dumps(written, ensure_ascii=False, indent=1)))
    first, second = records(items)[-2:]
    assert first.content == f"{TITLE}\n\n{BODY} {URL}"
    assert (first.url, first.source, first.published_at) == ("https://t.me/c/1234567890/2", 'قناة "المينا"', WHEN)
    assert second.content == SECOND
    assert items[-1].skipped == f"skipped {4 if whole else 2} messages without text"


def test_pages_that_telegram_exports(tmp_path: Path) -> None:
    message = (
        '<div class="message default clearfix" id="message{0}"><div class="body"><div class="pull_right date details" '
        'title="05.03.2024 10:30:00 UTC+03:00">10:30</div><div class="text">{1}</div></div></div>'
    )
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"/><title>Exported Data</title></head><body>'
        '<div class="page_header"><div class="content"><div class="text bold">المينا</div></div></div>'
        + '<div class="message service" id="message-1"><div class="body details">5 March 2024</div></div>'
        + message.format(1, f"<strong>{TITLE}</strong><br><br>{BODY}")
        + message.format(2, SECOND)
    )
    items = read(write(tmp_path / "messages.html", page))
    first, second = records(items)
    assert (first.content, first.source, first.published_at) == (f"{TITLE}\n\n{BODY}", "المينا", WHEN)
    assert second.content == SECOND


def test_messages_copied_from_telegram(tmp_path: Path) -> None:
    text = f"المينا, [05.03.2024 10:30]\n{TITLE}\n\n{BODY}\n\nالمينا, [05.03.2024 11:05]\n[ Photo ]\n{SECOND}\n"
    items = read(write(tmp_path / "copy.txt", text))
    first, second = records(items)
    assert (first.content, second.content) == (f"{TITLE}\n\n{BODY}", SECOND)
    assert first.source == "المينا"
    assert first.published_at == datetime(2024, 3, 5, 10, 30, tzinfo=UTC)
    assert items[1].location.endswith("copy.txt:6")
    again = records(read(write(tmp_path / "later.txt", f"آخر, [01.01.2024 1:00]\nx\n\n{text}")))
    assert first.url in {raw.url for raw in again}


@pytest.mark.parametrize(
    "text",
    [
        f"05/03/2024, 10:29 - تم تشفير الرسائل\n05/03/2024, 10:30 - رنا: {TITLE}\n\n{BODY}\n"
        "05/03/2024, 10:31 - رنا: <Media omitted>\n",
        f"[05/03/2024, 10:30:00 AM] رنا: {TITLE}\r\n\r\n{BODY}\r\n"
        "\u200e[05/03/2024, 10:31:00 AM] رنا: \u200eimage omitted\r\n",
        f"٥\u200f/٣\u200f/٢٠٢٤، ١٠:٣٠\u202fص - رنا: {TITLE}\n\n{BODY}\n"
        "٥\u200f/٣\u200f/٢٠٢٤، ١٠:٣١ ص - رنا: <تم استبعاد الوسائط>\n",
        f"5/3/24, 10:30 - رنا: {TITLE}\n\n{BODY}\n5/3/24, 10:32 - رنا: null\n",
    ],
)
def test_export_of_whatsapp(tmp_path: Path, text: str) -> None:
    items = read(write(tmp_path / "WhatsApp Chat with المينا.txt", text))
    raw = only(items)
    assert raw.content == f"{TITLE}\n\n{BODY}"
    assert raw.source == "المينا"
    assert raw.published_at == datetime(2024, 3, 5, 10, 30, tzinfo=UTC)
    assert raw.url.startswith("urn:whatsapp:")
    assert items[-1].skipped is not None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"{TITLE}\n\n{BODY}", TITLE),
        (f"🔴 عاجل | {TITLE}\n\n{BODY}", TITLE),
        (f"عاجل: {TITLE}\n\n{BODY}", TITLE),
        (f"«{TITLE}»\n \n{BODY}", f"«{TITLE}»"),
        (f"{TITLE}\n{BODY}", None),
        (TITLE, None),
        (f"https://almina.example/1\n\n{BODY}", None),
        (f"#وسم\n\n{BODY}", None),
        (f"🔴🔴\n\n{BODY}", None),
        ("ا" * 201 + f"\n\n{BODY}", None),
    ],
)
def test_headlines_of_messages(text: str, title: str | None) -> None:
    assert headline(text) == title


# Recognition


def test_the_format_may_be_named(tmp_path: Path) -> None:
    file = write(tmp_path / "notes", f"{TITLE}\n{BODY}")
    with pytest.raises(OperatorError, match="unknown file type"):
        read(file)
    assert only(read(file, format="text")).content_type == "text/plain"
    with pytest.raises(OperatorError, match="unknown format txt; choose from warc"):
        read(file, format="txt")


@pytest.mark.parametrize("text", ["[أ ف ب] بيروت", "{ قال }", "خبر: 1,2", "12/3/2024 - خبر", "<3"])
def test_text_is_text(tmp_path: Path, text: str) -> None:
    assert only(read(write(tmp_path / "x.txt", text))).content_type == "text/plain"


def test_a_page_that_was_saved_under_the_name_of_json(tmp_path: Path) -> None:
    assert only(read(write(tmp_path / "x.json", html()))).content_type == "text/html"


def test_every_format_has_a_name_and_a_help() -> None:
    assert all(name == each.name and each.help for name, each in formats().items())
    suffixes = [suffix for each in formats().values() for suffix in each.suffixes]
    assert len(suffixes) == len({*suffixes})
    assert MAX_RECORD_BYTES > 0
