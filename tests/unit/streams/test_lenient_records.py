"""Optional fields in the forms that crawlers write: read where they can be, else lost alone, with a note."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from agents.clean.page import Limits, clean_page
from streams.engine.apply import apply
from streams.errors import Reason, Rejected
from streams.observability.metrics import Metrics
from streams.records import Article, RawArticle, decode
from streams.stage import Arrival, MapStage
from tests.support.articles import BODY, raw_bytes, raw_record

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def read(**fields: Any) -> RawArticle:
    return decode(RawArticle, raw_bytes(**fields))


@pytest.mark.parametrize(
    ("field", "written", "taken"),
    [
        ("author", ["رنا قاسم", "مازن درويش"], "رنا قاسم، مازن درويش"),
        ("author", [{"name": "رنا قاسم"}, {"name": "رنا  قاسم"}, None], "رنا قاسم"),
        ("author", {"@type": "Person", "name": "رنا قاسم"}, "رنا قاسم"),
        ("author", [], None),
        ("id", 17, "17"),
        ("id", 17.0, "17"),
        ("id", {"$oid": "65e6f0"}, "65e6f0"),
        ("title", ["عنوان"], "عنوان"),
        ("title", {"rendered": "عنوان"}, "عنوان"),
        ("content_type", "application/xhtml+xml; charset=utf-8", "text/html"),
        ("extra", None, {}),
    ],
)
def test_unusual_forms_are_read_without_a_note(field: str, written: Any, taken: Any) -> None:
    record = raw_record() | {field: written}
    raw = decode(RawArticle, json.dumps(record).encode())
    assert getattr(raw, field) == taken
    assert raw.notes == ()


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("Tue, 05 Mar 2024 10:30:00 +0300", "2024-03-05T07:30:00"),
        ("Tue, 05 Mar 2024 10:30:00 GMT", "2024-03-05T10:30:00"),
        ("29/11/2026", "2026-11-29T00:00:00"),
        ("05/03/2024 10:30", "2024-03-05T10:30:00"),
        ("11/29/2026", "2026-11-29T00:00:00"),
        ("29.11.2026 - 14:30:05 +03:00", "2026-11-29T11:30:05"),
        ("2026/11/29 14:30", "2026-11-29T14:30:00"),
        ("٢٩/١١/٢٠٢٦، ٢:٣٠ م", "2026-11-29T14:30:00"),
        ("29/11/2026 12:05 AM", "2026-11-29T00:05:00"),
        ("2024-03-05 10:30:00 UTC", "2024-03-05T10:30:00"),
        ("2024-03-05 10:30:00+03:00", "2024-03-05T07:30:00"),
        ("2024-03-05T10:30:00+03:00[Asia/Riyadh]", "2024-03-05T07:30:00"),
        ("20240305", "2024-03-05T00:00:00"),
        (20240305, "2024-03-05T00:00:00"),
        ("20240305103000", "2024-03-05T10:30:00"),
        (1709634600, "2024-03-05T10:30:00"),
        ("1709634600", "2024-03-05T10:30:00"),
        (1709634600000, "2024-03-05T10:30:00"),
        (1709634600000000, "2024-03-05T10:30:00"),
        ({"$date": "2024-03-05T10:30:00Z"}, "2024-03-05T10:30:00"),
        ({"$date": {"$numberLong": "1709634600000"}}, "2024-03-05T10:30:00"),
        (["2024-03-05T10:30:00Z"], "2024-03-05T10:30:00"),
    ],
)
def test_times_as_crawlers_write_them(written: Any, taken: str) -> None:
    raw = read(published_at=written, fetched_at=written)
    assert raw.published_at == raw.fetched_at == datetime.fromisoformat(taken).replace(tzinfo=UTC)
    assert raw.notes == ()


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("published_at", "yesterday"),
        ("published_at", "0001-01-01T00:00:00"),
        ("published_at", "1970-01-01T00:00:00Z"),
        ("published_at", "1970-01-01T03:00:00+03:00"),
        ("published_at", "1970-01-01 02:00:00"),
        ("published_at", 0),
        ("published_at", "0"),
        ("published_at", "0.0"),
        ("fetched_at", "00000000"),
        ("published_at", "2024"),
        ("published_at", True),
        ("published_at", 1e300),
        ("published_at", "31/02/2026"),
        ("published_at", {"year": 2024}),
        ("fetched_at", "9999-12-31T23:59:59-05:00"),
        ("author", 17),
        ("id", ["a", "b"]),
        ("id", "x" * 201),
        ("title", ["عنوان", "آخر"]),
        ("content_type", "application/json"),
        ("encoding", ["utf-8", "cp1256"]),
        ("extra", [1, 2]),
        ("provenance", {"record": {"no": "text"}}),
    ],
)
def test_an_unreadable_field_costs_itself_alone_and_is_noted(field: str, written: Any) -> None:
    raw = read(**{field: written})
    assert not getattr(raw, field)
    assert raw.content == BODY
    (note,) = raw.notes
    assert (note.field, note.lost) == (field, True)
    assert str(note).startswith(f"{field}: ")
    assert "\n" not in str(note)
    assert len(str(note)) < 400


def test_a_charset_of_text_that_is_text_already_is_dropped() -> None:
    raw = read(encoding="utf-8")
    assert raw.content_bytes() is None
    assert [note.field for note in raw.notes] == ["encoding"]


def test_base64_may_have_line_breaks() -> None:
    page = ("<p>" + BODY + "</p>").encode("cp1256")
    assert read(content=base64.encodebytes(page).decode(), encoding="cp1256").content_bytes() == page


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(Rejected) as caught:
        decode(RawArticle, b'{"title": "x"}')
    assert caught.value.reason is Reason.BAD_SCHEMA
    assert caught.value.detail == "url: Field required; source: Field required; content: Field required"


@pytest.mark.parametrize(
    ("escape", "left"),
    [
        (rb"\ud83d", ""),
        (rb"\ude00 \ud83d", " "),
        (rb"\u0000", ""),
        (rb"\ud83d\ude00\ud83d", "\N{GRINNING FACE}"),
        (b"\x00", ""),
        (b"\xed\xa0\xbd", ""),
        (b"\xed\xa0\xbd\xed\xb8\x80", "\N{GRINNING FACE}"),
        (b"\t", "\t"),
    ],
)
def test_characters_that_are_no_text_do_not_cost_the_article(escape: bytes, left: str) -> None:
    data = raw_bytes(content="قبل <> بعد").replace(b"<>", b"<" + escape + b">")
    raw = decode(RawArticle, data)
    assert raw.content == f"قبل <{left}> بعد"
    assert not any(note.lost for note in raw.notes)


def test_what_is_made_in_code_is_checked_strictly() -> None:
    with pytest.raises(ValidationError):
        RawArticle.model_validate(raw_record(author=["رنا قاسم"]))


def test_the_article_keeps_the_notes_in_its_trace() -> None:
    limits = Limits()
    stage = MapStage(
        "clean", "2", accepts=RawArticle, build=lambda _: lambda raw, _: clean_page(raw, ingested_at=NOW, limits=limits)
    )
    data = raw_bytes(published_at="yesterday", author=["رنا قاسم", "مازن درويش"], provenance={"warc": "<urn:uuid:1>"})
    (outcome,) = apply(stage, stage.build(None), [(data, Arrival(0.0))], Metrics())  # type: ignore[arg-type]
    (article,) = outcome.records
    assert isinstance(article, Article)
    assert article.byline == "رنا قاسم، مازن درويش"
    assert article.provenance == {"warc": "<urn:uuid:1>"}
    trace = article.trace["clean"]
    assert trace.version == "2"
    assert trace.notes is not None
    assert [note.split(":")[0] for note in trace.notes] == ["published_at"]
    assert trace.notes[0].endswith(": yesterday")
    # Without anything to say, the field is not written.
    (outcome,) = apply(stage, stage.build(None), [(raw_bytes(), Arrival(0.0))], Metrics())  # type: ignore[arg-type]
    assert "notes" not in json.loads(outcome.records[0].to_json())["trace"]["clean"]


def test_a_time_in_words_is_read_as_pages_print_it() -> None:
    raw = read(published_at="الثلاثاء 5 مارس 2024")
    assert raw.published_at is None
    (article,) = clean_page(raw, ingested_at=NOW, limits=Limits())
    assert article.published_at == datetime(2024, 3, 5, tzinfo=UTC)
    assert article.trace == {}
