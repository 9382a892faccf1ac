"""The wiring: built-in stages in their order, plugin stages spliced in, and what does not fit is refused."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from streams.errors import OperatorError
from streams.pipeline import BUILT_IN, Link, Pipeline, load_pipeline, tap_settings, wire
from streams.plugins import Group, Plugin, installed
from streams.records import Article, FingerprintedArticle, RawArticle
from streams.settings import Settings
from streams.stage import Context, MapStage, SinkStage, Tap
from streams.topics import Topic

SETTINGS = Settings(_env_file=None, partitions=7, topic_prefix="x.")
PARTS = SimpleNamespace()


def plugin(part: MapStage | SinkStage, group: Group = Group.STAGES) -> Plugin:
    """An installed part whose module is this one."""
    attribute = f"part_{part.name.encode().hex()}"
    setattr(PARTS, attribute, part)
    return Plugin(group, part.name, "rasd-sample", "1.0", EntryPoint(part.name, f"{__name__}:PARTS.{attribute}", group))


def nothing(_: Context) -> Any:
    """No part is called here."""


def mapping(name: str, after: str | None = "geotag", accepts: Any = Article, *, stateful: bool = False) -> MapStage:
    return MapStage(name, "1", accepts, nothing, stateful=stateful, after=after)


def wired(*stages: Any) -> Pipeline:
    return wire(dict(installed(Group.STAGES)) | {stage.name: plugin(stage) for stage in stages})


def test_the_built_in_stages_are_installed_in_the_order_of_the_wiring() -> None:
    pipeline = load_pipeline()
    assert pipeline.names[:7] == tuple(link.stage for link in BUILT_IN)
    loaded = [each.stage for each in pipeline.load() if each.name in {link.stage for link in BUILT_IN}]
    assert [stage.name for stage in loaded] == [link.stage for link in BUILT_IN]


def test_each_stage_reads_what_one_before_it_writes() -> None:
    written = {Topic.RAW.value}
    for link in BUILT_IN:
        assert link.reads in written
        written |= set(link.outputs)
    assert written | {Topic.DLQ.value} == {topic.value for topic in Topic}


def test_selected_stages_come_in_pipeline_order() -> None:
    assert [link.stage for link in wired().select(["geotag", "clean"])] == ["clean", "geotag"]
    assert len(wired().select([])) == len(BUILT_IN)


def test_selections_of_release_0_1_0_still_run_every_stage() -> None:
    pipeline = wired()
    assert [link.stage for link in pipeline.select(["clean", "dedupe"])] == ["clean", "fingerprint", "dedupe"]
    assert [link.stage for link in pipeline.select(["index"])] == ["index", "moves"]
    assert [link.stage for link in pipeline.select(["fingerprint", "moves"])] == ["fingerprint", "moves"]


@pytest.mark.parametrize("name", ["cleaning", "clean;dedupe"])
def test_an_unknown_stage_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(OperatorError, match="choose from clean, fingerprint, dedupe"):
        wired().select([name])


def test_a_stage_alone_imports_no_other_stage() -> None:
    program = (
        "import sys; from streams.pipeline import load_pipeline; load_pipeline().load(['clean']);"
        "print(*[name for name in sys.modules if name.startswith('agents.') and name.count('.') == 1])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) == {"agents.clean", "agents.text"}


def test_a_plugin_stage_is_spliced_in_and_its_neighbours_topics_stay() -> None:
    pipeline = wired(mapping("mood"))
    links = {link.stage: link for link in pipeline.links}
    assert pipeline.names == ("clean", "fingerprint", "dedupe", "entities", "geotag", "mood", "index", "moves")
    assert links["geotag"].writes == links["mood"].reads == "articles.for-mood"
    assert links["mood"].writes == links["index"].reads == Topic.ENRICHED
    (spec,) = pipeline.added_topics(SETTINGS)
    assert (spec.name, spec.partitions) == ("x.articles.for-mood", 7)
    assert pipeline.record_type("articles.for-mood") is Article
    assert "articles.for-mood" in pipeline.topics


def test_side_outputs_of_the_stage_before_stay() -> None:
    links = {link.stage: link for link in wired(mapping("mood", "dedupe")).links}
    assert links["dedupe"].writes == "articles.for-mood"
    assert set(links["dedupe"].side_outputs.values()) == {Topic.MOVES}
    assert links["entities"].reads == links["mood"].writes == Topic.CLUSTERED


def test_plugins_after_one_stage_follow_in_the_order_of_their_names_and_may_follow_each_other() -> None:
    stages = [mapping("c"), mapping("a"), mapping("b"), mapping("after-b", "b"), mapping("z-after-a", "a")]
    pipeline = wired(*stages)
    assert pipeline.names[5:10] == ("a", "z-after-a", "b", "after-b", "c")
    assert pipeline.names == wired(*reversed(stages)).names
    maps = pipeline.links[4:10]
    assert all(before.writes == after.reads for before, after in pairwise(maps))
    assert maps[-1].writes == Topic.ENRICHED


def test_a_stateful_plugin_reads_one_partition() -> None:
    (spec,) = wired(mapping("memory", stateful=True)).added_topics(SETTINGS)
    assert spec.partitions == 1


def test_more_partitions_help_only_topics_that_workers_share() -> None:
    settings = SETTINGS.model_copy(update={"partitions": 1})
    pipeline = wired(mapping("memory", stateful=True), mapping("mood"))
    assert [spec.name for spec in pipeline.shared_topics(settings)] == ["x.articles.for-mood"]


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (mapping("mood", "gone"), "stage mood of rasd-sample comes after gone, but there is no stage gone"),
        (mapping("mood", "mood"), "comes after mood, but there is no stage mood"),
        (mapping("mood", "index"), "comes after index, a sink"),
        (mapping("mood", None), "does not say which stage it comes after"),
        (mapping("mood", "clean", RawArticle), "accepts RawArticle; articles.clean holds Article"),
        (mapping("mood", "fingerprint"), "accepts Article; articles.fingerprinted holds FingerprintedArticle"),
        (mapping("Mood!"), "is named Mood!"),
        (SinkStage("copy", "1", Article, nothing), "stage copy of rasd-sample is a sink"),
    ],
)
def test_a_stage_that_does_not_fit_in_is_refused(stage: Any, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        wired(stage)


def test_a_stage_after_fingerprinting_takes_fingerprinted_articles() -> None:
    pipeline = wired(mapping("mood", "fingerprint", FingerprintedArticle))
    assert pipeline.record_type("articles.for-mood") is FingerprintedArticle


def test_a_second_reader_of_a_topic_is_refused() -> None:
    # Both would be in one consumer group: Kafka gives each of them a part of the partitions, so each misses the rest.
    links = [*BUILT_IN, Link("copy", reads=Topic.ENRICHED)]
    with pytest.raises(OperatorError, match=r"stages index and copy both read articles\.enriched"):
        Pipeline(links, installed(Group.STAGES))


def test_a_chain_with_a_gap_is_refused() -> None:
    with pytest.raises(OperatorError, match=r"stage fingerprint reads articles\.clean, which no stage writes"):
        Pipeline(BUILT_IN[1:], installed(Group.STAGES))


def test_a_built_in_stage_that_is_not_installed_is_named() -> None:
    with pytest.raises(OperatorError, match="there is no stage clean"):
        Pipeline(BUILT_IN, {}).load(["clean"])


def with_taps(monkeypatch: pytest.MonkeyPatch, **taps: Any) -> Pipeline:
    found = {name: plugin(part, Group.TAPS) for name, part in taps.items()}
    pipeline = wired()
    monkeypatch.setattr("streams.plugins.installed", lambda group: found if group is Group.TAPS else {})
    return pipeline


def tap(name: str, reads: str = Topic.ENRICHED) -> Tap:
    return Tap(name, "1", Article, nothing, reads)


def test_a_tap_reads_its_topic_in_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = with_taps(monkeypatch, archive=tap("archive")).load_tap("archive")
    assert found.reads == Topic.ENRICHED
    assert found.link.outputs == ()
    assert tap_settings(SETTINGS, "archive").app_id == "rasd-tap-archive"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (tap("clean"), "tap clean of rasd-sample has the name of a stage"),
        (tap("archive", reads="articles.nowhere"), "reads articles.nowhere, which is not a topic of articles"),
        (tap("archive", reads=Topic.DLQ), "reads articles.dlq, which is not a topic of articles"),
        (tap("archive", reads=Topic.RAW), "accepts Article; articles.raw holds RawArticle"),
    ],
)
def test_a_tap_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch, part: Tap, message: str) -> None:
    pipeline = with_taps(monkeypatch, **{part.name: part})
    with pytest.raises(OperatorError, match=message):
        pipeline.load_tap(part.name)


def test_an_unknown_tap_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError, match="unknown tap other; choose from archive"):
        with_taps(monkeypatch, archive=tap("archive")).load_tap("other")
