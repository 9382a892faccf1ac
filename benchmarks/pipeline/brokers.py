"""Three brokers beside one: python -m benchmarks.pipeline.brokers [PATH…] [--articles 500] [--rounds 5] [--rate 10]

A cluster of one broker, and one of three whose topics have three replicas of which two must confirm a record
(min.insync.replicas 2). In turn on each, a worker with all stages up to geotag on one core: articles a second over a
backlog, and the time from the moment an article is sent to the moment when a reader has it from articles.enriched, at a
steady rate. All brokers run all the time, on the other cores, so that on a machine of few cores the three get less of
it than they would on machines of their own. PATH is what `rasd ingest` takes; without one, articles are composed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.pipeline.__main__ import MAP_STAGES, PATIENCE, articles, fresh, pin, pinned_worker, spread
from benchmarks.pipeline.latency import send_steadily
from benchmarks.pipeline.rivals.__main__ import rate
from streams.kafka.clients import create_topics, open_reader
from streams.observability.logs import configure_logging
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.faults.brokers import Broker, bootstrap, brokers
from tests.support.processes import wait_until

REPLICAS = {"min.insync.replicas": "2", "default.replication.factor": "3"}
# Seconds after the last article for the ones under way.
LAST_WAIT = 60.0


async def delays(settings: Settings, values: Sequence[bytes], rate: float, seconds: float) -> list[float]:
    """Send `rate` articles a second for a while; return the seconds until each was read from articles.enriched.

    Raises:
        SystemExit: some were not read a minute after the last was sent.
    """
    sent: dict[str, float] = {}
    found: dict[str, float] = {}
    number = int(rate * seconds)
    async with open_reader(settings, topic_name(Topic.ENRICHED, settings)) as reader:
        await reader.seek_to_end()

        async def read() -> None:
            while len(found) < number:
                record = await reader.getone()
                at = time.perf_counter()
                if (name := json.loads(record.value)["id"]) in sent:
                    found[name] = at

        reading = asyncio.create_task(read())
        await send_steadily(settings, values, rate, seconds, sent)
        try:
            await asyncio.wait_for(reading, LAST_WAIT)
        except TimeoutError:
            raise SystemExit(f"{len(found)} of {number} articles came out") from None
    return [found[name] - sent[name] for name in sent]


def once(
    made: Sequence[Broker], folder: Path, values: Sequence[bytes], core: int, options: argparse.Namespace
) -> tuple[float, list[float]]:
    """Return articles a second over a backlog, and the delays at a steady rate, on one cluster."""
    base = Settings(_env_file=None, kafka_bootstrap=bootstrap(made), replication=len(made))
    settings = fresh(base, folder)
    asyncio.run(create_topics(settings))
    with pinned_worker(settings, folder, [core], MAP_STAGES) as running:
        wait_until(running.ready, PATIENCE, running.tail)
        speed = asyncio.run(rate(settings, values, len(values)))
        return speed, asyncio.run(delays(settings, values, options.rate, options.seconds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=10.0, help="articles a second of the delays")
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long these are sent, in each round")
    options = parser.parse_args()
    configure_logging(Settings(_env_file=None), clients=logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    values = usable(articles(options.paths, options.articles))
    core, *others = sorted(os.sched_getaffinity(0))
    speeds: dict[int, list[float]] = {1: [], 3: []}
    waits: dict[int, list[float]] = {1: [], 3: []}
    with tempfile.TemporaryDirectory(prefix="rasd-bench-") as name, ExitStack() as running:
        folder = Path(name)
        clusters = {
            1: running.enter_context(brokers(folder / "one", 1)),
            3: running.enter_context(brokers(folder / "three", 3, changes=REPLICAS)),
        }
        for broker in (*clusters[1], *clusters[3]):
            pin(broker.process.pid if broker.process else None, others or [core])
        for _ in range(options.rounds):
            for number, made in clusters.items():
                speed, found = once(made, folder, values, core, options)
                speeds[number].append(speed)
                waits[number] += found
                print(f"{number}: {speed:.1f} articles/s, {statistics.median(found):.2f} s", flush=True)
    print(f"\n| brokers | articles/s | of one | p50 at {options.rate:g}/s, s | p99 | most |\n|---|---|---|---|---|---|")
    for number, found in waits.items():
        ratios = [three / one for three, one in zip(speeds[number], speeds[1], strict=True)]
        cuts = statistics.quantiles(found, n=100, method="inclusive")
        print(
            f"| {number} | {spread(speeds[number])} | {spread(ratios, 2)} "
            f"| {cuts[49]:.2f} | {cuts[98]:.2f} | {max(found):.2f} |"
        )


def usable(values: Sequence[bytes]) -> list[bytes]:
    """Return the records that have a text: all of these come out."""
    return [value for value in values if str(json.loads(value).get("content") or "").strip()]


if __name__ == "__main__":
    main()
