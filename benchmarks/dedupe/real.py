"""Measure precision and recall on real pairs that were judged by reading.

    python -m benchmarks.dedupe.real CORPUS/saudinewsnet                  # everything that was seen
    python -m benchmarks.dedupe.real CORPUS/saudinewsnet --half tune2     # tune, held, fresh, tune2 or fresh2 alone
    python -m benchmarks.dedupe.real CORPUS/saudinewsnet --half untouched # no mistake of these was looked at

`pairs.jsonl` holds addresses and labels alone. `benchmarks.dedupe.draw` draws pairs, more from the doubtful bands than
from the clear ones; they are judged by reading both texts, before any verdict of the code is seen. Copies are texts of
one origin (copied, cut, extended, edited, or standing whole in a longer one), if most of the shorter one stands in the
longer one; stories of one template, different reports of one event and texts that share a passage are not.

Each pair gets two verdicts: `pairs` compares the two articles alone (they share a band and compare as copies);
`clusters` is what a reader sees: all articles of all days went through one clusterer, and the two are in the same
cluster.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agents.dedupe.build.corpus import article_id, read_days
from agents.dedupe.cluster_index import bands
from agents.dedupe.clusterer import Clusterer, ClustererConfig
from agents.dedupe.compare import Features, compare
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from agents.dedupe.stock_phrases import TABLE
from streams.records import Fingerprint, FingerprintedArticle

PAIRS = Path(__file__).parent / "pairs.jsonl"
SEEN = ("tune", "held", "fresh", "tune2", "fresh2")


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged pair.

    Attributes:
        a, b: ids of the two articles.
        copy: whether one is a copy of the other or both of a third text.
        kind: of copy (copy, cut, edited, update) or of other (template, same_event, shared_passage, unrelated).
        weight: number of pairs in the whole corpus that it represents; doubtful pairs were sampled more densely.
        half: of `SEEN`, or `untouched`.
    """

    a: str
    b: str
    copy: bool
    kind: str
    weight: float
    half: str


def read_pairs(half: str) -> list[Judged]:
    """Read the judged pairs of one half; `seen` means all but the untouched ones."""
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    pairs = [Judged(**{**row, "a": article_id(row["a"]), "b": article_id(row["b"])}) for row in rows]
    halves = SEEN if half == "seen" else (half,)
    return [pair for pair in pairs if pair.half in halves]


def meets(one: Fingerprint, other: Fingerprint, config: ClustererConfig) -> bool:
    """Return whether the clusterer would join two articles that arrive one after the other with an empty table."""
    shared = one.exact == other.exact or bool((bands(one, config.rows) == bands(other, config.rows)).any())
    return shared and compare(Features(one), Features(other), config.compare) is not None


def interval(hits: int, of: int) -> str:
    """Format a share with its 95% score interval (Wilson 1927)."""
    z, share = 1.96, hits / max(1, of)
    middle, half = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    low, high = ((middle + sign * half) / (1 + z * z / of) for sign in (-1, 1))
    return f"{share:.3f} [{low:.3f}, {high:.3f}]"


def report(name: str, pairs: list[Judged], verdict: Callable[[Judged], bool], *, misses: bool) -> None:
    """Print precision, recall and the mistakes by kind."""
    joined = {pair: verdict(pair) for pair in pairs}
    right = sum(pair.copy for pair, yes in joined.items() if yes)
    copies = sum(pair.copy for pair in pairs)
    false, missed = [p for p in pairs if joined[p] and not p.copy], [p for p in pairs if not joined[p] and p.copy]
    print(f"{name}: P {interval(right, right + len(false))} R {interval(right, copies)}", end="")
    print(f" ({copies} copies, {len(pairs) - copies} others)", end="")
    found = sum(pair.weight for pair, yes in joined.items() if yes and pair.copy)
    everything = sum(pair.weight for pair, yes in joined.items() if yes), sum(p.weight for p in pairs if p.copy)
    print(f"; weighted to the corpus P {found / everything[0]:.3f} R {found / everything[1]:.3f}")
    print(f"  joined wrongly: {dict(Counter(p.kind for p in false))}; missed: {dict(Counter(p.kind for p in missed))}")
    if misses:
        for label, which in (("wrong ", false), ("missed", missed)):
            for pair in which:
                print(f"  {label} {pair.kind:14} {pair.a} {pair.b}")


def main() -> None:
    """Print precision and recall of both verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", type=Path, help="folder of one zip a day")
    parser.add_argument("--half", choices=(*SEEN, "seen", "untouched"), default="seen")
    parser.add_argument("--table", type=Path, default=TABLE, help="another table of stock phrases; /dev/null for none")
    parser.add_argument("--since", default="", help="only pairs of which both articles are of this day (ISO) or later")
    parser.add_argument("--misses", action="store_true", help="list the mistakes; not of the untouched half")
    arguments = parser.parse_args()
    days = read_days(arguments.days)
    articles = [article for day in days.values() for article in day]
    late = {article.id for name, day in days.items() if name >= arguments.since for article in day}
    fingerprints = FingerprintConfig(table=arguments.table)
    prints = {article.id: fingerprint(article, fingerprints) for article in articles}
    config = ClustererConfig()
    clusterer = Clusterer({}, config)
    clusters = {}
    for article in articles:
        flying = FingerprintedArticle.model_construct(**dict(article), fingerprint=prints[article.id])
        clusters[article.id] = clusterer.assign(flying, article.ingested_at.timestamp()).id
    for half in (*SEEN, "seen") if arguments.half == "seen" else (arguments.half,):
        pairs = [pair for pair in read_pairs(half) if pair.a in late and pair.b in late]
        print(f"== {half}")
        report("pairs", pairs, lambda p: meets(prints[p.a], prints[p.b], config), misses=arguments.misses)
        report("clusters", pairs, lambda p: clusters[p.a] == clusters[p.b], misses=arguments.misses)


if __name__ == "__main__":
    main()
