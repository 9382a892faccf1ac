"""Queries that are meant to hurt: each is answered, or refused with a problem that says why."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
from elasticsearch import AsyncElasticsearch

from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article

QUERIES = [
    "\x00", "خبر\x00", "\uffff", "\ufffd", "*", "?*", "/.*/", "a*" * 200, "(" * 500, '"' * 500, "«" * 400,
    "-" * 500, "|" * 500,
    "أو " * 160, "ا" * 500, "a-b" * 166, " ".join(["ab-cd" * 3] * 31), "\\" * 500, "{}", "[1 TO *]", "title:*",
    "_exists_:body",
    "~" * 300, "^1000", "\n\r\t", "\u202e\u200f" * 200, "😀" * 250, "ﷺ" * 500, "." * 500, "1" * 500, "1.2.3." * 80,
    '"' + "ا ب ت " * 80 + '"', " ".join(f"«خبر {n}»" for n in range(32)), " أو ".join(f"خبر{n}" for n in range(32)),
]  # fmt: skip


def _cursor(data: str) -> str:
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")


# Answered or refused, as either is right.
FILTERS: list[dict[str, Any]] = [
    {"bbox": "0,0,0,0"}, {"bbox": "-180,-90,180,90"}, {"bbox": "180,-90,-180,90"},
    {"near": "90,180", "radius": "1e-300"},
    {"near": "0,0", "radius": "5000"}, {"from": "0001-01-01"}, {"to": "9999-12-31T23:59:59Z"}, {"from": "0", "to": "1"},
    {"place": ["ا" * 200] * 20}, {"place": ["9" * 18]}, {"person": ["ا " * 100] * 20, "organisation": ["\\"] * 20},
    {"person": [" "]}, {"language": ["*"]}, {"country": ["ß"]}, {"cluster": "x" * 200}, {"cluster": ""},
]  # fmt: skip

REFUSED: list[dict[str, Any]] = [
    {"q": "ا" * 501}, {"q": "ا " * 33}, {"bbox": "NaN,0,0,0"}, {"bbox": "inf,0,1,1"}, {"bbox": ",,,"},
    {"bbox": "1e308,0,0,0"},
    {"near": "91,0"}, {"near": "0,0", "radius": "5001"}, {"near": "0,0", "radius": "nan"}, {"from": "now-1d||/d"},
    {"from": "1e20"},
    {"from": "2024-13-01"}, {"to": "0001-01-01T00:00:00+14:00"}, {"from": "9999-12-31T23:59:59-14:00"},
    {"place": ["x"] * 21},
    {"place": ["x" * 201]}, {"place": [""]}, {"language": ["x" * 201]}, {"script": "1"}, {"_source": "*"},
]  # fmt: skip

CURSORS = [
    "", "x", "=", "...", _cursor("true"), _cursor("NaN"), _cursor("[NaN,1]"), _cursor("[true,false]"),
    _cursor('["a","b"]'),
    _cursor("1" * 1300), _cursor("[" * 1400), _cursor('[1e999,"a"]'), _cursor(f'[{"9" * 30},"a"]'), _cursor('{"a":1}'),
    _cursor("-1"), _cursor("1001"), _cursor("[1,2]"), _cursor("[]"), _cursor("null"),
]  # fmt: skip


def _is_problem(answer: httpx.Response) -> bool:
    return answer.headers["content-type"] == "application/problem+json" and bool(answer.json()["detail"])


async def test_hostile_queries_are_answered_or_refused(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    await store(settings, client, [article(id=f"n{number}", title=f"خبر {number}") for number in range(50)])

    async def ask_all(path: str) -> None:
        for params in [{"q": query} for query in QUERIES] + FILTERS:
            answer = await api.get(path, params=params)
            assert answer.status_code == 200 or (answer.status_code in {400, 422} and _is_problem(answer)), params
        for params in REFUSED:
            answer = await api.get(path, params=params)
            assert answer.status_code == 422, params
            assert _is_problem(answer)

    # One export at a time.
    async with asyncio.TaskGroup() as asking:
        for path in ("/search", "/facets", "/timeline", "/map", "/export"):
            asking.create_task(ask_all(path))
    for fold in ("true", "false"):
        for cursor in CURSORS:
            answer = await api.get("/search", params={"cursor": cursor, "fold": fold, "q": "خبر"})
            assert answer.status_code == 422, cursor
            assert "cursor" in answer.json()["detail"]
    most: dict[str, str | int] = {"q": "خبر", "size": 100, "copies": 20}
    assert len((await api.get("/search", params=most)).json()["hits"]) == 50
    for path in (f"/articles/{'x' * 5000}", "/articles/%00", "/articles/%F0%9F%98%80"):
        assert (await api.get(path)).status_code == 404


async def test_hostile_articles_are_refused(api: httpx.AsyncClient) -> None:
    head = b'{"url":"https://a.example.com/1","source":"a","content":"x"'
    bodies = [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        head + b',"extra":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        head + b',"extra":{"n":' + b"1" * 5000 + b"}}",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"url":"javascript:alert(1)","source":"a","content":"x"}',
    ]
    for body in bodies:
        answer = await api.post("/articles", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, body[:60]
        assert _is_problem(answer)
    # These cost a field or a character alone.
    for body in (head + b',"title":"\\ud800"}', head + b',"published_at":"0001-01-01T00:00:00+14:00"}'):
        assert (
            await api.post("/articles", content=body, headers={"Content-Type": "application/json"})
        ).status_code == 202
