"""An index with a few articles in it, and ways to reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from elasticsearch import AsyncElasticsearch

from agents.index.sink import IndexSink
from streams.elastic.client import make_client
from streams.elastic.templates import ensure_index, names
from streams.kafka.clients import wait_for_topics
from streams.observability.metrics import Metrics
from streams.records import Article
from streams.search.service import Searcher
from streams.settings import Settings
from tests.support.index import delete_all
from tests.support.serving import serving


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[AsyncElasticsearch]:
    """A client; everything under the test's prefix is deleted at the end."""
    made = make_client(settings)
    yield made
    await delete_all(made, settings)
    await made.close()


@asynccontextmanager
async def open_sink(settings: Settings, metrics: Metrics | None = None) -> AsyncIterator[IndexSink]:
    """A sink that is closed at the end."""
    sink = IndexSink(settings, metrics if metrics is not None else Metrics())
    try:
        yield sink
    finally:
        await sink.close()


async def store(settings: Settings, client: AsyncElasticsearch, articles: Sequence[Article]) -> None:
    """Write articles and wait until a search can see them."""
    async with open_sink(settings) as sink:
        assert await sink.write(articles) == [None] * len(articles)
    await client.indices.refresh(index=names(settings).read)


@pytest.fixture
async def searcher(settings: Settings, client: AsyncElasticsearch) -> Searcher:
    """A searcher on an empty index."""
    await ensure_index(client, settings)
    return Searcher(client, settings)


@pytest.fixture
async def api(settings: Settings, client: AsyncElasticsearch) -> AsyncIterator[httpx.AsyncClient]:
    """The API with its topics."""
    await wait_for_topics(settings)
    async with serving(settings) as http:
        yield http
