"""Who may read beyond loopback."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from streams.api import auth
from streams.api.app import create_api
from streams.api.keys import Key, check_exposed, make_key
from streams.api.keys import Scope as KeyScope
from streams.errors import OperatorError
from streams.settings import Settings
from tests.support.processes import free_port
from tests.support.serving import serving

PROXY, STRANGER = "10.1.2.3", "192.0.2.7"
ROUTES = ("/search", "/facets", "/timeline", "/map", "/articles/x", "/stories", "/stories/x", "/live", "/sources")
DESK = ("/", "/ar/", "/en/search", "/ar/map", "/ar/articles/x")
_READER, _READ_KEY = make_key("reader", [KeyScope.READ])
_EXPORTER, _EXPORT_KEY = make_key("exporter", [KeyScope.EXPORT])
_SCRAPER, _INTAKE_KEY = make_key("scraper", [KeyScope.INTAKE])


def _settings(*keys: Key, **changed: Any) -> Settings:
    return Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=f"http://127.0.0.1:{free_port()}",
        api_keys=tuple(key.entry() for key in keys),
        **{"api_host": "0.0.0.0", **changed},  # noqa: S104  (only a setting; nothing listens)
    )


class Client:
    """Calls an API in this process, as if from an address."""

    def __init__(self, settings: Settings) -> None:
        self.api = create_api(settings)
        self.peer = STRANGER

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["rasd.peer"] = self.peer
        await self.api(scope, receive, send)

    async def status(self, path: str, **headers: str) -> int:
        return (await self.get(path, **headers)).status_code

    async def get(self, path: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.get(path, headers=named)


async def _client(settings: Settings) -> AsyncIterator[Client]:
    client = Client(settings)
    async with client.api.router.lifespan_context(client.api):
        yield client


@pytest.fixture
async def closed() -> AsyncIterator[Client]:
    """An API beyond loopback, with a key of each scope and a proxy that names users."""
    settings = _settings(
        _READ_KEY,
        _EXPORT_KEY,
        _INTAKE_KEY,
        api_trusted_proxies=("10.1.0.0/16",),
        api_identity_header="Remote-User",
    )
    async for client in _client(settings):
        yield client


def _basic(secret: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{secret}".encode()).decode()


async def test_beyond_loopback_reading_needs_a_key(closed: Client) -> None:
    for path in (*ROUTES, *DESK):
        refused = await closed.get(path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic " if path in DESK else "Bearer ")
        assert await closed.status(path, X_API_Key="rasd_" + "x" * 43) == 401
        assert await closed.status(path, X_API_Key=_SCRAPER) == 403
        # Nothing answers behind the API here, so what passes is a 503.
        assert await closed.status(path, X_API_Key=_READER) == 503
    assert await closed.status("/search", Authorization=f"Bearer {_EXPORTER}") == 503
    assert await closed.status("/ar/search", Authorization=_basic(_READER)) == 503


async def test_the_server_knows_who_connected() -> None:
    settings = _settings(
        _READ_KEY, api_trusted_proxies=("127.0.0.1",), api_identity_header="Remote-User", api_hosts=("*",)
    )
    async with serving(settings, ready=False) as http:
        named = {"Remote-User": "salma", "X-Forwarded-For": STRANGER}
        assert (await http.get("/search", headers=named)).status_code == 503
        assert (await http.get("/search", headers={"X-Forwarded-For": STRANGER})).status_code == 401


async def test_the_identity_of_a_proxy_is_believed_from_this_proxy_only(closed: Client) -> None:
    assert await closed.status("/search", Remote_User="salma") == 401
    closed.peer = PROXY
    assert await closed.status("/search", Remote_User="salma") == 503
    assert await closed.status("/ar/search", Remote_User="salma") == 503
    assert await closed.status("/export", Remote_User="salma") == 503
    assert await closed.status("/search", Remote_User=" ") == 401
    assert await closed.status("/search") == 401


async def test_who_read_is_logged_and_what_they_asked_is_not(closed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(auth.log, "info", lambda event, **fields: logged.append({"event": event, **fields}))
    closed.peer = PROXY
    await closed.status("/search?q=secret+plan", Remote_User="salma")
    await closed.status("/ar/search?q=secret+plan", X_API_Key=_READER)
    await closed.status("/search?q=secret+plan")
    assert [(one["reader"], one["path"]) for one in logged] == [("user salma", "/search"), ("key reader", "/ar/search")]
    assert {one["query_sha256"] for one in logged} == {hashlib.sha256(b"secret plan").hexdigest()[:16]}
    assert "secret" not in str(logged)


async def test_a_reader_neither_exports_nor_submits(closed: Client) -> None:
    assert await closed.status("/export", X_API_Key=_READER) == 403
    assert await closed.status("/export", Authorization=_basic(_EXPORTER)) == 503


async def test_unreadable_basic_credentials_are_no_key(closed: Client) -> None:
    for value in ("Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Basic ", _basic("")):
        assert await closed.status("/search", Authorization=value) == 401


async def test_health_metrics_and_the_files_of_the_desk_stay_open(closed: Client) -> None:
    assert await closed.status("/livez") == 200
    assert await closed.status("/metrics") == 200
    page = (await closed.get("/ar/search")).text
    sheet = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert await closed.status(sheet) == 200


@pytest.mark.parametrize("changed", [{"api_host": "127.0.0.1"}, {"api_open": True}])
async def test_where_anybody_may_read_keys_do_not_matter(changed: dict[str, object]) -> None:
    async for client in _client(_settings(_INTAKE_KEY, **changed)):
        assert await client.status("/search") == 503
        assert await client.status("/ar/search") == 503


def test_an_identity_header_needs_a_trusted_proxy() -> None:
    with pytest.raises(OperatorError, match="trusted proxies"):
        check_exposed("0.0.0.0", (), _settings(api_identity_header="Remote-User"))  # noqa: S104
    check_exposed(
        "0.0.0.0",  # noqa: S104
        (),
        _settings(api_identity_header="Remote-User", api_trusted_proxies=("10.0.0.1",)),
    )


async def test_without_keys_only_users_named_by_the_proxy_write_and_export() -> None:
    settings = _settings(api_trusted_proxies=("10.1.0.0/16",), api_identity_header="Remote-User")
    async for client in _client(settings):
        for path in ("/export", "/alerts", "/alerts.opml", "/ar/alerts"):
            client.peer = STRANGER
            assert await client.status(path) == 401, path
            assert await client.status(path, Remote_User="salma") == 401, path
            client.peer = PROXY
            assert await client.status(path) == 401, path
            assert await client.status(path, Remote_User="salma") == 503, path
        for path in ("/alerts", "/articles"):
            transport = httpx.ASGITransport(app=client.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                assert (await http.post(path, json={})).status_code == 401, path
