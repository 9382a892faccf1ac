"""Cost of the stage process: python -m benchmarks.pipeline.apart [PATH…] [--articles 1000] [--rounds 5]

All map stages without tables, each on the results of the one before, in batches of the worker's size: in the process of
the stages (`streams.engine.stage_process`), and in this one, in turn. Counts processor time of both processes, so that
other load on the machine matters little. PATH is what `rasd ingest` takes; without one, articles are composed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.pipeline.__main__ import articles
from streams.engine.apply import Outgoing, apply, encode
from streams.engine.in_process import LocalContext
from streams.engine.stage_process import Arrived, StageProcess
from streams.observability.logs import configure_logging
from streams.observability.metrics import Metrics
from streams.pipeline import WiredStage, load_pipeline
from streams.settings import Settings
from streams.stage import Arrival, MapStage

Compute = Callable[[str, Sequence[Arrived]], list[Outgoing]]


def main() -> None:
    """Print the processor time an article, both ways, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    settings = Settings(_env_file=None)
    configure_logging(settings)
    raw = articles(options.paths, options.articles)
    stages = [each for each in load_pipeline().load() if isinstance(each.stage, MapStage) and not each.stage.stateful]
    process = StageProcess(stages, settings, Metrics())
    process.start()
    here = in_this_process(stages, settings)
    inputs = chain_of_inputs(stages, here, raw)
    found: dict[str, list[float]] = {"in this process": [], "in its own": []}
    milliseconds(process.apply, inputs, process.pid)  # fills its caches, as `chain_of_inputs` has filled those here
    for _ in range(options.rounds):
        for name, compute in (("in this process", here), ("in its own", process.apply)):
            found[name].append(milliseconds(compute, inputs, process.pid) / len(raw))
    for name, values in found.items():
        print(f"{name:<16} {statistics.median(values):7.3f} ms [{min(values):.3f}, {max(values):.3f}]")
    ratios = [here / apart for here, apart in zip(found["in this process"], found["in its own"], strict=True)]
    print(f"ratio            {statistics.median(ratios):7.3f}    [{min(ratios):.3f}, {max(ratios):.3f}]")
    process.close()


def in_this_process(stages: Sequence[WiredStage], settings: Settings) -> Compute:
    """Return a function that applies a stage as the runner does without a stage process."""
    metrics = Metrics()
    context = LocalContext(settings, metrics)
    wired = {each.name: each for each in stages}
    functions: dict[str, Any] = {each.name: each.stage.build(context) for each in stages}

    def compute(name: str, records: Sequence[Arrived]) -> list[Outgoing]:
        stage = wired[name].stage
        assert isinstance(stage, MapStage)
        arrived = [(data, Arrival(timestamp)) for data, timestamp in records]
        outcomes = apply(stage, functions[name], arrived, metrics)
        return [encode(wired[name], outcome, settings) for outcome in outcomes]

    return compute


def chain_of_inputs(
    stages: Sequence[WiredStage], compute: Compute, raw: Sequence[bytes]
) -> list[tuple[str, list[Arrived]]]:
    """Return the batches of all stages. What dedupe would add is left out."""
    size = Settings(_env_file=None).batch_size
    inputs = []
    records: list[Arrived] = [(data, 1_700_000_000.0) for data in raw]
    for wired in stages:
        chunks = [records[start : start + size] for start in range(0, len(records), size)]
        inputs += [(wired.name, chunk) for chunk in chunks]
        results = [each for chunk in chunks for outgoing in compute(wired.name, chunk) for each in outgoing.results]
        records = [(value, 1_700_000_000.0) for _, _, value in results]
    return inputs


def milliseconds(compute: Compute, inputs: Sequence[tuple[str, list[Arrived]]], pid: int | None) -> float:
    """Return the processor time of this process and the other for all batches."""
    other = psutil.Process(pid).cpu_times()
    before = time.process_time() + other.user + other.system
    for name, records in inputs:
        compute(name, records)
    other = psutil.Process(pid).cpu_times()
    return 1000 * (time.process_time() + other.user + other.system - before)


if __name__ == "__main__":
    main()
