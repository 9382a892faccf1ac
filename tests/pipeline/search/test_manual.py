"""The commands of the manual that call the API: each is run as it stands, by bash and curl."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from elasticsearch import AsyncElasticsearch

from streams.api.keys import Scope, make_key
from streams.kafka.clients import wait_for_topics
from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article, raw_record
from tests.support.serving import events, live_position, publish, serving

ROOT = Path(__file__).parents[3]
SHOWN = "http://127.0.0.1:28000"
_CURL = re.compile(r"(?:^|`)\s*(curl [^`\n]+)", re.MULTILINE)
ADEN = {"name": "عدن", "country": "YE", "kind": "city", "lat": 12.78, "lon": 45.03, "confidence": 1, "mentions": []}
QUAKE = "زلزال قرب عدن"


def _lines() -> list[tuple[str, str]]:
    """Every command in the documentation that calls the API, with its page."""
    found = []
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        for match in _CURL.finditer(page.read_text(encoding="utf-8")):
            if SHOWN in match[1]:
                found.append((page.relative_to(ROOT).as_posix(), match[1].partition("      #")[0].strip()))
    return found


@asynccontextmanager
async def _running(
    line: str, http: httpx.AsyncClient, folder: Path, key: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command with the test's server instead of the one shown; it ends with the context."""
    command = line.replace(SHOWN, str(http.base_url).rstrip("/"))
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"exec {command}", cwd=folder, env=os.environ | {"KEY": key, "LC_ALL": "C.UTF-8"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _first_article(process: asyncio.subprocess.Process, settings: Settings) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        await process.stdout.readline()  # the feed has joined, so nothing is missed from here on
        await publish(settings, [article(id="live", title=QUAKE)])
        while line := await process.stdout.readline():
            if line.startswith(b"data: {"):
                found: dict[str, Any] = json.loads(line[6:])
                return found
    raise AssertionError("the feed ended")


async def test_every_curl_line_of_the_manual_works(
    settings: Settings, client: AsyncElasticsearch, tmp_path: Path
) -> None:
    await wait_for_topics(settings)
    fields = {
        "places": [ADEN],
        "geo": [{"lat": ADEN["lat"], "lon": ADEN["lon"]}],
        "ingested_at": "2024-06-01T00:00:00Z",
    }
    await store(
        settings,
        client,
        [
            article(id="q1", title=QUAKE, **fields),
            article(id="q2", title="الانتخابات في مجلس الأمن", published_at="2024-05-01T10:00:00Z", **fields),
            article(id="q3", title="ميناء بيروت"),
        ],
    )
    (tmp_path / "day.jsonl.gz").write_bytes(gzip.compress(json.dumps(raw_record(), ensure_ascii=False).encode()))
    secret, key = make_key("newsroom", {Scope.EXPORT})
    guarded = settings.model_copy(update={"api_keys": (key.entry(),)})
    lines = _lines()
    assert len(lines) >= 15
    async with serving(settings) as opened, serving(guarded) as closed:
        assert (await closed.get("/export")).status_code == 401
        for page, line in lines:
            http = closed if "$KEY" in line else opened
            async with _running(line, http, tmp_path, secret) as process:
                if re.search(r"/live\b", line):
                    assert (await _first_article(process, settings))["id"] == "live"
                    continue
                out, err = await process.communicate()
                assert process.returncode == 0, (page, line, err.decode())
                assert out or "-o " in line, (page, line)
    exported = [json.loads(row) for row in (tmp_path / "export.ndjson").read_text().splitlines()]
    assert [row.get("id") for row in exported] == ["q2", None]
    places = json.loads((tmp_path / "export.geojson").read_text())
    assert [feature["properties"]["article_id"] for feature in places["features"]] == ["q1"]
    assert places["export"]["complete"]
    assert "ميناء بيروت" in (tmp_path / "export.csv").read_text()


async def test_a_target_in_raw_bytes_is_answered_whatever_they_are(api: httpx.AsyncClient) -> None:
    """HTTP allows ASCII only; curl sends what it is given."""
    assert api.base_url.port is not None
    for query, status in (("زلزال".encode(), 200), (b"\xff\xfe", 200), ("زلزال".encode()[:-1], 200), (b"a b", 400)):
        reader, writer = await asyncio.open_connection("127.0.0.1", api.base_url.port)
        writer.write(b"GET /search?q=" + query + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert int(head.split()[1]) == status, query
        assert json.loads(body)["total" if status == 200 else "detail"] is not None


async def test_the_live_feed_tells_what_it_does_not_understand(api: httpx.AsyncClient) -> None:
    await live_position(api)
    async with asyncio.timeout(30), api.stream("GET", "/live", params={"q": "زلزال~ و"}) as answer:
        stream = events(answer)
        assert (await anext(stream)).id
        told = [await anext(stream) for _ in range(2)]
    assert [event.kind for event in told] == ["note", "note"]
    assert "~ is not understood" in told[0].data[0]
    assert [event.id for event in told] == ["", ""]


async def test_an_article_is_explained(settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient) -> None:
    await store(settings, client, [article(id="n1")])
    page = (await api.get("/search", params={"q": "معارض", "explain": "true"})).json()
    (part,) = page["hits"][0]["explanation"]["parts"]
    assert {form["printed"] for form in part["forms"] if form["field"] == "title"} == {"معرض"}
    found = (await api.get("/articles/n1/explain", params={"q": "معرض", "source": "other"})).json()
    assert (found["matches"], found["reasons"]) == (False, ["it does not pass the filter source"])
    assert (await api.get("/articles/n9/explain")).status_code == 404


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_answers_are_compressed_if_the_client_takes_it(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient, encoding: str
) -> None:
    await store(settings, client, [article(id=f"n{number}") for number in range(20)])
    for path in ("/search", "/export"):
        async with api.stream("GET", path, headers={"Accept-Encoding": encoding}) as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers.get("content-encoding", "identity") == encoding, path
        text = gzip.decompress(raw) if encoding == "gzip" else raw
        assert text.count(b'"source":"almina"') >= 10
        assert (len(raw) < len(text) / 3) == (encoding == "gzip")


async def test_only_the_chosen_fields_are_returned(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    await store(settings, client, [article(id="n1")])
    page = (await api.get("/search", params={"q": "معرض", "fields": "title,id"})).json()
    assert page["hits"][0]["article"] == {"title": article().title, "id": "n1"}
    assert page["hits"][0]["highlights"]["title"]["marks"]
    rows = (await api.get("/export", params={"fields": "id"})).text.splitlines()
    assert json.loads(rows[0]) == {"id": "n1"}
    refused = await api.get("/search", params={"fields": "id,forms"})
    assert (refused.status_code, "unknown field 'forms'" in refused.json()["detail"]) == (422, True)
