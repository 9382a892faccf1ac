"""What a migration costs, and that it loses nothing: python -m benchmarks.search.migration CORPUS [--documents 20000]

Fills an index of its own with generated articles (benchmarks/search/archive.py) and renews it as `rasd index migrate
--all` does, while new articles come in and known ones are replaced at `--rate` a second. Then every article of the new
index is compared with what was written last: content and version. Needs a running Elasticsearch (`rasd up`).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from elasticsearch import AsyncElasticsearch

from agents.index.documents import document, version
from agents.index.sink import IndexSink
from benchmarks.search.archive import Archive
from streams.elastic.client import make_client
from streams.elastic.migrate import migrate
from streams.elastic.templates import names
from streams.errors import RasdError, Retryable
from streams.observability.metrics import Metrics
from streams.records import Article
from streams.settings import Settings, get_settings
from tests.support.index import delete_all

PREFIX = "benchmark-migration"
Written = dict[str, tuple[int, str]]


def mark(content: dict[str, Any]) -> str:
    """Equal for equal documents."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Writer:
    """Writes as a worker does, and keeps the version and mark of what was acknowledged."""

    def __init__(self, settings: Settings) -> None:
        self.written: Written = {}
        self.longest = 0.0
        self._sink = IndexSink(settings, Metrics())

    async def write(self, articles: Sequence[Article]) -> None:
        """Until the index has them."""
        began = time.monotonic()
        while True:
            try:
                verdicts = await self._sink.write(articles)
            except Retryable:
                await asyncio.sleep(0.1)
            else:
                break
        self.longest = max(self.longest, time.monotonic() - began)
        if any(verdicts):
            raise ValueError(f"refused: {verdicts}")
        self.written |= {one.id: (version(one, 0), mark(document(one))) for one in articles}

    async def trickle(self, archive: Archive, rate: float, stop: asyncio.Event) -> int:
        """New articles and newer fetches of known ones, half and half."""
        chance = random.Random(3)
        count = 0
        while not stop.is_set():
            began = time.monotonic()
            new = list(archive.articles(10))
            known = archive.again(chance.sample(range(archive.made), 10), timedelta(days=400 + count))
            await self.write([*new, *known])
            count += 20
            await asyncio.sleep(max(0.0, 20 / rate - (time.monotonic() - began)))
        return count

    async def close(self) -> None:
        """Close the connections."""
        await self._sink.close()


async def stored(client: AsyncElasticsearch, settings: Settings) -> Written:
    """Version and mark of every article that a search sees."""
    alias = names(settings).read
    await client.indices.refresh(index=alias)
    found: Written = {}
    after: list[Any] | None = None
    while True:
        answer = await client.search(index=alias, sort="id", size=1000, version=True, search_after=after)
        hits = answer["hits"]["hits"]
        if not hits:
            return found
        for hit in hits:
            if hit["_id"] in found:
                raise ValueError(f"{hit['_id']} is there twice")
            found[hit["_id"]] = (hit["_version"], mark(hit["_source"]))
        after = hits[-1]["sort"]


async def measure(arguments: argparse.Namespace) -> bool:
    """Fill, renew while writing, compare, print. Returns whether nothing is missing or different."""
    settings = get_settings().model_copy(update={"index_prefix": PREFIX})
    archive = Archive(arguments.corpus)
    writer = Writer(settings)
    client = make_client(settings)
    try:
        while archive.made < arguments.documents:
            await writer.write(list(archive.articles(500)))
        writer.longest = 0.0
        stop = asyncio.Event()
        writing = asyncio.create_task(writer.trickle(archive, arguments.rate, stop))
        began = time.monotonic()
        (done,) = await migrate(client, settings, everything=True, remove_old=True)
        seconds = time.monotonic() - began
        stop.set()
        meanwhile = await writing
        found = await stored(client, settings)
        same = found == writer.written
        print(
            f"{done.copied:,} copies of {done.documents:,} articles in {seconds:.1f} s "
            f"({done.copied / seconds:,.0f} a second); {meanwhile:,} writes meanwhile\n"
            f"writes blocked for {done.pause:.2f} s; longest wait of a batch {writer.longest:.2f} s\n"
            f"{len(found):,} articles afterwards, {len(writer.written):,} written: {'equal' if same else 'DIFFERENT'}"
        )
        return same
    finally:
        await writer.close()
        await delete_all(client, settings)
        await client.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--documents", type=int, default=20_000, help="articles at the beginning")
    parser.add_argument("--rate", type=float, default=50, help="writes a second meanwhile")
    arguments = parser.parse_args()
    if not (arguments.corpus / "saudinewsnet").is_dir():
        sys.exit(f"no folder saudinewsnet in {arguments.corpus}")
    try:
        sys.exit(0 if asyncio.run(measure(arguments)) else 1)
    except RasdError as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
