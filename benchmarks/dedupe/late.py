"""How long the look-up takes for one article at worst: python -m benchmarks.dedupe.late

Thousands of versions of one text arrive in order, then the earliest of them arrives last: it makes the clusterer decide
`most_redecided` articles again, the most that one article can cost. Prints the slowest article in order and the late
one, for texts that differ from the first one in different shares of their words.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

from agents.dedupe.clusterer import Clusterer, ClustererConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from streams.records import Article, FingerprintedArticle

VERSIONS = 4000
WORDS = 300
SHARES = (0.0, 0.05, 0.15, 0.25)
START = datetime(2026, 3, 1, tzinfo=UTC)
LETTERS = "ابتجحدرسعفقكلمنهوي"


def version(number: int, words: list[str]) -> FingerprintedArticle:
    """Make an article that arrived as this number."""
    article = Article(
        id=f"n{number:06d}",
        url=f"https://almina.example.com/{number}",
        source="almina",
        language="ar",
        body=" ".join(words),
        ingested_at=START + timedelta(seconds=number),
    )
    return FingerprintedArticle(**dict(article), fingerprint=fingerprint(article, FingerprintConfig()))


def timed(clusterer: Clusterer, article: FingerprintedArticle) -> float:
    """Assign an article; return the seconds it took."""
    started = time.perf_counter()
    clusterer.assign(article, START.timestamp() + VERSIONS)
    return time.perf_counter() - started


def main() -> None:
    """Measure each share."""
    chance = random.Random(1)
    vocabulary = ["".join(chance.choices(LETTERS, k=5)) for _ in range(3000)]
    first = chance.choices(vocabulary, k=WORDS)
    print("| share of other words | slowest in order, s | late, s | moved |\n|---|---|---|---|")
    for share in SHARES:
        clusterer = Clusterer({}, ClustererConfig())
        slowest = max(
            timed(
                clusterer,
                version(number, [chance.choice(vocabulary) if chance.random() < share else word for word in first]),
            )
            for number in range(1, VERSIONS)
        )
        late = timed(clusterer, version(0, first))
        print(f"| {share} | {slowest:.3f} | {late:.1f} | {len(clusterer.moves()):,} |", flush=True)


if __name__ == "__main__":
    main()
