"""What records cost as bytes between stages: python -m benchmarks.pipeline.hops [PATH…] [--articles 500] [--rounds 5]

For each pair of stateless stages that follow each other: the processor time of encoding what the first makes, and of
decoding and validating it for the second, which chained stages would save beside the hop through Kafka; and that of the
two functions alone. PATH is what `rasd ingest` takes; without one, articles are composed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.pipeline.__main__ import articles
from streams.engine.apply import Outcome, apply, encode
from streams.engine.in_process import LocalContext
from streams.observability.logs import configure_logging
from streams.observability.metrics import Metrics
from streams.pipeline import WiredStage, load_pipeline
from streams.records import decode
from streams.settings import Settings
from streams.stage import Arrival, MapStage

ARRIVAL = Arrival(1_700_000_000.0)


def main() -> None:
    """Print the processor time an article of each pair, and of the bytes between them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    settings = Settings(_env_file=None)
    configure_logging(settings)
    metrics = Metrics()
    context = LocalContext(settings, metrics)
    stages = [each for each in load_pipeline().load() if isinstance(each.stage, MapStage) and not each.stage.stateful]
    functions: dict[str, Any] = {each.name: each.stage.build(context) for each in stages}
    records: Sequence[Any] = articles(options.paths, options.articles)
    outcomes: dict[str, list[Outcome]] = {}
    spent: dict[str, float] = {}
    for wired in stages:
        started = time.process_time()
        outcomes[wired.name] = run(wired, functions[wired.name], records, metrics, settings.batch_size)
        spent[wired.name] = 1000 * (time.process_time() - started) / len(records)
        records = [record for outcome in outcomes[wired.name] for record in outcome.records]
    for first, second in pairwise(stages):
        if first.link.writes != second.reads:
            continue  # a stage with a table stands between them
        rounds = [between(first, second, outcomes[first.name], settings) for _ in range(options.rounds)]
        print(
            f"{first.name}, {second.name}: functions {spent[first.name] + spent[second.name]:.3f} ms, bytes between"
            f" {statistics.median(rounds):.3f} ms [{min(rounds):.3f}, {max(rounds):.3f}]",
            flush=True,
        )


def run(wired: WiredStage, function: Any, records: Sequence[Any], metrics: Metrics, size: int) -> list[Outcome]:
    """Apply a stage to records in batches."""
    assert isinstance(wired.stage, MapStage)
    outcomes: list[Outcome] = []
    for start in range(0, len(records), size):
        arrived = [(record, ARRIVAL) for record in records[start : start + size]]
        outcomes += apply(wired.stage, function, arrived, metrics)
    return outcomes


def between(first: WiredStage, second: WiredStage, outcomes: Sequence[Outcome], settings: Settings) -> float:
    """Encode what a stage made and decode it for the next; return the milliseconds a record."""
    assert isinstance(second.stage, MapStage)
    started = time.process_time()
    for outcome in outcomes:
        for _, _, value in encode(first, outcome, settings).results:
            decode(second.stage.accepts, value)
    return 1000 * (time.process_time() - started) / len(outcomes)


if __name__ == "__main__":
    main()
