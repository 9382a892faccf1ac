"""Exports of many documents while the index is written to: complete, in order, how fast, in how much memory.

    rasd up && python -m benchmarks.search.export --documents 100000 --format csv

Fills an index of its own, then exports it while a writer adds articles and stores old ones anew
with another text. Every line is checked: each article that was there at the beginning exactly once, as it was then,
nothing else, newest first. The index is taken away again.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import random
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx
import orjson

from benchmarks.search.running import Usage, api, ground, store, text
from streams.elastic.client import make_client
from streams.elastic.templates import names
from streams.records import Article
from streams.settings import Settings

START = datetime(2024, 1, 1, tzinfo=UTC)


def article(number: int, chance: random.Random, title: str) -> Article:
    """An article of about 4 KB; three at a time share their time of publication."""
    published = START + timedelta(seconds=number // 3)
    return Article(
        id=f"n{number:07}",
        url=f"https://almina.example.com/{number}",
        source="almina",
        language="ar",
        title=title,
        body="\n".join(text(chance, 60) for _ in range(6)),
        published_at=published,
        fetched_at=published,
        ingested_at=published,
    )


async def keep_writing(settings: Settings, documents: int, written: list[int]) -> None:
    """Add articles and replace old ones until cancelled; counts both."""
    chance = random.Random(6)
    step = 0
    while True:
        new = [article(documents + step * 200 + number, chance, "بعد") for number in range(200)]
        old = [article(chance.randrange(documents), chance, "بعد") for _ in range(100)]
        later = [entry.model_copy(update={"fetched_at": START + timedelta(days=400, seconds=step)}) for entry in old]
        await store(settings, [*new, *{entry.id: entry for entry in later}.values()])
        written[0] += len(new) + len(later)
        step += 1


async def one(url: str, settings: Settings, form: str, expected: list[str], usage: Usage) -> None:
    """Export once and print what came."""
    written = [0]
    writer = asyncio.create_task(keep_writing(settings, len(expected), written))
    async with httpx.AsyncClient(timeout=120) as http, http.stream("GET", f"{url}/export?format={form}") as response:
        started, at_first = time.perf_counter(), written[0]
        data = b"".join([piece async for piece in response.aiter_raw(2**20)])
    took, meanwhile = time.perf_counter() - started, written[0] - at_first
    writer.cancel()
    if form == "ndjson":
        *lines, end = (orjson.loads(line) for line in data.splitlines())
        found = [(line["id"], line["title"]) for line in lines]
        complete = end["export"]["complete"]
    else:
        rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        found = [(row["id"], row["title"]) for row in rows]
        complete = len(found) == int(response.headers["rasd-export-total"])
    sound = complete and [name for name, _ in found] == expected and {title for _, title in found} == {"قبل"}
    print(
        f"{form:7} {len(found):,} documents, {len(data) / 2**20:.0f} MiB in {took:.1f} s "
        f"({len(found) / took:,.0f}/s), {meanwhile:,} written meanwhile; "
        f"{'complete, in order, as at the beginning' if sound else 'NOT SOUND'}; "
        f"API {usage.before:.0f} MiB before, {usage.most:.0f} MiB at most"
    )
    if not sound:
        sys.exit(1)


async def run(form: str, documents: int) -> None:
    """Fill, export, check."""
    chance = random.Random(5)
    async with ground() as settings, api(settings) as (url, child):
        for start in range(0, documents, 2000):
            numbers = range(start, min(start + 2000, documents))
            await store(settings, [article(number, chance, "قبل") for number in numbers])
        client = make_client(settings)
        await client.indices.refresh(index=names(settings).read)
        await client.close()
        expected = [f"n{number:07}" for number in range(documents)]
        expected.sort(key=lambda name: (int(name[1:]) // 3, name), reverse=True)
        with Usage(child) as usage:
            await one(url, settings, form, expected, usage)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000, help="size of the index (100000)")
    parser.add_argument("--format", choices=("ndjson", "csv"), default="ndjson", help="form of the file (ndjson)")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.format, arguments.documents))


if __name__ == "__main__":
    main()
