"""What comes off the wire, and how a bad record is named."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from streams.errors import Reason, Rejected
from streams.formats.json_schema import schema_files
from streams.records import Article, ClusterMove, FingerprintedArticle, RawArticle, StageTrace, decode
from streams.topics import Topic
from tests.support.articles import article, raw_bytes


def test_saudinewsnet_field_names_are_taken_as_they_are() -> None:
    raw = decode(RawArticle, raw_bytes(date_extracted="2015-08-01 08:00:57", title="", author=" "))
    assert raw.fetched_at is not None
    assert raw.fetched_at.isoformat() == "2015-08-01T08:00:57+00:00"
    assert raw.title is None
    assert raw.author is None


def test_media_type_parameters_are_ignored() -> None:
    assert decode(RawArticle, raw_bytes(content_type="Text/HTML; charset=windows-1256")).content_type == "text/html"


def test_unknown_fields_of_a_scraper_do_no_harm() -> None:
    assert decode(RawArticle, raw_bytes(scraper_run=7)).source == "almina"


@pytest.mark.parametrize(
    ("data", "reason", "named"),
    [
        (b'{"url": "http://a', Reason.NOT_JSON, "line 1"),
        (b"", Reason.NOT_JSON, "EOF"),
        (b'{"url": "\xff"}', Reason.NOT_JSON, "byte 9 is not UTF-8"),
        (b"[1, 2]", Reason.BAD_SCHEMA, "record"),
        (raw_bytes(url=None), Reason.BAD_SCHEMA, "url"),
        (raw_bytes(url="صفحة"), Reason.BAD_SCHEMA, "url"),
        (raw_bytes(url="javascript:alert(1)"), Reason.BAD_SCHEMA, "url"),
        (raw_bytes(url="http:///path"), Reason.BAD_SCHEMA, "url"),
        (raw_bytes(content=["a"]), Reason.BAD_SCHEMA, "content"),
        (raw_bytes(source=""), Reason.BAD_SCHEMA, "source"),
        (raw_bytes(content_type="application/pdf"), Reason.BAD_SCHEMA, "content_type"),
    ],
)
def test_a_bad_record_is_rejected_with_the_field_at_fault(data: bytes, reason: Reason, named: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(RawArticle, data)
    assert caught.value.reason is reason
    assert named in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(
    ("printed", "taken"),
    [
        ("https://almina.example/a/خبر عاجل", "https://almina.example/a/خبر%20عاجل"),
        (" https://almina.example/a?q=1 2\n", "https://almina.example/a?q=1%202"),
        ("https://almina.example/a\n/b", "https://almina.example/a/b"),
        ("https://almina.example/a\u00a0b", "https://almina.example/a%C2%A0b"),
        ("https://almina.example/a%20b", "https://almina.example/a%20b"),
    ],
)
def test_spaces_of_an_address_are_taken_as_browsers_take_them(printed: str, taken: str) -> None:
    assert decode(RawArticle, raw_bytes(url=printed)).url == taken


@pytest.mark.parametrize(
    "url", ["http://al mina.example/a", "http:// /a", "ht tp://almina.example/a", "   ", "http://?q"]
)
def test_spaces_elsewhere_make_no_address(url: str) -> None:
    with pytest.raises(Rejected):
        decode(RawArticle, raw_bytes(url=url))


def test_a_trace_without_removals_does_not_name_them() -> None:
    trace = StageTrace(version="1", seconds=0.1, worker="w")
    assert "removed" not in json.loads(trace.to_json())


def test_bytes_of_a_page_come_back_from_base64() -> None:
    page = "خبر".encode("cp1256")
    raw = decode(RawArticle, raw_bytes(content=base64.b64encode(page).decode(), encoding="cp1256"))
    assert raw.content_bytes() == page


def test_an_encoding_without_base64_is_rejected() -> None:
    raw = decode(RawArticle, raw_bytes(content="no base64 at all", encoding="cp1256"))
    with pytest.raises(Rejected) as caught:
        raw.content_bytes()
    assert caught.value.reason is Reason.BAD_ENCODING


def test_an_article_survives_the_wire() -> None:
    before = article(body="نصّ بحركاتٍ ﷺ و«اقتباس».\nفقرة ثانية.", published_at="2024-02-03T04:05:06+03:00")
    wire = before.to_json()
    assert decode(Article, wire) == before
    assert json.loads(wire)["published_at"] == "2024-02-03T01:05:06Z"
    assert "بحركاتٍ ﷺ" in wire.decode(), "Arabic stays readable on the wire"


def test_fields_of_the_contract_are_always_there() -> None:
    fields = set(json.loads(article().to_json()))
    assert fields >= {
        "id", "url", "source", "language", "title", "subtitle", "byline", "dateline", "agencies", "body", "captions",
        "published_at", "fetched_at", "ingested_at", "dates", "cluster", "entities", "places", "geo", "trace",
    }  # fmt: skip


def test_schemas_describe_what_is_written() -> None:
    import jsonschema

    schema = json.loads(schema_files()["article.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(article().to_json()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(article().to_json()), "body": 7}, schema)


READS: dict[Topic, type[RawArticle] | type[Article] | type[FingerprintedArticle] | type[ClusterMove]] = {
    Topic.RAW: RawArticle,
    Topic.CLEAN: Article,
    Topic.FINGERPRINTED: FingerprintedArticle,
    Topic.CLUSTERED: Article,
    Topic.MOVES: ClusterMove,
    Topic.TAGGED: Article,
    Topic.ENRICHED: Article,
}


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parent / "records").glob("*.jsonl")), ids=lambda path: path.stem
)
def test_what_an_earlier_version_wrote_is_still_read(path: Path) -> None:
    """Topics hold seven days, so after an upgrade each stage meets records of the version before.

    The files are what that version put on every topic, and are never changed; a release adds its own.
    """
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {line["topic"] for line in lines} == {topic.value for topic in READS}
    for line in lines:
        record = decode(READS[Topic(line["topic"])], json.dumps(line["record"], ensure_ascii=False).encode())
        if isinstance(record, Article):
            # The unchanged fields come out as they went in.
            assert _as_in(line["record"], json.loads(record.to_json())) == line["record"]


def _as_in(before: Any, after: Any) -> Any:
    """`after` without the fields that `before` does not have, at any depth of objects."""
    if isinstance(before, dict) and isinstance(after, dict):
        return {name: _as_in(before[name], after.get(name)) for name in before}
    return after
