"""What the index's sink counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig, ObjectApiResponse
from elasticsearch import AsyncElasticsearch, BadRequestError

from agents.index.documents import Bulk, Verdict
from agents.index.sink import IndexSink
from streams.errors import Reason, Rejected
from streams.observability.metrics import Metrics
from streams.records import Article
from streams.settings import Settings
from tests.support.articles import article


class Index(IndexSink):
    """A sink whose index refuses articles with a bad id; no server is asked."""

    async def _prepare(self) -> None:
        async def apply_known(index_by_id: Mapping[str, str]) -> None:
            """No article has moved."""

        self._moves.apply_known = apply_known  # type: ignore[method-assign]

    async def _index_by_id(self, articles: Sequence[Article]) -> dict[str, str]:
        return {each.id: "index-1" for each in articles}

    async def _keep_versions(self, articles: Sequence[Article], index_by_id: Mapping[str, str]) -> None:
        """No article was there before."""

    async def _send(self, bulk: Bulk) -> list[Verdict]:
        return [Rejected(Reason.INDEX_REFUSED, "no") if a.id.startswith("bad") else None for a in bulk.articles]


async def test_only_articles_that_were_stored_count_as_searchable() -> None:
    metrics = Metrics()
    client = cast(AsyncElasticsearch, object())
    sink = Index(Settings(_env_file=None), metrics, client)

    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(name, labels) or 0.0

    entities: list[dict[str, Any]] = [
        {"text": "بيروت", "name": "بيروت", "type": "LOC", "start": 0, "end": 5, "score": 1.0}
    ] * 2
    stored = [
        article(id="a", fetched_at="2024-02-03T04:05:06Z", entities=entities),
        article(id="bad", fetched_at="2024-02-03T04:05:06Z"),
        article(id="b"),
    ]
    verdicts = await sink.write(stored)
    assert [verdict is None for verdict in verdicts] == [True, False, True]
    assert value("rasd_end_to_end_seconds_count") == 2
    assert value("rasd_fetched_to_searchable_seconds_count") == 1
    assert value("rasd_article_entities_sum", type="LOC") == 2
    assert value("rasd_article_entities_count", type="PER") == 2
    assert value("rasd_article_places_count") == 2


_NODE = NodeConfig("http", "127.0.0.1", 9200)


class RefusingClient:
    """A server that refuses every request with a certain article in it."""

    async def bulk(self, *, operations: Sequence[bytes], **_: Any) -> ObjectApiResponse[Any]:
        """Store, or refuse all."""
        status = 400 if any(b'"guilty"' in line for line in operations) else 200
        meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, _NODE)
        if status == 400:
            raise BadRequestError("no", meta, {"error": {"type": "validation", "reason": "refused whole"}})
        return ObjectApiResponse({"items": [{"index": {"status": 201}}] * (len(operations) // 2)}, meta)


async def test_a_request_that_is_refused_whole_is_halved_until_the_guilty_article_stands_alone() -> None:
    class Sink(Index):
        _send = IndexSink._send

    metrics = Metrics()
    sink = Sink(Settings(_env_file=None), metrics, cast(AsyncElasticsearch, RefusingClient()))
    ids = [*(f"n{number}" for number in range(6)), "guilty", "n6"]
    verdicts = await sink.write([article(id=id_) for id_ in ids])
    assert {id_: v.detail for id_, v in zip(ids, verdicts, strict=True) if v is not None} == {"guilty": "refused whole"}
    indexed = metrics.registry.get_sample_value("rasd_bulk_documents_total", {"outcome": "indexed"})
    assert indexed == 7


async def test_ids_beyond_the_limits_are_refused_before_any_look_up() -> None:
    class Sink(Index):
        async def _index_by_id(self, articles: Sequence[Article]) -> dict[str, str]:
            assert [each.id for each in articles] == ["a"]
            return await super()._index_by_id(articles)

    metrics = Metrics()
    sink = Sink(Settings(_env_file=None), metrics, cast(AsyncElasticsearch, object()))
    verdicts = await sink.write([article(id="ع" * 257), article(id="a"), article(id="")])
    assert [verdict and verdict.detail for verdict in verdicts] == [
        "id: 514 bytes, Elasticsearch takes 1 to 512",
        None,
        "id: 0 bytes, Elasticsearch takes 1 to 512",
    ]
    assert metrics.registry.get_sample_value("rasd_bulk_documents_total", {"outcome": "rejected"}) == 2
