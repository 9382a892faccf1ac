"""Templates, index and sink on the real Elasticsearch."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch
from pydantic import HttpUrl

from agents.index.sink import IndexSink
from streams.errors import Reason, Rejected, Retryable
from streams.metrics import Metrics
from streams.search.client import capabilities, health, make_client
from streams.search.setup import ensure_index, names
from streams.settings import Settings
from tests.pipeline.search.conftest import open_sink, store
from tests.support.articles import article
from tests.support.processes import free_port


async def _stored(client: AsyncElasticsearch, settings: Settings) -> dict[str, dict[str, Any]]:
    await client.indices.refresh(index=names(settings).read)
    answer = await client.search(index=names(settings).read, size=1000, version=True)
    return {hit["_id"]: hit for hit in answer["hits"]["hits"]}


async def test_many_workers_at_once_make_one_index(settings: Settings, client: AsyncElasticsearch) -> None:
    made = await asyncio.gather(*(ensure_index(client, settings) for _ in range(8)))
    assert sorted(made) == [False] * 7 + [True]
    aliases = (await client.indices.get_alias(index=names(settings).pattern)).body
    assert aliases == {
        names(settings).index(1): {
            "aliases": {names(settings).read: {}, names(settings).write: {"is_write_index": True}}
        }
    }
    assert not await ensure_index(client, settings)


async def test_the_server_says_what_it_can_do(settings: Settings, client: AsyncElasticsearch) -> None:
    assert (await health(client, settings))["status"] in {"green", "yellow"}
    # The local distribution has no ILM; the full one would say True.
    assert (await capabilities(client, settings)).lifecycle is False


async def test_a_replay_changes_nothing_and_an_older_copy_never_undoes_a_newer_one(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    old = article(fetched_at="2024-02-03T00:00:00Z", title="قديم")
    new = article(fetched_at="2024-02-04T00:00:00Z", title="جديد")
    await store(settings, client, [new])
    before = await _stored(client, settings)
    await store(settings, client, [old])
    await store(settings, client, [new, old, new])
    assert await _stored(client, settings) == before
    assert before["a1"]["_source"]["title"] == "جديد"
    await store(
        settings.model_copy(update={"pipeline_revision": 1}), client, [new.model_copy(update={"title": "أحدث"})]
    )
    assert (await _stored(client, settings))["a1"]["_source"]["title"] == "أحدث"


async def test_one_bad_document_does_not_harm_its_neighbours(settings: Settings, client: AsyncElasticsearch) -> None:
    metrics = Metrics()
    batch = [article(id=f"n{number}") for number in range(5)]
    batch[1:1] = [article(id="conflict", geo=[{"lat": 95, "lon": 0}])]
    batch[4:4] = [article(id="ع" * 300)]  # an id of more than 512 bytes makes the server refuse the whole request
    async with open_sink(settings, metrics) as sink:
        verdicts = await sink.write(batch)
    assert set(await _stored(client, settings)) == {f"n{number}" for number in range(5)}
    refused = {a.id: v for a, v in zip(batch, verdicts, strict=True) if v is not None}
    assert set(refused) == {"conflict", "ع" * 300}
    assert all(isinstance(v, Rejected) and v.reason is Reason.INDEX_REFUSED for v in refused.values())
    assert "latitude" in refused["conflict"].detail
    assert metrics.registry.get_sample_value("rasd_bulk_documents_total", {"outcome": "indexed"}) == 5
    assert metrics.registry.get_sample_value("rasd_bulk_documents_total", {"outcome": "rejected"}) == 2


async def test_a_document_beyond_the_servers_limit_is_refused_alone(
    settings: Settings, client: AsyncElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_sink(settings) as sink:
        await sink.write([])
        monkeypatch.setattr(sink, "_max_bytes", 5000)
        verdicts = await sink.write([article(id="small"), article(id="large", body="ن" * 5000), article(id="other")])
    assert [verdict and verdict.reason for verdict in verdicts] == [None, Reason.TOO_LARGE, None]
    assert set(await _stored(client, settings)) == {"small", "other"}


async def test_requests_within_the_limits_together_hold_every_article(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    small = settings.model_copy(update={"bulk_documents": 7, "bulk_bytes": 4096})
    await store(small, client, [article(id=f"n{number}") for number in range(100)])
    assert len(await _stored(client, settings)) == 100


async def test_after_a_roll_over_an_article_still_stands_in_one_index(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    named = names(settings)
    await store(settings, client, [article(id="before", fetched_at="2024-02-03T00:00:00Z")])
    await client.indices.create(index=named.index(2), aliases={named.read: {}})
    swap = [
        {"add": {"index": named.index(1), "alias": named.write, "is_write_index": False}},
        {"add": {"index": named.index(2), "alias": named.write, "is_write_index": True}},
    ]
    await client.indices.update_aliases(actions=swap)
    later = article(id="before", fetched_at="2024-02-05T00:00:00Z", title="بعد")
    await store(settings, client, [later, article(id="after")])
    answer = await client.search(index=named.read, size=10)
    found = {(hit["_id"], hit["_index"], hit["_source"]["title"]) for hit in answer["hits"]["hits"]}
    assert found == {("before", named.index(1), "بعد"), ("after", named.index(2), article().title)}


async def test_an_index_that_is_deleted_meanwhile_is_made_anew(settings: Settings, client: AsyncElasticsearch) -> None:
    async with open_sink(settings) as sink:
        await sink.write([article(id="one")])
        await client.indices.delete(index=names(settings).index(1))
        with pytest.raises(Retryable):
            await sink.write([article(id="two")])
        assert await sink.write([article(id="two")]) == [None]
    assert set(await _stored(client, settings)) == {"two"}


async def test_an_absent_server_is_a_passing_error(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"elasticsearch_url": HttpUrl(f"http://127.0.0.1:{free_port()}")})
    client = make_client(nowhere)
    sink = IndexSink(nowhere, Metrics(), client)
    with pytest.raises(Retryable, match="no Elasticsearch at"):
        await sink.write([article()])
    with pytest.raises(Retryable):
        await health(client, nowhere)
    await sink.close()
