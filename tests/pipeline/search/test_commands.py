"""rasd index and rasd search on the real Elasticsearch, as they are typed."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.cli.main import run
from streams.elastic.client import make_client
from streams.elastic.templates import names
from streams.settings import Settings, get_settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article

Type = Callable[..., str]


@pytest.fixture
def rasd(settings: Settings, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Type:
    """Runs the command with the test's servers; returns what it printed."""
    monkeypatch.setenv("RASD_ELASTICSEARCH_URL", str(settings.elasticsearch_url))
    monkeypatch.setenv("RASD_INDEX_PREFIX", settings.index_prefix)
    monkeypatch.setenv("RASD_INDEX_REFRESH", settings.index_refresh)

    def typed(*arguments: str, status: int = 0) -> str:
        get_settings.cache_clear()
        capfdbinary.readouterr()  # what the test's own writing logged
        try:
            assert run(list(arguments)) == status
        finally:
            get_settings.cache_clear()
        return capfdbinary.readouterr().out.decode()

    return typed


def _store(settings: Settings) -> None:
    async def work() -> None:
        client = make_client(settings)
        await store(settings, client, [article(id="a1"), article(id="a2", title="خبر عن المعرض", source="alufuq")])
        await client.close()

    asyncio.run(work())


def test_the_life_of_an_index(rasd: Type, settings: Settings) -> None:
    prefix = settings.index_prefix
    assert "no index yet" in rasd("index", "status")
    assert "first index created" in rasd("index", "setup")
    assert "write: exists, templates up to date" in rasd("index", "setup")
    assert "stays the write index; conditions of a roll-over: max_age: 30d" in rasd("index", "rollover")
    _store(settings)
    said = rasd("index", "rollover", "--now")
    assert said.count(f"{prefix}-articles-v1-") == 2
    rows = [line.split() for line in rasd("index", "status").splitlines()[1:]]
    assert [(row[1], row[2]) for row in rows] == [("read", "2"), ("write", "0")]
    assert rasd("index", "migrate") == "all indices are up to date\n"
    assert rasd("index", "migrate", "--abandon") == "no unfinished migration\n"
    renewed = rasd("index", "migrate", "--all", "--remove-old").splitlines()
    assert [line.split(": ")[1].split(" articles")[0] for line in renewed] == ["2", "0"]
    assert rasd("index", "status").count(f"{prefix}-articles-v2-") == 2
    assert f"{names(settings).prefix}-articles-v1-" not in rasd("index", "status")


def test_a_search_in_a_pipe(rasd: Type, settings: Settings) -> None:
    _store(settings)
    lines = rasd("search", "المعارض", "--source", "alufuq").splitlines()
    assert lines[:3] == ["1.", "خبر عن المعرض", "alufuq"]
    assert all(len(line) <= 100 and line == line.rstrip() for line in lines)
    page = json.loads(rasd("search", "المعارض", "--json"))
    assert set(page) == {
        "total", "total_is_exact", "partial", "relaxed", "notes", "read_as", "took_ms", "hits", "did_you_mean",
        "coverage", "next",
    }  # fmt: skip
    hit = {"score", "article", "highlights", "explanation", "stories", "copies", "first", "first_is_sure"}
    assert set(page["hits"][0]) == hit
    assert {hit["article"]["id"] for hit in page["hits"]} == {"a1", "a2"}
    assert rasd("search", "لاشيءكهذا").startswith("no article found for لاشيءكهذا")
    assert rasd("search", "المعرظ").splitlines() == ["no article found for المعرظ", "did you mean المعرض (2 articles)?"]


def test_why_an_article_matches_or_not(rasd: Type, settings: Settings) -> None:
    _store(settings)
    assert rasd("explain", "a2", "المعارض =كتاب").splitlines() == [
        "the article does not match",
        "  because it does not have =كتاب",
        "المعارض (word): occurs in title: المعرض; body: معرض",
        "=كتاب (required): does not occur",
        "  in other forms in body: الكتاب",
    ]
    assert json.loads(rasd("explain", "a1", "معرض -رياضة", "--json"))["matches"]
    assert rasd("explain", "none", "معرض", status=1) == ""
    assert rasd("explain", "a1", "headline:معرض", status=2) == ""


def test_counts_and_exports_say_what_the_api_says(rasd: Type, settings: Settings, tmp_path: Path) -> None:
    _store(settings)
    assert rasd("facets", "المعارض", "--of", "sources").splitlines() == [
        "sources",
        f"  almina 1  {'█' * 24}",
        f"  alufuq 1  {'█' * 24}",
        "2 articles",
    ]
    assert json.loads(rasd("facets", "--source", "alufuq", "--json"))["facets"]["sources"] == [
        {"value": "alufuq", "articles": 1}
    ]
    assert rasd("facets", "--of", "weather", status=2) == ""
    (step,) = json.loads(rasd("timeline", "--json", "--interval", "day"))["steps"]
    assert step["articles"] == 2
    row = f"{step['start']},2,{step['stories']}"
    assert rasd("timeline", "--csv", "--interval", "day").splitlines() == ["start,articles,stories", row]
    # All came within one day, so hours are counted.
    assert json.loads(rasd("timeline", "--json"))["interval"] == "hour"
    assert rasd("timeline", "--interval", "decade", status=2) == ""
    lines = [json.loads(line) for line in rasd("export", "المعارض", "--fields", "id").splitlines()]
    assert sorted(line["id"] for line in lines) == ["a1", "a2"]
    file = tmp_path / "articles.csv"
    assert rasd("export", "--format", "csv", "--columns", "id,source", "-o", str(file), "--order", "oldest") == ""
    rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert rows == [["id", "source"], ["a1", "almina"], ["a2", "alufuq"]]
    assert rasd("export", "--columns", "id,weather", "-o", str(tmp_path / "no"), status=2) == ""
    assert rasd("export", "-o", str(tmp_path / "none" / "no.ndjson"), status=1) == ""
    assert [path.name for path in tmp_path.iterdir() if "articles" in path.name or "no" in path.name] == [file.name]
    assert rasd("search", "المعارض", "--overview").splitlines()[0] == "2 articles"
