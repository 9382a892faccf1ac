"""How well search ranks: python -m benchmarks.search ARCD.json [SQUAD-LIKE.json …]

Every paragraph becomes a document, its article's title the title; every question is a query whose one right answer is
its paragraph. The same documents are indexed with `standard`, with the stock `arabic` analyzer and as Rasd does it,
and each is asked with its best plain query: `standard` and `arabic` over the body, then over body and title too, so
that the gain of the analysis is told apart from the gain of the title. Needs a running Elasticsearch (`rasd up`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elasticsearch import AsyncElasticsearch

from benchmarks.search.metrics import DEPTH, figures, paired_bootstrap
from streams.search.analysis import analyzer, definition
from streams.search.client import make_client
from streams.search.query import SOME_WORDS, build_query
from streams.search.request import Filters
from streams.search.setup import index_template
from streams.settings import get_settings

PAIRS = Path(__file__).parent / "pairs.json"
BASELINE = "arabic, body"


@dataclass(frozen=True)
class Question:
    """A question and the number of the paragraph that answers it."""

    text: str
    answer: int


def read(path: Path) -> tuple[list[dict[str, str]], list[Question]]:
    """Distinct paragraphs and all questions of a SQuAD-like file."""
    numbers: dict[str, int] = {}
    documents: list[dict[str, str]] = []
    questions = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            if text not in numbers:
                numbers[text] = len(documents)
                documents.append({"title": article.get("title", "").replace("_", " "), "body": text})
            questions += [Question(qa["question"], numbers[text]) for qa in paragraph["qas"]]
    return documents, questions


def _plain(fields: list[str]) -> Callable[[str], dict[str, Any]]:
    return lambda text: {"multi_match": {"query": text, "fields": fields, "type": "most_fields"}}


def _ours(text: str) -> dict[str, Any]:
    # Questions are no queries: what the syntax reads as operators is text here.
    words = " ".join(token for token in text.replace('"', " ").replace("-", " ").split() if token not in {"أو", "OR"})
    return build_query(Filters(q=" ".join(words.split()[:32])[:500]), SOME_WORDS)


def _body(mapping: str) -> dict[str, Any]:
    field = {"type": "text", "analyzer": mapping}
    return {"mappings": {"properties": {"title": field, "body": field}}}


def _rasd() -> dict[str, Any]:
    template = index_template(get_settings())["template"]
    return {"mappings": template["mappings"], "settings": {"analysis": definition()}}


SYSTEMS: dict[str, tuple[Callable[[], dict[str, Any]], Callable[[str], dict[str, Any]]]] = {
    "standard, body": (lambda: _body("standard"), _plain(["body"])),
    BASELINE: (lambda: _body("arabic"), _plain(["body"])),
    "arabic, body + title^0.5": (lambda: _body("arabic"), _plain(["body", "title^0.5"])),
    "rasd": (_rasd, _ours),
}


async def ranks(
    client: AsyncElasticsearch,
    index: dict[str, Any],
    ask: Callable[[str], dict[str, Any]],
    documents: Sequence[dict[str, str]],
    questions: Sequence[Question],
) -> list[int | None]:
    """Rank of each question's paragraph, 1 the best; None beyond DEPTH."""
    name = "benchmark-search"
    await client.indices.delete(index=name, ignore_unavailable=True)
    await client.indices.create(index=name, body=index)
    try:
        operations: list[dict[str, Any]] = []
        for number, document in enumerate(documents):
            operations += [{"index": {"_id": str(number)}}, document]
        answer = await client.bulk(index=name, operations=operations, refresh=True)
        if answer["errors"]:
            raise RuntimeError(f"not indexed: {answer['items'][0]}")
        found: list[int | None] = []
        for question in questions:
            hits = (await client.search(index=name, query=ask(question.text), size=DEPTH, source=False, sort="_score"))[
                "hits"
            ]["hits"]
            order = [hit["_id"] for hit in hits]
            answer_id = str(question.answer)
            found.append(order.index(answer_id) + 1 if answer_id in order else None)
        return found
    finally:
        await client.indices.delete(index=name)


async def compare(path: Path) -> None:
    """Print the figures of all systems on one file."""
    documents, questions = read(path)
    print(f"{path.name}: {len(documents)} paragraphs, {len(questions)} questions")
    client = make_client(get_settings())
    try:
        results = {
            name: await ranks(client, index(), ask, documents, questions) for name, (index, ask) in SYSTEMS.items()
        }
    finally:
        await client.close()
    print(f"{'':28}R@1    R@10   MRR    nDCG@10  ΔMRR to {BASELINE!r} [95 %]")
    for name, found in results.items():
        row = "   ".join(f"{value:.3f}"[1:] if value < 1 else "1.0" for value in figures(found).values())
        change, low, high = paired_bootstrap(found, results[BASELINE])
        print(f"{name:26}  {row}     {change:+.3f} [{low:+.3f}, {high:+.3f}]")


async def pairs() -> None:
    """Print how many word pairs each analyzer brings together."""
    wanted = json.loads(PAIRS.read_text(encoding="utf-8"))
    client = make_client(get_settings())

    async def term(name: str, word: str) -> list[str]:
        if name == "rasd":
            return [entry.text for entry in analyzer("ar_text").terms(word)]
        return [token["token"] for token in (await client.indices.analyze(analyzer=name, text=word))["tokens"]]

    try:
        for name in ("standard", "arabic", "rasd"):
            same = [await term(name, a) == await term(name, b) != [] for a, b in wanted["same"]]
            other = [await term(name, a) == await term(name, b) != [] for a, b in wanted["different"]]
            print(f"{name:10} {sum(same)} of {len(same)} that must meet, {sum(other)} of {len(other)} that must not")
    finally:
        await client.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="question sets in the form of SQuAD 1.1")
    arguments = parser.parse_args()
    for path in arguments.files:
        if not path.is_file():
            sys.exit(f"no such file: {path}")
        asyncio.run(compare(path))
    asyncio.run(pairs())


if __name__ == "__main__":
    main()
