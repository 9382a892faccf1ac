"""What matching an article against standing searches costs, without servers.

    python -m benchmarks.alerts ../shared/corpus

Articles are matched against 1, 1,000 and 10,000 searches, in turn, and what matches is written as the records of
`alerts.matches`, without sending them. What matches is compared with trying every search. The cost of reading these
records, as `rasd deliver` does, follows.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from benchmarks.alerts.searches import articles, searches, titles
from streams.alerts.keeper import MESSAGE
from streams.alerts.matching import SearchMatcher
from streams.alerts.records import ArticleMatches
from streams.alerts.store import partition_of
from streams.records import Article
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
        matchers[number] = SearchMatcher(SCOPE, partition_of)
        for search in all_searches[:number]:
            matchers[number].put(search)
    for article in found[:100]:  # fills the caches of words, and counts terms
        for matcher in matchers.values():
            matcher.match(article)
    times: dict[int, list[float]] = {number: [] for number in (0, *NUMBERS)}
    reading: dict[int, list[float]] = {number: [] for number in NUMBERS}
    sizes = dict.fromkeys(NUMBERS, (0, 0))
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
            records = [written(matcher, article) for article in found]
            times[number].append((time.process_time() - begun) / count)
            tried[number] = matcher.tried
            begun = time.process_time()
            matched[number] = sum(map(read, records))
            reading[number].append((time.process_time() - begun) / count)
            sizes[number] = sum(len(record) for each in records for record in each), sum(map(len, records))
    print(
        f"{count} articles, {ROUNDS} rounds in turn; milliseconds of processor time an article: median (least to most)"
    )
    print(f"| its terms alone | {spread(times[0])} | | |")
    for number in NUMBERS:
        each = f"{tried[number] / count:.1f} tried, {matched[number] / count:.2f} matched an article"
        print(f"| {number} searches | {spread(times[number])} | {each} |")
    ratio = statistics.median(times[NUMBERS[-1]]) / statistics.median(times[1])
    print(f"{NUMBERS[-1]} searches cost {ratio:.2f} times as much as one, with the records that are written")
    for number in NUMBERS:
        octets, written_records = sizes[number]
        each = f"{written_records / count:.1f} records, {octets / count / 1000:.1f} kB an article"
        print(f"reading what {number} searches match: {spread(reading[number])}, {each}")
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
        found_by = {match.search for one in matchers[NUMBERS[-1]].match(article) for match in one.each()}
        wrong += exact != found_by
    print(f"{checked} articles tried on all {NUMBERS[-1]} searches: {wrong} differ")


def written(matcher: SearchMatcher, article: Article) -> list[bytes]:
    """Return the records of an article as the tap writes them."""
    return [one.model_dump_json(exclude_none=True).encode() for one in matcher.match(article)]


def read(records: list[bytes]) -> int:
    """Read records as `rasd deliver` does, and return the number of matches."""
    messages = map(MESSAGE.validate_json, records)
    return sum(len(list(message.each())) for message in messages if isinstance(message, ArticleMatches))


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
