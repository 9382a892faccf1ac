"""The query language on the real Elasticsearch: what each sign finds, and that the live matcher finds the same."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from elasticsearch import AsyncElasticsearch

from streams.records import Article
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters, SearchRequest
from streams.search.service import Searcher
from streams.search.syntax import MAX_PREFIXES
from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article


def _article(number: int, title: str, body: str, **fields: Any) -> Article:
    return article(
        id=f"b{number}",
        url=f"https://almina.example.com/b/{number}",
        title=title,
        body=body,
        published_at=f"2024-02-{number:02}T08:00:00Z",
        **fields,
    )


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"text": name, "type": kind, "start": 0, "end": 1, "score": 1, "name": name}


SANAA = {"name": "صنعاء", "country": "YE", "kind": "city", "lat": 15.35, "lon": 44.2, "confidence": 1, "mentions": []}

ARTICLES = [
    _article(
        1, "سبب حريق المدرسة", "قال علي أحمد إن سبب الحريق تماس كهربائي.", byline="سالم العمري",
        entities=[_named("PER", "علي أحمد")],
    ),
    _article(
        2, "احمد يغادر", "غادر وأحمد معه بسبب الازمة على عجل، وقالت وزارة الداخلية إنها تحقق.", source="alufuq",
        entities=[_named("ORG", "وزارة الداخلية")],
    ),
    _article(
        3, "وزير الداخلية في صنعاء", "زار الوزير مدرسه في صنعاء، ووزارته تدرس أسباب الأزمة.",
        subtitle="زيارة إلى صنعاء", places=[SANAA], geo=[{"lat": 15.35, "lon": 44.2}], captions=[{"text": "سبب"}],
    ),
    _article(4, "مجلس الأمن", "اجتمع مجلس الامن، ثم كتب إلى مجلس الأمن والجامعة.", language="ar"),
    _article(5, "Storm hits the harbour", "A storm and a flood hit the town. Storms are rare.", language="en"),
    _article(6, "لمجلس الأمن رسالة", "رفعت لمجلس الأمن رسالة عن أحمد، و٢٠٢٤ عام صعب."),
]  # fmt: skip

CASES: list[tuple[str, set[str]]] = [
    ("سبب", {"b1", "b2", "b3"}),
    ('"سبب"', {"b1"}),
    ("=سبب", {"b1"}),
    ('"احمد"', {"b1", "b2", "b6"}),
    ("=احمد", {"b2"}),
    ("=أحمد", {"b1", "b6"}),
    ("=وأحمد", {"b2"}),
    ("=علي", {"b1"}),
    ("=على", {"b2"}),
    ("=مدرسة", set()),
    ("=المدرسة", {"b1"}),
    ("=مدرسه", {"b3"}),
    ('="مجلس الامن"', {"b4"}),
    ('="مجلس الأمن"', {"b4"}),
    ('"مجلس الأمن"', {"b4", "b6"}),
    ('"كتب إلى =مجلس الأمن"', {"b4"}),
    ('"=مجلس =الامن"', {"b4"}),
    ('"قال =علي أحمد"', {"b1"}),
    ('"قال =علي =احمد"', set()),
    ("وزار*", {"b2", "b3"}),
    ("وزا*", {"b2", "b3"}),
    ("storm*", {"b5"}),
    ("مدرس* -صنعاء", {"b1"}),
    ("title:سبب", {"b1"}),
    ("body:سبب", {"b1", "b2", "b3"}),
    ("caption:سبب", {"b3"}),
    ("subtitle:صنعاء", {"b3"}),
    ("title:صنعاء -title:وزير", set()),
    ('title:"مجلس الأمن"', {"b4", "b6"}),
    ("title:=سبب", {"b1"}),
    ("title:وزا*", set()),
    ("title:(احمد أو وزير)", {"b2", "b3"}),
    ("على", {"b1", "b2"}),
    ("title:في", {"b3"}),
    ("-title:في مجلس", {"b4", "b6"}),
    ("source:alufuq", {"b2"}),
    ("سبب -source:alufuq", {"b1", "b3"}),
    ("author:العمري", {"b1"}),
    ('person:"علي أحمد" أو place:صنعاء', {"b1", "b3"}),
    ('organisation:"وزارة الداخلية"', {"b2"}),
    ("country:ye", {"b3"}),
    ("language:en", {"b5"}),
    ("-language:en -source:alufuq مجلس أو سبب", {"b1", "b3", "b4", "b6"}),
    ("=2024", {"b6"}),
    ("=STORM", {"b5"}),
    ("(علي و حريق) أو (storm و flood)", {"b1", "b5"}),
    ("((وزير أو storm) و زار) أو رسالة", {"b3", "b6"}),
]


@pytest.fixture
async def filled(settings: Settings, client: AsyncElasticsearch, searcher: Searcher) -> Searcher:
    """The articles above, searchable."""
    await store(settings, client, ARTICLES)
    return searcher


TEXTS = [ArticleText(entry) for entry in ARTICLES]


def _live(q: str) -> set[str]:
    matcher = LiveMatcher(Filters(q=q))
    return {text.article.id for text in TEXTS if matcher.matches(text)}


async def _found(searcher: Searcher, q: str) -> set[str]:
    page = await searcher.search(SearchRequest(q=q, fold=False, size=100, sort="time", suggest=False))
    return set() if page.relaxed else {hit.article.id for hit in page.hits}


@pytest.mark.parametrize(("q", "expected"), CASES)
def test_what_the_live_feed_shows(q: str, expected: set[str]) -> None:
    assert _live(q) == expected


async def test_the_index_finds_what_the_live_feed_shows(filled: Searcher) -> None:
    for q, expected in CASES:
        assert await _found(filled, q) == expected, q


WORDS = (
    "سبب", "بسبب", "أسباب", "احمد", "أحمد", "وأحمد", "علي", "على", "مدرسة", "مدرسه", "المدرسة", "الوزير", "وزارة",
    "مجلس", "الأمن", "الامن", "لمجلس", "صنعاء", "في", "إلى", "storm", "Storms", "٢٠٢٤", "الداخلية", "كتب", "عبد الله",
)  # fmt: skip


def _queries(seed: int, count: int) -> Iterator[str]:
    """Yield queries that combine all signs of the language with words that the articles have."""
    chance = random.Random(seed)

    def operand() -> str:
        word = chance.choice(WORDS)
        two = f"{chance.choice(['', '='])}{word} {chance.choice(['', '='])}{chance.choice(WORDS)}"
        one = chance.choice([word, word, f"={word}", f'"{word}"', f'"{two}"', f'="{two}"', f"{word[:4]}*"])
        field = chance.choice(["", "", "", "title:", "body:", "subtitle:"])
        whole = chance.choice(["source:alufuq", "language:en", "place:صنعاء", "author:سالم", f"caption:{word}"])
        return whole if chance.random() < 0.12 else field + one

    def part(depth: int = 0) -> str:
        if depth < 2 and chance.random() < 0.2:
            inner = chance.choice([" ", " و ", " أو "]).join(part(depth + 1) for _ in range(2))
            return f"({inner})"
        alternatives = " أو ".join(operand() for _ in range(chance.choice([1, 1, 2, 3])))
        sign = chance.choice(["", "", "", "-", "+"])
        return sign + (alternatives if " أو " not in alternatives else f"({alternatives})")

    while count:
        query = chance.choice([" ", " ", " و ", " أو "]).join(part() for _ in range(chance.choice([1, 1, 2, 3, 4])))
        if query.count("*") <= MAX_PREFIXES and query.count(" أو ") < 8:
            count -= 1
            yield query


async def test_every_part_of_an_answer_counts_the_same_articles(
    settings: Settings, client: AsyncElasticsearch, api: httpx.AsyncClient
) -> None:
    await store(settings, client, ARTICLES)
    counted = [
        await _count_everywhere(api, q)
        for q in (
            "",
            "سبب",
            "مجلس الأمن وزارة",
            "وزير ليبيا ميناء معرض",
            "title:سبب أو وزار*",
            "-source:alufuq",
            "غياب",
        )
    ]
    assert counted == [(6, False), (3, False), (2, False), (1, True), (3, False), (5, False), (0, False)]


async def _count_everywhere(api: httpx.AsyncClient, q: str) -> tuple[int, bool]:
    """The number of articles that a query finds, the same on all routes, and whether it is relaxed."""

    async def get(path: str, **params: Any) -> dict[str, Any]:
        answer = await api.get(path, params={"q": q, **params})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    pages = [await get("/search", sort=sort, fold="false", size=100) for sort in ("relevance", "time")]
    counts = [await get("/facets", fold=fold) for fold in ("false", "true")]
    counts += [await get("/timeline", interval=interval) for interval in ("minute", "year")]
    counts.append(await get("/map"))
    *rows, end = (await api.get("/export", params={"q": q})).raise_for_status().text.splitlines()
    ids = {json.loads(row)["id"] for row in rows}
    assert [{hit["article"]["id"] for hit in page["hits"]} for page in pages] == [ids, ids], q
    exported = json.loads(end)["export"]
    assert {answer["total"] for answer in (*pages, *counts)} == {len(rows)} == {exported["articles"]}, q
    assert {answer["relaxed"] for answer in (*pages, *counts)} == {exported.get("relaxed", False)}, q
    assert sum(count["articles"] for count in counts[0]["facets"]["sources"]) == len(rows), q
    assert [sum(step["articles"] for step in timeline["steps"]) for timeline in counts[2:4]] == [len(rows)] * 2, q
    if "relaxed" not in exported:
        assert _live(q) == ids
    return len(rows), exported.get("relaxed", False)


async def test_any_query_finds_in_the_index_what_the_live_matcher_matches(filled: Searcher) -> None:
    matching = 0
    for q in _queries(seed=17, count=400):
        expected = _live(q)
        matching += 0 < len(expected) < len(ARTICLES)
        assert await _found(filled, q) == expected, q
    assert matching > 100, "most queries find everything or nothing, so they show little"
