"""Measure speed and state size of the dedupe stages in one process on real articles.

    python -m benchmarks.dedupe.speed CORPUS/saudinewsnet
    python -m benchmarks.dedupe.speed CORPUS/saudinewsnet --recover 1000000

Prints articles per second of processor time for both stages, bytes of JSON state per article (key and record), and,
with `--recover`, the time and memory to rebuild the index of that many articles. The clusterer's table is a dict of
JSON text, so that the cost of encoding and decoding is included. The articles to recover are the real ones repeated,
each with an exact hash and a signature of its own.
"""

from __future__ import annotations

import argparse
import random
import time
from base64 import b64encode
from pathlib import Path

import psutil

from agents.dedupe.build.corpus import read_days
from agents.dedupe.clusterer import Clusterer, ClustererConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from streams.records import FingerprintedArticle
from tests.support.tables import JsonTable


def repeated(table: JsonTable, count: int) -> JsonTable:
    """Make `count` records: those of `table` in turn, each with a random exact hash, signature and id."""
    rng, made, known = random.Random(1), JsonTable(), list(table.values())
    for number in range(count):
        record = known[number % len(known)]
        record["fp"][1] = b64encode(rng.randbytes(12)).decode()
        record["fp"][4] = b64encode(rng.randbytes(192)).decode()
        made[f"{number:032x}"] = record
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", type=Path, help="folder of one zip a day")
    parser.add_argument("--recover", type=int, default=0, help="articles in the state to recover")
    arguments = parser.parse_args()
    articles = [article for day in read_days(arguments.days).values() for article in day]
    config = FingerprintConfig()
    fingerprint(articles[0], config)
    begin = time.process_time()
    prints = [fingerprint(article, config) for article in articles]
    print(f"fingerprint: {len(articles) / (time.process_time() - begin):,.0f} articles/s")
    flying = [
        FingerprintedArticle.model_construct(**dict(a), fingerprint=p) for a, p in zip(articles, prints, strict=True)
    ]
    table = JsonTable()
    clusterer = Clusterer(table, ClustererConfig(window=400 * 3600.0))
    begin = time.process_time()
    for article in flying:
        clusterer.assign(article, article.ingested_at.timestamp())
    print(f"clusterer:   {len(articles) / (time.process_time() - begin):,.0f} articles/s")
    sizes = sorted(len(key) + len(record) for key, record in table.data.items())
    print(f"state:       {sum(sizes) / len(sizes):,.0f} bytes an article on average,", end=" ")
    print(f"median {sizes[len(sizes) // 2]:,}, largest {sizes[-1]:,}")
    if arguments.recover:
        large = repeated(table, arguments.recover)
        before = psutil.Process().memory_info().rss
        begin = time.process_time()
        recovered = Clusterer(large, ClustererConfig(window=10**9))
        seconds = time.process_time() - begin
        memory = psutil.Process().memory_info().rss - before
        print(f"recovery:    {len(large):,} articles in {seconds:,.1f} s,", end=" ")
        print(f"{memory / len(large):,.0f} bytes of memory an article")
        begin = time.process_time()
        for number, article in enumerate(flying[:2000]):
            recovered.assign(article.model_copy(update={"id": f"new{number}"}), time.time())
        print(f"clusterer with it: {2000 / (time.process_time() - begin):,.0f} articles/s")


if __name__ == "__main__":
    main()
