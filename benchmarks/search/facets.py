"""Whether a facet's count is what its filter finds: python -m benchmarks.search.facets CORPUS [--every N]

Indexes every n-th article of SaudiNewsNet as the pipeline enriches it, and filters by each of the most frequent
persons, organisations, places, countries and outlets as their facets show them, names in quotes. Prints those whose
filter finds another number of articles than the facet counts. Needs a running Kafka and Elasticsearch (`rasd up`).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.search.precision import read_articles
from benchmarks.search.running import ground, store
from streams.elastic.client import make_client
from streams.elastic.templates import names
from streams.errors import RasdError
from streams.records import Article
from streams.search.request import Filters
from streams.search.service import Searcher

# The filter of each facet, and how a value is written in it.
FILTERS = {
    "persons": ("person", '"{}"'),
    "organisations": ("organisation", '"{}"'),
    "places": ("place", '"{}"'),
    "countries": ("country", "{}"),
    "sources": ("source", "{}"),
}


async def measure(articles: Sequence[Article], size: int) -> int:
    """Index, ask, print; return how many counts differ."""
    differing = 0
    async with ground() as settings:
        await store(settings, articles)
        client = make_client(settings)
        try:
            await client.indices.refresh(index=names(settings).read)
            searcher = Searcher(client, settings)
            facets = (await searcher.facets(Filters(), size))["aggregations"]
            for facet, (field, form) in FILTERS.items():
                buckets = facets[facet]["buckets"]
                differ = []
                for bucket in buckets:
                    filters = Filters.model_validate({field: [form.format(bucket["key"])]})
                    total = (await searcher.timeline(filters, "year", "UTC"))["hits"]["total"]["value"]
                    if total != bucket["doc_count"]:
                        differ.append(f"{bucket['key']}: {bucket['doc_count']} counted, {total} found")
                differing += len(differ)
                print(f"{facet:15}{len(buckets):5} values, {len(differ)} differ {'; '.join(differ[:20])}")
        finally:
            await client.close()
    return differing


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--every", type=int, default=30, help="take each n-th article")
    parser.add_argument("--size", type=int, default=200, help="values of each facet")
    arguments = parser.parse_args()
    try:
        articles = read_articles(arguments.corpus, arguments.every)
        print(f"\r{len(articles):,} articles")
        sys.exit(1 if asyncio.run(measure(articles, arguments.size)) else 0)
    except RasdError as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
