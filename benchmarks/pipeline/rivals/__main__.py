"""Rasd beside other frameworks: python -m benchmarks.pipeline.rivals [PATH…] [--articles 500] [--rounds 5] [--one-step]

Articles a second of the map stages, articles.raw to articles.enriched, each framework in one process on one core, in
turn, the servers on the other cores. With --one-step the frameworks run all stages as one function without topics
between, which is their best shape; Rasd runs as always. The frameworks are installed into a folder of their own, which
--folder names.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer

from benchmarks.pipeline.__main__ import MAP_STAGES, PATIENCE, articles, bare, fresh, pin, pinned_worker, send, spread
from benchmarks.pipeline.rivals.run import RIVALS
from deploy.local.stack import status
from deploy.local.temporary import temporary_stack
from streams.kafka.clients import create_topics, open_reader
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.processes import ROOT, environment


def install(folder: Path) -> None:
    """The frameworks, without touching Rasd's own environment."""
    wanted = Path(__file__).parent / "requirements.txt"
    done = folder / "installed"
    if not done.exists() or done.read_text() != wanted.read_text():
        words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
        subprocess.run([sys.executable, *words, "-r", str(wanted)], check=True)
        done.write_text(wanted.read_text())


@contextmanager
def rival(
    name: str, settings: Settings, folder: Path, frameworks: Path, core: int, *, shape: Sequence[str]
) -> Iterator[None]:
    """Run another framework's process on one core."""
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.pipeline.rivals.run", name, *shape],
            cwd=ROOT,
            env=environment(settings) | {"RASD_RIVALS_DIR": str(frameworks)},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509  (no other thread of ours runs)
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


async def rate(settings: Settings, values: Sequence[bytes], expected: int) -> float:
    """Articles a second, from sending them to the last one in articles.enriched; one went through before."""
    topic = topic_name(Topic.ENRICHED, settings)
    await send(settings, values[:1])
    async with open_reader(settings, topic) as reader:
        await _reach(reader, 1)
        started = time.perf_counter()
        await send(settings, values[1:])
        await _reach(reader, expected)
        return (expected - 1) / (time.perf_counter() - started)


async def _reach(reader: AIOKafkaConsumer, number: int) -> None:
    deadline = time.perf_counter() + PATIENCE
    while (found := sum((await reader.end_offsets(reader.assignment())).values())) < number:
        if time.perf_counter() > deadline:
            raise SystemExit(f"{found} of {number} articles after {PATIENCE:.0f} s")
        await asyncio.sleep(0.05)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one-step", action="store_true", help="the frameworks run all stages as one function")
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "rasd" / "rivals")
    options = parser.parse_args()
    install(options.folder)
    values = articles(options.paths, options.articles)
    core, *others = sorted(os.sched_getaffinity(0))
    shape = ["--one-step"] if options.one_step else []
    found: dict[str, list[float]] = {"rasd": [], **{name: [] for name in RIVALS}}
    with temporary_stack() as stack, tempfile.TemporaryDirectory(prefix="rasd-bench-") as name:
        folder = Path(name)
        for service in status(stack).services:
            pin(service.pid, others or [core])
        file = folder / "articles.jsonl"
        file.write_bytes(b"\n".join(values) + b"\n")
        expected = bare(file, core).made
        for number in range(options.rounds):
            for system, rates in found.items():
                settings = fresh(stack, folder)
                asyncio.run(create_topics(settings))
                running = (
                    pinned_worker(settings, folder, [core], MAP_STAGES)
                    if system == "rasd"
                    else rival(system, settings, folder, options.folder, core, shape=shape)
                )
                with running:
                    rates.append(asyncio.run(rate(settings, values, expected)))
                print(f"round {number + 1}: {system} {rates[-1]:.1f}/s", flush=True)
    for system, rates in found.items():
        ratios = [ours / theirs for ours, theirs in zip(found["rasd"], rates, strict=True)]
        print(f"{system:10} {spread(rates)} articles/s; Rasd is {spread(ratios, 2)} times that")


if __name__ == "__main__":
    main()
