"""HEAD, OPTIONS, CORS and headers."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl
from starlette.types import Message

from streams.api.app import create_api
from streams.api.streaming import Stream
from streams.settings import Settings
from tests.support.processes import free_port
from tests.support.serving import in_process

ORIGIN = "https://news.example.com"


def _settings(**values: Any) -> Settings:
    return Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=HttpUrl(f"http://127.0.0.1:{free_port()}"),
        **values,
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(create_api(_settings())) as client:
        yield client


async def test_every_answer_has_the_same_sane_headers(http: httpx.AsyncClient) -> None:
    for path in ("/livez", "/search", "/nothing", "/search?size=0", "/export", "/live", "/openapi.json"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


async def test_head_is_answered_like_get(http: httpx.AsyncClient) -> None:
    for path in ("/livez", "/search", "/nothing", "/metrics", "/live", "/export"):
        get, head = await http.get(path), await http.head(path)
        assert head.status_code == get.status_code
        assert head.headers["content-type"] == get.headers["content-type"]
    assert (await http.head("/articles")).status_code == 405


async def test_head_of_a_stream_does_not_begin_it() -> None:
    closed: list[bool] = []
    sent: list[Message] = []

    async def body() -> AsyncGenerator[bytes]:
        try:
            yield b"first"
            raise AssertionError("it began")
        finally:
            closed.append(True)

    async def receive() -> Message:
        raise AssertionError("nothing is asked of the client")

    async def send(message: Message) -> None:
        sent.append(message)

    stream = body()
    response = Stream(await anext(stream), stream, "text/plain", {})
    await response({"type": "http", "method": "GET", "rasd.head": True}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[1]["body"] == b""
    assert closed == [True]


async def test_options_tell_what_a_path_takes(http: httpx.AsyncClient) -> None:
    for path, allowed in (
        ("/search", "GET, HEAD, OPTIONS"),
        ("/articles/a1", "GET, HEAD, OPTIONS"),
        ("/articles", "OPTIONS, POST"),
    ):
        answer = await http.options(path)
        assert (answer.status_code, answer.headers["allow"]) == (204, allowed)
    assert (await http.options("/nothing")).status_code == 404


async def test_pages_of_other_origins_read_nothing_unless_they_are_named() -> None:
    wanted = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "last-event-id",
    }
    async with in_process(create_api(_settings(api_origins=ORIGIN))) as http:
        assert (await http.get("/livez", headers={"Origin": ORIGIN})).headers["access-control-allow-origin"] == ORIGIN
        assert (await http.options("/live", headers=wanted)).headers["access-control-allow-origin"] == ORIGIN
        other = await http.options("/live", headers=wanted | {"Origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in other.headers
    async with in_process(create_api(_settings())) as http:
        assert "access-control-allow-origin" not in (await http.options("/live", headers=wanted)).headers


async def test_an_article_of_another_type_is_refused_so_that_no_web_page_can_hand_one_in(
    http: httpx.AsyncClient,
) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = await http.post("/articles", content=b"{}", headers={"content-type": media_type})
        assert answer.status_code == 415
        assert answer.headers["content-type"] == "application/problem+json"
    answer = await http.post("/articles", content=b"{}", headers={"content-type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 422
