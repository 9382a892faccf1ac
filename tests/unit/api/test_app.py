"""The API while nothing else runs: what it refuses, and how it says that the servers are away."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from streams.api import body as bodies
from streams.api.app import MAX_SEARCHES, create_api
from streams.records import RawArticle
from streams.search.request import SearchRequest
from streams.settings import Settings
from tests.support.processes import free_port
from tests.support.serving import in_process


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An API whose Kafka and Elasticsearch do not exist."""
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=f"http://127.0.0.1:{free_port()}",
        max_content_bytes=1000,
    )
    async with in_process(create_api(settings)) as client:
        yield client


def _problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.request.url.path
    return body


async def test_it_lives_but_is_not_ready(alone: httpx.AsyncClient) -> None:
    assert (await alone.get("/livez")).json() == {"ok": True, "faults": [], "warnings": []}
    ready = await alone.get("/readyz")
    assert ready.status_code == 503
    assert {fault.split(" at ")[0] for fault in ready.json()["faults"]} == {"no Elasticsearch", "no Kafka"}


@pytest.mark.parametrize("path", ["/search?q=a", "/articles/x", "/facets", "/timeline", "/map", "/live", "/sources"])
async def test_absent_servers_are_a_503_that_invites_to_come_back(alone: httpx.AsyncClient, path: str) -> None:
    answer = await alone.get(path)
    _problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


async def test_an_article_is_not_acknowledged_without_kafka(alone: httpx.AsyncClient) -> None:
    raw = {"url": "https://a.example.com/1", "source": "a", "content": "نص"}
    _problem(await alone.post("/articles", json=raw), 503)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/search?size=0", "size"),
        ("/search?bbox=1,2", "bbox"),
        ("/search?colour=red", "colour"),
        ("/search?cursor=xyz", "cursor"),
        ("/search?sort=luck", "sort"),
        ("/facets?size=9999", "size"),
        ("/timeline?interval=eon", "interval"),
        ("/timeline?zone=../etc", "zone"),
        ("/timeline?zone=Mars/Olympus", "unknown time zone"),
        ("/timeline?zone=%2B25:00", "unknown time zone"),
        ("/map?zoom=99", "zoom"),
        ("/sources?colour=red", "colour"),
        ("/sources?verdict=good", "verdict"),
        ("/sources/A!", "name"),
        ("/articles/x?copies=-1", "copies"),
    ],
)
async def test_bad_parameters_are_named(alone: httpx.AsyncClient, path: str, field: str) -> None:
    assert field in str(_problem(await alone.get(path), 422)["detail"])


async def test_unknown_paths_and_methods_are_problems_too(alone: httpx.AsyncClient) -> None:
    _problem(await alone.get("/nothing"), 404)
    _problem(await alone.delete("/search"), 405)


async def test_a_foreign_event_id_is_refused(alone: httpx.AsyncClient) -> None:
    _problem(await alone.get("/live", headers={"Last-Event-ID": "17"}), 422)


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 422, "empty"),
        (b"{", 422, "not_json"),
        (b'{"url": "https://a.example.com/1"}', 422, "source"),
        (b'{"content": "' + b"x" * 9000 + b'"}', 413, "exceeds"),
    ],
)
async def test_bad_articles_are_refused(alone: httpx.AsyncClient, body: bytes, status: int, detail: str) -> None:
    answer = await alone.post("/articles", content=body, headers={"content-type": "application/json"})
    assert detail in str(_problem(answer, status)["detail"])


async def test_requests_are_counted_by_route_and_not_by_path(alone: httpx.AsyncClient) -> None:
    await alone.get("/articles/secret-id")
    await alone.get("/nowhere-at-all")
    page = (await alone.get("/metrics")).text
    assert 'rasd_api_requests_total{route="/articles/{article_id}",status="503"} 1.0' in page
    assert 'route="none",status="404"' in page
    assert "secret-id" not in page
    assert "nowhere" not in page


async def test_the_pages_of_the_description_load_nothing_from_elsewhere(alone: httpx.AsyncClient) -> None:
    for path in ("/docs", "/redoc"):
        page = (await alone.get(path)).text
        loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
        assert loaded
        for address in loaded:
            assert address.startswith("/")
            assert (await alone.get(address)).status_code == 200


async def test_the_examples_of_the_description_are_sound(alone: httpx.AsyncClient) -> None:
    paths = (await alone.get("/openapi.json")).json()["paths"]
    body = paths["/articles"]["post"]["requestBody"]["content"]["application/json"]
    RawArticle.model_validate(body["example"])
    query = next(entry for entry in paths["/search"]["get"]["parameters"] if entry["name"] == "q")
    assert not SearchRequest(q=query["schema"]["examples"][0]).parsed().empty


async def test_the_description_names_every_route_and_its_problems(alone: httpx.AsyncClient) -> None:
    description = (await alone.get("/openapi.json")).json()
    expected = {"/search", "/articles", "/articles/{article_id}", "/facets", "/timeline", "/map", "/live"}
    assert expected | {"/livez", "/readyz", "/metrics"} <= set(description["paths"])
    refusal = description["paths"]["/search"]["get"]["responses"]["503"]["content"]
    assert list(refusal) == ["application/problem+json"]
    parameters = {parameter["name"] for parameter in description["paths"]["/search"]["get"]["parameters"]}
    assert {"q", "place", "bbox", "from", "to", "fold", "cursor"} <= parameters


async def test_more_searches_than_the_server_can_do_at_once_are_told_to_come_back() -> None:
    api = create_api(Settings(_env_file=None, elasticsearch_url=f"http://127.0.0.1:{free_port()}"))
    async with in_process(api) as client:
        with ExitStack() as running:
            for _ in range(MAX_SEARCHES):
                running.enter_context(api.state.rasd.searches.slot())
            assert "already" in str(_problem(await client.get("/search"), 503)["detail"])
        assert "no Elasticsearch" in str(_problem(await client.get("/search"), 503)["detail"])


async def test_a_body_that_does_not_come_is_not_waited_for(
    alone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    headers = {"content-type": "application/json"}
    _problem(await alone.post("/articles", content=never(), headers=headers), 408)


def test_every_refusal_is_documented_as_problem_details() -> None:
    document = create_api(Settings(_env_file=None)).openapi()
    other = [
        (method, path, status)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status, response in operation.get("responses", {}).items()
        if status.startswith("4") and list(response.get("content", {})) != ["application/problem+json"]
    ]
    assert other == []
