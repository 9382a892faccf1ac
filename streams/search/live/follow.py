"""A search that continues live: the current hits, then each matching article as soon as it is enriched."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

from aiokafka import AIOKafkaConsumer

from streams.errors import Rejected
from streams.kafka.clients import create_topics, open_reader
from streams.observability.logs import get_logger
from streams.records import Article, decode
from streams.search.analysis import analyzer, tokens
from streams.search.hits import Highlight, Highlights, Hit
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import SearchRequest
from streams.search.service import open_searcher
from streams.settings import Settings
from streams.topics import Topic, topic_name

log = get_logger(__name__)

# How far back the topic is read at first: an article enriched a moment ago may not be searchable yet.
OVERLAP_SECONDS = 60
# Code points of a snippet, and of the text in it before the first match.
PIECE = 180
BEFORE = 60


async def follow(settings: Settings, request: SearchRequest) -> AsyncGenerator[Hit]:
    """Yield the newest hits, oldest first, and then live ones without end.

    No article comes twice; with `request.fold`, no story does.

    Raises:
        Retryable: Kafka or Elasticsearch is unavailable.
        QueryRefused: Elasticsearch refuses the query.
    """
    topic = topic_name(Topic.ENRICHED, settings)
    await create_topics(settings)
    async with open_reader(settings, topic) as reader, open_searcher(settings) as searcher:
        await _seek(reader)
        page = await searcher.search(request.model_copy(update={"sort": "time", "cursor": None}))
        shown: set[str] = set()
        for hit in reversed(page.hits):
            shown |= _keys(hit.article, request)
            yield hit
        matcher = LiveMatcher(request)
        while True:
            for records in (await reader.getmany(timeout_ms=1000)).values():
                for record in records:
                    article = _read(record.value)
                    if article is None or shown & _keys(article, request) or not matcher.matches(ArticleText(article)):
                        continue
                    shown |= _keys(article, request)
                    yield live_hit(article, matcher.terms)


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


def live_hit(article: Article, terms: frozenset[str]) -> Hit:
    """Return a hit for an article that is not in the index yet.

    Args:
        article: the enriched article.
        terms: stemmed terms to highlight.
    """
    title = Highlight(text=article.title, marks=marks(article.title, terms)) if article.title else None
    subtitle = Highlight(text=article.subtitle, marks=marks(article.subtitle, terms)) if article.subtitle else None
    return Hit(
        score=None,
        article=article,
        highlights=Highlights(title=title, subtitle=subtitle, body=[piece(article.body, terms)]),
    )


def marks(text: str, terms: frozenset[str]) -> list[tuple[int, int]]:
    """Return the [start, end) ranges of the words with these terms, in code points of the text."""
    chain = analyzer("ar_text")
    return [
        (start, start + len(word))
        for start, word in tokens(text)
        if any(term.text in terms for term in chain.terms(word))
    ]


def piece(text: str, terms: frozenset[str]) -> Highlight:
    """Return a snippet of at most PIECE code points around the first match, else from the start, cut between words."""
    found = marks(text, terms)
    start = text.rfind(" ", 0, max(0, found[0][0] - BEFORE)) + 1 if found else 0
    end = len(text) if len(text) - start <= PIECE else max(text.rfind(" ", start, start + PIECE), start)
    end = end if end > start else start + PIECE
    inside = [(a - start, b - start) for a, b in found if start <= a and b <= end]
    return Highlight(text=text[start:end], marks=inside)
