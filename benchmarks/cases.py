"""Run small inputs whose right result is written beside them, and list those that come out wrong.

    python -m benchmarks.cases FOLDER [--kinds geo ner dup] [--all]

FOLDER holds pairs of files, `NNN-KIND-name.jsonl` with raw articles and `NNN-KIND-name.expected.md` with what must come
out: for places `must name: [(name, country)]; must not: [name]`, for entities `PER expected [name]`, for copies
`expected diff cluster` or `expected same cluster`. All stages run in this process, each case with an empty state.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from streams.engine.in_process import LocalPipeline
from streams.records import Article, RawArticle, decode
from streams.settings import get_settings

_KIND_RE = re.compile(r"^\d+-([a-z]+)-")
_PLACES_RE = re.compile(r"must name: (.+?); must not: (.+)")
_ENTITIES_RE = re.compile(r"(PER|LOC|ORG) expected (\[.*?\]), got")


def wrong_places(articles: Sequence[Article], expected: str) -> list[str]:
    """Return the places that are missing, and those that are none."""
    found = {(place.name, place.country) for article in articles for place in article.places}
    must, must_not = _PLACES_RE.findall(expected)[0]
    missing = [f"misses {place[0]}" for place in _pairs(must) if place not in found]
    names = {name for name, _country in found}
    printed = {a.body[span.start : span.end] for a in articles for p in a.places for span in p.mentions}
    return missing + [f"names {name}" for name in _listed(must_not) if name in names | printed]


def wrong_entities(articles: Sequence[Article], expected: str) -> list[str]:
    """Return the entities that are missing under both their printed text and their name."""
    found = {(e.type, text) for article in articles for e in article.entities for text in (e.text, e.name)}
    return [
        f"misses {kind} {name}"
        for kind, names in _ENTITIES_RE.findall(expected)
        for name in _listed(names)
        if (kind, name) not in found
    ]


def wrong_clusters(articles: Sequence[Article], expected: str) -> list[str]:
    """Return what is joined although each article is its own story, or apart although they are copies."""
    clusters = Counter(article.cluster.id for article in articles if article.cluster)
    if "expected same cluster" in expected:
        return [] if len(clusters) == 1 else ["copies are apart"]
    return [f"{count} stories joined" for count in clusters.values() if count > 1]


def _pairs(text: str) -> list[tuple[str, str]]:
    return [] if text == "-" else list(ast.literal_eval(text))


def _listed(text: str) -> list[str]:
    return [] if text == "-" else list(ast.literal_eval(text))


JUDGES: dict[str, Callable[[Sequence[Article], str], list[str]]] = {
    "geo": wrong_places,
    "ner": wrong_entities,
    "dup": wrong_clusters,
}


def main() -> None:
    """Print the number of cases of each kind that hold, and what is wrong in the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kinds", nargs="+", choices=JUDGES, default=list(JUDGES))
    parser.add_argument("--all", action="store_true", help="print what was found in every case that does not hold")
    options = parser.parse_args()
    held: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for path in sorted(options.folder.glob("*.expected.md")):
        kind = _KIND_RE.findall(path.name)[0]
        if kind not in options.kinds:
            continue
        name = path.name.removesuffix(".expected.md")
        lines = (path.parent / f"{name}.jsonl").read_bytes().splitlines()
        pipeline = LocalPipeline(get_settings())
        results = pipeline.enrich([decode(RawArticle, line) for line in lines])
        articles = [article for result in results for article in result.articles]
        wrong = JUDGES[kind](articles, path.read_text(encoding="utf-8"))
        total[kind] += 1
        held[kind] += not wrong
        if wrong:
            print(f"{name}: {', '.join(wrong)}")
            if options.all:
                _show(articles)
    for kind, count in total.items():
        print(f"{kind}: {held[kind]} of {count} hold")


def _show(articles: Sequence[Article]) -> None:
    for article in articles:
        print(f"  {article.body}")
        for place in article.places:
            print(f"    {place.name} {place.country} {place.confidence}")
        print("    " + "; ".join(f"{e.type} {e.text} {e.score:.2f}" for e in article.entities))


if __name__ == "__main__":
    main()
