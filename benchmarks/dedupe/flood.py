"""Measure the clusterer's speed when all articles resemble each other.

    python -m benchmarks.dedupe.flood            # 2,000 articles a kind
    python -m benchmarks.dedupe.flood 5000

The three floods are the daily stories of one template (gold, shares, weather), edited copies of one text, and texts of
so few words that all share some runs. Each comes in order, and late: shuffled in blocks of 256, as workers that run at
their own speeds deliver a backlog. Prints assignments per second of processor time, the slowest one, and the events
counted.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from agents.dedupe.clusterer import Clusterer, ClustererConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from benchmarks.dedupe.synthetic import templated
from streams.records import Article, FingerprintedArticle
from tests.support.tables import JsonTable

BLOCK = 256
_LETTERS = "ابتجحدرزسشصطعفقكلمنهوي"


def _vocabulary(rng: random.Random, size: int) -> list[str]:
    return ["".join(rng.choices(_LETTERS, k=rng.randint(3, 6))) for _ in range(size)]


def _templates(rng: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        yield templated(rng, 0)


def _copies(rng: random.Random, count: int) -> Iterator[str]:
    words = _vocabulary(rng, 3000)
    text = rng.choices(words, k=250)
    for _ in range(count):
        yield " ".join(rng.choice(words) if rng.random() < 0.03 else word for word in text)


def _few_words(rng: random.Random, count: int) -> Iterator[str]:
    words = _vocabulary(rng, 15)
    for _ in range(count):
        yield " ".join(rng.choices(words, k=70))


FLOODS: dict[str, Callable[[random.Random, int], Iterator[str]]] = {
    "one template": _templates,
    "copies of one text": _copies,
    "few words": _few_words,
}


def flying(bodies: Iterator[str]) -> list[FingerprintedArticle]:
    """Make fingerprinted articles with these bodies, one a second."""
    config, start = FingerprintConfig(), datetime(2026, 3, 1, tzinfo=UTC)
    made = []
    for at, body in enumerate(bodies):
        article = Article(
            id=f"{at:032x}",
            url=f"https://example.org/{at}",
            source="made",
            language="ar",
            body=body,
            ingested_at=start + timedelta(seconds=at),
        )
        made.append(FingerprintedArticle.model_construct(**dict(article), fingerprint=fingerprint(article, config)))
    return made


def run(name: str, articles: list[FingerprintedArticle]) -> None:
    """Send one flood through one clusterer and print its speed."""
    events: Counter[str] = Counter()
    clusterer = Clusterer(JsonTable(), ClustererConfig(), lambda event: events.update([event]))
    slowest, begin, clusters, moved = 0.0, time.process_time(), set[str](), 0
    for article in articles:
        started = time.process_time()
        clusters.add(clusterer.assign(article, time.time()).id)
        moved += len(clusterer.moves())
        slowest = max(slowest, time.process_time() - started)
    seconds = time.process_time() - begin
    print(f"{name:28} {len(articles) / seconds:7,.0f}/s, slowest {1000 * slowest:6,.0f} ms,", end=" ")
    print(f"{len(clusters):,} clusters answered, {moved:,} moves, {dict(events)}")


def main() -> None:
    """Run all floods, in order and late."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=2000, help="articles a flood")
    count = parser.parse_args().count
    for kind, make in FLOODS.items():
        articles = flying(make(random.Random(1), count))
        run(f"{kind}, in order", articles)
        for at in range(0, count, BLOCK):
            block = articles[at : at + BLOCK]
            random.Random(at).shuffle(block)
            articles[at : at + BLOCK] = block
        run(f"{kind}, late", articles)


if __name__ == "__main__":
    main()
