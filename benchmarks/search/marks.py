"""What marking the matches of a page costs: python -m benchmarks.search.marks CORPUS [--queries 60]

Marks twenty random articles of benchmarks/search/archive.py for each query in two ways in turns: by reading only the
words that may match and their neighbours (`streams/words/finder.py`), as a search does, and by reading all words. Both
must mark the same. Times are processor time of this process; the first third of the queries, in which both meet most
words for the first time, is left out.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.search.archive import Archive
from streams.records import Article
from streams.search.highlight import READ, Highlights, highlight
from streams.search.request import SearchRequest
from streams.search.wanted import WantedText
from streams.words.index import article_words

ARTICLES, PAGE = 900, 20


def whole(article: Article, wanted: WantedText) -> Highlights:
    """Mark an article of which all words were read."""
    return highlight(article, wanted, article_words(article.model_dump(mode="python", include=READ)))


def measure(corpus: Path, queries: int) -> None:
    """Mark, compare, print."""
    archive, chance = Archive(corpus), random.Random(5)
    articles = list(archive.articles(ARTICLES))
    ways: dict[str, Callable[[Article, WantedText], Highlights]] = {
        "words that may match": highlight,
        "all words": whole,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    asked = [query["q"] for query in archive.queries(2 * queries) if query.get("q")][:queries]
    for number, q in enumerate(asked):
        wanted, page = SearchRequest(q=q).wanted(), chance.sample(articles, PAGE)
        found = {}
        for name in sorted(ways, reverse=bool(number % 2)):
            began = time.process_time()
            found[name] = [ways[name](article, wanted) for article in page]
            times[name].append((time.process_time() - began) * 1000)
        if found["all words"] != found["words that may match"]:
            sys.exit(f"marks differ: {q}")
    for name, every in times.items():
        low, middle, high = statistics.quantiles(every[len(asked) // 3 :], n=4)
        print(f"{name:22} median {middle:6.1f} ms a page of {PAGE}   quartiles {low:.1f} to {high:.1f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--queries", type=int, default=60)
    arguments = parser.parse_args()
    measure(arguments.corpus, arguments.queries)


if __name__ == "__main__":
    main()
