"""Searches whose answer is incomplete: told, or refused where the answer would be wrong."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, NotFoundError
from pydantic import HttpUrl

from streams.api.app import create_api
from streams.elastic.client import make_client, translate_errors
from streams.errors import Retryable
from streams.records import Cluster
from streams.search import service
from streams.search.explain import Explanation, explain
from streams.search.query import FACETS, PRINTED_NAMES
from streams.search.request import Filters, SearchRequest
from streams.search.service import Searcher
from streams.settings import Settings
from tests.support.articles import article
from tests.support.processes import free_port
from tests.support.serving import in_process

COMPLETE = {"timed_out": False, "_shards": {"total": 2, "successful": 2, "failed": 0}}
INCOMPLETE = [
    {"timed_out": True, "_shards": {"total": 2, "successful": 2, "failed": 0}},
    {"timed_out": False, "_shards": {"total": 2, "successful": 1, "failed": 1}},
]


def _answer(facts: dict[str, Any], *hits: dict[str, Any]) -> dict[str, Any]:
    buckets: dict[str, Any] = {"buckets": []}
    names = (*FACETS, *(f"{name}_printed" for name in PRINTED_NAMES))
    return {
        **facts,
        "took": 1,
        "hits": {"total": {"value": len(hits), "relation": "eq"}, "hits": list(hits)},
        "aggregations": dict.fromkeys((*names, "timeline", "tiles", "stories", "places"), buckets),
    }


def _searcher(*answers: dict[str, Any]) -> Searcher:
    left = list(answers)

    async def search(**_: Any) -> dict[str, Any]:
        return left.pop(0)

    return Searcher(SimpleNamespace(search=search), Settings(_env_file=None))  # type: ignore[arg-type]


@pytest.mark.parametrize("facts", INCOMPLETE)
async def test_an_article_that_may_be_in_a_silent_part_is_not_called_missing(facts: dict[str, Any]) -> None:
    assert await _searcher(_answer(COMPLETE)).article("a1") is None
    with pytest.raises(Retryable, match="part of the index"):
        await _searcher(_answer(facts)).article("a1")
    cluster = Cluster(id="c1", canonical_id="a1", relation="first", score=1.0)
    found = article(cluster=cluster)
    hit = {"_source": found.model_dump(mode="json")}
    assert await _searcher(_answer(facts, hit)).article(found.id) == found
    with pytest.raises(Retryable, match="copies"):
        await _searcher(_answer(facts)).story(found, 5)


async def test_articles_of_a_story_with_other_versions_are_found_by_text_and_by_address() -> None:
    members = [article(id=name, url=f"https://almina.example.com/{name[0]}") for name in ("a", "b", "b2", "c")]
    buckets = {"aggregations": {"articles": {"buckets": [{"key": "a", "doc_count": 3}]}}}
    assert await _searcher(COMPLETE | buckets).changed(members) == {"a", "b", "b2"}
    # Nothing was ever written to the index of versions.
    assert await _searcher(COMPLETE).changed(members[:2]) == set()
    with pytest.raises(Retryable, match="versions"):
        await _searcher(INCOMPLETE[1] | buckets).changed(members)


@pytest.mark.parametrize(("facts", "partial"), [(COMPLETE, False), *((facts, True) for facts in INCOMPLETE)])
async def test_counts_say_whether_they_are_complete(facts: dict[str, Any], partial: bool) -> None:
    api = create_api(
        Settings(
            _env_file=None,
            kafka_bootstrap=f"127.0.0.1:{free_port()}",
            elasticsearch_url=HttpUrl(f"http://127.0.0.1:{free_port()}"),
        )
    )
    async with in_process(api) as http:
        for path in ("/search", "/facets", "/timeline", "/map"):
            api.state.rasd.searcher.client = _searcher(_answer(facts)).client
            answer = (await http.get(path)).raise_for_status().json()
            assert (path, answer["partial"]) == (path, partial)


@pytest.mark.parametrize(
    ("age", "allocated", "asked"),
    [
        (2, True, ["search", "settings", "health 0s", "health 10s", "search"]),
        (2, False, ["search", "settings", "health 0s", "health 10s"]),
        (3600, True, ["search", "settings"]),  # its shards are not those of a new index
    ],
)
async def test_a_search_waits_for_the_shards_of_a_new_index(age: int, allocated: bool, asked: list[str]) -> None:
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        headers = {"X-Elastic-Product": "Elasticsearch"}
        what = request.path.split("/")
        if "_settings" in what:
            seen.append("settings")
            created = {"index": {"creation_date": str(round((time.time() - age) * 1000))}}
            return web.json_response({"rasd-articles-v1-000001": {"settings": created}}, headers=headers)
        if "health" in what:
            seen.append(f"health {request.query['timeout']}")
            ready = allocated and request.query["timeout"] != "0s"
            status = {"status": "yellow" if ready else "red", "timed_out": not ready}
            return web.json_response(status, status=200 if ready else 408, headers=headers)
        seen.append("search")
        if len(seen) > 1:
            return web.json_response(_answer(COMPLETE), headers=headers)
        missing = {"type": "search_phase_execution_exception", "reason": "all shards failed"}
        return web.json_response({"error": missing, "status": 503}, status=503, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    server = TestServer(app)
    await server.start_server()
    settings = Settings(_env_file=None, elasticsearch_url=HttpUrl(str(server.make_url("/"))))
    client = make_client(settings)
    try:
        searcher = Searcher(client, settings)
        if asked[-1] == "search":
            assert (await searcher.search(SearchRequest())).total == 0
        else:
            with pytest.raises(Retryable, match="503: all shards failed"):
                await searcher.search(SearchRequest())
    finally:
        await client.close()
        await server.close()
    assert seen == asked


async def test_an_index_that_a_search_creates_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    refusals = [(NotFoundError, 404), (ApiError, 503)]

    async def search(**_: Any) -> dict[str, Any]:
        done.append("search")
        if refusals:
            kind, status = refusals.pop(0)
            meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "127.0.0.1", 1))
            raise kind("refused", meta, {})
        return _answer(COMPLETE)

    async def create(*_: Any) -> None:
        done.append("create")

    async def allocated() -> bool:
        done.append("wait")
        return True

    searcher = _searcher(_answer(COMPLETE))
    searcher.client.search = search  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(searcher, "_allocated", allocated)
    monkeypatch.setattr("streams.search.service.ensure_index", create)
    assert (await searcher.search(SearchRequest())).total == 0
    assert done == ["search", "create", "search", "wait", "search"]


async def test_a_password_in_the_address_of_elasticsearch_is_not_shown() -> None:
    port = free_port()
    settings = Settings(_env_file=None, elasticsearch_url=HttpUrl(f"http://rasd:s3cret@127.0.0.1:{port}"))
    client = make_client(settings)
    try:
        with pytest.raises(Retryable) as error, translate_errors(settings):
            await client.info()
    finally:
        await client.close()
    assert f"127.0.0.1:{port}" in str(error.value)
    assert "s3cret" not in str(error.value)


async def test_counts_and_pages_say_whether_they_are_relaxed_and_what_was_not_understood() -> None:
    api = create_api(
        Settings(
            _env_file=None,
            kafka_bootstrap=f"127.0.0.1:{free_port()}",
            elasticsearch_url=HttpUrl(f"http://127.0.0.1:{free_port()}"),
        )
    )
    async with in_process(api) as http:
        for q, relaxed in (("هجوم صنعاء عدن~", True), ("هجوم~", False)):
            for path in ("/search", "/facets", "/timeline", "/map"):
                api.state.rasd.searcher.client = _searcher(*[_answer(COMPLETE)] * 9).client
                answer = (await http.get(path, params={"q": q})).raise_for_status().json()
                assert (path, answer["relaxed"]) == (path, relaxed)
                assert "~ is not understood" in answer["notes"][0]


async def test_articles_are_explained_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def spy(*arguments: Any) -> Explanation:
        threads.append(threading.get_ident())
        return explain(*arguments)

    monkeypatch.setattr(service, "explain", spy)
    found = article(body="وقع هجوم أمس")
    hit = {"_source": found.model_dump(mode="json"), "_score": 1.0, "sort": [1.0, found.id]}
    answer = _answer(COMPLETE, hit)
    request = SearchRequest(q="هجوم", explain=True, fold=False, suggest=False)
    page = await _searcher(answer).search(request)
    assert page.hits[0].explanation is not None
    alone = await _searcher(answer, answer).explain(found.id, Filters(q="هجوم"))
    assert alone is not None
    assert alone.matches
    assert len(threads) == 2
    assert threading.get_ident() not in threads
