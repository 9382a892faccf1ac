"""Whether slow and failing hosts delay the others: the same sources in real time, without and with a fifth bad hosts.

    python -m benchmarks.sources.slow_hosts [--sources 2000] [--minutes 3] [--bad 0.2]

The watcher is that of `rasd watch`, with its schedule, its pauses for each host and its limits; in place of Kafka
something takes every record. Of the bad hosts, a third never answers, a third breaks the connection, a third
answers 503. Each run begins with the schedule as it is after six hours of watching.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from benchmarks.sources.__main__ import SEED, after_hours, fake_web
from benchmarks.sources.fake_web import START, address, is_bad, published
from streams.settings import Settings
from streams.sources.watch.directory import Kind, WatchedSource
from streams.sources.watch.refusals import Refusals
from streams.sources.watch.schedule import Limits
from streams.sources.watch.watch_metrics import WatchMetrics
from streams.sources.watch.watcher import Watcher
from streams.sources.watch.web import open_web
from streams.topics import Topic, topic_name


class Taker:
    """Takes the place of the Kafka producer, and notes when each item came."""

    def __init__(self, raw: str) -> None:
        self._raw = raw
        self.came: dict[tuple[str, int], float] = {}

    async def send_and_wait(self, topic: str, value: bytes, **_: Any) -> None:
        """Take a record."""
        if topic == self._raw:
            record = json.loads(value)
            self.came.setdefault((record["source"], int(record["url"].rsplit("/", 1)[1])), time.monotonic())


async def run(sources: int, minutes: float, bad: float) -> str:
    """Watch in real time, and return a row of the table."""
    settings = Settings(_env_file=None, watch_allow=("127.0.0.0/8",))
    limits = Limits(settings.watch_interval, settings.watch_interval_most)
    draw = random.Random(SEED)
    taker: Any = Taker(topic_name(Topic.RAW, settings))
    async with fake_web(sources) as port, aiohttp.ClientSession() as session, open_web(settings) as web:
        watcher = Watcher(settings, web, taker, WatchMetrics(), Refusals())
        await session.post(f"http://127.0.0.1:{port}/bad", data=str(bad))
        await session.post(f"http://127.0.0.1:{port}/real")
        began, now = time.monotonic(), datetime.now(UTC)
        for number in range(sources):
            name = f"s{number}"
            state = after_hours(number, limits, draw)
            assert state.next_visit is not None
            due = now + (state.next_visit - START)
            watcher.states[name] = state.model_copy(
                update={"next_visit": due, "last_visit": now - timedelta(minutes=1)}
            )
            url = f"http://{address(number)}:{port}/rss"
            watcher.put(WatchedSource(name=name, url=url, kind=Kind.FEED, outlet=name), 0)
        processor = time.process_time()
        watching = asyncio.create_task(watcher.run())
        await asyncio.sleep(minutes * 60)
        processor = time.process_time() - processor
        requests = web.requests
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    ages, late = [], 0
    # Items of the last two minutes may still be waiting for the next visit.
    for number in range(sources):
        if is_bad(number, bad or 0.2):
            continue  # the same healthy sources in both runs
        for item, moment in enumerate(published(number, SEED, minutes * 60)):
            if 0 <= moment < minutes * 60 - 120:
                came = taker.came.get((f"s{number}", item))
                late += came is None
                if came is not None:
                    ages.append(came - began - moment)
    cuts = statistics.quantiles(ages, n=100)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"| {bad:.0%} | {requests} | {len(ages)} | {late} | {cuts[49]:.0f} | {cuts[89]:.0f} | {cuts[98]:.0f} "
        f"| {processor / (minutes * 60):.2f} | {peak:.0f} |"
    )


def main() -> None:
    """Parse the arguments, run twice and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=2000, help="number of sources")
    parser.add_argument("--minutes", type=float, default=3, help="length of each run")
    parser.add_argument("--bad", type=float, default=0.2, help="share of bad hosts")
    given = parser.parse_args()
    print(
        "| bad hosts | requests | items of healthy sources | still waiting | age p50, s | p90, s | p99, s "
        "| share of a core | peak memory, MiB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for bad in (0.0, given.bad):
        print(asyncio.run(run(given.sources, given.minutes, bad)), flush=True)


if __name__ == "__main__":
    main()
