"""Releases that run side by side during an upgrade or its rollback: every stage reads what the other release wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agents.index.documents import document
from streams.engine.apply import apply
from streams.engine.in_process import LocalContext
from streams.observability.metrics import Metrics
from streams.pipeline import RECORDS, WiredStage, load_pipeline
from streams.records import Article, ClusterMove, Record, decode
from streams.settings import Settings
from streams.stage import Arrival, MapStage, PipelineRecord, SinkStage
from streams.topics import Topic

# Field names of version 0.1.0, whose readers refuse every other one.
FIELDS_0_1_0 = {
    "Article": "id url source language title subtitle byline dateline agencies body captions published_at fetched_at"
    " ingested_at dates cluster entities places geo main_place trace",
    "Caption": "text credit",
    "Cluster": "id relation score canonical_id size decision",
    "ClusterMove": "id cluster",
    "DateMention": "text start end date disagrees",
    "Entity": "text type start end score name",
    "Fingerprint": "algorithm exact words runs signature sketch numbers weekdays family quarters hour",
    "GeoPoint": "lat lon",
    "MainPlace": "name name_en country division kind point",
    "Place": "name name_en country division kind lat lon geonameid confidence mentions",
    "RemovedText": "text reason",
    "Span": "start end",
    "StageTrace": "version seconds worker removed",
}
FIELDS_0_1_0["FingerprintedArticle"] = FIELDS_0_1_0["Article"] + " fingerprint"

NEWS = {"since_9_9": {"of": ["a later", "release"]}}
LINES = [
    json.loads(line)
    for line in (Path(__file__).parent / "records" / "0.1.0.jsonl").read_text(encoding="utf-8").splitlines()
]
RECORDED: dict[str, list[dict[str, Any]]] = {}
for _line in LINES:
    RECORDED.setdefault(_line["topic"], []).append(_line["record"])


@cache
def stages() -> dict[str, WiredStage]:
    """The built-in stages."""
    return {wired.name: wired for wired in load_pipeline().load() if wired.reads in RECORDS}


def results(name: str, sent: Sequence[dict[str, Any]], **settings: Any) -> list[list[PipelineRecord]]:
    """What a map stage passes on of each record; none may be refused."""
    stage = stages()[name].stage
    assert isinstance(stage, MapStage)
    metrics = Metrics()
    function = stage.build(LocalContext(Settings(_env_file=None, **settings), metrics))
    arrived = [(json.dumps(record).encode(), Arrival(timestamp=1.8e9 + at)) for at, record in enumerate(sent)]
    outcomes = apply(stage, function, arrived, metrics)
    assert [outcome.failure for outcome in outcomes] == [None] * len(sent)
    return [list(outcome.records) for outcome in outcomes]


def with_news(value: Any) -> Any:
    """A field more in every object, as a later release might write it."""
    if isinstance(value, dict):
        return {name: with_news(each) for name, each in value.items()} | NEWS
    return [with_news(each) for each in value] if isinstance(value, list) else value


def news(record: dict[str, Any]) -> dict[str, Any]:
    """A record of a later release. `trace` holds objects by stage, so it gets another stage and no other field."""
    sent: dict[str, Any] = with_news(record)
    if "trace" in sent:
        sent["trace"].pop("since_9_9")
        sent["trace"]["mood"] = {"version": "1", "seconds": 0.5, "worker": "w"} | NEWS
    return sent


MAP_STAGES = [
    pytest.param("fingerprint", Topic.CLEAN, {"fingerprint"}, id="fingerprint"),
    pytest.param("dedupe", Topic.FINGERPRINTED, {"fingerprint", "cluster"}, id="dedupe"),
    pytest.param("entities", Topic.CLUSTERED, {"entities", "quotes"}, id="entities"),
    pytest.param("geotag", Topic.TAGGED, {"places", "geo", "main_place"}, id="geotag"),
]


def test_every_stage_that_reads_another_ones_records_is_tried() -> None:
    read = {wired.name for wired in stages().values() if wired.reads != Topic.RAW}
    assert read == {str(each.values[0]) for each in MAP_STAGES} | {"index", "moves"}


@pytest.mark.parametrize(("name", "topic", "own"), MAP_STAGES)
def test_a_stage_passes_on_what_it_does_not_know(name: str, topic: Topic, own: set[str]) -> None:
    sent = [news(record) for record in RECORDED[topic]]
    for record, passed_on in zip(sent, results(name, sent), strict=True):
        article = next(each for each in passed_on if not isinstance(each, ClusterMove))
        written = json.loads(article.to_json())
        # The stage adds its own trace; all else is as it came, but for the fields that the stage fills.
        assert {**written["trace"], name: None} == {**record["trace"], name: None}
        theirs = own | {"trace"}
        assert {key: value for key, value in written.items() if key not in theirs} == {
            key: value for key, value in record.items() if key not in theirs
        }


def test_a_scrapers_further_fields_are_no_reason_to_refuse_a_page() -> None:
    sent = [news(record) for record in RECORDED[Topic.RAW]]
    assert [len(articles) for articles in results("clean", sent)] == [1] * len(sent)


def test_the_sinks_take_what_they_do_not_know() -> None:
    for record in map(news, RECORDED[Topic.ENRICHED]):
        stored = document(decode(Article, json.dumps(record).encode()))
        assert {name: stored[name] for name in record} == record
    for record in map(news, RECORDED[Topic.MOVES]):
        assert json.loads(decode(ClusterMove, json.dumps(record).encode()).to_json()) == record


@pytest.mark.parametrize("explain", [False, True])
def test_release_0_1_0_can_read_what_the_stages_write(*, explain: bool) -> None:
    written: list[Record] = []
    for name, wired in stages().items():
        if isinstance(wired.stage, SinkStage):
            continue
        for passed_on in results(name, RECORDED[wired.reads], explain=explain):
            written += passed_on
    for record in [*written, *_moves()]:
        for kind, held in objects(record, json.loads(record.to_json())):
            assert set(held) <= set(FIELDS_0_1_0[kind].split())


def _moves() -> Iterator[Record]:
    """What `dedupe` writes to articles.moves when the first copy of a story comes last."""
    early, late = (dict(record) for record in RECORDED[Topic.FINGERPRINTED][:2])
    first = datetime.fromisoformat(early["ingested_at"])
    late["ingested_at"] = (first - timedelta(hours=1)).isoformat()
    found = [each for passed_on in results("dedupe", [early, late]) for each in passed_on]
    assert {type(each) for each in found} == {Article, ClusterMove}
    yield from found


def objects(record: Record, written: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a record as it was written, with the name of its class."""
    yield type(record).__name__, written
    for name in type(record).model_fields:
        value = getattr(record, name)
        if name not in written:
            continue
        pairs: list[tuple[Any, Any]]
        if isinstance(value, list):
            pairs = list(zip(value, written[name], strict=True))
        elif isinstance(value, dict):
            pairs = [(value[key], written[name][key]) for key in value]
        else:
            pairs = [(value, written[name])]
        for inner, held in pairs:
            if isinstance(inner, Record):
                yield from objects(inner, held)


def test_without_quotations_the_stage_writes_none() -> None:
    body = "قال الوزير سعيد الحلبي إن الجسر سيفتح غدا."
    sent = [RECORDED[Topic.CLUSTERED][0] | {"body": body, "language": "ar"}]
    with_quotes, without = (results("entities", sent, entities_quotes=wanted)[0][0] for wanted in (True, False))
    assert json.loads(with_quotes.to_json())["quotes"]
    assert "quotes" not in json.loads(without.to_json())
