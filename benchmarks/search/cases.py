"""Check searches against a folder of cases: python -m benchmarks.search.cases FOLDER [--failed]

A case is a pair of files: NNN-KIND-NAME.jsonl, raw articles, and NNN-KIND-NAME.expected.md, which says in lines such as
«query `X`: expected hit» what a search must find. All articles go through the stages in this process and into one index
on the server of the settings. Each check asks by relevance and by time, and the live matcher, limited to the outlet of
the case. A query of the kind «typo» is right if a suggestion of it finds them, as corrections are never applied
unasked. Kinds of cases without a search (entities, places, copies) are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from agents.index.sink import IndexSink
from streams.elastic.client import make_client
from streams.elastic.templates import ensure_index, names
from streams.engine.in_process import LocalPipeline
from streams.errors import RasdError
from streams.observability.metrics import Metrics
from streams.records import Article, RawArticle
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters, SearchRequest
from streams.search.service import Searcher
from streams.settings import get_settings
from tests.support.index import delete_all

KINDS = ("over", "rank", "word", "query", "token", "person", "filter", "facet")
_QUERY = re.compile(r"query `(?P<q>[^`]+)`")
_EXPECTED = re.compile(r"expected (?P<no>no )?hit")
_PERSON = re.compile(r"person=`(?P<value>[^`]+)`")
_PLACE = re.compile(r"place=(?P<value>[^,`]+)")
_FIRST = re.compile(r"expected (?P<first>\w+) .*first")
_LISTED = re.compile(r"expected \[(?P<ids>[^\]]*)\]")
_FACET = re.compile(r"expected one person «(?P<name>[^»]+)» with (?P<count>\d+) articles")


@dataclass
class Check:
    """One expectation.

    Attributes:
        case: stem of the case's files.
        filters: the search.
        finds, omits: ends of the addresses of articles that it must find, and that it must not.
        first: end of the address of the article that must come first by relevance.
        facet: a person that the facet must show, with its number of articles.
        suggested: whether the query is misspelt, so that a suggestion must find them.
    """

    case: str
    filters: dict[str, Any]
    finds: set[str] = field(default_factory=set)
    omits: set[str] = field(default_factory=set)
    first: str | None = None
    facet: tuple[str, int] | None = None
    suggested: bool = False

    @property
    def kind(self) -> str:
        """The kind of case."""
        return self.case.split("-")[1]


def read_checks(path: Path, records: list[dict[str, Any]]) -> Iterator[Check]:
    """Yield the checks of a case.

    Args:
        path: its file of expectations.
        records: its raw articles.
    """
    case = path.name.removesuffix(".expected.md")
    source: dict[str, Any] = {"source": [records[0]["source"]]}
    own = {_end(record["url"]) for record in records}
    waiting: dict[str, Any] | None = None
    text = path.read_text(encoding="utf-8")
    misspelt = "- kind: typo" in text
    for line in text.splitlines():
        query = _QUERY.search(line)
        listed = _LISTED.search(line)
        filters = source | ({"q": query["q"]} if query else {})
        if match := _PERSON.search(line):
            filters["person"] = [match["value"]]
        elif not query and (match := _PLACE.search(line)):
            filters["place"] = [match["value"].strip()]
        asks = bool(query) or len(filters) > 1
        expected = _EXPECTED.search(line)
        if match := _FACET.search(line):
            yield Check(case, source, facet=(match["name"], int(match["count"])))
        elif listed and waiting:
            yield Check(case, waiting, {part.strip(" '") for part in listed["ids"].split(",")}, suggested=misspelt)
        elif query and (match := _FIRST.search(line)):
            yield Check(case, filters, first=match["first"])
        elif expected and (asks or waiting):
            asked = filters if asks else waiting
            found: tuple[set[str], set[str]] = (set(), own) if expected["no"] else (own, set())
            yield Check(case, dict(asked or {}), *found)
        waiting = filters if asks and not expected else waiting if not asks else None


def _end(url: str) -> str:
    return url.rsplit("/", 1)[-1]


async def failures(check: Check, searcher: Searcher, articles: list[Article]) -> list[str]:
    """Return what a check misses."""
    missed = []
    if check.suggested:
        page = await searcher.search(SearchRequest.model_validate(check.filters))
        if not page.did_you_mean:
            return ["nothing is suggested"]
        corrected = check.filters | {"q": page.did_you_mean[0].q}
        return await failures(replace(check, filters=corrected, suggested=False), searcher, articles)
    by_sort = {}
    for sort in ("relevance", "time"):
        request = SearchRequest.model_validate(check.filters | {"sort": sort, "fold": False, "size": 100})
        by_sort[sort] = [_end(hit.article.url) for hit in (await searcher.search(request)).hits]
    filters = Filters.model_validate(check.filters)
    effective = await searcher.effective(filters)
    by_sort["live"] = [_end(a.url) for a in articles if LiveMatcher(effective).matches(ArticleText(a))]
    for sort, found in by_sort.items():
        if absent := check.finds - set(found):
            missed.append(f"{sort}: misses {sorted(absent)}")
        if wrong := check.omits & set(found):
            missed.append(f"{sort}: finds {sorted(wrong)}")
    if check.first is not None and by_sort["relevance"][:1] != [check.first]:
        missed.append(f"first is {by_sort['relevance'][:1]}")
    if check.facet is not None:
        answer = await searcher.facets(filters, 20)
        counts = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["persons"]["buckets"]}
        if counts.get(check.facet[0]) != check.facet[1]:
            missed.append(f"facet is {counts}")
    return missed


async def run(folder: Path, paths: Sequence[Path], *, only_failed: bool) -> None:
    """Index the articles of all cases, check, print."""
    records: dict[str, dict[str, Any]] = {}
    checks: list[Check] = []
    for path in paths:
        lines = path.with_name(path.name.replace(".expected.md", ".jsonl")).read_text(encoding="utf-8").splitlines()
        mine = [orjson.loads(line) for line in lines if line]
        if path.name.split("-")[1] in KINDS:
            records |= {record["url"]: record for record in mine}
            checks += read_checks(path, mine)
    if not checks:
        raise ValueError(f"{folder} holds no cases")
    settings = get_settings().model_copy(update={"index_prefix": "benchmark-cases"})
    enriched = LocalPipeline(settings).enrich([RawArticle.model_validate(record) for record in records.values()])
    articles = [article for found in enriched for article in found.articles]
    client = make_client(settings)
    sink = IndexSink(settings, Metrics())
    results: dict[str, Counter[bool]] = {}
    try:
        await ensure_index(client, settings)
        await sink.write(articles)
        await client.indices.refresh(index=names(settings).read)
        searcher = Searcher(client, settings)
        for check in checks:
            missed = await failures(check, searcher, articles)
            results.setdefault(check.kind, Counter())[not missed] += 1
            if missed or not only_failed:
                asked = {name: value for name, value in check.filters.items() if name != "source"}
                print(f"{check.case} {asked}: {'; '.join(missed) or 'right'}")
    finally:
        await sink.close()
        await delete_all(client, settings)
        await client.close()
    for kind, count in results.items():
        print(f"{kind:8}{count[True]} of {sum(count.values())} checks right")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--failed", action="store_true", help="print failed checks only")
    arguments = parser.parse_args()
    try:
        paths = sorted(arguments.folder.glob("*.expected.md"))
        asyncio.run(run(arguments.folder, paths, only_failed=arguments.failed))
    except (OSError, ValueError, RasdError) as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
