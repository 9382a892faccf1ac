"""What the desk's routes answer while no server is there, and their headers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from streams.api.app import create_api
from streams.settings import Settings
from tests.support.processes import free_port
from tests.support.serving import in_process


@pytest.fixture
async def alone() -> AsyncIterator[httpx.AsyncClient]:
    """An API whose Kafka and Elasticsearch do not exist."""
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=f"http://127.0.0.1:{free_port()}",
    )
    async with in_process(create_api(settings)) as client:
        yield client


async def test_errors_are_pages_in_the_language_of_the_address(alone: httpx.AsyncClient) -> None:
    away = await alone.get("/ar/search?q=a")
    assert away.status_code == 503
    assert away.headers["retry-after"]
    assert 'lang="ar"' in away.text
    assert "الخدمة غير متاحة الآن" in away.text
    missing = await alone.get("/en/nothing/here")
    assert missing.status_code == 404
    assert "Nothing is at this address" in missing.text
    unreadable = await alone.get("/en/search?near=x&from=never")
    assert unreadable.status_code == 422
    assert "near" in unreadable.text
    unknown = await alone.get("/en/search?language=" + "x" * 201)
    assert (unknown.status_code, "language" in unknown.text) == (422, True)
    other = await alone.get("/xx/search")
    assert other.status_code == 404
    assert other.headers["content-type"] == "application/problem+json"


async def test_the_policy_lets_nothing_run_but_the_servers_own_files(alone: httpx.AsyncClient) -> None:
    policy = (await alone.get("/ar/nothing")).headers["content-security-policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["trusted-types"] == "'none'"
    assert "unsafe" not in policy


async def test_files_are_kept_for_ever_and_compressed(alone: httpx.AsyncClient) -> None:
    page = (await alone.get("/ar/nothing")).text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    sheet = await alone.get(address)
    assert sheet.status_code == 200
    assert "immutable" in sheet.headers["cache-control"]
    assert sheet.headers["content-encoding"] == "gzip"
    plain = await alone.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == sheet.content
    assert (await alone.get(address.replace("desk", "disk"))).status_code == 404


@pytest.mark.parametrize(
    ("back", "location"),
    [
        ("/ar/search?q=a", "/ar/search?q=a"),
        ("//elsewhere.example", "/ar/"),
        ("/\\elsewhere.example", "/ar/"),
        ("https://elsewhere.example", "/ar/"),
        ("", "/ar/"),
    ],
)
async def test_preferences_are_kept_and_lead_nowhere_else(alone: httpx.AsyncClient, back: str, location: str) -> None:
    answer = await alone.get("/ar/display", params={"theme": "dark", "digits": "romans", "back": back})
    assert answer.status_code == 303
    assert answer.headers["location"] == location
    assert "theme%3Ddark%26digits%3Dauto" in answer.headers["set-cookie"]
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert 'data-theme="dark"' in (await alone.get("/ar/nothing")).text
