"""Request bodies: compressed ones, bombs, and what JSON does not know."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl
from starlette.exceptions import HTTPException

from streams.api.app import create_api
from streams.api.body import _Gzip
from streams.api.submit import Intake, Receipt
from streams.settings import Settings
from tests.support.articles import raw_record
from tests.support.processes import free_port
from tests.support.serving import in_process

LIMIT = 4_000_000  # four times the maximum content
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def taken(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What would be sent to Kafka."""
    sent: list[bytes] = []

    async def send(_: Intake, raw: object, data: bytes, parent: str | None = None) -> Receipt:
        sent.append(data)
        return Receipt(topic="articles.raw", partition=0, offset=len(sent))

    monkeypatch.setattr(Intake, "send", send)
    return sent


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=HttpUrl(f"http://127.0.0.1:{free_port()}"),
        max_content_bytes=LIMIT // 4,
    )
    async with in_process(create_api(settings)) as client:
        yield client


async def _post(http: httpx.AsyncClient, body: bytes, encoding: str | None = "gzip") -> httpx.Response:
    headers: dict[str, str] = dict(JSON)
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    answer = await http.post("/articles", content=body, headers=headers)
    if answer.status_code != 202:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer


async def test_a_compressed_article_arrives_unpacked(http: httpx.AsyncClient, taken: list[bytes]) -> None:
    body = json.dumps(raw_record(), ensure_ascii=False).encode()
    for packed in ("gzip", "GZIP", "x-gzip"):
        assert (await _post(http, gzip.compress(body), packed)).status_code == 202
    for encoding in ("identity", "", None):
        assert (await _post(http, body, encoding)).status_code == 202
    assert taken == [body] * 6


async def test_a_bomb_is_refused_when_it_exceeds_the_limit_and_not_after(
    http: httpx.AsyncClient, taken: list[bytes]
) -> None:
    bomb = gzip.compress(b'{"content":"' + b" " * 1_000_000_000, compresslevel=1)
    tracemalloc.start()
    try:
        answer = await _post(http, bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 413
    assert str(LIMIT) in answer.json()["detail"]
    assert peak < 5 * LIMIT
    assert taken == []


@pytest.mark.parametrize(
    ("body", "encoding", "refusal"),
    [
        # Without a time in them: both processes of `make test` must collect tests of the same names.
        (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "gzip", (422, "UTF-8")),
        (gzip.compress(b"{}", mtime=0)[:-1], "gzip", (400, "too early")),
        (gzip.compress(b"{}", mtime=0) * 2, "gzip", (400, "continues")),
        (gzip.compress(b"{}", mtime=0) + b"x", "gzip", (400, "continues")),
        (b"{}", "gzip", (400, "not gzip")),
        (b"", "gzip", (422, "empty")),
        (gzip.compress(b"", mtime=0), "gzip", (422, "empty")),
        (b"x", "br", (415, "gzip")),
        (b"x", "gzip, gzip", (415, "gzip")),
        (b"x" * (LIMIT + 1), None, (413, "exceeds")),
    ],
)
async def test_a_body_that_is_not_what_it_says_is_refused(
    http: httpx.AsyncClient, taken: list[bytes], body: bytes, encoding: str | None, refusal: tuple[int, str]
) -> None:
    status, detail = refusal
    answer = await _post(http, body, encoding)
    assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.text
    assert taken == []
    if status == 415:
        assert answer.headers["accept-encoding"] == "gzip"


@given(data=st.binary(max_size=300_000), cuts=st.lists(st.integers(0, 2000), max_size=5), limit=st.integers(0, 400_000))
def test_any_gzip_data_in_any_pieces_unpack_or_exceed_the_limit(data: bytes, cuts: list[int], limit: int) -> None:
    packed = gzip.compress(data * 3, 1)
    sink = _Gzip(limit)
    at = 0
    try:
        for cut in [*sorted(cuts), len(packed)]:
            sink.write(packed[at:cut])
            at = max(at, cut)
        whole = sink.close()
    except HTTPException as error:
        assert error.status_code == 413
        assert len(data) * 3 > limit or len(packed) > limit
    else:
        assert whole == data * 3
        assert len(whole) <= limit


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
async def test_numbers_that_json_does_not_know_are_refused(
    http: httpx.AsyncClient, taken: list[bytes], value: str
) -> None:
    record: dict[str, Any] = raw_record() | {"extra": {"weight": 1, "text": "NaN and Infinity are words here"}}
    body = json.dumps(record).encode()
    assert (await _post(http, body, None)).status_code == 202
    answer = await _post(http, body.replace(b'"weight": 1', f'"weight": {value}'.encode()), None)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("not_json")
    assert len(taken) == 1
