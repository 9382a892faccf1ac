"""What `rasd worker --processes N` gains: python -m benchmarks.pipeline.processes [PATH…] [--processes 1 2]

For each number of processes in turn: articles a second from articles.raw to articles.enriched over a backlog, with all
stages up to geotag, and the memory of all processes after it (proportional set size: what processes share is divided
among them). The servers use the same cores, so on a machine with as many cores as processes the ratio is below what the
workers could do. PATH is what `rasd ingest` takes; without one, articles are composed. Starts its own Kafka.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.pipeline.__main__ import MAP_STAGES, articles, fresh, send, spread
from benchmarks.processes import memory
from deploy.local.service import free_port
from deploy.local.temporary import temporary_stack
from streams.observability.logs import configure_logging
from streams.settings import Settings
from tests.support.processes import Running, start, wait_until

PATIENCE = 1800.0
# Articles of the backlog that pass before the time begins: models, caches and the consumer group are ready then.
WARM_UP = 0.2


def passed(running: Running) -> float:
    """Records that the last stage has taken, or refused before."""
    lines = re.findall(r'^rasd_articles_total\{[^}]*stage="geotag"[^}]*\} (\S+)$', running.metrics(), re.MULTILINE)
    return sum(map(float, lines))


def once(servers: Settings, folder: Path, values: list[bytes], processes: int) -> tuple[float, float]:
    """Articles a second, and MiB, with so many processes."""
    settings = fresh(servers, folder).model_copy(update={"partitions": 8})
    asyncio.run(send(settings, values))
    port = free_port()
    arguments = ("worker", "--processes", str(processes), "--stages", MAP_STAGES, "--port", str(port))
    running = start(settings, folder / "worker.log", *arguments, port=port)
    try:
        wait_until(running.ready, 300, running.tail)
        first = WARM_UP * len(values)
        wait_until(lambda: passed(running) >= first, PATIENCE, running.tail)
        count, started = passed(running), time.perf_counter()
        last, since = count, started
        # Some articles of a corpus are refused before; the end is when nothing moves any more.
        while time.perf_counter() - since < 5.0 and last < len(values):
            time.sleep(0.1)
            if (now := passed(running)) != last:
                last, since = now, time.perf_counter()
        return (last - count) / (since - started), memory(running.process.pid)
    finally:
        running.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    configure_logging(Settings(_env_file=None), clients=logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    values = articles(options.paths, options.articles)
    print(f"{len(values)} articles, {options.rounds} rounds, {len(os.sched_getaffinity(0))} cores", flush=True)
    speeds: dict[int, list[float]] = {number: [] for number in options.processes}
    sizes: dict[int, list[float]] = {number: [] for number in options.processes}
    with temporary_stack() as settings, tempfile.TemporaryDirectory(prefix="rasd-bench-") as name:
        for _ in range(options.rounds):
            for number in options.processes:
                speed, size = once(settings, Path(name), values, number)
                speeds[number].append(speed)
                sizes[number].append(size)
                print(f"{number}: {speed:.1f} articles/s, {size:.0f} MiB", flush=True)
    one = speeds[options.processes[0]]
    print("\n| processes | articles/s | of the first | MiB |\n|---|---|---|---|")
    for number in options.processes:
        ratios = [many / first for many, first in zip(speeds[number], one, strict=True)]
        print(f"| {number} | {spread(speeds[number])} | {spread(ratios, 2)} | {statistics.median(sizes[number]):.0f} |")


if __name__ == "__main__":
    main()
