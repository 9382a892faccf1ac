"""A rehearsal reads the index, and tells what the matcher of the stream would have told."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from elasticsearch import AsyncElasticsearch

from streams.alerts.matching import SearchMatcher
from streams.alerts.rehearsal import Past, Rehearsal
from streams.alerts.rules import SearchMemory
from streams.elastic.templates import ensure_index
from streams.records import Article
from streams.search.source_scope import SourceScope
from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.alert_records import BEGIN, standing_search
from tests.support.articles import article

SCOPE = SourceScope(lambda: None)
DAYS = 2
TITLES = [
    "زلزال يضرب الساحل الشمالي",
    "هزة أرضية في الجبل",
    "الوزير يفتتح السد الجديد",
    "السدود تمتلئ بعد الأمطار",
    "كوفيد-19 يعود إلى المدن",
    "لا زلازل هذا العام",
    "أسعار القمح في الأسواق",
    "وزير الري عند السد",
]
SEARCHES: list[dict[str, Any]] = [
    {"filters": {"q": "زلزال أو هزة"}},
    {"filters": {"q": "سد"}},
    {"filters": {"q": '"وزير الري" أو "السد الجديد"'}, "pause_minutes": 90},
    {"filters": {"q": "السد -القمح"}},
    {"filters": {"q": "كوفيد-19"}},
    {"filters": {"q": "=السدود أو قمح", "source": ["almina"]}},
    {"filters": {"q": "سد*"}, "when": {"kind": "frequency", "count": 2, "minutes": 600}},
    {"filters": {"source": ["annahr"]}, "when": {"kind": "frequency", "count": 2, "of": "stories", "minutes": 900}},
    {"filters": {"q": "هزة الجبل الأرضية"}, "when": {"kind": "silence", "hours": 12}},
]


def made() -> list[Article]:
    """An article each hour; each fourth one is in the story of the one three before."""
    found = []
    for hour in range(40):
        story = f"n{hour - 3 if hour % 4 == 3 else hour}"
        title = TITLES[(hour - 3 if hour % 4 == 3 else hour) % len(TITLES)]
        found.append(
            article(
                id=f"n{hour}",
                url=f"https://almina.example.com/{hour}",
                source=("almina", "annahr")[hour % 4 == 3],
                title=title,
                body=f"{title}. التفاصيل لاحقا.",
                ingested_at=BEGIN + timedelta(hours=hour),
                cluster={"id": story, "relation": "first", "score": 1.0, "canonical_id": story},
            )
        )
    return found


def live(articles: list[Article], fields: dict[str, Any]) -> tuple[int, int, dict[str, int]]:
    """Matching articles, alerts, and alerts by day."""
    search = standing_search(**fields)
    matcher, memory = SearchMatcher(SCOPE), SearchMemory(search)
    matcher.put(search)
    matches = [match for each in articles for together in matcher.match(each) for match in together.each()]
    for match in matches:
        memory.take(match)
    memory.advance(BEGIN + timedelta(days=DAYS))
    days = Counter(alert.moment.date().isoformat() for alert in memory.alerts.values())
    return len(matches), len(memory.alerts), dict(days)


async def test_it_tells_what_the_stream_would_have_told(settings: Settings, client: AsyncElasticsearch) -> None:
    await ensure_index(client, settings)
    articles = made()
    await store(settings, client, articles)
    past = Past(client, settings, SCOPE)
    for fields in SEARCHES:
        expected = live(articles, fields)
        assert expected[1] > 0, "it says nothing"
        wanted = standing_search(**fields).settings()
        found: Rehearsal = await past.rehearse(wanted, days=DAYS, now=BEGIN + timedelta(days=DAYS))
        assert found.complete
        days = {day.date: day.alerts for day in found.days}
        assert (found.articles, found.alerts, days) == expected, fields
