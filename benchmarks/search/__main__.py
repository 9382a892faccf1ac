"""How well search ranks: python -m benchmarks.search ARCD.json [SQUAD-LIKE.json …] [--half held]

Every paragraph becomes a document, its article's title the title; every question is a query whose one right answer is
its paragraph. The same documents are indexed with `standard`, with the stock `arabic` analyzer and as Rasd does it,
and each is asked with its best plain query: `standard` and `arabic` over the body, then over body and title too, so
that the gains of the analysis and of the title are separate figures. Needs a running Elasticsearch (`rasd up`).

`--half` asks only the questions of even paragraphs (`tuned`, those that served for choices on ARCD) or of odd ones
(`held`); the documents are all of the file's. A file that was not used for tuning is asked whole. Below each system
are its differences to stock `arabic` over the body, with 95 % intervals of a paired bootstrap over the questions.
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

from benchmarks.search.metrics import DEPTH, MEASURES, figures, paired_bootstrap
from streams.elastic.client import make_client
from streams.elastic.templates import index_template
from streams.errors import RasdError
from streams.search.analysis import analyzer, definition, tokens
from streams.search.query import SOME_WORDS, build_query
from streams.search.request import Filters
from streams.search.syntax import MAX_OPERANDS, OPERATORS
from streams.settings import get_settings

PAIRS = Path(__file__).parent / "pairs.json"
BASELINE = "arabic, body"


@dataclass(frozen=True)
class Question:
    """A question and the number of the paragraph that answers it."""

    text: str
    answer: int


def read(path: Path) -> tuple[list[dict[str, str]], list[Question]]:
    """Distinct paragraphs and all questions of a SQuAD-like file.

    Raises:
        ValueError: the file is not of that form, or has no questions.
    """
    numbers: dict[str, int] = {}
    documents: list[dict[str, str]] = []
    questions = []
    try:
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                text = paragraph["context"]
                if text not in numbers:
                    numbers[text] = len(documents)
                    documents.append({"title": article.get("title", "").replace("_", " "), "body": text})
                questions += [Question(qa["question"], numbers[text]) for qa in paragraph["qas"]]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} has not the form data[].paragraphs[].context, .qas[].question: {error!r}") from error
    if not questions:
        raise ValueError(f"{path} has no questions")
    return documents, questions


HALVES: dict[str, Callable[[Question], bool]] = {
    "all": lambda question: True,  # noqa: ARG005
    "tuned": lambda question: question.answer % 2 == 0,
    "held": lambda question: question.answer % 2 == 1,
}


def _plain(fields: list[str]) -> Callable[[str], dict[str, Any]]:
    return lambda text: {"multi_match": {"query": text, "fields": fields, "type": "most_fields"}}


def _ours(text: str) -> dict[str, Any]:
    # Questions are no queries: what the syntax reads as operators and signs is text here.
    words = [word for _, word in tokens(text) if word not in OPERATORS]
    return build_query(Filters(q=" ".join(words[:MAX_OPERANDS])[:500]), SOME_WORDS)


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


async def compare(path: Path, half: str) -> None:
    """Print the figures of all systems on one file."""
    documents, questions = read(path)
    asked = [question for question in questions if HALVES[half](question)]
    print(f"{path.name}: {len(documents)} paragraphs, {len(asked)} of {len(questions)} questions ({half})")
    client = make_client(get_settings())
    try:
        results = {name: await ranks(client, index(), ask, documents, asked) for name, (index, ask) in SYSTEMS.items()}
    finally:
        await client.close()
    print(f"{'':26}" + "".join(f"{name:>24}" for name in MEASURES))
    for name, found in results.items():
        print(f"{name:26}" + "".join(f"{value:24.3f}" for value in figures(found).values()))
        if name == BASELINE:
            continue
        print(f"{'  difference [95 %]':26}", end="")
        for measure in MEASURES.values():
            change, low, high = paired_bootstrap(found, results[BASELINE], measure)
            print(f"{f'{change:+.3f} [{low:+.3f}, {high:+.3f}]':>24}", end="")
        print()


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
    parser.add_argument("--half", choices=list(HALVES), default="all", help="which questions are asked")
    arguments = parser.parse_args()
    try:
        for path in arguments.files:
            asyncio.run(compare(path, arguments.half))
        asyncio.run(pairs())
    except (OSError, ValueError, RasdError) as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
