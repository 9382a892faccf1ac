"""The routes of watched sources, on a directory that was read before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from streams.api.app import create_api
from streams.settings import Settings
from streams.sources.watch.directory import Kind, WatchedSource, Watching
from streams.sources.watch.store import Directory
from tests.support.processes import free_port
from tests.support.serving import in_process

NOW = datetime.now(UTC)


def source(name: str, *collections: str) -> WatchedSource:
    url = f"https://{name}.example/rss"
    return WatchedSource(name=name, url=url, kind=Kind.FEED, outlet=name, collections=collections)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(_env_file=None, kafka_bootstrap=f"127.0.0.1:{free_port()}", kafka_connect_timeout=1)
    api = create_api(settings)
    async with in_process(api) as client:
        follower = api.state.rasd.directory
        await follower.close()
        seen = {"visits": 3, "items": 7, "first_visit": NOW, "last_visit": NOW, "last_success": NOW, "last_new": NOW}
        blocked = seen | {"failures": 2, "fault": "https://bahr.example/rss answers with status 403"}
        found = Directory(
            sources={s.name: s for s in (source("jisr", "الخليج"), source("bahr", "الخليج", "يومية"), source("nahr"))},
            states={
                "jisr": Watching.model_validate(seen),
                "bahr": Watching.model_validate(blocked | {"fault_kind": "blocked"}),
            },
        )
        follower.show(found)
        yield client


async def names(client: httpx.AsyncClient, query: str) -> list[str]:
    answer = (await client.get(f"/sources{query}")).json()
    assert answer["total"] == len(answer["sources"]) == sum(answer["verdicts"].values())
    return [found["source"]["name"] for found in answer["sources"]]


async def test_they_are_listed_with_a_verdict(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/sources")).json()
    assert {found["source"]["name"]: found["verdict"] for found in answer["sources"]} == {
        "bahr": "blocked",
        "jisr": "healthy",
        "nahr": "new",
    }
    assert answer["verdicts"] == {"blocked": 1, "healthy": 1, "new": 1}


async def test_filters(client: httpx.AsyncClient) -> None:
    assert await names(client, "?collection=الخليج") == ["bahr", "jisr"]
    assert await names(client, "?verdict=blocked&verdict=new") == ["bahr", "nahr"]
    assert await names(client, "?collection=يومية&verdict=healthy") == []


async def test_one_source(client: httpx.AsyncClient) -> None:
    found = (await client.get("/sources/bahr")).json()
    assert (found["verdict"], found["failures"], found["items"]) == ("blocked", 2, 7)
    assert "403" in found["advice"]
    assert datetime.fromisoformat(found["last_new"]) - NOW < timedelta(seconds=1)
    missing = await client.get("/sources/none")
    assert (missing.status_code, missing.json()["detail"]) == (404, "there is no source none")


async def test_the_live_feed_and_searches_refuse_an_unknown_collection(client: httpx.AsyncClient) -> None:
    for path in ("/search", "/facets", "/timeline", "/map", "/export", "/live"):
        answer = await client.get(path, params={"collection": "المغرب"})
        assert answer.status_code == 400, path
        assert "المغرب" in answer.json()["detail"] and "الخليج" in answer.json()["detail"]
