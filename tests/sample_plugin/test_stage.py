from __future__ import annotations

from unittest.mock import Mock

import pytest
from rasd_sample.stage import STAGE, build

from streams.records import Article
from streams.stage import Arrival, Context

ARTICLE = Article.model_validate(
    {
        "id": "a1",
        "url": "https://almina.example.com/1",
        "source": "almina",
        "language": "ar",
        "body": "افتتح الوزير معرض الكتاب في بيروت",
        "ingested_at": "2026-11-30T06:00:00Z",
    }
)


def test_it_rounds_up_to_whole_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASD_SAMPLE_WORDS_A_MINUTE", "4")
    add_reading_time = build(Mock(spec=Context))
    (annotated,) = add_reading_time(ARTICLE, Arrival(timestamp=0))
    assert isinstance(annotated, Article)
    assert annotated.annotations == {STAGE.name: {"words": 6, "minutes": 2}}
    assert annotated.body == ARTICLE.body
