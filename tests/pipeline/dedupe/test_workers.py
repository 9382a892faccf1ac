"""On real Kafka one worker, four workers and a replay give the same clusters, and old articles expire."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from streams.records import FingerprintedArticle
from streams.settings import Settings
from streams.topics import Topic
from tests.support import clusters as kafka
from tests.support.clusterer import (
    ARTICLES,
    expected_clusters,
    fingerprinted,
    finished,
    looked_up,
    make_stream,
    metric,
    named,
    workers,
)
from tests.support.copies import articles
from tests.support.processes import wait_until

REPLAYED = ARTICLES // 4
Stream = list[FingerprintedArticle]


@pytest.fixture(scope="module")
def stream() -> Stream:
    """The articles with their fingerprints."""
    return make_stream(ARTICLES)


@pytest.fixture(scope="module")
def expected(stream: Stream) -> dict[str, str]:
    """Their clusters."""
    return expected_clusters(stream)


async def test_one_worker_and_its_replay(
    settings: Settings, tmp_path: Path, stream: Stream, expected: dict[str, str]
) -> None:
    mine = named(settings, "one")
    await kafka.send(mine, Topic.CLEAN, [article.article() for article in stream])
    with workers(mine, tmp_path / "one", 1) as running:
        await finished(mine, running)
        assert running[0].stop() == 0
    heard = await kafka.read(mine)
    assert heard.clusters == expected
    assert set(heard.answers.values()) == {1}

    await kafka.rewind(mine, Topic.FINGERPRINTED, REPLAYED)
    with workers(mine, tmp_path / "one", 1) as running:
        await finished(mine, running)
        assert looked_up(running[0]) == REPLAYED
    again = await kafka.read(mine)
    assert sum(again.answers.values()) == ARTICLES + REPLAYED
    assert again.clusters == expected


async def test_four_workers(settings: Settings, tmp_path: Path, stream: Stream, expected: dict[str, str]) -> None:
    mine = named(settings, "four")
    with workers(mine, tmp_path / "four", 4) as running:
        await kafka.send(mine, Topic.CLEAN, [article.article() for article in stream])
        await finished(mine, running)
    heard = await kafka.read(mine)
    assert heard.answers.keys() == expected.keys()
    assert heard.moves > 0, "no article came late: four workers have tested nothing"
    assert heard.clusters == expected


async def test_the_window_forgets_and_so_does_the_changelog(settings: Settings, tmp_path: Path) -> None:
    """The clock is the articles' own: four days pass between the first and the last."""
    mine = named(settings, "window")
    made = articles(40, hours=1.0)
    story = made[0]
    hours = {"within": 71.9, "outside": 72.1, "again": 96.0} | {f"end{at}": 97 + at / 100 for at in range(8)}
    copies = [
        story.model_copy(update={"id": name, "ingested_at": story.ingested_at + timedelta(hours=later)})
        for name, later in hours.items()
    ]
    with workers(mine, tmp_path / "window", 1) as running:
        await kafka.send(mine, Topic.FINGERPRINTED, [fingerprinted(article) for article in made + copies])
        await finished(mine, running)
        assert metric(running[0], 'rasd_lookup_events_total{event="forgotten"}') == len(made)
    heard = await kafka.read(mine)
    assert heard.clusters["within"] == story.id
    assert {heard.clusters[name] for name in hours if name != "within"} == {"outside"}
    with workers(mine, tmp_path / "wiped", 1) as running:
        wait_until(lambda: metric(running[0], 'rasd_table_keys{table="dedupe"}') == len(copies), 60, running[0].tail)


async def test_another_algorithm_is_kept_apart_and_counted(settings: Settings, tmp_path: Path) -> None:
    mine = named(settings, "algorithm")
    first = fingerprinted(articles(1)[0])
    older = first.fingerprint.model_copy(update={"algorithm": "rasd-minhash/0"})
    strangers = [first.model_copy(update={"id": name, "fingerprint": older}) for name in ("t1", "t2")]
    with workers(mine, tmp_path / "algorithm", 1) as running:
        await kafka.send(mine, Topic.FINGERPRINTED, [first, *strangers, first.model_copy(update={"id": "u"})])
        await finished(mine, running)
        assert metric(running[0], 'rasd_lookup_events_total{event="other_algorithm"}') == 2
    assert (await kafka.read(mine)).clusters == {first.id: first.id, "t1": "t1", "t2": "t1", "u": first.id}
