"""How long readers wait: python -m benchmarks.search.latency CORPUS [--documents 100000] [--rate 50]

Fills an index of its own with generated articles (benchmarks/search/archive.py); from the 20,001st on these are the
documents of earlier ones under other ids, stories and times, which takes a fraction of the time. Then asks for pages
while articles go on coming in at `--rate` a second. A page is what `rasd serve` needs for one: the search with folding,
highlights and counts of copies, and at the same time the facets. Times are those of the caller, decoding included.
Needs a running Elasticsearch (`rasd up`); the index is deleted at the end unless `--keep` is given.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agents.index.sink import IndexSink
from benchmarks.search.archive import Archive
from streams.elastic.client import make_client
from streams.elastic.templates import ensure_index, names
from streams.errors import RasdError
from streams.observability.metrics import Metrics
from streams.search.request import Filters, SearchRequest
from streams.search.service import Searcher
from streams.settings import Settings, get_settings
from tests.support.index import delete_all

PREFIX = "benchmark-latency"
# A server just started compiles its code while it answers; what a reader meets is the one that has been up for a while.
WARM_UP = 300
TURN = 20
BATCH = 500
DISTINCT = 20_000


async def fill(settings: Settings, archive: Archive, documents: int) -> None:
    """Index articles until there are so many; those of a kept index count."""
    sink = IndexSink(settings, Metrics())
    began = time.monotonic()
    first = archive.made
    try:
        while archive.made < min(documents, DISTINCT):
            await sink.write(list(archive.articles(min(BATCH, documents - archive.made))))
            if archive.made // BATCH % 20 == 0:
                print(f"\r{archive.made:,} articles", end="", file=sys.stderr)
    finally:
        await sink.close()
    await _multiply(settings, archive, documents)
    seconds = time.monotonic() - began
    if archive.made > first:
        print(f"\r{archive.made - first:,} articles indexed in {seconds:.0f} s")


async def _multiply(settings: Settings, archive: Archive, documents: int) -> None:
    """Index the documents that are there again, under other ids, stories and times, until there are so many."""
    client = make_client(settings)
    try:
        await client.indices.refresh(index=names(settings).read)
        after: list[Any] = []
        later = timedelta(minutes=97)
        while archive.made < documents:
            page: dict[str, Any] = {"size": min(BATCH, documents - archive.made), "sort": [{"id": "asc"}]}
            found = await client.search(
                index=names(settings).read, body=page | ({"search_after": after} if after else {})
            )
            hits = found["hits"]["hits"]
            after = hits[-1]["sort"] if hits else []
            if not hits or hits[0]["_id"].startswith("e"):  # round again, an hour and a half later
                after, later = [], later + timedelta(minutes=97)
                continue
            operations: list[dict[str, Any]] = []
            for hit in hits:
                operations += [{"index": {"_id": f"e{archive.made}"}}, _again(hit["_source"], archive.made, later)]
                archive.made += 1
            answer = await client.bulk(index=names(settings).write, operations=operations, filter_path="errors")
            if answer["errors"]:
                sys.exit("Elasticsearch refused copies of documents")
    finally:
        await client.close()


def _again(document: dict[str, Any], number: int, later: timedelta) -> dict[str, Any]:
    """Return the document of another article with the same text."""
    story = f"{document['cluster']['id']}-{round(later.total_seconds())}"
    when = (datetime.fromisoformat(document["@timestamp"]) - later).isoformat()
    return document | {
        "id": f"e{number}",
        "url": f"https://outlet.example.com/{number}",
        "@timestamp": when,
        "published_at": when,
        "ingested_at": when,
        "cluster": document["cluster"] | {"id": story},
        "facets": document["facets"] | {"fold": story},
    }


async def trickle(settings: Settings, archive: Archive, rate: float, stop: asyncio.Event) -> int:
    """Go on indexing at this rate, in batches as a worker makes them. Returns how many."""
    sink = IndexSink(settings, Metrics())
    size = max(1, round(rate / 4))
    written = 0
    try:
        while not stop.is_set():
            due = time.monotonic() + size / rate
            await sink.write(list(archive.articles(size)))
            written += size
            try:
                async with asyncio.timeout(max(0.0, due - time.monotonic())):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        await sink.close()
    return written


def parts(searcher: Searcher) -> dict[str, Callable[[dict[str, Any]], Awaitable[Any]]]:
    """What is timed: the page, and its two halves alone."""

    async def search(wanted: dict[str, Any]) -> Any:
        return await searcher.search(SearchRequest.model_validate(wanted))

    async def facets(wanted: dict[str, Any]) -> Any:
        filters = {name: value for name, value in wanted.items() if name != "sort"}
        return await searcher.facets(Filters.model_validate(filters), 10)

    async def page(wanted: dict[str, Any]) -> Any:
        return await asyncio.gather(search(wanted), facets(wanted))

    return {"full page": page, "search alone": search, "facets alone": facets}


async def ask(
    work: Callable[[dict[str, Any]], Awaitable[Any]], queries: Sequence[dict[str, Any]], readers: int
) -> list[float]:
    """Milliseconds of every query, asked by so many readers, each one after the other."""
    times: list[float] = []

    async def reader(mine: Sequence[dict[str, Any]]) -> None:
        for wanted in mine:
            began = time.perf_counter()
            await work(wanted)
            times.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(reader(queries[number::readers]) for number in range(readers)))
    return times


def summary(times: Sequence[float]) -> str:
    """Percentiles by the nearest rank."""
    ordered = sorted(times)
    marks = {share: ordered[min(len(ordered) - 1, int(share / 100 * len(ordered)))] for share in (50, 90, 99)}
    return "   ".join(f"p{share} {value:6.1f} ms" for share, value in marks.items()) + f"   most {ordered[-1]:6.1f} ms"


async def measure(arguments: argparse.Namespace) -> None:
    """Fill, ask while indexing goes on, print."""
    settings = get_settings().model_copy(update={"index_prefix": PREFIX})
    archive = Archive(arguments.corpus)
    client = make_client(settings)
    try:
        await ensure_index(client, settings)
        await client.indices.refresh(index=names(settings).read)
        archive.made = (await client.count(index=names(settings).read))["count"]
        await fill(settings, archive, arguments.documents)
        searcher = Searcher(client, settings)
        queries = archive.queries(WARM_UP + arguments.searches)
        stop = asyncio.Event()
        writer = asyncio.create_task(trickle(settings, archive, arguments.rate, stop)) if arguments.rate else None
        measured = parts(searcher)
        for work in measured.values():
            await ask(work, queries[:WARM_UP], arguments.readers)
        times: dict[str, list[float]] = {name: [] for name in measured}
        # In turns: what merges and neighbours take from one, they take from all.
        for first in range(WARM_UP, len(queries), TURN):
            for name, work in measured.items():
                times[name] += await ask(work, queries[first : first + TURN], arguments.readers)
        for name, milliseconds in times.items():
            print(f"{name:14}{summary(milliseconds)}   ({len(milliseconds)} queries, {arguments.readers} at a time)")
        stop.set()
        if writer is not None:
            print(f"{await writer:,} articles were indexed meanwhile")
        count = await client.count(index=names(settings).read)
        print(f"{count['count']:,} articles at the end")
    finally:
        if not arguments.keep:
            await delete_all(client, settings)
        await client.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument(
        "--documents", type=int, default=100_000, help="articles at the beginning; those of a kept index count"
    )
    parser.add_argument("--searches", type=int, default=1000, help="queries for each figure")
    parser.add_argument("--readers", type=int, default=1, help="queries at a time")
    parser.add_argument("--rate", type=float, default=50, help="articles a second meanwhile; 0 for none")
    parser.add_argument("--keep", action="store_true", help="leave the index for another run")
    arguments = parser.parse_args()
    if not (arguments.corpus / "saudinewsnet").is_dir():
        sys.exit(f"no folder saudinewsnet in {arguments.corpus}")
    try:
        asyncio.run(measure(arguments))
    except RasdError as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
