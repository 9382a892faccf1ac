"""Draw pairs of articles to be judged by reading.

    python -m benchmarks.dedupe.draw CORPUS/saudinewsnet > drawn.jsonl

The population is every pair of articles of days at most three apart that share at least 4% of the shorter one's runs
of three words, including three runs that at most 200 articles have. It is sampled by strata, more densely in doubtful
ones: eight bands of that share, one outlet or two, the shorter text a flash (under 40 words) or not. Prints one JSON
object for each pair, in random order: addresses, half, and how many pairs of the population it represents. `copy` and
`kind` are null until the pair is judged; pairs in `pairs.jsonl` under another half are not drawn again.
The same days, seed and texts give the same pairs.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.dedupe.build.corpus import read_days
from agents.dedupe.fingerprint import body_words
from agents.dedupe.stock_phrases import run_hashes, word_runs
from benchmarks.dedupe.real import PAIRS
from streams.records import Article

DAYS_APART = 3
SHORT = 40
RARE = 200
LEAST_RARE = 3
# Lower ends of the bands, and how many pairs of each a half gets: long texts of two outlets, long texts of one, short
# texts of two, short texts of one.
BANDS = (0.04, 0.1, 0.2, 0.3, 0.42, 0.6, 0.8, 0.98)
QUOTAS = {
    (False, False): (5, 8, 10, 10, 10, 8, 5, 3),
    (False, True): (2, 4, 5, 5, 4, 4, 2, 1),
    (True, False): (1, 1, 2, 2, 2, 2, 1, 1),
    (True, True): (1, 1, 1, 1, 1, 1, 1, 1),
}
Stratum = tuple[bool, bool, int]


@dataclass(frozen=True, slots=True)
class Text:
    """What the draw needs of an article."""

    url: str
    source: str
    day: int
    words: int


def candidates(texts: list[Text], runs: list[NDArray[np.uint64]]) -> Iterator[tuple[Stratum, int, int]]:
    """All pairs of the population with their stratum, by number.

    Args:
        texts: the articles.
        runs: the distinct hashes of each one's runs of three words.
    """
    _, known, frequency = np.unique(np.concatenate(runs), return_inverse=True, return_counts=True)
    owners = np.repeat(np.arange(len(texts)), [len(r) for r in runs])
    order = np.argsort(known, kind="stable")
    starts = np.concatenate(([0], np.cumsum(frequency)))
    postings = owners[order]

    def sharing(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
        lists = [postings[starts[number] : starts[number + 1]] for number in numbers]
        return np.bincount(np.concatenate(lists), minlength=len(texts))

    sizes, days = np.array([len(r) for r in runs]), np.array([text.day for text in texts])
    begin = 0
    for one in range(len(texts)):
        mine = known[begin : begin + sizes[one]]
        begin += sizes[one]
        rare = mine[frequency[mine] <= RARE]
        if not len(rare):
            continue
        # A text without words has no runs.
        shorter = np.maximum(1, np.minimum(sizes, sizes[one]))
        share = sharing(mine) / shorter
        fits = (share >= BANDS[0]) & (sharing(rare) >= np.minimum(LEAST_RARE, shorter))
        for other in np.flatnonzero(fits & (np.abs(days - days[one]) <= DAYS_APART)):
            if other > one:
                short = min(texts[one].words, texts[other].words) < SHORT
                same = texts[one].source == texts[other].source
                yield (short, same, bisect_right(BANDS, share[other]) - 1), one, int(other)


def draw(
    texts: list[Text], runs: list[NDArray[np.uint64]], halves: list[str], judged: set[frozenset[str]], seed: int
) -> list[dict[str, object]]:
    """Draw pairs and return them in random order as rows of `pairs.jsonl` without a verdict."""
    population: dict[Stratum, list[tuple[int, int]]] = {}
    for stratum, one, other in candidates(texts, runs):
        population.setdefault(stratum, []).append((one, other))
    rng = random.Random(seed)
    rows: list[dict[str, object]] = []
    for stratum in sorted(population):
        pairs = population[stratum]
        free = [pair for pair in pairs if frozenset(texts[number].url for number in pair) not in judged]
        quota = min(QUOTAS[stratum[:2]][stratum[2]], len(free) // len(halves))
        drawn = rng.sample(free, quota * len(halves))
        for number, (one, other) in enumerate(drawn):
            weight = round(len(pairs) / quota, 1)
            half = halves[number % len(halves)]
            row = {"a": texts[one].url, "b": texts[other].url, "copy": None, "kind": None}
            rows.append({**row, "weight": weight, "half": half})
    rng.shuffle(rows)
    return rows


def main() -> None:
    """Read the days, draw, print; the size of each stratum goes to standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", type=Path, help="folder of one zip a day")
    parser.add_argument("--seed", type=int, default=20261201)
    parser.add_argument("--halves", default="untouched,rest", help="names of the halves, comma separated")
    arguments = parser.parse_args()
    halves = arguments.halves.split(",")
    texts, runs = [], []
    for day, articles in read_days(arguments.days).items():
        for article in articles:
            text, hashes = described(article, day)
            texts.append(text)
            runs.append(hashes)
    known = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    judged = {frozenset((row["a"], row["b"])) for row in known if row["half"] not in halves}
    rows = draw(texts, runs, halves, judged, arguments.seed)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
    print(f"{len(rows)} pairs {dict(Counter(row['half'] for row in rows))}", file=sys.stderr)


def described(article: Article, day: str) -> tuple[Text, NDArray[np.uint64]]:
    """Return what the draw needs of an article, and the hashes of its runs."""
    words = body_words(article.body)
    runs = np.unique(np.array(run_hashes(word_runs(words, 3)), dtype=np.uint64))
    return Text(article.url, article.source, date.fromisoformat(day).toordinal(), len(words)), runs


if __name__ == "__main__":
    main()
