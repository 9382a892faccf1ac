"""A disk that is nearly full: Elasticsearch makes its indices read-only, and articles wait until there is room."""

from __future__ import annotations

import pytest

from agents.index.sink import IndexSink
from streams.elastic.client import make_client
from streams.elastic.templates import names
from streams.errors import Retryable
from streams.observability.metrics import Metrics
from streams.settings import Settings
from tests.support.articles import article
from tests.support.index import count


async def test_articles_wait_while_the_index_is_read_only(settings: Settings) -> None:
    client = make_client(settings)
    metrics = Metrics()
    sink = IndexSink(settings, metrics, client)

    async def block(full: bool) -> None:
        # What the server sets by itself at the flood stage, and takes away below the high watermark.
        await client.indices.put_settings(
            index=names(settings).pattern, settings={"index.blocks.read_only_allow_delete": True if full else None}
        )

    try:
        assert await sink.write([article(id="before")]) == [None]
        await block(True)
        with pytest.raises(Retryable, match="flood-stage watermark"):
            await sink.write([article(id="during")])
        retried = metrics.registry.get_sample_value("rasd_bulk_documents_total", {"outcome": "retried"})
        assert retried == 1, "the alert on documents sent back sees it"
        assert count(settings) == 1
        await block(False)
        assert await sink.write([article(id="during")]) == [None]
        assert count(settings) == 2
    finally:
        await sink.close()
