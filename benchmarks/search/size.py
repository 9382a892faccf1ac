"""How large the index is: python -m benchmarks.search.size CORPUS

Measures the index that `python -m benchmarks.search.latency CORPUS --keep` left, and beside it an index with as many
articles of the same archive whose title, subtitle, captions and body are analysed by the stock `arabic` analyzer, and
which lacks what Rasd adds for words: everything else, filters and facets included, is the same. Both are merged to one
segment first. The second index is deleted at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elasticsearch import AsyncElasticsearch

from agents.index.documents import facets
from benchmarks.search.archive import Archive
from benchmarks.search.latency import PREFIX
from streams.elastic.client import make_client
from streams.elastic.template_files import read_template
from streams.elastic.templates import names
from streams.errors import RasdError
from streams.records import Article, iso_time
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


async def write(client: AsyncElasticsearch, articles: Sequence[Article]) -> None:
    """Write articles into the stock index."""
    operations: list[dict[str, Any]] = []
    for article in articles:
        # As agents/index/documents.py has it, without the terms.
        fields = article.model_dump(mode="json") | {
            "@timestamp": iso_time(article.listed_at),
            "facets": facets(article),
        }
        operations += [{"index": {"_id": article.id}}, fields]
    answer = await client.bulk(index=STOCK, operations=operations, filter_path="errors,items.*.error")
    if answer["errors"]:
        sys.exit(f"refused: {answer['items'][0]}")


async def size(client: AsyncElasticsearch, index: str) -> tuple[int, float]:
    """Merge an index, and return its number of articles and its size in MiB."""
    patient = client.options(request_timeout=1800)
    await patient.indices.forcemerge(index=index, max_num_segments=1)
    await client.indices.refresh(index=index)
    found = (await client.indices.stats(index=index, metric="docs,store"))["_all"]["primaries"]
    return found["docs"]["count"], found["store"]["size_in_bytes"] / MIB


async def measure(settings: Settings, corpus: Path) -> None:
    """Measure both, and print them."""
    client = make_client(settings)
    try:
        count, ours = await size(client, names(settings).read)
        archive = Archive(corpus)
        await client.indices.create(index=STOCK, **stock())
        try:
            while archive.made < count:
                await write(client, list(archive.articles(min(BATCH, count - archive.made))))
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
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    try:
        asyncio.run(measure(get_settings().model_copy(update={"index_prefix": PREFIX}), parser.parse_args().corpus))
    except RasdError as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
