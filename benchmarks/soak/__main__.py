"""Whether a worker grows with time: python -m benchmarks.soak [--minutes 30] [--rate N] [--json FILE]

Sends articles at half of what the worker takes on this machine (measured first, or half of `--rate`) for so many
minutes. Meanwhile looks every ten seconds at the memory, file handles and threads of the worker and its stage process,
and at how long each article takes from sent to searchable. Prints a table, and the same as JSON. Articles are composed,
each unlike the others. Starts its own Kafka and Elasticsearch; Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.pipeline.__main__ import articles, fresh, send
from benchmarks.pipeline.latency import measure
from benchmarks.processes import members, memory
from deploy.local.temporary import temporary_stack
from streams.observability.logs import configure_logging
from streams.settings import MIB, Settings
from tests.support.index import count
from tests.support.processes import Running, wait_until, worker

SAMPLE_SECONDS = 10.0
# Caches and Python's own pools fill in the beginning; the slope is of what comes after.
WARM_UP_SHARE = 0.3
# Memory of the clusterer for each article (docs/benchmarks.md, Near-duplicates).
CLUSTERER_BYTES = 902


@dataclass(frozen=True)
class Sample:
    """A worker and its stage process at one moment.

    Attributes:
        seconds: since the start.
        memory: of both in MiB, each page that they share counted once.
        handles: open files of both.
        threads: of both.
    """

    seconds: float
    memory: float
    handles: int
    threads: int


def look(running: Running, started: float) -> Sample:
    """Look at a worker."""
    handles = threads = 0
    for process in members(running.process.pid):
        with suppress(psutil.NoSuchProcess), process.oneshot():
            handles, threads = handles + process.num_fds(), threads + process.num_threads()
    return Sample(round(time.monotonic() - started, 1), round(memory(running.process.pid), 1), handles, threads)


def slope(samples: list[Sample], what: str) -> float:
    """Return the median slope between all pairs of samples, an hour (Theil and Sen: outliers do not change it)."""
    pairs = [
        (getattr(later, what) - getattr(earlier, what)) / (later.seconds - earlier.seconds)
        for at, earlier in enumerate(samples)
        for later in samples[at + 1 :]
    ]
    return 3600 * statistics.median(pairs) if pairs else 0.0


def full_rate(settings: Settings, values: list[bytes], running: Running) -> float:
    """Return the articles a second that go from articles.raw into the index when all are there at once."""
    asyncio.run(send(settings, values[:200]))  # models and caches are loaded
    wait_until(lambda: count(settings) >= 200, 300, running.tail)
    started = time.perf_counter()
    asyncio.run(send(settings, values[200:]))
    wait_until(lambda: count(settings) >= len(values), 1800, running.tail)
    return (len(values) - 200) / (time.perf_counter() - started)


def soak(settings: Settings, minutes: float, rate: float | None, folder: Path) -> dict[str, Any]:
    """Run it and return the figures."""
    settings = fresh(settings, folder)
    with worker(settings, folder / "worker.log") as running:
        full = rate or full_rate(settings, articles([], 2200), running)
        seconds = 60 * minutes
        half = full / 2
        values = articles([], min(20_000, int(half * seconds) + 1))
        before = count(settings)
        samples: list[Sample] = []
        done = threading.Event()
        started = time.monotonic()

        def watch() -> None:
            while not done.wait(SAMPLE_SECONDS):
                samples.append(look(running, started))

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            found = asyncio.run(measure(settings, values, half, seconds))
        finally:
            done.set()
            watching.join()
        indexed = count(settings) - before
        log = (folder / "worker.log").read_text(encoding="utf-8", errors="replace")
    steady = [each for each in samples if WARM_UP_SHARE * seconds <= each.seconds <= seconds]
    delays = sorted(found["delays"])
    cuts = statistics.quantiles(delays, n=100)
    return {
        "minutes": minutes,
        "full_rate": round(full, 1),
        "rate": round(half, 1),
        "articles": len(delays) + found["missing"],
        "indexed": indexed,
        "missing": found["missing"],
        "p50": round(cuts[49], 2),
        "p99": round(cuts[98], 2),
        "most": round(delays[-1], 2),
        "memory_slope": round(slope(steady, "memory"), 1),
        "clusterer_slope": round(half * 3600 * CLUSTERER_BYTES / MIB, 1),
        "handles_slope": round(slope(steady, "handles"), 1),
        "threads_slope": round(slope(steady, "threads"), 1),
        "errors_logged": log.count("[error]"),
        "load": round(psutil.getloadavg()[2], 1),
        "samples": [asdict(each) for each in samples],
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a Markdown table."""
    samples = [Sample(**each) for each in found["samples"]]
    steady = [each for each in samples if each.seconds >= WARM_UP_SHARE * 60 * found["minutes"]] or samples
    first, last = steady[0], steady[-1]

    def ends(what: str) -> str:
        most = max(getattr(each, what) for each in samples)
        return f"{getattr(first, what):g} → {getattr(last, what):g}, most {most:g}"

    rows = {
        "minutes; articles a second (half of the full rate)": f"{found['minutes']:g}; {found['rate']:g}",
        "articles sent, in the index, never found": f"{found['articles']:,}, {found['indexed']:,}, {found['missing']}",
        "sent to searchable, p50; p99; longest": f"{found['p50']} s; {found['p99']} s; {found['most']} s",
        "memory after the warm-up, MiB": ends("memory"),
        "its slope; of it the clusterer's by design": f"{found['memory_slope']:g} MiB/h; {found['clusterer_slope']:g}",
        "file handles": f"{ends('handles')}; {found['handles_slope']:+g} an hour",
        "threads": f"{ends('threads')}; {found['threads_slope']:+g} an hour",
        "errors in the worker's log": str(found["errors_logged"]),
    }
    lines = [("what", "result"), ("---", "---"), *rows.items()]
    return "\n".join(f"| {name} | {value} |" for name, value in lines)


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, help="what the worker takes, articles a second; measured when not given")
    parser.add_argument("--json", type=Path, help="file for the figures and all samples")
    options = parser.parse_args()
    configure_logging(Settings(_env_file=None), clients=logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with temporary_stack() as settings, tempfile.TemporaryDirectory(prefix="rasd-soak-") as name:
        found = soak(settings, options.minutes, options.rate, Path(name))
    text = json.dumps(found, indent=1)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    print(table(found))


if __name__ == "__main__":
    main()
