"""Whether Rasd became slower: make bench-quick, or python -m benchmarks.quick [--rounds 7] [--only stages start worker]

Takes some minutes and needs no corpus. Everything is a ratio to something measured in turn in the same run: the
processor time of each stage and of two starts to a fixed calculation, and the rate of a worker through its own Kafka
and Elasticsearch to that of the same functions in a bare loop. Ends with 1 and the names of those beyond bounds.toml.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.pipeline.__main__ import bare, pin, spread, through_kafka
from benchmarks.pipeline.hops import run
from benchmarks.pipeline.start import ROOT, cli_commands, seconds
from benchmarks.quick.yardstick import yardstick
from deploy.demo.samples import load_samples
from deploy.local.stack import status
from deploy.local.temporary import temporary_stack
from streams.engine.in_process import LocalContext
from streams.observability.logs import configure_logging
from streams.observability.metrics import Metrics
from streams.pipeline import load_pipeline
from streams.settings import Settings
from streams.sources.files import read_paths
from streams.stage import MapStage

BOUNDS = Path(__file__).with_name("bounds.toml")
PARTS = ("stages", "start", "worker")
WORKER_ROUNDS = 3
COPIES = 6


class Measured(NamedTuple):
    """The ratios of one name, round by round."""

    name: str
    ratios: list[float]


class Bounds(NamedTuple):
    """What a median may be: at most, and at least."""

    most: dict[str, float]
    least: dict[str, float]

    def crossed(self, measured: Measured) -> bool:
        """Return whether the median is beyond its bound.

        Raises:
            KeyError: nothing of that name has a bound.
        """
        median = statistics.median(measured.ratios)
        if measured.name in self.least:
            return median < self.least[measured.name]
        return median > self.most[measured.name]

    def shown(self, name: str) -> str:
        """Return the bound as a cell of the table."""
        return f"≥ {self.least[name]:g}" if name in self.least else f"≤ {self.most[name]:g}"


def read_bounds(file: Path = BOUNDS) -> Bounds:
    """Read bounds.toml."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    return Bounds(found["most"], found["least"])


def sample_records() -> list[dict[str, Any]]:
    """Return the raw records of the demo's articles that are read without a dead letter."""
    inputs = [path for path in load_samples().inputs if path.parent.name != "broken"]
    found = [json.loads(item.raw.to_json()) for item in read_paths(inputs) if item.raw is not None]
    if not found:
        raise SystemExit("the demo has no sample articles")
    return found


def changed(records: Sequence[dict[str, Any]], number: int) -> list[bytes]:
    """Return the records under other ids and addresses, so that a round does not meet those of another one."""
    return [
        json.dumps(
            {**record, "id": f"{number}-{at}", "url": f"https://almina.example.com/{number}/{at}"}, ensure_ascii=False
        ).encode()
        for at, record in enumerate(records)
    ]


def stages(rounds: int) -> Iterator[Measured]:
    """Measure each map stage's processor time an article over the yardstick's."""
    settings = Settings(_env_file=None)
    metrics = Metrics()
    context = LocalContext(settings, metrics)
    pipeline = load_pipeline()
    maps = [link.stage for link in pipeline.links if link.writes is not None]
    wired = [each for each in pipeline.load(maps) if isinstance(each.stage, MapStage)]
    functions: dict[str, Any] = {each.name: each.stage.build(context) for each in wired}
    found: dict[str, list[float]] = {each.name: [] for each in wired}
    samples = sample_records()
    for number in range(rounds + 1):
        unit = statistics.median(yardstick() for _ in range(3))
        records: Sequence[Any] = changed(samples, number)
        for each in wired:
            began = time.process_time()
            outcomes = run(each, functions[each.name], records, metrics, settings.batch_size)
            spent = (time.process_time() - began) / len(records)
            if number:  # the first round fills caches
                found[each.name].append(spent / unit)
            # Cluster moves go elsewhere.
            records = [
                record for outcome in outcomes for record in outcome.records if each.target(record) == each.link.writes
            ]
    return (Measured(name, ratios) for name, ratios in found.items())


def starts(rounds: int) -> Iterator[Measured]:
    """Measure the processor time of two commands over the yardstick's."""
    with tempfile.TemporaryDirectory() as folder:
        for name, command in cli_commands(Path(folder)).items():
            ratios = [seconds(ROOT, command) / statistics.median(yardstick() for _ in range(3)) for _ in range(rounds)]
            yield Measured(name, ratios)


def worker(rounds: int) -> Iterator[Measured]:
    """Measure a worker's rate through Kafka to the index over that of the bare loop, both on one core."""
    samples = sample_records()
    values = [value for number in range(COPIES) for value in changed(samples, number)]
    cores = sorted(os.sched_getaffinity(0))
    ours, others = cores[0], cores[1:] or cores
    os.sched_setaffinity(0, others)
    try:
        with temporary_stack() as settings, tempfile.TemporaryDirectory(prefix="rasd-bench-") as name:
            for service in status(settings).services:
                pin(service.pid, others)
            file = Path(name, "articles.jsonl")
            file.write_bytes(b"\n".join(values) + b"\n")
            ratios: list[float] = []
            for _ in range(rounds):
                loop = bare(file, ours)
                ratios.append(through_kafka(settings, values, loop.made, Path(name), ours) / loop.rate)
    finally:
        os.sched_setaffinity(0, cores)
    yield Measured("worker_to_bare_loop", ratios)


def main() -> int:
    """Measure and print; return 1 if a bound was crossed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of stages and starts (the worker has three)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    configure_logging(Settings(_env_file=None), clients=logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    bounds = read_bounds()
    measures = {
        "stages": lambda: stages(options.rounds),
        "start": lambda: starts(options.rounds),
        "worker": lambda: worker(WORKER_ROUNDS),
    }
    print("| what | ratio, median [least, most] | bound | |\n|---|---|---|---|")
    crossed: list[str] = []
    for part in options.only:
        for measured in measures[part]():
            beyond = bounds.crossed(measured)
            crossed += [measured.name] if beyond else []
            print(
                f"| {measured.name} | {spread(measured.ratios, 3)} | {bounds.shown(measured.name)} |"
                f" {'CROSSED' if beyond else 'held'} |",
                flush=True,
            )
    if crossed:
        print(f"beyond {BOUNDS.name}: {', '.join(crossed)}", file=sys.stderr)
    return bool(crossed)


if __name__ == "__main__":
    sys.exit(main())
