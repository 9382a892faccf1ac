"""The query API over HTTP on real Kafka and Elasticsearch: articles in, articles found."""

from __future__ import annotations

import asyncio
import json

import httpx
from aiokafka import TopicPartition
from elasticsearch import AsyncElasticsearch
from pydantic import HttpUrl

from streams.kafka.clients import open_reader, wait_for_topics
from streams.records import RawArticle, decode
from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article, raw_record
from tests.support.serving import Line, serving


async def test_an_accepted_article_is_in_kafka(settings: Settings, api: httpx.AsyncClient) -> None:
    answer = await api.post("/articles", json=raw_record(url="https://a.example.com/7", title="عنوان"))
    assert answer.status_code == 202
    receipt = answer.json()
    async with open_reader(settings) as reader:
        tp = TopicPartition(receipt["topic"], receipt["partition"])
        reader.assign([tp])
        reader.seek(tp, receipt["offset"])
        record = await asyncio.wait_for(reader.getone(tp), 20)
    raw = decode(RawArticle, record.value)
    assert (raw.url, raw.title) == ("https://a.example.com/7", "عنوان")
    assert record.key == b"https://a.example.com/7"


async def test_searching_reading_and_counting(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    cluster = {"id": "c1", "relation": "near", "score": 1, "canonical_id": "a1"}
    place = {
        "name": "بيروت",
        "country": "LB",
        "kind": "city",
        "lat": 33.9,
        "lon": 35.5,
        "confidence": 1,
        "mentions": [],
    }
    fields = {"cluster": cluster, "places": [place], "geo": [{"lat": 33.9, "lon": 35.5}]}
    later = article(**fields, id="a2", source="alufuq", ingested_at="2024-02-03T04:05:07Z")
    await store(settings, client, [article(**fields), later])
    page = (await api.get("/search", params={"q": "«معرض الكتاب»", "copies": 3, "place": "بيروت"})).json()
    assert (page["total"], page["hits"][0]["stories"]) == (2, 2)
    one = (await api.get("/articles/a1")).json()
    assert (one["article"]["source"], one["copies_total"], one["first"]["source"]) == ("almina", 1, "almina")
    (copy,) = one["copies"]
    assert (copy["id"], copy["source"], copy["ingested_at"]) == ("a2", "alufuq", "2024-02-03T04:05:07Z")
    assert (await api.get("/articles/a9")).status_code == 404
    facets = (await api.get("/facets", params={"q": "الكتاب"})).json()["facets"]
    assert facets["countries"] == [{"value": "LB", "articles": 2}]
    steps = (await api.get("/timeline", params={"interval": "hour"})).json()["steps"]
    assert steps == [{"start": "2024-02-03T04:00:00.000Z", "articles": 2, "stories": 1}]
    (feature,) = (await api.get("/map", params={"zoom": 5})).json()["features"]
    assert feature["properties"]["articles"] == 2
    west, south, east, north = feature["properties"]["bbox"]
    assert west < 35.5 < east
    assert south < 33.9 < north


async def test_it_recovers_when_elasticsearch_comes_back(settings: Settings, client: AsyncElasticsearch) -> None:
    port = settings.elasticsearch_url.port
    assert port is not None
    line = Line(port)
    await line.mend()
    await wait_for_topics(settings)
    await store(settings, client, [article()])
    behind = settings.model_copy(update={"elasticsearch_url": HttpUrl(f"http://127.0.0.1:{line.port}")})
    async with serving(behind) as http:
        assert (await http.get("/search")).json()["total"] == 1
        await line.cut()
        away = await http.get("/search")
        assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
        assert json.loads(away.content)["detail"].startswith("no Elasticsearch at")
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/livez")).status_code == 200
        await line.mend()
        assert (await http.get("/search")).json()["total"] == 1
        assert (await http.get("/readyz")).status_code == 200
    await line.cut()
