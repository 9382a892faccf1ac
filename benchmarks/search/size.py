"""How large the index is: python -m benchmarks.search.size

Measures the index that `python -m benchmarks.search.latency CORPUS --keep` left, and beside it one of the same articles
in which the stock `arabic` analyzer makes the terms of title, subtitle, captions and body, and which lacks what Rasd
adds for words. All else is the same, filters and facets included. Both are merged to one segment first. The second
index is deleted at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import sys
from typing import Any

from elasticsearch import AsyncElasticsearch

from benchmarks.search.latency import PREFIX
from streams.elastic.client import make_client
from streams.elastic.template_files import read_template
from streams.elastic.templates import names
from streams.errors import RasdError
from streams.settings import MIB, Settings, get_settings

STOCK = f"{PREFIX}-stock"
WORDS = ("forms", "families", "names")
BATCH = 500


def stock() -> dict[str, Any]:
    """Return the index as Rasd's template has it, with texts under the stock analyzer and without Rasd's terms."""
    mappings = copy.deepcopy(read_template("index")["template"]["mappings"])
    for field in WORDS:
        del mappings["properties"][field]
    text = {"type": "text", "analyzer": "arabic"}
    mappings["properties"] |= {"title": text, "subtitle": text, "body": text}
    mappings["properties"]["captions"]["properties"]["text"] = text
    settings = read_template("settings")["template"]["settings"]
    return {
        "mappings": mappings,
        "settings": {
            **{key: value for key, value in settings.items() if key != "query"},
            "analysis": read_template("terms")["template"]["settings"]["analysis"],
            "refresh_interval": "30s",
        },
    }


async def copy_documents(client: AsyncElasticsearch, index: str) -> None:
    """Write the documents of an index into the stock index, without Rasd's terms."""
    body: dict[str, Any] = {"size": BATCH, "sort": [{"id": "asc"}], "_source": {"excludes": list(WORDS)}}
    while hits := (await client.search(index=index, body=body))["hits"]["hits"]:
        operations: list[dict[str, Any]] = []
        for hit in hits:
            operations += [{"index": {"_id": hit["_id"]}}, hit["_source"]]
        answer = await client.bulk(index=STOCK, operations=operations, filter_path="errors,items.*.error")
        if answer["errors"]:
            sys.exit(f"refused: {answer['items'][0]}")
        body["search_after"] = hits[-1]["sort"]


async def size(client: AsyncElasticsearch, index: str) -> tuple[int, float]:
    """Merge an index, and return its number of articles and its size in MiB."""
    patient = client.options(request_timeout=1800)
    await patient.indices.forcemerge(index=index, max_num_segments=1)
    await client.indices.refresh(index=index)
    found = (await client.indices.stats(index=index, metric="docs,store"))["_all"]["primaries"]
    return found["docs"]["count"], found["store"]["size_in_bytes"] / MIB


async def measure(settings: Settings) -> None:
    """Measure both, and print them."""
    client = make_client(settings)
    try:
        count, ours = await size(client, names(settings).read)
        await client.indices.create(index=STOCK, **stock())
        try:
            await copy_documents(client, names(settings).read)
            number, theirs = await size(client, STOCK)
        finally:
            await client.indices.delete(index=STOCK)
    finally:
        await client.close()
    for name, articles, mib in (("Rasd", count, ours), ("stock arabic", number, theirs)):
        print(f"{name:14}{articles:9,} articles {mib:8.1f} MiB {mib * 1024 / articles:6.2f} KiB an article")
    print(f"Rasd takes {ours / theirs:.2f} of stock arabic")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    try:
        asyncio.run(measure(get_settings().model_copy(update={"index_prefix": PREFIX})))
    except RasdError as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
