"""Measure places: precision and recall on the gold file, load time, and articles per second and core.

    python -m benchmarks.places.run CORPUS [--half tune|test] [--entities] [--mistakes]
    python -m benchmarks.places.run CORPUS --cost-only

CORPUS is the folder of SaudiNewsNet dumps (2015-07-21.zip, ...). With --entities, the entity stage tags first.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.geotag.commands import entity_stage
from agents.geotag.evaluation import HALVES, evaluate_places
from agents.geotag.geotagger import Geotagger, geotag_article
from streams.records import Article

GOLD = Path(__file__).parent / "gold.jsonl"
EVERY = 13
PASSES = 5


def read(corpus: Path) -> list[Article]:
    """Read every EVERYth article of the corpus that has a body."""
    found: list[Article] = []
    for path in sorted(corpus.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                rows = [row for row in json.loads(archive.read(name)) if row["content"].strip()]
                found.extend(_article(row) for row in rows[::EVERY])
    return found


def _article(row: dict[str, Any]) -> Article:
    return Article(
        id=row["url"],
        url=row["url"],
        source=row["source"],
        language="ar",
        title=row["title"],
        body=row["content"],
        ingested_at=datetime.now(UTC),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure places.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--half", choices=HALVES, help="only this half of the gold")
    parser.add_argument("--entities", action="store_true", help="tag entities first")
    parser.add_argument("--mistakes", action="store_true", help="list every wrong mention")
    parser.add_argument("--cost-only", action="store_true", help="measure load time, memory and speed only")
    options = parser.parse_args()
    # First, before anything else has raised the peak memory of the process.
    _cost(options.corpus)
    if options.cost_only:
        return
    prepare = entity_stage() if options.entities else None
    for half in [options.half] if options.half else HALVES:
        report = evaluate_places(GOLD, options.corpus, half, prepare)
        print(f"{half}: " + "\n      ".join(report.lines()))
        if options.mistakes:
            for mistake in report.mistakes:
                print(f"  {mistake.cause}: {mistake.text} | gold {mistake.gold} | found {mistake.found}")


def _cost(corpus: Path) -> None:
    """Print the time and memory of loading, and the speed of geotagging."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    geotagger = Geotagger.load()
    seconds = [time.perf_counter() - start]
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    for _ in range(PASSES - 1):
        start = time.perf_counter()
        Geotagger.load()
        seconds.append(time.perf_counter() - start)
    print(f"load: {statistics.median(seconds):.3f} s (median of {PASSES}), {kibibytes / 1024:.0f} MB")
    articles = read(corpus)
    rates = []
    for _ in range(PASSES + 1):
        start = time.process_time()
        for article in articles:
            geotag_article(article, geotagger)
        rates.append(len(articles) / (time.process_time() - start))
    size = sum(len(article.body) for article in articles) / len(articles)
    print(
        f"speed: {statistics.median(rates[1:]):.0f} articles a second of processor time, median of {PASSES} after a "
        f"warm-up ({min(rates[1:]):.0f} to {max(rates[1:]):.0f}; {size:.0f} characters on average)"
    )


if __name__ == "__main__":
    main()
