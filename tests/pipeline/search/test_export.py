"""Complete exports over HTTP, while articles are written and servers fail."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Sequence

import httpx
import pytest
from elasticsearch import AsyncElasticsearch
from pydantic import HttpUrl

from streams.api import snapshot
from streams.elastic.templates import names
from streams.kafka.clients import wait_for_topics
from streams.records import Article
from streams.search.request import Filters
from streams.settings import Settings
from tests.pipeline.search.conftest import open_sink, store
from tests.support.articles import article
from tests.support.serving import Line, serving, until

FORMULA = '=HYPERLINK("https://evil.example.com","خبر")'


def _articles(count: int, start: int = 0) -> list[Article]:
    """Articles of which four at a time share their time, so that only ids order those."""
    return [
        article(
            id=f"n{number:05}",
            url=f"https://almina.example.com/{number}",
            published_at=f"2024-02-{1 + number // 4 % 28:02}T08:00:00Z",
            ingested_at="2024-03-01T00:00:00Z",
            title=f"الخبر رقم {number}",
        )
        for number in range(start, start + count)
    ]


def _ordered(articles: Sequence[Article]) -> list[str]:
    newest = sorted(articles, key=lambda entry: (entry.published_at, entry.id), reverse=True)
    return [entry.id for entry in newest]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many requests for few articles."""
    for name in ("FIRST_PAGE", "LEAST_PAGE", "MOST_PAGE"):
        monkeypatch.setattr(snapshot, name, 7)


@pytest.mark.usefixtures("small_pages")
async def test_an_export_is_complete_and_in_order_while_articles_come_in(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    before = _articles(200)
    await store(settings, client, before)

    async def keep_writing(writing: asyncio.Event) -> None:
        async with open_sink(settings) as sink:
            for step in range(1000):
                # New ones, and every old one once more with another text: the export shows what stood at its beginning.
                await sink.write(_articles(10, 1000 + 10 * step))
                again = before[step % 20 * 10 :][:10]
                await sink.write([e.model_copy(update={"title": "بعد", "fetched_at": e.published_at}) for e in again])
                await client.indices.refresh(index=names(settings).read)
                writing.set()

    writing = asyncio.Event()
    writer = asyncio.create_task(keep_writing(writing))
    lines: list[str] = []
    async with api.stream("GET", "/export") as response:
        assert response.headers["rasd-export-total"] == "200"
        assert response.headers["content-type"] == "application/x-ndjson"
        assert response.headers["content-disposition"].endswith('.ndjson"')
        await asyncio.wait_for(writing.wait(), 30)
        async for text in response.aiter_lines():
            lines.append(text)
    writer.cancel()
    assert json.loads(lines[-1]) == {"export": {"complete": True, "articles": 200, "total": 200}}
    found = [Article.model_validate_json(text) for text in lines[:-1]]
    assert [entry.id for entry in found] == _ordered(before)
    assert {entry.title for entry in found} == {entry.title for entry in before}


async def test_filters_narrow_an_export_as_they_do_a_search(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    await store(
        settings, client, [*_articles(8), article(id="q", title="زلزال يضرب المدينة"), article(id="fr", language="fr")]
    )
    for params in (
        {"q": "زلزال"},
        {"language": "fr"},
        {"from": "2024-02-02"},
        {"q": "الخبر -زلزال"},
        {"place": "بيروت"},
    ):
        page = (await api.get("/search", params=params | {"sort": "time", "fold": "false", "size": 100})).json()
        lines = (await api.get("/export", params=params)).text.splitlines()
        assert [json.loads(text)["id"] for text in lines[:-1]] == [hit["article"]["id"] for hit in page["hits"]]
    oldest = (await api.get("/export", params={"order": "oldest"})).text.splitlines()
    newest = (await api.get("/export")).text.splitlines()
    assert oldest[:-1] == newest[:-1][::-1]


async def test_a_table_for_a_spreadsheet(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    entry = article(id="a1", title=FORMULA, body='قال: "نعم"؛\nثم مضى، و=لا')
    await store(settings, client, [entry])
    answer = await api.get("/export", params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b'\xef\xbb\xbf"id",')
    (cells,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert cells["title"] == f"'{FORMULA}"
    assert cells["body"] == entry.body
    exact = await api.get(
        "/export",
        params={"format": "csv", "safe": "false", "bom": "false", "columns": "title,id", "separator": "semicolon"},
    )
    assert list(csv.reader(io.StringIO(exact.text, newline=""), delimiter=";")) == [["title", "id"], [FORMULA, "a1"]]
    closed = await api.get("/export", params={"format": "csv", "end": "true", "columns": "id"})
    assert closed.text.splitlines()[-1] == '"#export complete: 1 of 1 articles"'


async def test_nothing_found_is_a_complete_export_of_nothing(api: httpx.AsyncClient) -> None:
    answer = await api.get("/export", params={"q": "زلزال"})
    assert json.loads(answer.text) == {"export": {"complete": True, "articles": 0, "total": 0}}
    table = await api.get("/export", params={"format": "csv", "columns": "id,title"})
    assert table.content.decode("utf-8-sig") == '"id","title"\r\n'


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_an_export_that_cannot_go_on_says_so_and_is_cut_off(
    settings: Settings, client: AsyncElasticsearch, form: str
) -> None:
    port = settings.elasticsearch_url.port
    assert port is not None
    line = Line(port)
    await line.mend()
    await wait_for_topics(settings)
    await store(settings, client, _articles(4000))
    behind = settings.model_copy(
        update={"elasticsearch_url": HttpUrl(f"http://127.0.0.1:{line.port}"), "retry_first": 0.05}
    )
    got = b""
    async with serving(behind) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            async with http.stream("GET", "/export", params={"format": form}) as response:
                assert response.status_code == 200
                async for piece in response.aiter_bytes():
                    if not got:
                        await line.cut()
                    got += piece
    last = got.decode().splitlines()[-1]
    assert ('"complete":false' if form == "ndjson" else "#export INCOMPLETE") in last
    assert "no Elasticsearch at" in last


@pytest.mark.usefixtures("small_pages")
async def test_the_loss_of_its_moment_is_told_apart_from_a_server_that_is_away(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    await store(settings, client, _articles(100))
    async with snapshot.open_snapshot(client, settings, Filters(), "newest") as moment:
        assert len(await moment.page()) == 7
        await client.close_point_in_time(id=moment.point)
        with pytest.raises(snapshot.SnapshotLost):
            await moment.page()


async def test_readers_who_leave_give_their_place_back(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    await store(settings, client, _articles(50))
    for _ in range(10):
        async with api.stream("GET", "/export") as response:
            assert response.status_code == 200
            await anext(response.aiter_bytes())
    assert (await api.get("/export")).text.count("\n") == 51

    async def all_given_back() -> bool:
        stats = await client.nodes.stats(metric="indices", index_metric="search")
        return all(node["indices"]["search"]["open_contexts"] == 0 for node in stats["nodes"].values())

    await until(all_given_back)
