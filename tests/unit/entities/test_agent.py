"""The stage: many articles, tagged a few at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from agents.entities import agent
from agents.entities.model.features import WordEntry
from agents.entities.taggers.base import Tagging
from streams.engine.in_process import LocalContext
from streams.observability.metrics import Metrics
from streams.records import Article
from streams.settings import Settings
from streams.stage import Arrival


class Places:
    """Takes every word for a place, two texts at a time."""

    words: Mapping[str, WordEntry] = {}
    most_texts = 2

    def __init__(self) -> None:
        self.asked: list[int] = []

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        self.asked.append(len(texts))
        return [[Tagging(["B-LOC"] * len(tokens), [0.5] * len(tokens)) for tokens in text] for text in texts]


def test_a_slow_tagger_gets_few_texts_at_once_and_long_ones_alone_and_tells_of_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tagger = Places()
    monkeypatch.setattr(agent, "load_tagger", lambda _: tagger)
    monkeypatch.setattr(agent, "_MOST_LETTERS", 15)
    context = LocalContext(Settings(_env_file=None), Metrics())
    reported = SimpleNamespace(steps=0)
    monkeypatch.setattr(context, "progress", lambda: setattr(reported, "steps", reported.steps + 1))
    stage = agent.STAGE
    assert stage.batched
    names = ["دمشق", "حلب", "حمص", "الإسكندرية", "نواكشوط", "واقواقواقواقواقواق", "إدلب"]
    now = datetime(2026, 1, 2, tzinfo=UTC)
    articles = [
        Article(id=name, url="https://example.org/1", source="s", language="ar", body=name, ingested_at=now)
        for name in names
    ]
    found = stage.build(context)(articles, [Arrival(0.0)] * len(articles))  # type: ignore[arg-type]
    assert [[entity.text for one in results for entity in one.entities] for results in found] == [  # type: ignore[union-attr]
        [name] for name in names
    ]
    assert tagger.asked == [2, 2, 1, 1, 1]
    assert reported.steps == 5
