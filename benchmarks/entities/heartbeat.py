"""Measure how late the event loop is while the entity stage works at full load.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.entities.heartbeat ../shared/corpus [--backend camel]

The worker's loop (uvloop), the real stage runner and the stage in its process run without Kafka: batches of
articles are in memory, and results are confirmed at once. A timer is due every 10 ms; its delay is what Kafka's
heartbeat, /livez and every other stage in the worker would wait. The first row is the same loop without work.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import uvloop

from benchmarks.entities.speed import bodies
from streams.engine.faust.worker import SWITCH_SECONDS
from streams.engine.runner import StageRunner
from streams.engine.stage_process import StageProcess
from streams.observability.logs import configure_logging
from streams.observability.metrics import Metrics
from streams.observability.tracing import Headers
from streams.pipeline import load_pipeline
from streams.records import Article
from streams.settings import Settings

BEAT = 0.01


class Heart:
    """Beat every `BEAT` seconds on the running loop, and keep the delay of each beat, in seconds."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self._loop = asyncio.get_running_loop()
        self._due = time.perf_counter() + BEAT
        self._handle = self._loop.call_later(BEAT, self._beat)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.delays.append(now - self._due)
        self._due = now + BEAT
        self._handle = self._loop.call_later(BEAT, self._beat)

    def stop(self) -> None:
        self._handle.cancel()


def show(name: str, delays: list[float], rate: float = 0.0) -> None:
    """Print one line: quantiles of the delays, in milliseconds."""
    p50, p99, p999 = (1000 * float(np.quantile(delays, q)) for q in (0.5, 0.99, 0.999))
    speed = f"{rate:8.0f} articles/s" if rate else ""
    print(
        f"{name:<16}{len(delays):6} beats  p50 {p50:6.2f}  p99 {p99:6.2f}  p99.9 {p999:6.2f}  "
        f"max {1000 * max(delays):6.2f} ms{speed}"
    )


def batches(corpus: Path, settings: Settings, count: int) -> Iterator[list[Any]]:
    """Yield batches of the worker's size, as Faust delivers them."""
    texts = islice(bodies(corpus), count * settings.batch_size)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    while chosen := list(islice(texts, settings.batch_size)):
        events = []
        for offset, body in enumerate(chosen):
            article = Article(
                id=str(offset), url="https://example.org/", source="s", language="ar", body=body, ingested_at=now
            )
            message = SimpleNamespace(
                value=article.to_json(), key=b"k", headers=(), topic="t", partition=0, offset=offset, timestamp=0.0
            )
            events.append(SimpleNamespace(message=message, ack=lambda: True))
        yield events


async def _delivered(
    topic: str,  # noqa: ARG001
    key: bytes | None,  # noqa: ARG001
    value: bytes,  # noqa: ARG001
    headers: Headers | None,  # noqa: ARG001
) -> Awaitable[None]:
    async def confirmed() -> None:
        return None

    return confirmed()


async def measure(corpus: Path, settings: Settings, count: int) -> None:
    """Measure without work, then under load, and print both."""
    (wired,) = load_pipeline().load(["entities"])
    metrics = Metrics()
    process = StageProcess([wired], settings, metrics)
    process.start()
    thread = ThreadPoolExecutor(max_workers=1)
    compute = partial(process.apply, wired.name)
    runner = StageRunner(
        wired, None, send=_delivered, thread=thread, settings=settings, metrics=metrics, compute=compute
    )
    work = list(batches(corpus, settings, count))
    heart = Heart()
    await asyncio.sleep(5)
    heart.stop()
    show("without work", heart.delays)
    heart, start = Heart(), time.perf_counter()
    for events in work:
        await runner.handle(events)
    seconds = time.perf_counter() - start
    heart.stop()
    show(settings.entities_backend, heart.delays, sum(map(len, work)) / seconds)
    await runner.close()
    thread.shutdown()
    process.close()


def main() -> None:
    """Print the delays."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--backend", default="fast")
    parser.add_argument("--batches", type=int, default=20, help="of the worker's batch size")
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = Settings(_env_file=None, entities_backend=options.backend)
    configure_logging(settings)
    uvloop.run(measure(options.corpus, settings, options.batches))


if __name__ == "__main__":
    main()
