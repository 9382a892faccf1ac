"""A desk with composed articles, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from streams.elastic.client import make_client
from streams.kafka.clients import wait_for_topics
from streams.records import Article
from streams.settings import Settings
from tests.conftest import Stack, own_settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article
from tests.support.browser import browsing
from tests.support.index import delete_all
from tests.support.serving import serving

FERRY = (
    "أعلن زياد الكسواني مدير الخط البحري أن الرحلة الأولى من العقبة إلى نويبع تنطلق في العاشر من يناير.\n"
    "وقال الكسواني إن السفينة تتسع لـ450 راكباً، وإن مجلس موانئ البحر الأحمر وافق على الأسعار.\n"
    "The company said the ferry would sail twice a day."
)


def _mention(text: str, of: str, kind: str, name: str | None = None) -> dict[str, Any]:
    start = of.index(text)
    return {"text": text, "type": kind, "start": start, "end": start + len(text), "score": 0.9, "name": name or text}


def _place(names: tuple[str, str], point: tuple[float, float], country: str, of: str) -> dict[str, Any]:
    name, english = names
    lat, lon = point
    start = of.index(name)
    return {
        "name": name,
        "name_en": english,
        "country": country,
        "kind": "city",
        "lat": lat,
        "lon": lon,
        "confidence": 0.9,
        "mentions": [{"start": start, "end": start + len(name)}],
    }


def _quote(beginning: str, of: str) -> dict[str, Any]:
    start = of.index(beginning)
    end = of.index("\n", start)
    return {"text": of[start:end], "speaker": "زياد الكسواني", "start": start, "end": end, "verb": "قال"}


def ferry(number: int, source: str, when: datetime, relation: str, body: str = FERRY) -> Article:
    """One copy of the story of the ferry."""
    places = [
        _place(("العقبة", "Aqaba"), (29.53, 35.0), "JO", body),
        _place(("نويبع", "Nuweiba"), (29.03, 34.66), "EG", body),
    ]
    return article(
        id=f"ferry-{number}",
        url=f"https://{source}.example.com/ferry/{number}",
        source=source,
        title="خط بحري سريع بين العقبة ونويبع" if number < 3 else "انطلاق الخط البحري: العقبة - نويبع",
        byline="سلمى حداد",
        agencies=["بيدر"],
        body=body,
        captions=[{"text": "السفينة في ميناء العقبة", "credit": "بيدر"}],
        published_at=when.isoformat(),
        ingested_at=when.isoformat(),
        dates=[{"text": "العاشر من يناير", "start": 73, "end": 88, "date": "--01-10"}],
        cluster={"id": "ferry-1", "relation": relation, "score": 1, "canonical_id": "ferry-1"},
        entities=[
            # One name, with and without a title, as outlets print it.
            _mention("زياد الكسواني", body, "PER", "السيد زياد الكسواني" if number == 4 else None),
            _mention("مجلس موانئ البحر الأحمر", body, "ORG"),
        ],
        quotes=[_quote("السفينة تتسع لـ", body)],
        places=places,
        geo=[{"lat": place["lat"], "lon": place["lon"]} for place in places],
        main_place={
            "name": "العقبة",
            "name_en": "Aqaba",
            "country": "JO",
            "kind": "city",
            "point": {"lat": 29.53, "lon": 35.0},
        },
        trace={
            "clean": {
                "version": "7",
                "seconds": 0.004,
                "worker": "w",
                "removed": [{"text": "شارك المقال", "reason": "share_button"}],
            }
        },
    )


def compose(now: datetime) -> list[Article]:
    """Sixty articles: a story in four outlets, single ones over forty days, some in English."""
    changed = FERRY.replace("450", "480").replace("أعلن", "أكد")
    made = [
        ferry(1, "baydar", now - timedelta(minutes=50), "first"),
        ferry(2, "almina", now - timedelta(minutes=41), "exact"),
        # Within the last quarter of an hour, also when a test comes minutes later.
        ferry(3, "alriwaq", now - timedelta(minutes=7), "near", changed),
        ferry(4, "almina", now - timedelta(minutes=4), "near", changed),
    ]
    outlets = ("almina", "alriwaq", "manara", "shiraa")
    for number in range(56):
        when = (now - timedelta(hours=17 * number, minutes=number)).isoformat()
        english = number % 7 == 6
        made.append(
            article(
                id=f"single-{number}",
                url=f"https://{outlets[number % 4]}.example.com/{number}",
                source=outlets[number % 4],
                language="en" if english else "ar",
                title=f"Reservoir levels rise in week {number}"
                if english
                else f"ارتفاع منسوب المياه في السد رقم {number}",
                body=f"Levels rose by {number} cm after the rain."
                if english
                else f"ارتفع منسوب المياه {number} سنتيمتراً بعد الأمطار.\nوتوقع الخبراء مزيداً منها.",
                published_at=when,
                ingested_at=when,
                cluster={"id": f"single-{number}", "relation": "first", "score": 1, "canonical_id": f"single-{number}"},
            )
        )
    return made


# Each would run, load something, or break out of where it stands.
HOSTILE = (
    '<script>window.hacked = 1; alert("title")</script>',
    '"><img src=x onerror="window.hacked=1;alert(2)">',
    "' onmouseover='window.hacked=1' x='",
    "javascript:alert(3)//",
    "{{ 7 * 7 }}{% raw %}</title><svg onload=alert(4)>",
    "\u202eتجربة</mark></a><iframe srcdoc='<script>parent.hacked=1</script>'>",
)


def hostile(now: datetime) -> list[Article]:
    """Return a story of two hours ago whose every text tries to run."""
    return [
        article(
            id=f"hostile-{number}",
            source=text[:190],
            title=text,
            body=f"خبر عن زعفران {text}\n{text}",
            byline=text,
            agencies=[text],
            captions=[{"text": text, "credit": text}],
            entities=[{"text": text, "type": "PER", "start": 14, "end": 14 + len(text), "score": 1, "name": text}],
            ingested_at=(now - timedelta(hours=2, minutes=number)).isoformat(),
            cluster={"id": "hostile", "relation": "near", "score": 1, "canonical_id": "hostile-0"},
            trace={
                "clean": {
                    "version": text,
                    "seconds": 1,
                    "worker": "w",
                    "removed": [{"text": text, "reason": text}],
                    "notes": [text],
                }
            },
        )
        for number, text in enumerate(HOSTILE)
    ]


@dataclass(frozen=True)
class Desk:
    """A served desk: its address, and the settings of its servers."""

    base: str
    settings: Settings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk with the composed articles. All tests read the same; what they add is told apart by its id or source."""
    settings = own_settings(stack, tmp_path_factory.mktemp("desk"))
    client = make_client(settings)
    now = datetime.now(UTC)
    try:
        await wait_for_topics(settings)
        # What the last copy said a minute before: a version of it.
        before = ferry(4, "almina", now - timedelta(minutes=5), "near", FERRY.replace("450", "500"))
        await store(settings, client, [before, *compose(now), *hostile(now)])
        async with serving(settings) as http:
            yield Desk(str(http.base_url).rstrip("/"), settings)
    finally:
        await delete_all(client, settings)
        await client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as running:
        yield running
