"""Connections of slow, greedy and hostile clients, over real sockets; the times are shortened."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import HttpUrl
from starlette.responses import Response

from streams.api import connection
from streams.api.app import create_api
from streams.api.connection import HEAD_BYTES
from streams.api.server import Server, listen
from streams.observability.metrics import Metrics
from streams.settings import Settings
from tests.support.processes import free_port

HOST = b"Host: localhost\r\n"
LIVEZ = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"


class Running:
    """An API without servers, on a port."""

    def __init__(self, api: FastAPI, port: int, metrics: Metrics) -> None:
        self.api = api
        self.port = port
        self.metrics = metrics

    def limited(self, limit: str) -> float:
        return self.metrics.registry.get_sample_value("rasd_api_limited_total", {"limit": limit}) or 0.0

    async def ask(self, data: bytes) -> bytes:
        """Send bytes; return all that comes until the server closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            await writer.drain()
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()


@asynccontextmanager
async def running(**values: Any) -> AsyncIterator[Running]:
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=HttpUrl(f"http://127.0.0.1:{free_port()}"),
        **values,
    )
    metrics = Metrics()
    api = create_api(settings, metrics)
    listening = listen("127.0.0.1", 0)
    server = Server(api, settings, metrics)
    server.config.timeout_graceful_shutdown = 1
    server.config.timeout_keep_alive = 1
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:  # noqa: ASYNC110  (uvicorn offers no event)
            await asyncio.sleep(0.01)
        yield Running(api, listening.getsockname()[1], metrics)
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    async with running() as started:
        yield started


def _problem(answer: bytes, status: int) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert problem["status"] == status
    return str(problem["detail"])


async def test_a_target_in_raw_utf8_is_read_as_if_it_were_percent_encoded(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def article(article_id: str) -> None:
        asked.append(article_id)

    monkeypatch.setattr(server.api.state.rasd.searcher, "article", article)
    line = "GET /articles/خبر-é?copies=1 HTTP/1.1\r\n".encode()
    rest = HOST + b"Connection: close\r\nX-Name: \xd8\xae\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for at in range(0, len(line), 3):  # in pieces, which cut letters
        writer.write(line[at : at + 3])
        await writer.drain()
    writer.write(rest)
    assert _problem(await reader.read(), 404) == "no article with id خبر-é"
    writer.close()
    _problem(await server.ask(b"GET /articles/\xff\xfe HTTP/1.1\r\n" + rest), 404)
    assert asked == ["خبر-é", "\ufffd\ufffd"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /livez\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n" + HOST + b"X : y\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n", 400),
        (b"POST /articles HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n", 400),
        (b"POST /articles HTTP/1.1\r\n" + HOST + b"Content-Length: +4\r\n\r\n", 400),
        (b"POST /articles HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"GET /livez HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 3 * HEAD_BYTES, 431),
        (b"GET /livez?" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 414),
        # One request that hides another: refused, and the connection closed before the second is read.
        (b"POST /articles HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 4\r\n"
         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + LIVEZ, 400),
        (b"GET /livez HTTP/1.1\r\n" + HOST + b"Content-Length: 60\r\n\r\n" + LIVEZ, 400),
        (b"POST /articles HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
         b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + LIVEZ, 400),
    ],
)  # fmt: skip
async def test_what_is_not_http_is_a_problem_and_ends_the_connection(
    server: Running, request_bytes: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await server.ask(request_bytes)
    _problem(answer, status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_head_that_drips_is_not_waited_for(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /livez HTTP/1.1\r\n" + HOST)
    dripping = asyncio.create_task(_drip(writer, b"X: y\r\n"))
    assert "did not arrive" in _problem(await asyncio.wait_for(reader.read(), 20), 408)
    dripping.cancel()
    writer.close()
    # Nothing at all, and a second request that drips on a kept connection.
    assert await server.ask(b"") == b""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(LIVEZ + b"GET /livez HTTP/1.1\r\n")
    dripping = asyncio.create_task(_drip(writer, b"X: y\r\n"))
    answers = await asyncio.wait_for(reader.read(), 20)
    assert answers.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answers
    dripping.cancel()
    writer.close()


async def _drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    try:
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
    except ConnectionError:
        return


async def test_a_body_that_nobody_reads_does_not_keep_a_connection_open(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    # Refused for its type at once; the body goes on.
    writer.write(b"POST /articles HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n")
    dripping = asyncio.create_task(_drip(writer, b"x"))
    try:
        answer = await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:  # what drips after the close
        answer = b"HTTP/1.1 415 "
    assert answer.startswith(b"HTTP/1.1 415 ")
    dripping.cancel()
    writer.close()


def _slow_socket(port: int) -> socket.socket:
    """A client with a small window."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


@pytest.mark.parametrize("head", [b"", b"Connection: close\r\n"])
async def test_who_reads_an_answer_too_slowly_is_cut_off_and_who_reads_is_not(
    server: Running, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(connection, "STEP_SECONDS", 0.3)
    size = 20_000_000

    @server.api.get("/large")
    async def large() -> Response:
        return Response(b"x" * size, media_type="application/octet-stream")

    request = b"GET /large HTTP/1.1\r\n" + HOST + head + b"\r\n"
    loop = asyncio.get_running_loop()
    slow = _slow_socket(server.port)
    await loop.sock_sendall(slow, request)
    async with asyncio.timeout(30):
        while not server.limited("slow_reader"):
            # A byte now and then, which no timeout of TCP's notices.
            await loop.sock_recv(slow, 1)
            await asyncio.sleep(0.02)
        with pytest.raises(ConnectionResetError):
            while True:
                assert await loop.sock_recv(slow, 60_000)
    slow.close()
    steady = _slow_socket(server.port)
    await loop.sock_sendall(steady, request)
    got = 0
    async with asyncio.timeout(60):
        while got < size:
            got += len(await loop.sock_recv(steady, 60_000))
            if got < 1_000_000:
                await asyncio.sleep(0.005)
    assert server.limited("slow_reader") == 1
    steady.close()


async def test_connections_are_limited_by_address_and_in_total() -> None:
    async with running(api_connections=4, api_connections_per_address=3) as server:
        idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        for _, writer in idle:
            writer.write(LIVEZ)
        for reader, _ in idle:
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert "3 connections from your address" in _problem(await server.ask(LIVEZ), 503)
        idle[0][1].close()
        await idle[0][1].wait_closed()
        last = LIVEZ.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(20):
            while not (await server.ask(last)).startswith(b"HTTP/1.1 200"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert server.limited("connections") >= 1
        for _, writer in idle[1:]:
            writer.close()
    async with running(api_connections=2, api_trusted_proxies="127.0.0.0/8", api_connections_per_address=1) as server:
        idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        for reader, writer in idle:
            writer.write(LIVEZ)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        refusal = await server.ask(LIVEZ)
        assert "2 connections are open" in _problem(refusal, 503)
        assert b"retry-after: " in refusal
        for _, writer in idle:
            writer.close()


async def test_only_a_trusted_proxy_names_the_client() -> None:
    forwarded = b"GET /metrics HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: 192.0.2.%d\r\nConnection: close\r\n\r\n"
    async with running(api_rate=2) as server:
        answers = [await server.ask(forwarded % number) for number in range(3)]
        assert [answer.split()[1] for answer in answers] == [b"200", b"200", b"429"]
    async with running(api_rate=2, api_trusted_proxies="127.0.0.1") as server:
        answers = [await server.ask(forwarded % number) for number in (1, 2, 3, 1, 1)]
        assert [answer.split()[1] for answer in answers] == [b"200"] * 4 + [b"429"]
