"""Elasticsearch's percolator and Rasd's matcher on the same searches and articles, side by side.

    python -m benchmarks.alerts.percolator ../shared/corpus [--articles 60]

The percolator holds the queries that Rasd sends to the index for these searches, in an index of Rasd's own mapping and
analysis; an article is asked about alone, as it would be in a stream. Both find the same searches, or the difference is
printed. Processor time of Elasticsearch is that of its process; of Rasd, that of matching and of describing each match
with its sentences, which the percolator does not do. What both need before, the words of the article, is Rasd's work
for the percolator, too (`document`).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk

from agents.index.documents import document
from benchmarks.alerts.searches import articles, searches, titles
from benchmarks.processes import processor_seconds
from deploy.local import stack
from deploy.local.temporary import temporary_stack
from streams.alerts.matching import SearchMatcher
from streams.alerts.standing_search import StandingSearch
from streams.elastic.client import make_client
from streams.elastic.templates import ensure_index, names
from streams.records import Article
from streams.search.live.matcher import ArticleText
from streams.search.query import build_query
from streams.search.source_scope import SourceScope
from streams.settings import Settings

NUMBERS = (1, 1000, 10_000)
WARM_UP = 100


async def store(client: AsyncElasticsearch, index: str, found: Sequence[StandingSearch]) -> None:
    """Store the queries of searches, in one segment."""
    await client.indices.put_mapping(index=index, properties={"query": {"type": "percolator"}})
    actions = [
        {"_index": index, "_id": search.id, "_source": {"query": build_query(search.filters)}} for search in found
    ]
    await async_bulk(client.options(request_timeout=120), actions, refresh=True)
    await client.options(request_timeout=120).indices.forcemerge(index=index, max_num_segments=1)


async def percolate(client: AsyncElasticsearch, index: str, article: Article) -> set[str]:
    """Return the ids of the searches that an article matches."""
    query = {"constant_score": {"filter": {"percolate": {"field": "query", "document": document(article)}}}}
    answer = await client.search(index=index, query=query, size=max(NUMBERS), source=False)
    return {hit["_id"] for hit in answer["hits"]["hits"]}


async def measure(settings: Settings, found: Sequence[StandingSearch], made: Sequence[Article]) -> str:
    """Ask both about all articles, and return a row of the table."""
    pid = stack.status(settings)["elasticsearch"].pid
    if pid is None:
        raise SystemExit("Elasticsearch does not run")
    settings = settings.model_copy(update={"index_prefix": f"percolator{len(found)}"})
    matcher = SearchMatcher(SourceScope(lambda: None))
    for search in found:
        matcher.put(search)
    client = make_client(settings)
    try:
        await ensure_index(client, settings)
        index = names(settings).read
        await store(client, index, found)
        for article in made[:WARM_UP]:
            await percolate(client, index, article)
            matcher.match(article)
        measured = made[WARM_UP:]
        server, began = processor_seconds(pid), time.process_time()
        waits, theirs = [], []
        for article in measured:
            asked = time.perf_counter()
            theirs.append(await percolate(client, index, article))
            waits.append(time.perf_counter() - asked)
        server, own = processor_seconds(pid) - server, time.process_time() - began
        began = time.process_time()
        for article in measured:
            matcher.match(article)
        whole = time.process_time() - began
        began = time.process_time()
        ours = [{search.id for search, _ in matcher.matching(ArticleText(article))} for article in measured]
        finding = time.process_time() - began
    finally:
        await client.close()
    differ = sum(a != b for a, b in zip(ours, theirs, strict=True))
    cells = [1000 * seconds / len(measured) for seconds in (server, own, finding, whole)]
    matches = sum(map(len, ours)) / len(measured)
    return (
        f"| {len(found)} | {matches:.1f} | {cells[0]:.1f} | {cells[1]:.1f} | {1000 * statistics.median(waits):.1f} "
        f"| {cells[2]:.1f} | {cells[3]:.1f} | {differ} |"
    )


def main() -> None:
    """Read the arguments, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--articles", type=int, default=60)
    given = parser.parse_args()
    made = articles(given.corpus, WARM_UP + given.articles)
    found = searches(titles(given.corpus), max(NUMBERS))
    print(
        "| searches | matching an article | percolator: server, ms an article | its client, with the article's words "
        "| its answer, ms (median) | Rasd: finding, ms an article | with sentences | articles that differ |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with temporary_stack() as settings:
        for number in NUMBERS:
            print(asyncio.run(measure(settings, found[:number], made)), flush=True)


if __name__ == "__main__":
    main()
