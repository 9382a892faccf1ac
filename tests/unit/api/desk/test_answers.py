"""What views show of an answer: corrections, notes, names read across scripts, and who was first."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from streams.api.app import create_api
from streams.records import Article
from streams.search.hits import SearchPage, read_page
from streams.search.query import FACETS
from streams.search.request import Filters, SearchRequest
from streams.search.service import Searcher
from streams.search.suggest import Suggestion
from streams.settings import Settings
from tests.support.articles import article
from tests.support.processes import free_port
from tests.support.serving import in_process

CORRECTED = "القذافي <b>"
PERSONS = [("معمر القذافي", 3), ("زياد الكسواني", 1)]


def _mention(name: str) -> dict[str, Any]:
    return {"text": name, "type": "PER", "start": 0, "end": len(name), "score": 1, "name": name}


# In the order in which they appeared, which is not that of arrival.
MEMBERS = [
    article(
        id="early",
        source="alufuq",
        published_at="2024-02-01T06:00:00Z",
        ingested_at="2024-02-03T10:00:00Z",
        entities=[_mention("معمر القذافى"), _mention("زياد الكسواني")],
        cluster={"id": "s", "relation": "near", "score": 1, "canonical_id": "late"},
    ),
    article(
        id="late",
        source="almina",
        fetched_at="2024-02-01T08:00:00Z",
        ingested_at="2024-02-03T09:00:00Z",
        entities=[_mention("معمر القذافي")],
        cluster={"id": "s", "relation": "first", "score": 1, "canonical_id": "late"},
    ),
    article(
        id="last",
        source="manara",
        published_at="2024-02-01T09:00:00Z",
        ingested_at="2024-02-03T11:00:00Z",
        entities=[_mention("معمر القذافي")],
        cluster={"id": "s", "relation": "near", "score": 1, "canonical_id": "late"},
    ),
]


class Canned:
    """Answers instead of an index."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.suggestions: list[Suggestion] = []
        self.members = MEMBERS
        for name in ("search", "overview", "members", "changed", "variants"):
            patch.setattr(Searcher, name, getattr(self, f"_{name}"))

    async def _search(self, request: SearchRequest) -> SearchPage:
        answer = {"hits": {"hits": [], "total": {"value": 0, "relation": "eq"}}, "took": 1}
        page = read_page(answer, request)
        page.did_you_mean = self.suggestions
        return page

    async def _overview(self, *_: Any) -> dict[str, Any]:
        counted: dict[str, Any] = {name: {"buckets": []} for name in [*FACETS, "timeline"]}
        counted["persons"]["buckets"] = [{"key": name, "doc_count": count} for name, count in PERSONS]
        return {"hits": {"total": {"value": 0}}, "aggregations": counted, "relaxed": False}

    async def _variants(self, *_: Any) -> list[tuple[str, int]]:
        return [("معمر القذافي", 3), ("معمر القذافى", 1)]

    async def _members(self, *_: Any) -> tuple[list[Article], int]:
        return self.members, len(self.members)

    async def _changed(self, *_: Any) -> set[str]:
        return {"late"}


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> Canned:
    return Canned(monkeypatch)


@pytest.fixture
async def desk(canned: Canned) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=f"http://127.0.0.1:{free_port()}",
    )
    async with in_process(create_api(settings)) as client:
        yield client


@pytest.mark.parametrize(
    ("language", "asked", "count"), [("ar", "هل تقصد:", "٤ مقالات"), ("en", "Did you mean:", "4 ")]
)
async def test_corrections_are_links_that_keep_the_filters(
    desk: httpx.AsyncClient, canned: Canned, language: str, asked: str, count: str
) -> None:
    address = f"/{language}/search?q=القدافي&source=almina"
    assert asked not in (await desk.get(address)).text
    canned.suggestions = [Suggestion(q=CORRECTED, total=4)]
    shown = (await desk.get(address)).text
    line = shown.partition("data-did-you-mean>")[2].partition("</p>")[0]
    assert line.startswith(asked)
    assert f'href="/{language}/search?source=almina&amp;q=%D8%A7%D9%84%D9%82%D8%B0%D8%A7%D9%81%D9%8A+%3Cb%3E"' in line
    assert "<bdi>القذافي &lt;b&gt;</bdi>" in line
    assert count in line
    # Offered, not applied.
    assert 'value="القدافي"' in shown


async def test_a_name_read_across_scripts_is_told_with_a_link_that_reads_it_as_written(desk: httpx.AsyncClient) -> None:
    shown = (await desk.get("/ar/search?q=Macron")).text
    line = shown.partition("data-read-as>")[2].partition("</p>")[0]
    assert "<bdi>macron</bdi> (<bdi>ماكرون</bdi>" in line
    assert 'href="/ar/search?q=Macron&amp;cross_script=false"' in line
    as_written = (await desk.get("/ar/search?q=Macron&cross_script=false")).text
    assert "data-read-as" not in as_written
    # The choice stands among the filters, and is undone there.
    assert "<small>الأسماء</small> <bdi>كما كُتبت فقط</bdi>" in as_written
    assert "data-read-as" not in (await desk.get("/en/search?q=ماكرون")).text


async def test_notes_are_in_the_readers_language(
    desk: httpx.AsyncClient,
) -> None:
    shown = (await desk.get("/ar/search", params={"q": "أو زلزال"})).text
    assert "ملاحظات على البحث:" in shown
    assert "<li>لا شيء قبل <bdi>أو (OR)</bdi>، فأُهملت.</li>" in shown


@pytest.mark.parametrize("language", ["ar", "en"])
async def test_each_filter_of_the_api_can_be_taken_away(desk: httpx.AsyncClient, language: str) -> None:
    filters = {
        "place": "بيروت",
        "country": "LB",
        "bbox": "30,20,40,30",
        "near": "33.9,35.5",
        "person": "زياد الكسواني",
        "organisation": "مجلس الموانئ",
        "said_by": "زياد الكسواني",
        "source": "almina",
        "author": "سلمى حداد",
        "language": "ar",
        "from": "2024-01-01",
        "to": "2024-02-01",
        "cluster": "c1",
        "cross_script": "false",
    }
    # Collections need watched sources; the others belong to the text query or to another filter.
    assert {*filters, "collection", "q", "radius", "zone"} == {
        field.alias or name for name, field in Filters.model_fields.items()
    }
    answer = await desk.get(f"/{language}/search", params=filters)
    assert answer.status_code == 200
    assert answer.text.partition('class="chosen"')[2].partition("</section>")[0].count("<li>") == len(filters)


async def test_a_chosen_name_is_not_offered_in_another_spelling(desk: httpx.AsyncClient) -> None:
    shown = (await desk.get("/ar/search", params={"person": "مُعمّر القذّافي"})).text
    offered = shown.partition('class="facets"')[2]
    assert "<bdi>زياد الكسواني</bdi>" in offered
    assert "<bdi>معمر القذافي</bdi>" not in offered
    page = (await desk.get("/ar/names/person/مُعمّر القذّافي")).text
    variants, _, others = page.partition("صيغ الاسم في الأخبار")[2].partition("</section>")
    assert ["<bdi>معمر القذافي</bdi>" in variants, "<bdi>معمر القذافى</bdi>" in variants] == [True, True]
    assert "<bdi>زياد الكسواني</bdi>" in others
    assert "<bdi>معمر القذافي</bdi>" not in others


async def test_a_story_begins_with_what_was_published_first(desk: httpx.AsyncClient, canned: Canned) -> None:
    lineage = (await desk.get("/stories/s")).json()
    assert (lineage["first"]["id"], lineage["first_is_sure"]) == ("early", False)
    lags = {one["article"]["id"]: one["descent"]["lag_seconds"] for one in lineage["members"]}
    assert lags == {"early": None, "late": 7200, "last": 3600}
    shown = (await desk.get("/ar/stories/s")).text
    assert "أول من نشرها <bdi>alufuq</bdi>" in shown
    assert '<p class="notice">لا يُعرف يقيناً من سبق إلى النشر' in shown
    rows = shown.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr")[1:]
    assert ["2024-02-01T06:00" in rows[0], "2024-02-01T08:00" in rows[1]] == [True, True]
    # Only the time of the second is not one of publication; only the first is called first.
    assert ["<small>جُلب</small>" in row for row in rows] == [False, True, False]
    assert ["الأولى" in row for row in rows] == [True, False, False]
    # Only the second has other versions.
    assert ['href="/ar/articles/late#changes"' in row for row in rows] == [False, True, False]
    assert [one["changed"] for one in lineage["members"]] == [False, True, False]
    canned.members = [MEMBERS[0], MEMBERS[2]]
    sure = (await desk.get("/ar/stories/s")).text
    assert "غير مؤكد" not in sure
    assert "لا يُعرف يقيناً" not in sure


async def test_spellings_of_a_name_count_as_one_in_a_story(desk: httpx.AsyncClient) -> None:
    names = (await desk.get("/en/stories/s")).text.partition('class="names"')[2].partition("</ul>")[0]
    assert '<bdi>معمر القذافي</bdi></a> <span class="count">3</span>' in names
    assert "معمر القذافى" not in names


async def test_a_part_of_the_search_asks_for_nothing_else(
    desk: httpx.AsyncClient, canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name, given in (("search", canned._search), ("overview", canned._overview)):

        async def counted(_: Any, *arguments: Any, name: str = name, given: Any = given) -> Any:
            asked.append(name)
            return await given(*arguments)

        monkeypatch.setattr(Searcher, name, counted)
    parts = {}
    for fragment in ("hits", "rest", "view", "else"):
        asked.clear()
        answer = await desk.get("/ar/search?q=a", headers={"Rasd-Fragment": fragment})
        assert "Rasd-Fragment" in answer.headers["vary"]
        parts[fragment] = set(re.findall(r'data-part="([\w-]+)"', answer.text)), sorted(asked), "<script" in answer.text
    everywhere = {"feed", "navigation", "switch", "back", "kept"}
    hits, rest = {"sort", "fold", "hits"}, {"filters", "timeline", "total", "exports", "counted"}
    assert parts == {
        "hits": (everywhere | hits, ["search"], False),
        "rest": (everywhere | rest, ["overview"], False),
        "view": (everywhere | hits | rest, ["overview", "search"], False),
        # What the server does not know is answered with a page, which replaces the other.
        "else": (everywhere | hits | rest, ["overview", "search"], True),
    }
