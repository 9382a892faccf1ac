"""How large the index is: python -m benchmarks.search.size [--documents 20000]

Copies articles of the index that `python -m benchmarks.search.latency CORPUS --keep` left into two others: one as Rasd
has it; and one in which the stock `arabic` analyzer makes the terms of title, subtitle, captions and body, and which
lacks what Rasd adds for words. All else is the same, filters and facets included. Both are merged to one segment,
measured and deleted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from elasticsearch import AsyncElasticsearch

from benchmarks.search.latency import PREFIX
from streams.elastic.client import make_client
from streams.elastic.template_files import read_template
from streams.elastic.templates import names
from streams.errors import RasdError
from streams.settings import MIB, Settings, get_settings
from streams.words.index import term_fields

WORDS = ("forms", "families", "names")
BATCH = 500


def index_body(*, stock: bool) -> dict[str, Any]:
    """Return mappings and settings of an index, as Rasd's template has them or with the stock analyzer instead."""
    mappings = read_template("index")["template"]["mappings"]
    if stock:
        for field in WORDS:
            del mappings["properties"][field]
        text = {"type": "text", "analyzer": "arabic"}
        mappings["properties"] |= {"title": text, "subtitle": text, "body": text}
        mappings["properties"]["captions"]["properties"]["text"] = text
    analysis = read_template("terms")["template"]["settings"]["analysis"]
    return {
        "mappings": mappings,
        "settings": {"analysis": analysis, "number_of_replicas": 0, "refresh_interval": "30s"},
    }


async def copy_documents(client: AsyncElasticsearch, source: str, target: str, most: int, *, stock: bool) -> None:
    """Write the first documents of an index into another one; without Rasd's terms where it is the stock one."""
    body: dict[str, Any] = {"sort": [{"id": "asc"}], "_source": {"excludes": list(WORDS)}}
    while most > 0:
        hits = (await client.search(index=source, body=body | {"size": min(BATCH, most)}))["hits"]["hits"]
        if not hits:
            return
        operations: list[dict[str, Any]] = []
        for hit in hits:
            terms = {} if stock else term_fields(hit["_source"])
            operations += [{"index": {"_id": hit["_id"]}}, hit["_source"] | terms]
        answer = await client.bulk(index=target, operations=operations, filter_path="errors,items.*.error")
        if answer["errors"]:
            sys.exit(f"refused: {answer['items'][0]}")
        body["search_after"] = hits[-1]["sort"]
        most -= len(hits)


async def size(client: AsyncElasticsearch, index: str) -> tuple[int, float]:
    """Merge an index, and return its number of articles and its size in MiB."""
    patient = client.options(request_timeout=1800)
    await patient.indices.forcemerge(index=index, max_num_segments=1)
    await client.indices.refresh(index=index)
    found = (await client.indices.stats(index=index, metric="docs,store"))["_all"]["primaries"]
    return found["docs"]["count"], found["store"]["size_in_bytes"] / MIB


async def measure(settings: Settings, documents: int) -> None:
    """Measure both, and print them."""
    client = make_client(settings)
    found: dict[str, float] = {}
    try:
        for name, stock in (("Rasd", False), ("stock arabic", True)):
            target = f"{PREFIX}-size-{'stock' if stock else 'own'}"
            await client.indices.create(index=target, **index_body(stock=stock))
            try:
                await copy_documents(client, names(settings).read, target, documents, stock=stock)
                count, found[name] = await size(client, target)
            finally:
                await client.indices.delete(index=target)
            print(
                f"{name:14}{count:9,} articles {found[name]:8.1f} MiB {found[name] * 1024 / count:6.2f} KiB an article"
            )
    finally:
        await client.close()
    print(f"Rasd takes {found['Rasd'] / found['stock arabic']:.2f} of stock arabic")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000, help="number of articles")
    arguments = parser.parse_args()
    try:
        asyncio.run(measure(get_settings().model_copy(update={"index_prefix": PREFIX}), arguments.documents))
    except RasdError as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
