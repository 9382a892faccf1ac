"""Templates, index and sink on the real Elasticsearch."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch
from pydantic import HttpUrl

from agents.index.cluster_moves import MoveSink
from agents.index.documents import document
from agents.index.sink import IndexSink
from streams.elastic.client import capabilities, health, make_client
from streams.elastic.indices import find, list_indices, read_layout, roll_over
from streams.elastic.templates import ensure_index, names
from streams.errors import Reason, Rejected, Retryable
from streams.observability.metrics import Metrics
from streams.records import Cluster, ClusterMove
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
    ((name, entry),) = aliases.items()
    assert re.fullmatch(rf"{settings.index_prefix}-articles-v1-\d{{4}}\.\d\d\.\d\d-000001", name)
    assert entry == {"aliases": {names(settings).read: {}, names(settings).write: {"is_write_index": True}}}
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


async def test_ids_that_elasticsearch_never_takes_do_not_reach_it_whatever_indices_are_asked(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    await store(settings, client, [article(id="old", fetched_at="2024-02-03T00:00:00Z")])
    await roll_over(client, settings, at_once=True)
    later = datetime.now(UTC) + timedelta(minutes=1)
    ids = ["", "new", "x" * 512, "x" * 513, "old", "ع" * 257]
    async with open_sink(settings) as sink:
        verdicts = await sink.write(
            [article(id=id_, ingested_at=later, fetched_at="2024-02-05T00:00:00Z") for id_ in ids]
        )
    assert [verdict and verdict.reason for verdict in verdicts] == [
        Reason.INDEX_REFUSED,
        None,
        None,
        Reason.INDEX_REFUSED,
        None,
        Reason.INDEX_REFUSED,
    ]
    assert set(await _stored(client, settings)) == {"old", "new", "x" * 512}


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


async def test_after_roll_overs_an_article_still_stands_in_one_index(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    named = names(settings)
    await store(settings, client, [article(id="first", fetched_at="2024-02-03T00:00:00Z")])
    one = await roll_over(client, settings, at_once=True)
    later = datetime.now(UTC)
    await store(settings, client, [article(id="second", fetched_at="2024-02-03T00:00:00Z", ingested_at=later)])
    two = await roll_over(client, settings, at_once=True)
    now = datetime.now(UTC) + timedelta(minutes=1)
    again = [
        article(id=id_, fetched_at="2024-02-05T00:00:00Z", ingested_at=now, title="بعد")
        for id_ in ("first", "second", "third")
    ]
    await store(settings, client, again)
    answer = await client.search(index=named.read, size=10)
    found = {(hit["_id"], hit["_index"], hit["_source"]["title"]) for hit in answer["hits"]["hits"]}
    assert found == {("first", one.old, "بعد"), ("second", one.new, "بعد"), ("third", two.new, "بعد")}
    assert (await read_layout(client, settings)).all == (one.old, one.new, two.new)


async def test_two_workers_choose_the_same_index_for_a_new_article_whatever_they_know_of_a_roll_over(
    settings: Settings, client: AsyncElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ensure_index(client, settings)
    new = article(ingested_at=datetime.now(UTC) + timedelta(milliseconds=50))
    async with open_sink(settings) as dying, open_sink(settings) as other:
        await dying.write([])
        send = dying._client.bulk

        async def late(**arguments: Any) -> Any:
            """The request of a worker that was given up: it arrives after a roll-over, and after the other's."""
            await asyncio.sleep(0.1)  # the roll-over has to come later than the article
            await roll_over(client, settings, at_once=True)
            assert await other.write([new]) == [None]
            return await send(**arguments)

        monkeypatch.setattr(dying._client, "bulk", late)
        assert await dying.write([new]) == [None]
    assert set(await _stored(client, settings)) == {"a1"}
    assert (await client.count(index=names(settings).read))["count"] == 1


async def test_a_roll_over_between_look_up_and_request_makes_no_second_document(
    settings: Settings, client: AsyncElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_sink(settings) as sink:
        assert await sink.write([article(fetched_at="2024-02-03T00:00:00Z")]) == [None]
        send = client.bulk

        async def rolled_over_first(**arguments: Any) -> Any:
            monkeypatch.setattr(sink._client, "bulk", send)
            await roll_over(client, settings, at_once=True)
            return await send(**arguments)

        monkeypatch.setattr(sink._client, "bulk", rolled_over_first)
        assert await sink.write([article(fetched_at="2024-02-04T00:00:00Z", title="بعد")]) == [None]
    assert {id_: hit["_source"]["title"] for id_, hit in (await _stored(client, settings)).items()} == {"a1": "بعد"}
    answer = await client.count(index=names(settings).read)
    assert answer["count"] == 1


async def test_a_cluster_move_finds_its_article_in_an_older_index(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    await store(settings, client, [article(id="first"), article(id="later")])
    await roll_over(client, settings, at_once=True)
    cluster = {"id": "moved", "relation": "near", "score": 1, "canonical_id": "x", "decision": 7}
    moves = MoveSink(settings, Metrics())
    await moves.write([ClusterMove(id=id_, cluster=Cluster(**cluster)) for id_ in ("first", "unseen")])
    await moves.close()
    await store(settings, client, [article(id="unseen"), article(id="later", fetched_at="2024-02-05T00:00:00Z")])
    stored = await _stored(client, settings)
    assert {id_: (hit["_source"]["cluster"] or {}).get("id") for id_, hit in stored.items()} == {
        "first": "moved",
        "unseen": "moved",
        "later": None,
    }
    assert (await client.count(index=names(settings).read))["count"] == 3
    word = document(article())["forms"]["title"].split()[0].split("|")[0]
    found = await client.count(index=names(settings).read, query={"term": {"forms.title": {"value": word}}})
    assert found["count"] == 3


async def test_an_index_is_rolled_over_when_a_condition_is_met_and_not_before(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    few = settings.model_copy(update={"rollover_documents": 3})
    assert (await roll_over(client, few)).new is None
    await store(settings, client, [article(id="one"), article(id="two")])
    refused = await roll_over(client, few)
    assert refused.new is None
    assert refused.met["[max_docs: 3]"] is False
    await store(settings, client, [article(id="three")])
    done = await roll_over(client, few)
    assert done.new is not None
    assert done.new.endswith("-000002")
    assert [(state.role, state.documents) for state in await list_indices(client, settings)] == [
        ("read", 3),
        ("write", 0),
    ]


async def test_an_index_that_vanishes_during_the_look_up_is_no_proof_of_absence(
    settings: Settings, client: AsyncElasticsearch
) -> None:
    await ensure_index(client, settings)
    with pytest.raises(Retryable, match="does not answer"):
        await find(client, settings, [(f"{settings.index_prefix}-articles-gone", "a1")])


async def test_an_index_that_is_deleted_meanwhile_is_made_anew(settings: Settings, client: AsyncElasticsearch) -> None:
    async with open_sink(settings) as sink:
        await sink.write([article(id="one")])
        await client.indices.delete(index=(await read_layout(client, settings)).write)
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
