"""How politely, how soon and at what cost sources are watched, beside a loop that asks every feed once a minute.

    python -m benchmarks.sources [--sources 2000] [--minutes 30]

The visits, their schedule and the HTTP client are those of `rasd watch`; the sites are a process of its own
(`benchmarks.sources.fake_web`). The clock is simulated: visits happen when they are due, and time passes between them
without waiting. Freshness is therefore what the schedule causes; in reality the pause between two requests to a host
and the answer's own time come on top. Processor time is that of this process, so the sites' is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import random
import resource
import socket
import statistics
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
import feedparser

from benchmarks.sources.fake_web import START, address, published
from streams.settings import Settings
from streams.sources.base import Item
from streams.sources.watch.directory import Kind, Progress, WatchedSource, Watching, with_progress
from streams.sources.watch.schedule import Limits
from streams.sources.watch.visit import Visitor
from streams.sources.watch.web import open_web

SEED = 7
AT_ONCE = 64


@dataclass
class Figures:
    """What one run measured."""

    visits: int = 0
    unchanged: int = 0
    requests: int = 0
    ages: list[float] = field(default_factory=list)
    processor: float = 0.0


class Clock:
    """The simulated time, in seconds from the start, here and on the sites."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._url = f"http://127.0.0.1:{port}/clock"
        self.now = 0.0

    async def set(self, now: float) -> None:
        """Let the time pass."""
        self.now = now
        await self._session.post(self._url, data=str(now))

    def moment(self) -> datetime:
        """Return the time as a date."""
        return START + timedelta(seconds=self.now)


async def watched(clock: Clock, port: int, sources: int, minutes: float) -> Figures:
    """Visit all sources as `rasd watch` does."""
    figures = Figures()
    settings = Settings(_env_file=None, watch_allow=("127.0.0.0/8",), watch_host_delay=0.0)
    states: dict[str, Watching] = {}
    names = {f"s{number}": number for number in range(sources)}
    known = {name: published(number, SEED, minutes * 60) for name, number in names.items()}
    outlets = {
        name: WatchedSource(name=name, url=f"http://{address(n)}:{port}/rss", kind=Kind.FEED, outlet=name)
        for name, n in names.items()
    }

    async def send(item: Item) -> None:
        assert item.raw is not None
        moment = known[item.raw.source][int(item.raw.url.rsplit("/", 1)[1])]
        if moment >= 0:
            figures.ages.append(clock.now - moment)

    async def save(name: str, state: Watching) -> None:
        states[name] = state

    async def keep(name: str, progress: Progress) -> None:
        states[name] = with_progress(states.get(name, Watching()), progress)

    async with open_web(settings) as web:
        limits = Limits(settings.watch_interval, settings.watch_interval_most)
        visitor = Visitor(web, send, save, keep, clock.moment, limits, random.Random(SEED))
        # Sources that were added over time are not visited in step.
        draw = random.Random(SEED)
        due = [(draw.uniform(-settings.watch_interval, 0.0), name) for name in names]
        heapq.heapify(due)
        began = time.process_time()
        while due[0][0] < minutes * 60:
            batch = [heapq.heappop(due)]
            while due and due[0][0] < batch[0][0] + 1.0 and len(batch) < AT_ONCE:
                batch.append(heapq.heappop(due))
            await clock.set(max(0.0, batch[-1][0]))
            visits = (visitor.visit(outlets[name], states.get(name, Watching())) for _, name in batch)
            for (_, name), state in zip(batch, await asyncio.gather(*visits), strict=True):
                assert state.next_visit is not None
                heapq.heappush(due, ((state.next_visit - START).total_seconds(), name))
        figures.processor = time.process_time() - began
        figures.requests = web.requests
    figures.visits = sum(state.visits for state in states.values())
    figures.unchanged = sum(state.unchanged for state in states.values())
    return figures


async def plain_loop(clock: Clock, port: int, sources: int, minutes: float) -> Figures:
    """Ask every feed once a minute and read it with feedparser: what one would wire first. Pages are fetched too."""
    figures = Figures()
    seen: set[str] = set()
    known = [published(number, SEED, minutes * 60) for number in range(sources)]
    async with aiohttp.ClientSession() as session:
        began = time.process_time()

        async def visit(number: int) -> None:
            async with session.get(f"http://{address(number)}:{port}/rss") as answer:
                parsed = feedparser.parse(await answer.read())
            figures.visits += 1
            figures.requests += 1
            for entry in parsed.entries:
                if entry.id not in seen:
                    seen.add(entry.id)
                    item = entry.id.rsplit("-", 1)[1]
                    async with session.get(f"http://{address(number)}:{port}/{item}") as page:
                        await page.read()
                    figures.requests += 1
                    if (moment := known[number][int(item)]) >= 0:
                        figures.ages.append(clock.now - moment)

        for minute in range(int(minutes)):
            await clock.set(minute * 60.0)
            for first in range(0, sources, AT_ONCE):
                await asyncio.gather(*(visit(number) for number in range(first, min(first + AT_ONCE, sources))))
        figures.processor = time.process_time() - began
    return figures


async def measure(sources: int, minutes: float) -> None:
    """Run both on the same sites and print the table."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.sources.fake_web", str(port), str(sources), str(SEED)]
    sites = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert sites.stdout is not None
        await sites.stdout.readline()
        async with aiohttp.ClientSession() as session:
            clock = Clock(session, port)
            ours = await watched(clock, port, sources, minutes)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            await clock.set(0.0)
            plain = await plain_loop(clock, port, sources, minutes)
    finally:
        sites.terminate()
        await sites.wait()
    items = [len([m for m in published(n, SEED, minutes * 60) if m >= 0]) for n in range(sources)]
    listed = sum(min(20, len([m for m in published(n, SEED, 0.0) if m < 0])) for n in range(sources))
    print(f"{sources} sources, {minutes:.0f} simulated minutes, {sum(items)} new items, {listed} listed at the start")
    print(
        "| | visits | answered 304 | requests | new items sent | age p50, s | age p99, s | processor, share of a core |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, found in (("rasd watch", ours), ("a loop once a minute", plain)):
        ages = statistics.quantiles(found.ages, n=100) if len(found.ages) > 1 else [0.0] * 99
        share = found.processor / (minutes * 60)
        print(
            f"| {name} | {found.visits} | {found.unchanged / found.visits:.0%} | {found.requests} | {len(found.ages)} "
            f"| {ages[49]:.0f} | {ages[98]:.0f} | {share:.2f} |"
        )
    print(f"peak memory of `rasd watch`'s part, with the interpreter and its libraries: {peak:.0f} MiB")


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=2000, help="number of sources")
    parser.add_argument("--minutes", type=float, default=30, help="simulated minutes")
    given = parser.parse_args()
    asyncio.run(measure(given.sources, given.minutes))


if __name__ == "__main__":
    main()
