"""Speed of the whole pipeline: python -m benchmarks.pipeline [PATH…] [--rounds 5] [--seconds 60]

Throughput: articles a second from articles.raw to a searchable index, one worker on one core, in turn with the same
pure functions in a bare loop on that same core; the servers have the other cores. Latency: from the moment an article
is sent to the moment a search finds it, at half that throughput. PATH is what `rasd ingest` takes; without one,
articles are composed. Starts its own Kafka and Elasticsearch.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchmarks.pipeline.latency import measure
from deploy.local.service import free_port
from deploy.local.stack import status
from deploy.local.temporary import temporary_stack
from streams.kafka.clients import create_topics, open_producer
from streams.observability.logs import configure_logging
from streams.pipeline import load_pipeline
from streams.settings import Settings
from streams.sources.files import read_paths
from streams.topics import Topic, topic_name
from tests.support.corpus import records
from tests.support.index import count
from tests.support.processes import Running, start, wait_until

PATIENCE = 1800.0
MAP_STAGES = "clean,fingerprint,dedupe,entities,geotag"


def articles(paths: Sequence[Path], most: int) -> list[bytes]:
    """Raw records, one JSON object each, in an order of chance."""
    if not paths:
        return [json.dumps(item, ensure_ascii=False).encode() for item in records(most)]
    found = [item.raw for item in read_paths(list(paths)) if item.raw is not None]
    return [raw.to_json() for raw in random.Random(5).sample(found, min(most, len(found)))]


def fresh(settings: Settings, folder: Path) -> Settings:
    """Return settings with unused topics, index, consumer group and state folder."""
    name = f"b{uuid.uuid4().hex[:8]}"
    return settings.model_copy(
        update={"topic_prefix": f"{name}.", "index_prefix": name, "app_id": name, "state_dir": folder / name}
    )


async def send(settings: Settings, values: Sequence[bytes]) -> None:
    """All records into articles.raw."""
    await create_topics(settings)
    async with open_producer(settings) as producer:
        for future in [await producer.send(topic_name(Topic.RAW, settings), value) for value in values]:
            await future


@contextmanager
def pinned_worker(
    settings: Settings, folder: Path, cores: list[int], stages: str = ",".join(load_pipeline().names)
) -> Iterator[Running]:
    """A worker that may use these cores alone."""
    port = free_port()
    running = start(settings, folder / "worker.log", "worker", "--port", str(port), "--stages", stages, port=port)
    psutil.Process(running.process.pid).cpu_affinity(cores)
    for child in psutil.Process(running.process.pid).children(recursive=True):
        child.cpu_affinity(cores)
    try:
        yield running
    finally:
        running.stop()


def through_kafka(settings: Settings, values: Sequence[bytes], expected: int, folder: Path, core: int) -> float:
    """Articles a second, from sending them to the moment when all are searchable; one went through before."""
    settings = fresh(settings, folder)
    with pinned_worker(settings, folder, [core]) as running:
        asyncio.run(send(settings, values[:1]))
        wait_until(lambda: count(settings) >= 1, 120, running.tail)
        started = time.perf_counter()
        asyncio.run(send(settings, values[1:]))
        # To refresh is part of what is measured.
        while (found := count(settings, refresh=False)) < expected:
            if time.perf_counter() - started > PATIENCE:
                raise SystemExit(f"{found} of {expected} are searchable after {PATIENCE:.0f} s\n{running.tail()}")
            time.sleep(0.25)
        return (found - 1) / (time.perf_counter() - started)


class Bare(NamedTuple):
    """What the bare loop did on one core.

    Attributes:
        made: number of articles.
        stages: articles a second by the map stages alone.
        rate: articles a second by these and making the index's documents: all the pure functions of a worker.
    """

    made: int
    stages: float
    rate: float


def bare(file: Path, core: int) -> Bare:
    """Run the bare loop on one core."""
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.pipeline.bare", str(file)],
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        capture_output=True,
        text=True,
        check=True,
    )
    made, stages, rate = result.stdout.split()
    return Bare(int(made), float(stages), float(rate))


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Median and range."""
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}, {max(values):.{digits}f}]"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the latency run")
    options = parser.parse_args()
    configure_logging(Settings(_env_file=None), clients=logging.ERROR)
    values = articles(options.paths, options.articles)
    cores = sorted(os.sched_getaffinity(0))
    ours, others = cores[0], cores[1:] or cores
    os.sched_setaffinity(0, others)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    print(f"{len(values)} articles, {options.rounds} rounds, worker on core {ours}, servers on {others}", flush=True)
    with temporary_stack() as settings, tempfile.TemporaryDirectory(prefix="rasd-bench-") as name:
        folder = Path(name)
        for service in status(settings).services:
            pin(service.pid, others)
        file = folder / "articles.jsonl"
        file.write_bytes(b"\n".join(values) + b"\n")
        loops: list[Bare] = []
        streams: list[float] = []
        for number in range(options.rounds):
            loops.append(bare(file, ours))
            streams.append(through_kafka(settings, values, loops[-1].made, folder, ours))
            print(f"round {number + 1}: bare {loops[-1].rate:.1f}/s, Kafka to index {streams[-1]:.1f}/s", flush=True)
        print(f"bare loop        {spread([loop.rate for loop in loops])} articles/s")
        print(f"map stages only  {spread([loop.stages for loop in loops])} articles/s")
        print(f"Kafka to index   {spread(streams)} articles/s")
        print(f"ratio            {spread([s / b.rate for s, b in zip(streams, loops, strict=True)], 2)}")
        print(f"to stages only   {spread([s / b.stages for s, b in zip(streams, loops, strict=True)], 2)}")
        last = fresh(settings, folder)
        asyncio.run(create_topics(last))
        with pinned_worker(last, folder, [ours]) as running:
            wait_until(running.ready, 120, running.tail)
            _latency(last, values, statistics.median(streams) / 2, options.seconds)


def _latency(settings: Settings, values: Sequence[bytes], rate: float, seconds: float) -> None:
    found: dict[str, Any] = asyncio.run(measure(settings, values, rate, seconds))
    delays = sorted(found["delays"])
    cuts = statistics.quantiles(delays, n=100)
    print(
        f"latency at {rate:.1f} articles/s over {seconds:.0f} s ({len(delays)} articles): "
        f"p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, most {delays[-1]:.2f} s; never found: {found['missing']}"
    )


def pin(pid: int | None, cores: list[int]) -> None:
    """Let a running process use these cores alone."""
    if pid is not None:
        for thread in psutil.Process(pid).threads():
            os.sched_setaffinity(thread.id, set(cores))


if __name__ == "__main__":
    main()
