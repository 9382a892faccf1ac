"""What the index's sink counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from elasticsearch import AsyncElasticsearch

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
