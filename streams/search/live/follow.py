"""A search that continues live: the current hits, then each matching article as soon as it is enriched."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer

from streams.errors import Rejected
from streams.kafka.clients import create_topics, open_reader
from streams.observability.logs import get_logger
from streams.records import Article, decode
from streams.search.highlight import highlight
from streams.search.hits import Hit
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters, SearchRequest
from streams.search.service import open_searcher
from streams.search.source_scope import SourceScope
from streams.search.wanted import WantedText
from streams.settings import Settings
from streams.sources.watch.follower import DirectoryFollower
from streams.topics import Topic, topic_name

log = get_logger(__name__)

# How far back the topic is read at first: an article enriched a moment ago may not be searchable yet.
OVERLAP_SECONDS = 60


async def follow(settings: Settings, request: SearchRequest) -> AsyncGenerator[Hit]:
    """Yield the newest hits, oldest first, and then live ones without end.

    No article comes twice; with `request.fold`, no story does. Collections have the outlets that they have at the time.

    Raises:
        UnknownCollectionError: a collection has no source.
        Retryable: Kafka or Elasticsearch is unavailable.
        QueryRefused: Elasticsearch refuses the query.
    """
    topic = topic_name(Topic.ENRICHED, settings)
    await create_topics(settings)
    async with (
        open_scope(settings, request) as scope,
        open_reader(settings, topic) as reader,
        open_searcher(settings, scope) as searcher,
    ):
        await _seek(reader)
        page = await searcher.search(request.model_copy(update={"sort": "time", "cursor": None}))
        shown: set[str] = set()
        for hit in reversed(page.hits):
            shown |= _keys(hit.article, request)
            yield hit
        matcher = LiveMatcher(request, scope)
        while True:
            for records in (await reader.getmany(timeout_ms=1000)).values():
                for record in records:
                    article = _read(record.value)
                    if article is None or shown & _keys(article, request) or not matcher.matches(ArticleText(article)):
                        continue
                    shown |= _keys(article, request)
                    yield live_hit(article, matcher.wanted)


@asynccontextmanager
async def open_scope(settings: Settings, request: Filters) -> AsyncIterator[SourceScope]:
    """Follow the directory of sources if the search names collections, and wait until it was read."""
    if not request.collection:
        yield SourceScope(lambda: None)
        return
    follower = DirectoryFollower(settings)
    follower.start()
    try:
        await follower.wait()
        yield SourceScope(follower.read)
    finally:
        await follower.close()


async def _seek(reader: AIOKafkaConsumer) -> None:
    partitions = reader.assignment()
    since = int((time.time() - OVERLAP_SECONDS) * 1000)
    # The end offsets first: a record that arrives between the two requests is then past an end or found by its time.
    ends = await reader.end_offsets(partitions)
    found = await reader.offsets_for_times(dict.fromkeys(partitions, since))
    for tp in partitions:
        entry = found.get(tp)
        reader.seek(tp, ends[tp] if entry is None else entry.offset)


def _read(value: bytes) -> Article | None:
    try:
        return decode(Article, value)
    except Rejected as error:
        # The index stage reads the same record and makes it a dead letter.
        log.warning("skipped a record", cause=str(error))
        return None


def _keys(article: Article, request: SearchRequest) -> set[str]:
    keys = {article.id}
    if request.fold and article.cluster is not None:
        keys.add(f"cluster {article.cluster.id}")
    return keys


def live_hit(article: Article, wanted: WantedText) -> Hit:
    """Return a hit for an article that is not in the index yet.

    Args:
        article: the enriched article.
        wanted: what is searched for, to mark it.
    """
    return Hit(score=None, article=article, highlights=highlight(article, wanted))
