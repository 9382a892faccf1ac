"""Releases that run side by side: a reader keeps what it does not know, at any depth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import create_model

from streams.records import Article, ClusterMove, FingerprintedArticle, RawArticle, Record, decode
from streams.topics import Topic
from tests.support.articles import article

WRITTEN: dict[Topic, type[Record]] = {
    Topic.CLEAN: Article,
    Topic.FINGERPRINTED: FingerprintedArticle,
    Topic.CLUSTERED: Article,
    Topic.MOVES: ClusterMove,
    Topic.TAGGED: Article,
    Topic.ENRICHED: Article,
}
LINES = [
    json.loads(line)
    for path in sorted((Path(__file__).parent / "records").glob("*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]
RECORDS = [(line["topic"], line["record"]) for line in LINES if line["topic"] != Topic.RAW]


def with_news(value: Any) -> Any:
    """A field more in every object, as a later release might write it."""
    if isinstance(value, dict):
        return {name: with_news(each) for name, each in value.items()} | {"since_9_9": {"of": ["a later", "release"]}}
    return [with_news(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("topic", "record"), RECORDS)
def test_fields_of_a_later_release_are_passed_on_unchanged(topic: str, record: dict[str, Any]) -> None:
    model = WRITTEN[Topic(topic)]
    # As this release writes it: it may have gained fields since.
    today = json.loads(decode(model, json.dumps(record).encode()).to_json())
    sent = with_news(today)
    # `trace` and `annotations` hold objects by stage; a stage that this reader does not have is no unknown field.
    sent["trace"] = today.get("trace", {})
    assert json.loads(decode(model, json.dumps(sent).encode()).to_json()) == sent


def without(model: type[Record], field: str) -> type[Record]:
    """The record class as a release wrote it that did not have the field yet."""
    fields = {name: (info.annotation, info) for name, info in model.model_fields.items() if name != field}
    return create_model(model.__name__, __base__=Record, **fields)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("field", [name for name in Article.model_fields if name not in {"id", "url", "body"}])
def test_a_reader_with_a_field_fewer_passes_it_on(field: str) -> None:
    written = full_article().to_json()
    older = without(Article, field)
    passed_on = decode(older, written)
    assert json.loads(passed_on.to_json()) == json.loads(written)
    assert decode(Article, passed_on.to_json()) == decode(Article, written)


def full_article() -> Article:
    enriched = next(record for topic, record in RECORDS if topic == Topic.ENRICHED)
    return Article.model_validate(enriched).annotated("mood", {"tone": "calm", "scores": [0.1, None, True]})


def test_the_fingerprint_is_taken_off_and_unknown_fields_stay() -> None:
    record = next(record for topic, record in RECORDS if topic == Topic.FINGERPRINTED)
    read = decode(FingerprintedArticle, json.dumps(record | {"since_9_9": [1]}).encode())
    passed_on = json.loads(read.article().to_json())
    assert passed_on["since_9_9"] == [1]
    assert "fingerprint" not in passed_on


def test_annotations_are_not_written_while_there_are_none() -> None:
    # A worker of version 0.1.0 refuses fields that it does not know.
    assert "annotations" not in json.loads(article().to_json())
    annotated = article().annotated("mood", "calm").annotated("mood", "tense").annotated("reach", 3)
    assert json.loads(annotated.to_json())["annotations"] == {"mood": "tense", "reach": 3}


def test_a_scrapers_further_fields_are_not_part_of_the_page() -> None:
    page = {"url": "https://almina.example.com/1", "source": "almina", "content": "نص", "scraper_run": 7}
    assert "scraper_run" not in json.loads(decode(RawArticle, json.dumps(page).encode()).to_json())
