"""What matching an article against standing searches costs, without servers.

    python -m benchmarks.alerts ../shared/corpus

Articles are matched against 1, 1,000 and 10,000 searches, in turn. What matches is compared with trying every search.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from benchmarks.alerts.searches import articles, searches, titles
from streams.alerts.matching import SearchMatcher
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.source_scope import SourceScope

NUMBERS = (1, 1000, 10_000)
ROUNDS = 3
SCOPE = SourceScope(lambda: None)


def measure_cost(corpus: Path, count: int, checked: int) -> None:
    """Print the time for an article with each number of searches, and the time of its terms alone."""
    found = articles(corpus, count)
    all_searches = searches(titles(corpus), max(NUMBERS))
    matchers = {}
    for number in NUMBERS:
        matchers[number] = SearchMatcher(SCOPE)
        for search in all_searches[:number]:
            matchers[number].put(search)
    for article in found[:100]:  # fills the caches of words, and counts terms
        for matcher in matchers.values():
            matcher.match(article)
    times: dict[int, list[float]] = {number: [] for number in (0, *NUMBERS)}
    matched = dict.fromkeys(NUMBERS, 0)
    tried = dict.fromkeys(NUMBERS, 0)
    for _ in range(ROUNDS):
        begun = time.process_time()
        for article in found:
            ArticleText(article)
        times[0].append((time.process_time() - begun) / count)
        for number, matcher in matchers.items():
            matcher.tried = 0
            begun = time.process_time()
            matched[number] = sum(len(matcher.match(article)) for article in found)
            times[number].append((time.process_time() - begun) / count)
            tried[number] = matcher.tried
    print(
        f"{count} articles, {ROUNDS} rounds in turn; milliseconds of processor time an article: median (least to most)"
    )
    print(f"| its terms alone | {spread(times[0])} | | |")
    for number in NUMBERS:
        each = f"{tried[number] / count:.1f} tried, {matched[number] / count:.2f} matched an article"
        print(f"| {number} searches | {spread(times[number])} | {each} |")
    ratio = statistics.median(times[NUMBERS[-1]]) / statistics.median(times[1])
    print(f"{NUMBERS[-1]} searches cost {ratio:.2f} times as much as one, with what is written for each match")
    only = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for article in found:
            matchers[NUMBERS[-1]].matching(ArticleText(article))
        only.append((time.process_time() - begun) / count)
    ratio = statistics.median(only) / statistics.median(times[1])
    print(f"finding the matches among {NUMBERS[-1]} alone: {spread(only)}, {ratio:.2f} times as much as one")
    compiled = {search.id: LiveMatcher(search.filters, SCOPE) for search in all_searches}
    wrong = 0
    for article in found[:checked]:
        text = ArticleText(article)
        exact = {key for key, matcher in compiled.items() if matcher.matches(text)}
        wrong += exact != {match.search for match in matchers[NUMBERS[-1]].match(article)}
    print(f"{checked} articles tried on all {NUMBERS[-1]} searches: {wrong} differ")


def spread(seconds: list[float]) -> str:
    """Format seconds as milliseconds: median, least and most."""
    low, middle, high = min(seconds) * 1000, statistics.median(seconds) * 1000, max(seconds) * 1000
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Read the arguments and run one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--articles", type=int, default=150)
    parser.add_argument("--checked", type=int, default=10, help="articles tried on every search")
    given = parser.parse_args()
    measure_cost(given.corpus, given.articles, given.checked)


if __name__ == "__main__":
    main()
