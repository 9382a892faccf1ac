"""One geotagger for all tests here: loading is the slow part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.geotag.geotagger import Geotagger, geotag_article
from streams.records import Article, Entity, Place

Tag = Callable[..., dict[str, Place]]


@pytest.fixture(scope="session")
def geotagger() -> Geotagger:
    return Geotagger.load()


def make_article(body: str, **fields: Any) -> Article:
    values = {"id": "1", "url": "https://example.org/1", "source": "wire", "language": "ar"} | fields
    return Article(body=body, ingested_at=datetime(2024, 1, 1, tzinfo=UTC), **values)


def entity(body: str, text: str, kind: str, score: float = 0.9) -> Entity:
    start = body.index(text)
    return Entity(text=text, type=kind, start=start, end=start + len(text), score=score, name=text)


@pytest.fixture
def tag(geotagger: Geotagger) -> Tag:
    """Places of a text by English name (or the printed one)."""

    def run(body: str, **fields: Any) -> dict[str, Place]:
        article = geotag_article(make_article(body, **fields), geotagger)
        return {place.name_en or place.name: place for place in article.places}

    return run
