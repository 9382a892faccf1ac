"""How well misspelt queries are corrected: python -m benchmarks.search.typos SAUDINEWSNET

Indexes the articles of a folder of zips (SaudiNewsNet) and asks it the misspelt queries of `typos.json`, which are
composed; as many with a slip that is made by a seed in words that at least 20 articles have; and words that stand in
one to three articles, most of which are right though rare. It prints for each kind how often the first suggestion is
the right one and how often any is; and of all first suggestions the part that is right, those for rare words counted
as wrong. Needs a running Kafka and Elasticsearch (`rasd up`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from agents.dedupe.build.corpus import read_days
from agents.index.sink import IndexSink
from benchmarks.search.running import ground
from streams.elastic.client import make_client
from streams.elastic.templates import names
from streams.errors import RasdError
from streams.observability.metrics import Metrics
from streams.records import Article
from streams.search.request import SearchRequest
from streams.search.service import Searcher
from streams.settings import Settings
from streams.words.letters import normalise_word
from streams.words.terms import text_words

TYPOS = Path(__file__).parent / "typos.json"
SEED = 17
DRAWN = 200
LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
Pair = tuple[str, str]


def composed() -> dict[str, list[Pair]]:
    """Return the misspelt and the right queries of `typos.json` by kind."""
    kinds = json.loads(TYPOS.read_text(encoding="utf-8"))
    return {kind: [(typed, right) for typed, right in pairs] for kind, pairs in kinds.items()}


def slip(word: str, chance: random.Random) -> str:
    """Return a word with one edit: a letter left out, doubled, replaced or exchanged with the next."""
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + chance.choice(LETTERS) + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


def drawn(articles: Sequence[Article]) -> tuple[list[Pair], list[str]]:
    """Return slips in common words with the right ones, and words of one to three articles, drawn by a seed."""
    counts: Counter[str] = Counter()
    for article in articles:
        counts.update({article.body[word.start : word.end] for word in text_words(article.body) if word.families})
    arabic = {word: count for word, count in counts.items() if len(word) >= 5 and normalise_word(word).isalpha()}
    chance = random.Random(SEED)
    common = chance.sample(sorted(word for word, count in arabic.items() if count >= 20), DRAWN)
    rare = chance.sample(sorted(word for word, count in arabic.items() if count <= 3), DRAWN)
    known = {normalise_word(word) for word in counts}
    slips = [(slip(word, chance), word) for word in common]
    return [(typed, right) for typed, right in slips if normalise_word(typed) not in known], rare


def same(first: str, second: str) -> bool:
    """Return whether two queries differ at most in spellings that a search overlooks."""
    return [normalise_word(word) for word in first.split()] == [normalise_word(word) for word in second.split()]


async def measure(settings: Settings, articles: Sequence[Article]) -> int:
    """Index the articles, ask everything and print the table."""
    slips, rare = drawn(articles)
    client = make_client(settings)
    sink = IndexSink(settings, Metrics())
    try:
        for at in range(0, len(articles), 500):
            await sink.write(articles[at : at + 500])
        await client.indices.refresh(index=names(settings).read)
        searcher = Searcher(client, settings)
        kinds: Mapping[str, Sequence[Pair]] = composed() | {
            "slips by a seed": slips,
            "rare words": [(w, "") for w in rare],
        }
        print(f"{len(articles)} articles")
        print(f"{'kind':36} {'asked':>5} {'first':>6} {'any':>6} {'none':>6}")
        right = offered = 0
        seconds = []
        for kind, pairs in kinds.items():
            first = anywhere = silent = 0
            for typed, meant in pairs:
                begun = time.perf_counter()
                page = await searcher.search(SearchRequest(q=typed, size=1))
                seconds.append(time.perf_counter() - begun)
                found = [one.q for one in page.did_you_mean]
                silent += not found
                first += bool(found) and same(found[0], meant)
                anywhere += any(same(one, meant) for one in found)
                if meant and not any(same(one, meant) for one in found):
                    print(f"  missed {typed} → {meant}: {found}", file=sys.stderr)
            right += first
            offered += len(pairs) - silent
            print(f"{kind:36} {len(pairs):5} {first:6} {anywhere:6} {silent:6}")
        print(f"precision of the first suggestion {right / offered:.3f} ({right} of {offered})")
        print(f"seconds of a page with suggestions: median {statistics.median(seconds):.3f}, most {max(seconds):.3f}")
    finally:
        await sink.close()
        await client.close()
    return 0


async def _main(folder: Path, most: int) -> int:
    articles = [article for day in read_days(folder).values() for article in day][:most]
    async with ground() as settings:
        return await measure(settings, articles)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of zips of JSON arrays of articles")
    parser.add_argument("--most", type=int, default=1_000_000, help="index so many articles")
    arguments = parser.parse_args()
    try:
        sys.exit(asyncio.run(_main(arguments.folder, arguments.most)))
    except RasdError as error:
        sys.exit(str(error))
