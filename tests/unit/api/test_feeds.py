"""Feeds as feed readers see them: read by feedparser, asked for again with what was answered before."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import feedparser
import httpx
import pytest
from jsonschema import validate
from lxml import etree

from streams.api import app as apps
from streams.search.highlight import Highlight, Highlights
from streams.search.hits import Copy, Hit, SearchPage
from streams.search.request import SearchRequest
from tests.support.articles import article
from tests.support.serving import in_process
from tests.unit.api.test_alerts import DESK, NEW, OTHER, SETTINGS, Memory

PLACE = {"name": "بيروت", "country": "LB", "kind": "city", "lat": 33.89, "lon": 35.5, "confidence": 1.0, "mentions": []}
PERSON = {"text": "وزير", "type": "PER", "start": 7, "end": 11, "score": 1.0, "name": "سمير الحلبي"}
# What a validator of JSON Feed 1.1 checks (https://www.jsonfeed.org/version/1.1/).
JSON_FEED: dict[str, Any] = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "home_page_url": {"type": "string", "pattern": "^https?://"},
        "feed_url": {"type": "string", "pattern": "^https?://"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "content_html"],
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "url": {"type": "string", "pattern": "^https?://"},
                    "date_published": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
                    "authors": {"type": "array", "items": {"type": "object", "required": ["name"]}},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}


def hit(number: int, first: Copy | None = None) -> Hit:
    found = article(
        id=f"a{number}",
        url=f"https://almina.example.com/{number}?a=1&b=2",
        title=f"افتتاح «المعرض» & <{number}>",
        published_at=f"2024-02-0{number}T06:00:00Z",
        ingested_at=f"2024-02-0{number}T06:00:30Z",
        cluster={"id": f"story/{number}", "relation": "first", "score": 1.0, "canonical_id": f"a{number}"},
        places=[PLACE],
        entities=[PERSON],
    )
    marked = Highlights(body=[Highlight(text="افتتح وزير <الثقافة>\u0001", marks=[(6, 10)])])
    return Hit(score=None, article=found, highlights=marked, first=first)


class Index:
    """A searcher with two stories, the newer one first published by another outlet."""

    def __init__(self) -> None:
        earlier = {"id": "b", "url": "https://annahr.example.com/b", "source": "annahr", "title": "المعرض يفتح أبوابه"}
        first = Copy.model_validate(earlier | {"ingested_at": "2024-02-01T05:00:00Z", "published_at": None})
        self.hits = [hit(2, first), hit(1)]
        self.asked: list[SearchRequest] = []

    async def search(self, request: SearchRequest) -> SearchPage:
        self.asked.append(request)
        return SearchPage(total=2, total_is_exact=True, partial=False, took_ms=1, hits=self.hits)


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[httpx.AsyncClient, Index]]:
    monkeypatch.setattr(apps, "SearchRegistry", Memory)
    index = Index()
    monkeypatch.setattr(apps, "Searcher", lambda *_: index)
    async with in_process(apps.create_api(SETTINGS)) as client:
        yield client, index


@pytest.mark.parametrize(("form", "version"), [("rss", "rss20"), ("atom", "atom10")])
async def test_a_feed_reader_reads_each_story_once(
    client: tuple[httpx.AsyncClient, Index], form: str, version: str
) -> None:
    http, index = client
    answer = await http.get(f"/feed.{form}", params={"q": "المعرض", "size": 5})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"application/{form}+xml; charset=utf-8"
    (asked,) = index.asked
    assert (asked.q, asked.size, asked.sort, asked.fold) == ("المعرض", 5, "time", True)
    found = feedparser.parse(answer.content)
    assert (found.bozo, found.version) == (False, version)
    assert found.feed.title == "رصد: المعرض"
    assert next(link.href for link in found.feed.links if link.rel == "self").startswith(
        f"http://localhost/feed.{form}?q="
    )
    newer, older = found.entries
    assert (newer.title, newer.link) == ("المعرض يفتح أبوابه", "https://annahr.example.com/b")
    assert (older.title, older.link) == ("افتتاح «المعرض» & <1>", "https://almina.example.com/1?a=1&b=2")
    assert (newer.id, older.id) == ("urn:rasd:story:story%2F2", "urn:rasd:story:story%2F1")
    assert newer.published_parsed[:5] == (2024, 2, 1, 5, 0)
    assert [author.name for author in newer.authors][:1] == ["annahr"]
    assert {tag.term for tag in older.tags} == {"بيروت", "سمير الحلبي"}
    assert older.where["coordinates"] == (35.5, 33.89)
    # feedparser itself leaves out marks.
    assert "&lt;mark&gt;وزير&lt;/mark&gt; &amp;lt;الثقافة&amp;gt;" in answer.text and "\u0001" not in answer.text
    assert etree.fromstring(answer.content).get("{http://www.w3.org/XML/1998/namespace}lang") == "ar"


async def test_a_json_feed_follows_its_schema(client: tuple[httpx.AsyncClient, Index]) -> None:
    http, _ = client
    answer = await http.get("/feed.json")
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    found = json.loads(answer.content)
    validate(found, JSON_FEED)
    assert [item["_rasd"]["points"] for item in found["items"]] == [[{"lat": 33.89, "lon": 35.5}]] * 2
    assert found["items"][0]["authors"] == [{"name": "annahr"}, {"name": "almina"}]


def unfolded(data: bytes) -> list[str]:
    """The lines of an iCalendar file (RFC 5545, 3.1)."""
    assert data.endswith(b"\r\n") and all(len(line) <= 75 for line in data.split(b"\r\n"))
    return data.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


async def test_a_calendar_has_the_days_that_stories_announce(client: tuple[httpx.AsyncClient, Index]) -> None:
    http, index = client
    body = "قالت الوزارة، في بيروت: «يستمر المعرض؛ حتى 15 فبراير/شباط 2024». وبدأ في 20 يناير 2024.\nويغلق غدا."
    index.hits = [
        found.model_copy(update={"article": found.article.model_copy(update={"body": body})}) for found in index.hits
    ]
    answer = await http.get("/feed.ics", params={"q": "المعرض"})
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    lines = unfolded(answer.content)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert lines.count("BEGIN:VEVENT") == 2, "a day of each story"
    event = lines[lines.index("BEGIN:VEVENT") : lines.index("END:VEVENT")]
    assert "DTSTART;VALUE=DATE:20240215" in event and "DTEND;VALUE=DATE:20240216" in event
    assert "UID:urn:rasd:story:story%2F1:2024-02-15" in event
    assert "SUMMARY:افتتاح «المعرض» & <1>" in event
    assert "DESCRIPTION:قالت الوزارة، في بيروت: «يستمر المعرض؛ حتى 15 فبراير/شباط 2024».\\nalmina" in event
    assert "GEO:33.89;35.5" in event and "LOCATION:بيروت" in event
    again = await http.get("/feed.ics", params={"q": "المعرض"}, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_what_a_reader_has_is_not_sent_again(client: tuple[httpx.AsyncClient, Index]) -> None:
    http, index = client
    first = await http.get("/feed.rss")
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'}, {"If-Modified-Since": modified}):
        again = await http.get("/feed.rss", headers=headers)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (
        await http.get("/feed.rss", headers={"If-None-Match": '"x"', "If-Modified-Since": modified})
    ).status_code == 200
    assert (await http.get("/feed.rss", headers={"If-Modified-Since": "nonsense"})).status_code == 200
    index.hits = index.hits[:1]
    assert (await http.get("/feed.rss", headers={"If-None-Match": tag})).status_code == 200


async def test_a_feed_without_stories_is_a_feed(client: tuple[httpx.AsyncClient, Index]) -> None:
    http, index = client
    index.hits = []
    for form in ("rss", "atom"):
        found = feedparser.parse((await http.get(f"/feed.{form}")).content)
        assert not found.bozo and found.entries == []


async def test_the_address_of_a_standing_search_needs_no_key_and_can_be_revoked(
    client: tuple[httpx.AsyncClient, Index],
) -> None:
    http, index = client
    made = (await http.post("/alerts", json=NEW, headers={"X-API-Key": DESK})).json()
    path = f"/alerts/{made['id']}/feed"
    assert (await http.post(path)).status_code == 401
    assert (await http.post(path, headers={"X-API-Key": OTHER})).status_code == 404
    links = (await http.post(path, headers={"X-API-Key": DESK})).json()
    answer = await http.get(links["atom"])
    assert answer.status_code == 200
    assert feedparser.parse(answer.content).feed.title == "السد"
    assert (index.asked[-1].q, index.asked[-1].country) == ("سد النهضة", ("EG",))
    renewed = (await http.post(path, headers={"X-API-Key": DESK})).json()
    assert (await http.get(links["atom"])).status_code == 404
    assert (await http.get(renewed["json_feed"])).status_code == 200
    assert (await http.delete(path, headers={"X-API-Key": DESK})).status_code == 204
    assert (await http.get(renewed["rss"])).status_code == 404


async def test_beyond_loopback_only_the_address_of_a_standing_search_needs_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apps, "SearchRegistry", Memory)
    monkeypatch.setattr(apps, "Searcher", lambda *_: Index())
    exposed = SETTINGS.model_copy(update={"api_host": "0.0.0.0"})  # noqa: S104  (only a setting; nothing listens)
    async with in_process(apps.create_api(exposed)) as http:
        made = (await http.post("/alerts", json=NEW, headers={"X-API-Key": DESK})).json()
        links = (await http.post(f"/alerts/{made['id']}/feed", headers={"X-API-Key": DESK})).json()
        assert [(await http.get(link)).status_code for link in links.values()] == [200] * 4
        assert (await http.get("/feed.rss")).status_code == 401
        await http.delete(f"/alerts/{made['id']}/feed", headers={"X-API-Key": DESK})
        gone = await http.get(links["rss"])
        assert gone.status_code == 404
        assert links["rss"].rpartition(".")[0].rpartition(".")[2] not in gone.text


async def test_standing_searches_are_a_list_that_feed_readers_import(client: tuple[httpx.AsyncClient, Index]) -> None:
    http, index = client
    near = {"name": "قرب <أسوان>", "filters": {"q": "سد", "near": [24.1, 32.9], "source": ["almina", "annahr"]}}
    for fields in (NEW, NEW | near):
        await http.post("/alerts", json=fields, headers={"X-API-Key": DESK})
    answer = await http.get("/alerts.opml", headers={"X-API-Key": DESK})
    outlines = etree.fromstring(answer.content).findall("body/outline")
    assert [outline.get("text") for outline in outlines] == ["السد", "قرب <أسوان>"]
    read = await http.get(outlines[1].get("xmlUrl") or "")
    assert read.status_code == 200, read.text
    assert (index.asked[-1].near, index.asked[-1].source) == ((24.1, 32.9), ("almina", "annahr"))
    assert (await http.get("/alerts.opml")).status_code == 401
