"""How politely, how soon and at what cost sources are watched, beside programs that one would try first.

    python -m benchmarks.sources [--sources 2000] [--minutes 30] [--only watch loop reader]

The visits, their schedule and the HTTP client are those of `rasd watch`; the sites are a process of its own
(`benchmarks.sources.fake_web`). The clock is simulated: visits happen when they are due, and time passes between them
without waiting. Freshness is therefore what the schedule causes; in reality the pause between two requests to a host
and the answer's own time come on top. The schedule begins as it is after six hours of watching, not as new. Processor
time is that of this process, so the sites' is not in it.

The others are a loop that reads every feed with feedparser once a minute, without validators, and `reader`
(`pip install --group bench`), which has validators and keeps entries in SQLite; it is asked to update everything once a
minute, for the first minutes only (`--reader-minutes`), as each takes long, and fetches no pages of articles.
`python -m benchmarks.sources.slow_hosts` measures in real time what slow and failing hosts do to the others.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import importlib
import random
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import feedparser

from benchmarks.sources.fake_web import HISTORY_SECONDS, LISTED, START, address, guid, published
from streams.settings import Settings
from streams.sources.base import Item
from streams.sources.watch.directory import Kind, Progress, WatchedSource, Watching, item_key, with_progress
from streams.sources.watch.schedule import JITTER, Limits, next_interval
from streams.sources.watch.visit import Visitor
from streams.sources.watch.web import open_web

SEED = 7
AT_ONCE = 64
READER_WORKERS = 20
# For the estimate on paper.
MANY = 100_000


@dataclass
class Figures:
    """What one run measured.

    Attributes:
        ages: of the items sent, in seconds.
        waits: the same as shares of the interval of the item's source at that time.
        minutes: length of the run in simulated minutes.
        processor: processor time, in seconds.
        stored: bytes of states and progress that would go to Kafka.
    """

    minutes: float
    visits: int = 0
    unchanged: int = 0
    requests: int = 0
    ages: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    processor: float = 0.0
    stored: int = 0


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


def after_hours(number: int, limits: Limits, draw: random.Random) -> Watching:
    """Return the state of a source after six hours of watching, by the schedule alone."""
    times = [moment for moment in published(number, SEED, 0.0) if moment < 0]
    interval, now, read = limits.least, -HISTORY_SECONDS + draw.uniform(0, limits.least), 0
    state = Watching()
    while True:
        new = sum(1 for moment in times[read:] if moment <= now)
        read += new
        interval = next_interval(Watching(interval=interval), new, limits, overlap=True)
        following = now + interval * draw.uniform(1.0, 1.0 + JITTER)
        if following >= 0:
            break
        now = following
    seen = tuple(item_key("", guid(number, item)) for item in range(max(0, read - LISTED), read))
    return state.model_copy(
        update={
            "seen": seen,
            "items": read,
            "visits": 1,
            "etag": f'"{read}"',
            "interval": interval,
            "next_visit": START + timedelta(seconds=following),
            "first_visit": START - timedelta(seconds=HISTORY_SECONDS),
            "last_visit": START + timedelta(seconds=now),
            "last_success": START + timedelta(seconds=now),
        }
    )


async def watched(clock: Clock, port: int, sources: int, minutes: float) -> Figures:
    """Visit all sources as `rasd watch` does."""
    figures = Figures(minutes)
    settings = Settings(_env_file=None, watch_allow=("127.0.0.0/8",), watch_host_delay=0.0)
    limits = Limits(settings.watch_interval, settings.watch_interval_most)
    draw = random.Random(SEED)
    numbers = {f"s{number}": number for number in range(sources)}
    states = {name: after_hours(number, limits, draw) for name, number in numbers.items()}
    known = {name: published(number, SEED, minutes * 60) for name, number in numbers.items()}
    outlets = {
        name: WatchedSource(name=name, url=f"http://{address(n)}:{port}/rss", kind=Kind.FEED, outlet=name)
        for name, n in numbers.items()
    }

    async def send(item: Item) -> None:
        assert item.raw is not None
        name = item.raw.source
        moment = known[name][int(item.raw.url.rsplit("/", 1)[1])]
        if moment >= 0:
            figures.ages.append(clock.now - moment)
            figures.waits.append((clock.now - moment) / states[name].interval)

    async def save(name: str, state: Watching) -> None:
        figures.stored += len(state.model_dump_json(exclude_defaults=True))
        states[name] = state

    async def keep(name: str, progress: Progress) -> None:
        figures.stored += len(progress.model_dump_json())
        # The interval of the last visit stays until this one ends.
        states[name] = with_progress(states[name], progress)

    def due_at(name: str) -> float:
        moment = states[name].next_visit
        assert moment is not None
        return (moment - START).total_seconds()

    async with open_web(settings) as web:
        visitor = Visitor(web, send, save, keep, clock.moment, limits, random.Random(SEED))
        due = [(due_at(name), name) for name in numbers]
        heapq.heapify(due)
        began = time.process_time()
        while due[0][0] < minutes * 60:
            batch = [heapq.heappop(due)]
            while due and due[0][0] < batch[0][0] + 1.0 and len(batch) < AT_ONCE:
                batch.append(heapq.heappop(due))
            await clock.set(max(0.0, batch[-1][0]))
            await asyncio.gather(*(visitor.visit(outlets[name], states[name]) for _, name in batch))
            for _, name in batch:
                heapq.heappush(due, (due_at(name), name))
        figures.processor = time.process_time() - began
        figures.requests = web.requests
    figures.visits = sum(state.visits - 1 for state in states.values())
    figures.unchanged = sum(state.unchanged for state in states.values())
    return figures


async def plain_loop(clock: Clock, port: int, sources: int, minutes: float) -> Figures:
    """Ask every feed once a minute and read it with feedparser: what one would wire first. Pages are fetched too."""
    figures = Figures(minutes)
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


async def reader(clock: Clock, port: int, sources: int, minutes: float) -> Figures:
    """Let the library `reader` update every feed once a minute."""
    library: Any = importlib.import_module("reader")
    figures = Figures(minutes)
    known = [published(number, SEED, minutes * 60) for number in range(sources)]
    numbers = {f"http://{address(number)}:{port}/rss": number for number in range(sources)}
    with tempfile.TemporaryDirectory() as folder:
        made = library.make_reader(str(Path(folder) / "reader.sqlite"))
        for url in numbers:
            made.add_feed(url)

        def update() -> None:
            for result in made.update_feeds_iter(workers=READER_WORKERS, scheduled=False):
                figures.visits += 1
                if isinstance(result.value, Exception):
                    raise result.value
                figures.unchanged += result.value is None

        await clock.set(0.0)
        await asyncio.to_thread(update)  # what the feeds list at the start
        counted: set[Any] = {entry.resource_id for entry in made.get_entries()}
        figures.visits = figures.unchanged = 0
        began = time.process_time()
        for minute in range(1, int(minutes) + 1):
            await clock.set(minute * 60.0)
            await asyncio.to_thread(update)
            for entry in made.get_entries():
                if entry.resource_id not in counted:
                    counted.add(entry.resource_id)
                    moment = known[numbers[entry.feed_url]][int(entry.id.rsplit("-", 1)[1])]
                    figures.ages.append(clock.now - moment)
        figures.processor = time.process_time() - began
        figures.requests = figures.visits
        made.close()
    return figures


@asynccontextmanager
async def fake_web(sources: int) -> AsyncIterator[int]:
    """Run the sites in a process of their own, and yield their port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.sources.fake_web", str(port), str(sources), str(SEED)]
    sites = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert sites.stdout is not None
        await sites.stdout.readline()
        yield port
    finally:
        sites.terminate()
        await sites.wait()


async def measure(sources: int, minutes: float, reader_minutes: float, only: list[str]) -> None:
    """Run all on the same sites and print the table."""
    runs = {"watch": watched, "loop": plain_loop, "reader": reader}
    found: dict[str, Figures] = {}
    peak = 0.0
    async with fake_web(sources) as port, aiohttp.ClientSession() as session:
        for name in only:
            clock = Clock(session, port)
            await clock.set(0.0)
            found[name] = await runs[name](clock, port, sources, reader_minutes if name == "reader" else minutes)
            if name == "watch":
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    items = sum(len([m for m in published(n, SEED, minutes * 60) if m >= 0]) for n in range(sources))
    print(f"{sources} sources, {minutes:.0f} simulated minutes, {items} new items")
    print(
        "| | minutes | visits a minute | answered 304 | requests a minute | new items sent | age p50, s | age p99, s "
        "| processor, share of a core |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    titles = {
        "watch": "`rasd watch`",
        "loop": "a loop with feedparser, once a minute",
        "reader": "`reader`, once a minute",
    }
    for name, run in found.items():
        ages = statistics.quantiles(run.ages, n=100) if len(run.ages) > 1 else [0.0] * 99
        print(
            f"| {titles[name]} | {run.minutes:.0f} | {run.visits / run.minutes:.0f} | {run.unchanged / run.visits:.0%} "
            f"| {run.requests / run.minutes:.0f} | {len(run.ages)} | {ages[49]:.0f} | {ages[98]:.0f} "
            f"| {run.processor / (run.minutes * 60):.3f} |"
        )
    if (ours := found.get("watch")) is not None:
        waits = statistics.quantiles(ours.waits, n=100)
        print(f"age as a share of the source's interval at that time: p50 {waits[49]:.2f}, p99 {waits[98]:.2f}")
        print(f"peak memory of `rasd watch`'s part, with the interpreter and its libraries: {peak:.0f} MiB")
        scale = MANY / sources
        seconds = ours.minutes * 60
        print(
            f"on paper for {MANY:,} sources: {ours.visits * scale / seconds:.0f} visits and "
            f"{ours.requests * scale / seconds:.0f} requests a second, {ours.processor * scale / seconds:.1f} cores, "
            f"{ours.stored * scale / seconds / 1e6:.1f} MB/s of states to Kafka"
        )


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=2000, help="number of sources")
    parser.add_argument("--minutes", type=float, default=30, help="simulated minutes")
    parser.add_argument("--reader-minutes", type=float, default=5, help="the same for `reader`")
    parser.add_argument("--only", nargs="+", choices=("watch", "loop", "reader"), default=["watch", "loop", "reader"])
    given = parser.parse_args()
    asyncio.run(measure(given.sources, given.minutes, given.reader_minutes, given.only))


if __name__ == "__main__":
    main()
