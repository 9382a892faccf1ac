"""Cluster moves on the real Elasticsearch: an article and its move may come in either order, and again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

from agents.index.cluster_moves import MoveSink
from agents.index.sink import IndexSink
from streams.elastic.client import make_client
from streams.elastic.templates import names
from streams.errors import Reason
from streams.observability.metrics import Metrics
from streams.records import Article, Cluster, ClusterMove
from streams.search.query import build_article, build_copies
from streams.settings import Settings
from tests.support.articles import article
from tests.support.index import documents


def _cluster(canonical: str, decision: int, relation: str = "near") -> dict[str, Any]:
    return {
        "id": canonical,
        "canonical_id": canonical,
        "relation": relation,
        "score": 0.8,
        "size": 2,
        "decision": decision,
    }


def _late(article_id: str, **fields: Any) -> Article:
    """An article that was first in its cluster when it was looked up, by decision 1."""
    return article(id=article_id, cluster=_cluster(article_id, 1, "first"), **fields)


def _move(article_id: str, canonical: str, decision: int) -> ClusterMove:
    return ClusterMove(id=article_id, cluster=Cluster.model_validate(_cluster(canonical, decision)))


async def _write(settings: Settings, *records: Sequence[Article] | Sequence[ClusterMove]) -> None:
    """Write batches in this order, each through the sink of its kind."""
    articles, moves = IndexSink(settings, Metrics()), MoveSink(settings, Metrics())
    try:
        for batch in records:
            sink = articles if isinstance(batch[0], Article) else moves
            assert await sink.write(batch) == [None] * len(batch)  # type: ignore[arg-type]
    finally:
        await articles.close()
        await moves.close()


def _clusters(settings: Settings) -> dict[str, tuple[str, int, str]]:
    """Cluster, decision and fold key of every document."""
    found = documents(settings, "cluster", "facets.fold")
    return {doc["_id"]: (doc["cluster"]["id"], doc["cluster"]["decision"], doc["facets"]["fold"]) for doc in found}


async def test_article_and_moves_in_every_order(settings: Settings) -> None:
    """Two moves of one article, of which the later decision holds, and the article: six orders, one result."""
    orders = list(permutations(range(3)))
    for number, order in enumerate(orders):
        name = f"o{number}"
        steps = ([_late(name)], [_move(name, "early", 5)], [_move(name, "earlier", 9)])
        await _write(settings, *(steps[step] for step in order))
    assert _clusters(settings) == {f"o{number}": ("earlier", 9, "earlier") for number in range(len(orders))}


async def test_a_replay_of_articles_and_moves_changes_nothing(settings: Settings) -> None:
    first, moved = [article(id="first", cluster=_cluster("first", 2, "first"))], [_move("late", "first", 2)]
    await _write(settings, [_late("late")], first, moved)
    before = documents(settings)
    assert _clusters(settings)["late"] == ("first", 2, "first")
    await _write(settings, [_late("late")], moved, first, moved, [_late("late")])
    assert documents(settings) == before


async def test_a_newer_fetch_of_a_moved_article_stays_where_it_was_moved(settings: Settings) -> None:
    await _write(settings, [_late("late", fetched_at="2024-02-03T00:00:00Z")], [_move("late", "first", 2)])
    await _write(settings, [_late("late", fetched_at="2024-02-05T00:00:00Z", title="عنوان أحدث")])
    (document,) = documents(settings)
    assert document["title"] == "عنوان أحدث"
    assert (document["cluster"]["id"], document["facets"]["fold"]) == ("first", "first")


async def test_a_move_that_elasticsearch_never_takes_is_refused_alone(settings: Settings) -> None:
    await _write(settings, [_late("late")])
    refused = [_move("ع" * 257, "first", 2), _move("", "first", 3), _move("late", "first", 2**63)]
    sink = MoveSink(settings, Metrics())
    try:
        verdicts = await sink.write([*refused, _move("late", "first", 4)])
    finally:
        await sink.close()
    assert [verdict and verdict.reason for verdict in verdicts] == [Reason.INDEX_REFUSED] * 3 + [None]
    assert _clusters(settings) == {"late": ("first", 4, "first")}


async def test_several_moves_of_one_batch_leave_the_latest_decision(settings: Settings) -> None:
    await _write(settings, [_late("a")], [_move("a", "x", 3), _move("a", "z", 8), _move("a", "y", 5)])
    await _write(settings, [_move("a", "w", 4)])
    assert _clusters(settings) == {"a": ("z", 8, "z")}


async def test_copies_are_found_with_outlet_and_first_seen_time_after_a_move(settings: Settings) -> None:
    """What the API needs to show who had the story, and when, is in the index of each copy."""
    first = article(id="first", source="almina", cluster=_cluster("first", 2, "first"))
    late = _late("late", source="alufuq", ingested_at="2024-02-03T05:00:00Z")
    await _write(settings, [first], [late], [_move("late", "first", 2)])
    client = make_client(settings)
    try:
        await client.indices.refresh(index=names(settings).read)
        copies = await client.search(index=names(settings).read, body=build_copies("first", "first", 10))
        (copy,) = [hit["_source"] for hit in copies["hits"]["hits"]]
        assert (copy["id"], copy["source"], copy["cluster"]["relation"]) == ("late", "alufuq", "near")
        shown = await client.search(index=names(settings).read, body=build_article("late"))
        assert shown["hits"]["hits"][0]["_source"]["ingested_at"] == "2024-02-03T05:00:00Z"
    finally:
        await client.close()
