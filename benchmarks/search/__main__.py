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
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elasticsearch import AsyncElasticsearch

from agents.text.display import display_text
from benchmarks.search.metrics import DEPTH, MEASURES, figures, paired_bootstrap
from streams.elastic.client import make_client
from streams.elastic.templates import index_template
from streams.errors import RasdError
from streams.search.analysis import definition
from streams.search.query import build_query
from streams.search.request import Filters
from streams.search.syntax import MAX_OPERANDS, OPERATORS
from streams.settings import get_settings
from streams.words.index import term_fields
from streams.words.terms import query_words, text_words
from streams.words.tokens import tokenize

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


def _filters(text: str) -> Filters:
    # Questions are no queries: what the syntax reads as operators and signs is text here.
    words = [text[token.start : token.end] for token in tokenize(text)]
    words = [word for word in words if word not in OPERATORS]
    mark = "؟" if "؟" in text or "?" in text else ""
    return Filters(q=" ".join(words[:MAX_OPERANDS])[:490] + mark)


def _ours(text: str) -> dict[str, Any]:
    return build_query(_filters(text))


def _ours_relaxed(text: str) -> dict[str, Any]:
    """Ask as a search does of which no article has enough words."""
    filters = _filters(text)
    return build_query(filters.relax() or filters)


def _body(mapping: str) -> dict[str, Any]:
    field = {"type": "text", "analyzer": mapping}
    return {"mappings": {"properties": {"title": field, "body": field}}}


def _rasd() -> dict[str, Any]:
    template = index_template(get_settings())["template"]
    return {"mappings": template["mappings"], "settings": {"analysis": definition()}}


def before(folder: Path) -> dict[str, Any]:
    """Return the index of a version that Elasticsearch analysed texts for, from its index.json and analysis.json."""
    template = json.loads((folder / "index.json").read_text(encoding="utf-8"))["template"]
    analysis = json.loads((folder / "analysis.json").read_text(encoding="utf-8"))["template"]["settings"]["analysis"]
    return {"mappings": template["mappings"], "settings": {"analysis": analysis}}


def _ours_before(text: str) -> dict[str, Any]:
    words = [text[token.start : token.end] for token in tokenize(text)]
    fields = ["body", "body.exact^0.3", "title^0.5", "title.exact^0.15"]
    query = " ".join(word for word in words if word not in OPERATORS)
    return {
        "multi_match": {"query": query, "type": "most_fields", "fields": fields, "minimum_should_match": "1<50% 3<34%"}
    }


Document = dict[str, Any]
Ask = Callable[[str], dict[str, Any]]
System = tuple[Callable[[], dict[str, Any]], Sequence[Ask], Callable[[Document], Document]]
SYSTEMS: dict[str, System] = {
    "standard, body": (lambda: _body("standard"), [_plain(["body"])], dict),
    BASELINE: (lambda: _body("arabic"), [_plain(["body"])], dict),
    "arabic, body + title^0.5": (lambda: _body("arabic"), [_plain(["body", "title^0.5"])], dict),
    "rasd": (_rasd, [_ours, _ours_relaxed], lambda document: document | term_fields(document)),
}


def distractors(folder: Path, most: int) -> list[dict[str, str]]:
    """Return the first articles of zips of JSON arrays with `title` and `content`, as documents."""
    found: list[dict[str, str]] = []
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                for article in json.loads(archive.read(name).decode("utf-8-sig")):
                    if len(found) < most and article.get("content"):
                        found.append({"title": article.get("title") or "", "body": display_text(article["content"])})
    return found


async def ranks(  # noqa: PLR0917 - the parts of a system, and what it is asked
    client: AsyncElasticsearch,
    index: dict[str, Any],
    asks: Sequence[Callable[[str], dict[str, Any]]],
    document_of: Callable[[Document], Document],
    documents: Sequence[Document],
    questions: Sequence[Question],
) -> list[int | None]:
    """Rank of each question's paragraph, 1 the best; None beyond DEPTH. The first query that finds anything counts."""
    name = "benchmark-search"
    await client.indices.delete(index=name, ignore_unavailable=True)
    await client.indices.create(index=name, body=index)
    try:
        for start in range(0, len(documents), 500):
            operations: list[dict[str, Any]] = []
            for number, document in enumerate(documents[start : start + 500], start):
                operations += [{"index": {"_id": str(number)}}, document_of(document)]
            answer = await client.bulk(index=name, operations=operations)
            if answer["errors"]:
                raise RuntimeError(f"not indexed: {answer['items'][0]}")
        await client.indices.forcemerge(index=name, max_num_segments=1)
        await client.indices.refresh(index=name)
        size = (await client.indices.stats(index=name))["indices"][name]["primaries"]["store"]["size_in_bytes"]
        print(f"  {len(documents)} documents, {size / 2**20:.1f} MiB")
        found: list[int | None] = []
        for question in questions:
            hits: list[Any] = []
            for ask in asks:
                query = ask(question.text)
                answer = await client.search(index=name, query=query, size=DEPTH, source=False, sort="_score")
                if hits := answer["hits"]["hits"]:
                    break
            order = [hit["_id"] for hit in hits]
            answer_id = str(question.answer)
            found.append(order.index(answer_id) + 1 if answer_id in order else None)
        return found
    finally:
        await client.indices.delete(index=name)


async def compare(path: Path, half: str, others: Sequence[Document], systems: Mapping[str, System]) -> None:
    """Print the figures of all systems on one file."""
    documents, questions = read(path)
    asked = [question for question in questions if HALVES[half](question)]
    print(f"{path.name}: {len(documents)} paragraphs, {len(others)} others, {len(asked)} of {len(questions)} questions")
    client = make_client(get_settings())
    try:
        results = {
            name: await ranks(client, index(), asks, document_of, [*documents, *others], asked)
            for name, (index, asks, document_of) in systems.items()
        }
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

    async def meet(name: str, one: str, other: str) -> bool:
        if name == "rasd":
            indexed = {family for word in text_words(other) for family in word.families}
            return all(not indexed.isdisjoint(word.families) for word in query_words(one))
        terms = [
            [token["token"] for token in (await client.indices.analyze(analyzer=name, text=word))["tokens"]]
            for word in (one, other)
        ]
        return terms[0] == terms[1] != []

    try:
        for name in ("standard", "arabic", "rasd"):
            for written in ("", "_fresh"):
                same = [await meet(name, a, b) and await meet(name, b, a) for a, b in wanted["same" + written]]
                other = [await meet(name, a, b) or await meet(name, b, a) for a, b in wanted["different" + written]]
                kind = (
                    "written before the rules were read, mended on since"
                    if written
                    else "written with the rules in view"
                )
                print(f"{name:10} {sum(same)} of {len(same)} that must meet, {sum(other)} of {len(other)} not, {kind}")
    finally:
        await client.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="question sets in the form of SQuAD 1.1")
    parser.add_argument("--half", choices=list(HALVES), default="all", help="which questions are asked")
    parser.add_argument("--distractors", type=Path, help="folder of zips of JSON arrays of articles, indexed as well")
    parser.add_argument("--most", type=int, default=20_000, help="how many of them")
    parser.add_argument("--before", type=Path, help="folder with index.json and analysis.json of version 0.1")
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS), help="which are compared")
    arguments = parser.parse_args()
    others = distractors(arguments.distractors, arguments.most) if arguments.distractors else []
    systems = {name: system for name, system in SYSTEMS.items() if name == BASELINE or name in arguments.systems}
    if arguments.before:
        systems["rasd 0.1"] = (lambda: before(arguments.before), [_ours_before], dict)
    try:
        for path in arguments.files:
            asyncio.run(compare(path, arguments.half, others, systems))
        asyncio.run(pairs())
    except (OSError, ValueError, RasdError) as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
