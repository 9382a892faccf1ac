"""Many records in one request: a verdict for each, in the order given."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl

from streams.api.app import create_api
from streams.api.batch import FORMATS, MAX_RECORDS
from streams.api.submit import Intake, Receipt
from streams.errors import Reason, Rejected, Retryable
from streams.records import RawArticle
from streams.settings import Settings
from tests.support.articles import BODY, raw_record
from tests.support.processes import free_port
from tests.support.serving import in_process

LIMIT = 200_000


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What would be sent to Kafka."""
    sent: list[bytes] = []

    async def send(_: Intake, raw: RawArticle, data: bytes, parent: str | None = None) -> Receipt:
        if raw.title == "broker away":
            raise Retryable("no Kafka")
        if raw.title == "too large":
            raise Rejected(Reason.TOO_LARGE, "the record exceeds 1 bytes")
        sent.append(data)
        return Receipt(topic="articles.raw", partition=0, offset=len(sent) - 1)

    monkeypatch.setattr(Intake, "send", send)
    return sent


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        elasticsearch_url=HttpUrl(f"http://127.0.0.1:{free_port()}"),
        max_content_bytes=LIMIT // 4,
    )
    async with in_process(create_api(settings)) as client:
        yield client


async def post(
    http: httpx.AsyncClient, body: Any, kind: str = "application/json", query: str = "", **headers: str
) -> httpx.Response:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return await http.post(f"/articles{query}", content=data, headers={"Content-Type": kind, **headers})


async def test_an_array_has_a_verdict_for_each_record_in_order(http: httpx.AsyncClient, taken: list[bytes]) -> None:
    wanted = [
        raw_record(id="1"),
        {"title": "x"},
        raw_record(title="too large"),
        raw_record(id="4", published_at="gestern"),
    ]
    answer = await post(http, wanted)
    assert answer.status_code == 207
    batch = answer.json()
    assert (batch["accepted"], batch["refused"]) == (2, 2)
    assert [verdict["record"] for verdict in batch["records"]] == ["1[1]", "1[2]", "1[3]", "1[4]"]
    assert [verdict["status"] for verdict in batch["records"]] == ["accepted", "refused", "refused", "accepted"]
    first, second, third, fourth = batch["records"]
    assert (first["partition"], first["offset"]) == (0, 0)
    assert second["reason"] == "bad_schema"
    assert "url: Field required; source: Field required; content: Field required" in second["detail"]
    assert third["reason"] == "too_large"
    assert fourth["notes"][0].startswith("published_at: ")
    assert [json.loads(data) for data in taken] == [wanted[0], wanted[3]]


@pytest.mark.parametrize("packed", [False, True])
async def test_lines(http: httpx.AsyncClient, taken: list[bytes], packed: bool) -> None:
    lines = [json.dumps(raw_record(id=str(number))).encode() for number in range(250)]
    body = b"\n".join(lines) + b"\n"
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = await post(http, gzip.compress(body) if packed else body, "application/x-ndjson", **headers)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 250
    assert answer.json()["records"][249]["record"] == "250"
    assert taken == lines


async def test_one_object_is_answered_with_its_receipt(http: httpx.AsyncClient, taken: list[bytes]) -> None:
    assert (await post(http, raw_record())).json() == {"topic": "articles.raw", "partition": 0, "offset": 0}
    # One of another program too; it goes to Kafka with our names.
    crawled = {
        "url": "https://almina.example/1",
        "maintext": BODY,
        "authors": ["رنا"],
        "source_domain": "almina.example",
    }
    assert (await post(http, crawled)).json()["offset"] == 1
    assert json.loads(taken[1]) == {
        "url": "https://almina.example/1", "source": "almina.example", "content": BODY, "author": ["رنا"],
    }  # fmt: skip


async def test_if_none_can_be_used_it_is_a_problem_with_the_verdicts(
    http: httpx.AsyncClient, taken: list[bytes]
) -> None:
    answer = await post(http, [{"a": 1}, 7])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [verdict["status"] for verdict in answer.json()["records"]] == ["refused", "refused"]
    assert answer.json()["detail"].startswith("none of the 2 records can be used; the first: url: Field required")
    assert taken == []


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b"\xff\xfe", b"[" * 90_000, b'{"a":' * 30_000, b"[1e999"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
async def test_bodies_without_a_record_are_refused(
    http: httpx.AsyncClient, taken: list[bytes], body: bytes, kind: str
) -> None:
    answer = await post(http, body, kind)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert taken == []


async def test_infinity_costs_the_record(http: httpx.AsyncClient, taken: list[bytes]) -> None:
    body = b"[%s,%s]" % (json.dumps(raw_record(extra={"n": float("nan")})).encode(), json.dumps(raw_record()).encode())
    answer = await post(http, body)
    assert [verdict["status"] for verdict in answer.json()["records"]] == ["refused", "accepted"]


async def test_while_kafka_is_away_the_whole_body_is_to_be_sent_again(
    http: httpx.AsyncClient, taken: list[bytes]
) -> None:
    answer = await post(http, [raw_record(), raw_record(title="broker away")])
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


async def test_there_is_a_most_of_records(http: httpx.AsyncClient, taken: list[bytes]) -> None:
    answer = await post(http, b"{}\n" * (MAX_RECORDS + 1), "application/x-ndjson")
    assert answer.status_code == 413
    assert f"more than {MAX_RECORDS} records" in answer.json()["detail"]
    assert (await post(http, b"{}\n" * MAX_RECORDS, "application/x-ndjson")).status_code == 422


async def test_other_formats_and_an_outlet_for_all(http: httpx.AsyncClient, taken: list[bytes]) -> None:
    table = f"link,headline,text\nhttps://almina.example/1,عنوان,{BODY}\n".encode()
    page = f'<html><head><link rel="canonical" href="https://almina.example/2"></head><p>{BODY}</p></html>'.encode()
    feed = f"<rss version='2.0'><channel><item><link>https://almina.example/3</link><description>{BODY}</description>"
    chat = {
        "name": "المينا",
        "type": "public_channel",
        "id": 1,
        "messages": [{"id": 1, "type": "message", "text": BODY}],
    }
    for body, kind in (
        (table, "text/csv; charset=utf-8"),
        (page, "text/html"),
        (f"{feed}</item></channel></rss>".encode(), "application/rss+xml"),
        (chat, "application/json"),
    ):
        answer = await post(http, body, kind, "?source=almina")
        assert answer.status_code == 202, answer.text
    assert [json.loads(data)["source"] for data in taken] == ["almina"] * 4
    assert [json.loads(data)["url"][-2:] for data in taken] == ["/1", "/2", "/3", "/1"]


async def test_the_description_names_content_types_and_limits(http: httpx.AsyncClient) -> None:
    operation = (await http.get("/openapi.json")).json()["paths"]["/articles"]["post"]
    assert set(operation["requestBody"]["content"]) == set(FORMATS)
    assert "1,000" in operation["requestBody"]["description"]
    assert {"202", "207", "413", "415", "422"} <= set(operation["responses"])
