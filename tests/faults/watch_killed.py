"""kill -9 of `rasd watch` again and again while sources publish: python -m tests.faults.watch_killed [--kills 50]

Two processes share the sites of a fake web; one after the other is killed at a random moment while it has items under
way, and a new one takes its place. At the end every article of every site is in articles.raw. One may be there twice
for each kill and source of the process that was killed: the item that was under way.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web as http
from aiokafka import TopicPartition

from deploy.demo.fake_web import FakeSite, Handler, fake_site
from deploy.local.temporary import temporary_stack
from streams.kafka.clients import open_reader, read_to_end
from streams.settings import Settings
from streams.sources.watch.directory import Kind, WatchedSource
from streams.sources.watch.store import save_sources
from streams.topics import Topic, topic_name
from tests.support.processes import Running, free_port, start

SITES = 8
SEED = 11
# Articles between two kills.
BETWEEN = (10, 40)
# A feed lists more than wait to be fetched, however slow the machine is: a site publishes nothing while so many wait.
LISTED = 300
WAITING = 100
PUBLISH_SECONDS = 0.05
PAGE_SECONDS = 0.03
PATIENCE = 300.0
# What the group's client logs when it learns that the group goes on without it.
LAPSE = "local member_id was not recognized"


@dataclass
class Account:
    """What became of the articles.

    Attributes:
        kills: number of kills.
        published: articles of the sites.
        lost: those that are not in articles.raw.
        repeated: records beyond the first of each article.
        most: the largest number of records of one article.
        allowed: items that may have been under way: one for each source that a killed process may have had.
        lapses: how often the group had given away the sources of a process that ran, as the machine was too busy for it
            to be heard of in time. Until it learns of it, it sends what the new owner sends, too.
        seconds: from the first publication to the last article in articles.raw.
        fault: what did not come to an end, and the last lines of the log; None if all did.
    """

    kills: int
    published: int = 0
    lost: int = 0
    repeated: int = 0
    most: int = 0
    allowed: int = 0
    lapses: int = 0
    seconds: float = 0.0
    fault: str | None = None


class Arrivals:
    """The records of articles.raw, read on as they come."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.urls: Counter[str] = Counter()
        self._read: set[tuple[int, int]] = set()

    async def follow(self) -> None:
        """Count records until cancelled."""
        topic = topic_name(Topic.RAW, self._settings)
        async with open_reader(self._settings) as reader:
            tps = [TopicPartition(topic, number) for number in range(self._settings.partitions)]
            reader.assign(tps)
            await reader.seek_to_beginning(*tps)
            while True:
                async for record in read_to_end(reader, tps):
                    # A reader that lost its place reads again, which is no second record.
                    if (record.partition, record.offset) not in self._read:
                        self._read.add((record.partition, record.offset))
                        self.urls[(record.key or b"").decode()] += 1
                await asyncio.sleep(0.05)


async def eventually(condition: Callable[[], bool | Awaitable[bool]], running: Running) -> None:
    """Poll until the condition holds, while the sites of this process go on answering.

    Raises:
        AssertionError: it does not hold within `PATIENCE`.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < deadline, running.tail(60)
        await asyncio.sleep(0.05)


def open_process(settings: Settings, folder: Path, number: int) -> Running:
    """Start a process that watches."""
    port = free_port()
    return start(settings, folder / f"watch-{number}.log", "watch", "--port", str(port), port=port)


def count_lapses(folder: Path) -> int:
    """Return how often processes have learned that the group goes on without them."""
    return sum(log.read_text(errors="replace").count(LAPSE) for log in folder.glob("watch-*.log"))


def slowly(site: FakeSite) -> Handler:
    """Answer an article's page after a moment, so that a kill finds items under way."""

    async def answer(request: http.Request) -> http.StreamResponse:
        await asyncio.sleep(PAGE_SECONDS)
        return await site.page_of(request)

    return answer


async def kill_again_and_again(settings: Settings, folder: Path, kills: int) -> Account:
    """Kill processes while sites publish, and account for every article."""
    settings = settings.model_copy(
        update={"watch_allow": ("127.0.0.1/32",), "watch_host_delay": 0.0, "watch_interval": 1.0, "retry_most": 2.0}
    )
    draw = random.Random(SEED)
    account = Account(kills)
    published: set[str] = set()
    arrivals = Arrivals(settings)
    async with AsyncExitStack() as stack:
        sites = [await stack.enter_async_context(fake_site()) for _ in range(SITES)]
        for site in sites:
            site.listed = LISTED
            site.answer_article = slowly(site)
        sources = [
            WatchedSource(name=f"s{n}", url=f"{site.address}/rss.xml", kind=Kind.FEED, outlet=f"s{n}", interval=1.0)
            for n, site in enumerate(sites)
        ]
        await save_sources(settings, sources)

        async def publish() -> None:
            number = 0
            waiting: dict[str, set[str]] = {site.address: set() for site in sites}
            while True:
                site = draw.choice(sites)
                left = waiting[site.address]
                left.difference_update(arrivals.urls)
                if len(left) < WAITING:
                    number += 1
                    left.add(url := site.publish(number))
                    published.add(url)
                await asyncio.sleep(PUBLISH_SECONDS)

        processes = [open_process(settings, folder, number) for number in range(2)]
        began = time.monotonic()
        publishing = asyncio.create_task(publish())
        following = asyncio.create_task(arrivals.follow())

        def arrived() -> set[str]:
            if following.done():
                following.result()
            return set(arrivals.urls)

        try:
            for running in processes:
                await eventually(lambda r=running: asyncio.to_thread(r.ready), running)  # type: ignore[misc]
            for kill in range(kills):
                account.kills = kill
                wanted = len(arrived()) + draw.randint(*BETWEEN)
                await eventually(lambda n=wanted: len(arrived()) >= n, processes[0])  # type: ignore[misc]
                victim = processes.pop(draw.randrange(2))
                account.allowed += SITES
                await asyncio.to_thread(victim.kill)
                processes.append(open_process(settings, folder, 2 + kill))
                await eventually(lambda: asyncio.to_thread(processes[-1].ready), processes[-1])
            account.kills = kills
            publishing.cancel()
            await eventually(lambda: published <= arrived(), processes[0])
            account.seconds = time.monotonic() - began
        except AssertionError as error:
            account.fault = str(error)
        finally:
            publishing.cancel()
            following.cancel()
            for running in processes:
                await asyncio.to_thread(running.kill)
        account.published = len(published)
        account.lost = len(published - arrivals.urls.keys())
        account.most = max(arrivals.urls.values(), default=0)
        account.repeated = sum(times - 1 for times in arrivals.urls.values())
        account.lapses = count_lapses(folder)
    return account


def main() -> None:
    """Kill as often as asked for, on a stack of its own, and print the account."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    kills = parser.parse_args().kills
    with tempfile.TemporaryDirectory() as folder, temporary_stack() as servers:
        settings = servers.model_copy(update={"session_timeout": 6.0, "partitions": 3, "app_id": "killed"})
        account = asyncio.run(kill_again_and_again(settings, Path(folder), kills))
    print(
        f"{account.kills} kills in {account.seconds:.0f} s: {account.published} articles of {SITES} sources, "
        f"{account.lost} lost, {account.repeated} sent again (items under way: at most {account.allowed}), "
        f"none more than {account.most} times; {account.lapses} times the group had given up a process that ran"
    )
    if account.fault is not None or account.lost or account.repeated > account.allowed:
        raise SystemExit(account.fault or 1)


if __name__ == "__main__":
    main()
