"""What a server can do, by its answer; the answers are those of the two distributions and of serverless."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import HttpUrl

from streams.elastic.client import capabilities, make_client
from streams.elastic.templates import put_templates
from streams.errors import OperatorError, Retryable
from streams.settings import Settings

LOCAL = (400, {"error": "no handler found for uri [/_ilm/status] and method [GET]"})
FULL = (200, {"operation_mode": "RUNNING"})
SERVERLESS = (410, {"error": {"type": "api_not_available_exception", "reason": "not available"}, "status": 410})
STARTING = (503, {"error": {"type": "master_not_discovered_exception", "reason": None}, "status": 503})
FORBIDDEN = (403, {"error": {"type": "security_exception", "reason": "unauthorized for API key"}, "status": 403})


@dataclass
class Server:
    """A server that answers /_ilm/status with `answer`, and accepts every other request."""

    settings: Settings
    answer: tuple[int, dict[str, Any]] = FULL
    sent: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """It listens on loopback."""

    async def handle(request: web.Request) -> web.Response:
        status, answer = (200, {"acknowledged": True})
        if request.path == "/_ilm/status":
            status, answer = made.answer
        elif request.method == "PUT":
            made.sent[request.path] = json.loads(await request.read())
        return web.json_response(answer, status=status, headers={"X-Elastic-Product": "Elasticsearch"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    listening = TestServer(app)
    await listening.start_server()
    made = Server(Settings(_env_file=None, elasticsearch_url=HttpUrl(str(listening.make_url("/")))))
    yield made
    await listening.close()


@pytest.mark.parametrize(("answer", "expected"), [(LOCAL, False), (FULL, True), (SERVERLESS, False)])
async def test_lifecycle_management_is_detected_by_the_answer(
    server: Server, answer: tuple[int, dict[str, Any]], expected: bool
) -> None:
    server.answer = answer
    client = make_client(server.settings)
    assert (await capabilities(client, server.settings)).lifecycle is expected
    await client.close()


@pytest.mark.parametrize(("answer", "error"), [(STARTING, Retryable), (FORBIDDEN, OperatorError)])
async def test_a_server_that_cannot_say_is_not_taken_for_one_without(
    server: Server, answer: tuple[int, dict[str, Any]], error: type[Exception]
) -> None:
    server.answer = answer
    client = make_client(server.settings)
    with pytest.raises(error):
        await capabilities(client, server.settings)
    await client.close()


@pytest.mark.parametrize(("answer", "managed"), [(LOCAL, False), (FULL, True)])
async def test_both_distributions_get_the_same_templates_and_one_of_them_the_policy(
    server: Server, answer: tuple[int, dict[str, Any]], managed: bool
) -> None:
    server.answer = answer
    client = make_client(server.settings)
    await put_templates(client, server.settings)
    await client.close()
    paths = {
        "/_component_template/rasd-articles-terms",
        "/_component_template/rasd-articles-settings",
        "/_index_template/rasd-articles",
    }
    assert set(server.sent) == paths | ({"/_ilm/policy/rasd-articles"} if managed else set())
    own = server.sent["/_component_template/rasd-articles-settings"]["template"]["settings"]
    assert own.pop("lifecycle", None) == (
        {"name": "rasd-articles", "rollover_alias": "rasd-write"} if managed else None
    )
    if managed:
        rollover = server.sent["/_ilm/policy/rasd-articles"]["policy"]["phases"]["hot"]["actions"]["rollover"]
        assert rollover["max_age"] == server.settings.rollover_age
