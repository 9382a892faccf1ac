"""Run workers of the dedupe stage on real Kafka, and compute the clusters that they must find."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agents.dedupe.clusterer import Clusterer, ClustererConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from streams.records import Article, FingerprintedArticle
from streams.settings import Settings
from streams.topics import Topic
from tests.support import clusters as kafka
from tests.support.copies import articles
from tests.support.processes import Running, wait_until, worker

# So many articles go through each test of several workers; docs/experiments/dedupe.md has the results of 20,000.
ARTICLES = int(os.environ.get("RASD_TEST_LOOKUP_ARTICLES", "4000"))
PATIENCE = 180.0  # seconds without progress; a dead worker's partitions take many on a loaded machine


def fingerprinted(article: Article) -> FingerprintedArticle:
    return FingerprintedArticle(**dict(article), fingerprint=fingerprint(article, FingerprintConfig()))


def make_stream(number: int) -> list[FingerprintedArticle]:
    """So many articles, with their fingerprints."""
    return [fingerprinted(article) for article in articles(number)]


def expected_clusters(stream: Sequence[FingerprintedArticle]) -> dict[str, str]:
    """Return their clusters as the pure code assigns them in order."""
    clusterer = Clusterer({}, ClustererConfig())
    found = {article.id: clusterer.assign(article, time.time()).id for article in stream}
    assert 0.3 * len(stream) < len(set(found.values())) < 0.7 * len(stream)
    return found


def named(settings: Settings, name: str) -> Settings:
    """A pipeline of its own on the same servers."""
    prefix = f"{settings.topic_prefix}{name}."
    return settings.model_copy(update={"topic_prefix": prefix, "app_id": f"{settings.app_id}-{name}", "partitions": 4})


@contextmanager
def workers(settings: Settings, folder: Path, number: int) -> Iterator[list[Running]]:
    """Workers with state folders of their own, all ready."""
    with ExitStack() as stack:
        started = [
            stack.enter_context(worker(at_folder(settings, folder, at), folder / f"{at}.log", "dedupe", wait=False))
            for at in range(number)
        ]
        for running in started:
            wait_until(running.ready, 120, running.tail)
        yield started


def at_folder(settings: Settings, folder: Path, at: int) -> Settings:
    folder.mkdir(exist_ok=True)
    return settings.model_copy(update={"state_dir": folder / f"state{at}"})


async def finished(settings: Settings, running: list[Running]) -> None:
    """Wait until the workers have acknowledged everything, for as long as they get on."""
    least, moved = 10**9, time.monotonic()
    while (now := await kafka.left(settings, Topic.CLEAN, Topic.FINGERPRINTED)) > 0:
        if now < least:
            least, moved = now, time.monotonic()
        assert time.monotonic() < moved + PATIENCE, f"{now} left:\n" + "\n".join(one.tail(15) for one in running)
        await asyncio.sleep(0.5)


def looked_up(running: Running) -> int:
    """Articles that this worker has looked up."""
    return int(metric(running, 'rasd_articles_total{outcome="ok",stage="dedupe"}'))


def metric(running: Running, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in running.metrics().splitlines() if line.startswith(name))
