"""How well single words and names match: python -m benchmarks.search.pairs [--missed] [--set NAME]

Each set of `pairs_by_kind.json` has pairs that a search must bring together and pairs that it must keep apart. The
first of a pair is the text of an article, the second a query; pairs to keep apart are asked in both directions. The
live matcher decides, which finds what the index finds. Words are read alone, so nothing is known of an article's names.
Needs no server.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from streams.records import Article
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters

PAIRS = Path(__file__).parent / "pairs_by_kind.json"
Pair = tuple[str, str]
Part = Literal["meet", "apart"]
_ARTICLE = {
    "id": "pair",
    "url": "https://example.org/pair",
    "source": "pairs",
    "language": "ar",
    "title": None,
    "fetched_at": "2026-01-01T00:00:00Z",
    "ingested_at": "2026-01-01T00:00:00Z",
}


def read_sets(path: Path = PAIRS) -> dict[str, dict[Part, dict[str, list[Pair]]]]:
    """Return the pairs by set, by whether they must meet, and by kind."""
    sets = json.loads(path.read_text(encoding="utf-8"))["sets"]
    return {
        name: {part: {kind: [(text, query) for text, query in pairs] for kind, pairs in kinds.items()}
               for part, kinds in parts.items()}
        for name, parts in sets.items()
    }  # fmt: skip


def finds(query: str, text: str) -> bool:
    """Return whether the query finds an article whose body is the text."""
    article = ArticleText(Article.model_validate(_ARTICLE | {"body": text}))
    return LiveMatcher(Filters(q=query)).matches(article)


def wrong(part: Part, pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Yield the pairs that do not do what they must."""
    for text, query in pairs:
        if part == "meet":
            if not finds(query, text):
                yield text, query
        elif finds(query, text) or finds(text, query):
            yield text, query


def report(sets: Mapping[str, Mapping[Part, Mapping[str, Sequence[Pair]]]], *, missed: bool) -> None:
    """Print for each set and kind how many pairs are right."""
    for name, parts in sets.items():
        for part, kinds in parts.items():
            found = {kind: list(wrong(part, pairs)) for kind, pairs in kinds.items()}
            asked = sum(map(len, kinds.values()))
            print(f"{name}, {part}: {asked - sum(map(len, found.values()))} of {asked} right")
            for kind, pairs in kinds.items():
                print(f"  {kind:24} {len(pairs) - len(found[kind]):3} of {len(pairs):3}")
                if missed and found[kind]:
                    print("    " + ", ".join("/".join(pair) for pair in found[kind]))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--missed", action="store_true", help="print the pairs that are wrong")
    sets = read_sets()
    parser.add_argument("--set", choices=list(sets), help="print this set only")
    arguments = parser.parse_args()
    chosen = sets if arguments.set is None else {arguments.set: sets[arguments.set]}
    report(chosen, missed=arguments.missed)


if __name__ == "__main__":
    main()
