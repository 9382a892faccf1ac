"""How long readers wait: python -m benchmarks.search.latency CORPUS [--documents 100000] [--rate 50]

Fills an index of its own with generated articles (benchmarks/search/archive.py); from the 20,001st on these are the
documents of earlier ones under other ids, stories and times, which takes a fraction of the time. Then asks for pages
while another process goes on indexing such documents at `--rate` a second: of indexing, only Elasticsearch's part is
measured. A page is what `rasd serve` needs for one: the search with folding, highlights and counts of copies, and at
the same time the facets. Times are those of the caller, decoding included.
Needs a running Elasticsearch (`rasd up`); the index is deleted at the end unless `--keep` is given.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Self

from agents.index.sink import IndexSink
from benchmarks.search.archive import Archive
from streams.api.server import collect_rarely
from streams.elastic.client import make_client
from streams.elastic.templates import ensure_index, names
from streams.errors import RasdError
from streams.observability.metrics import Metrics
from streams.search.request import Filters, SearchRequest
from streams.search.service import Searcher, load_words
from streams.settings import Settings, get_settings
from tests.support.index import delete_all

PREFIX = "benchmark-latency"
# A server just started compiles its code while it answers; what a reader meets is the one that has been up for a while.
WARM_UP = 300
TURN = 20
BATCH = 500
DISTINCT = 20_000
# Documents that are indexed again meanwhile, in turn.
TRICKLED = 2000


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


@dataclass(frozen=True)
class Signals:
    """What the process that indexes meanwhile and the one that started it tell each other.

    Attributes:
        ready: it begins.
        stop: it is to end.
        written: documents indexed so far.
    """

    ready: Event
    stop: Event
    written: Any


class Trickle:
    """A process that indexes documents of the index once more, under other ids, at a steady rate while this is open.

    Args:
        settings: of the index.
        rate: documents a second.
        first: number in the id of the first one.
    """

    def __init__(self, settings: Settings, rate: float, first: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._signals = Signals(context.Event(), context.Event(), context.Value("q", 0))
        self._process = context.Process(target=_run_trickle, args=(settings, rate, first, self._signals))

    @property
    def written(self) -> int:
        """How many were indexed so far."""
        return int(self._signals.written.value)

    def __enter__(self) -> Self:
        self._process.start()
        while not self._signals.ready.wait(1):
            if not self._process.is_alive():
                sys.exit("the process that indexes meanwhile ended")
        return self

    def __exit__(self, *_: object) -> None:
        self._signals.stop.set()
        self._process.join()
        if self._process.exitcode:
            sys.exit("the process that indexes meanwhile failed")


def _run_trickle(settings: Settings, rate: float, first: int, signals: Signals) -> None:
    asyncio.run(_trickle(settings, rate, first, signals))


async def _trickle(settings: Settings, rate: float, first: int, signals: Signals) -> None:
    """Index at this rate, in batches as a worker makes them, until told to stop."""
    client = make_client(settings)
    size = max(1, round(rate / 4))
    try:
        found = await client.search(index=names(settings).read, body={"size": TRICKLED, "sort": [{"id": "asc"}]})
        sources = [hit["_source"] for hit in found["hits"]["hits"]]
        if not sources:
            sys.exit("there is no document to index again")
        signals.ready.set()
        number, due = first, time.monotonic()
        while not signals.stop.is_set():
            operations: list[dict[str, Any]] = []
            for each in range(number, number + size):
                again = _again(sources[each % len(sources)], each, timedelta(minutes=61 + each % 1440))
                operations += [{"index": {"_id": f"e{each}"}}, again]
            number += size
            answer = await client.bulk(index=names(settings).write, operations=operations, filter_path="errors")
            if answer["errors"]:
                sys.exit("Elasticsearch refused copies of documents")
            signals.written.value += size
            due += size / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
    finally:
        await client.close()


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
        load_words()
        collect_rarely()  # as `rasd serve` does
        searcher = Searcher(client, settings)
        queries = archive.queries(WARM_UP + arguments.searches)
        measured = parts(searcher)
        times: dict[str, list[float]] = {name: [] for name in measured}
        trickle = Trickle(settings, arguments.rate, archive.made) if arguments.rate else None
        with trickle or nullcontext():
            for work in measured.values():
                await ask(work, queries[:WARM_UP], arguments.readers)
            # In turns: what merges and neighbours take from one, they take from all.
            for first in range(WARM_UP, len(queries), TURN):
                for name, work in measured.items():
                    times[name] += await ask(work, queries[first : first + TURN], arguments.readers)
        for name, milliseconds in times.items():
            print(f"{name:14}{summary(milliseconds)}   ({len(milliseconds)} queries, {arguments.readers} at a time)")
        if trickle is not None:
            print(f"{trickle.written:,} articles were indexed meanwhile")
            await client.indices.refresh(index=names(settings).read)
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
