"""Whether each alert that is due is sent, and only once, while everything around it is killed.

    python -m benchmarks.alerts.killed ../shared/corpus [--articles 20000] [--searches 100] [--minutes 5] [--away 60]

Two matchers (`rasd worker --tap alerts`), two senders (`rasd deliver`) and a webhook receiver. Articles go to
articles.enriched at an even rate: texts of the corpus, a fifth of them copies in the story of the article before.
Meanwhile one of the four processes after the other is killed with -9, the receiver refuses connections for a while,
and Kafka is killed and started again. What is due is found by trying every search on every text, without the index of
searches, and is compared with what the receiver got: the search and the story of each alert.

An alert whose sender is killed between the receiver's answer and the record of it is sent again under the same id.
These are counted apart; at most `AT_ONCE` of each kill of a sender may be under way.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiohttp import web

from benchmarks.alerts.running import Door, alert_settings, begin, eventually, open_receiver, save
from benchmarks.alerts.searches import article_of, articles, searches, story_of, text_of, titles
from deploy.local import stack
from deploy.local.temporary import temporary_stack
from streams.alerts.sender import AT_ONCE
from streams.alerts.standing_search import StandingSearch
from streams.errors import Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS, open_producer
from streams.kafka.producer import LastingProducer
from streams.records import Article
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.source_scope import SourceScope
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.processes import Running

SEED = 19
TARGETS = 10
# Records between two waits for Kafka's acknowledgements.
UNACKNOWLEDGED = 100
# Seconds for all alerts to arrive after the last article, beside those for which the receiver was away: a message is
# tried again after up to as long.
PATIENCE = 600.0

Due = tuple[str, str]
"""A search and a story."""


class Receiver:
    """Takes alerts, and remembers for which search and story each was."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.alerts: defaultdict[Due, set[str]] = defaultdict(set)

    async def take(self, request: web.Request) -> web.Response:
        """Note a request."""
        alert = (await request.json())["data"]
        self.requests[alert["id"]] += 1
        for story in alert["stories"]:
            self.alerts[alert["search"], story["clusters"][0]].add(alert["id"])
        return web.Response(status=204)


def find_due(found: Sequence[StandingSearch], texts: Sequence[Article], count: int) -> set[Due]:
    """Return what is due, by trying every search on every text."""
    scope = SourceScope(lambda: None)
    matchers = [(search.id, LiveMatcher(search.filters, scope)) for search in found]
    matching = []
    for article in texts:
        text = ArticleText(article)
        matching.append([key for key, matcher in matchers if matcher.matches(text)])
    return {(key, story_of(number)) for number in range(count) for key in matching[text_of(number, len(texts))]}


async def produce(settings: Settings, texts: Sequence[Article], count: int, rate: float) -> None:
    """Send articles at an even rate; what Kafka did not acknowledge is sent again."""
    topic = topic_name(Topic.ENRICHED, settings)
    began = time.monotonic()
    for first in range(0, count, UNACKNOWLEDGED):
        made = [
            article_of(number, texts, datetime.now(UTC)) for number in range(first, min(count, first + UNACKNOWLEDGED))
        ]
        while True:
            try:
                async with asyncio.timeout(60), open_producer(settings) as producer:
                    await send_all(producer, topic, made)
                break
            except (Retryable, *UNAVAILABLE_ERRORS):
                await asyncio.sleep(1.0)
        await asyncio.sleep(max(0.0, began + (first + len(made)) / rate - time.monotonic()))


async def send_all(producer: LastingProducer, topic: str, made: Sequence[Article]) -> None:
    """Send articles, and wait until Kafka has them."""
    for waiting in [await producer.send(topic, article.to_json(), key=article.id.encode()) for article in made]:
        await waiting


class Processes:
    """The matchers and senders, of which one after the other is killed and started again."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._commands = {
            "matcher0": ("worker", "--tap", "alerts"),
            "matcher1": ("worker", "--tap", "alerts"),
            "sender0": ("deliver",),
            "sender1": ("deliver",),
        }
        self.running: dict[str, Running] = {}
        self.kills: Counter[str] = Counter()
        self.ended = 0

    def start(self, name: str) -> None:
        """Start one."""
        self.running[name] = begin(self._settings, self._folder, name, *self._commands[name])

    async def start_all(self) -> None:
        """Start all, and wait until they are ready."""
        for name in self._commands:
            self.start(name)
        await self.all_ready()

    async def all_ready(self) -> None:
        """Wait until all are ready. One that ended by itself is started again, as a supervisor does."""
        for name in self._commands:
            await eventually(partial(self._ready, name), name)

    def _ready(self, name: str) -> bool:
        if self.running[name].process.poll() is not None:
            self.ended += 1
            self.start(name)
        return self.running[name].ready()

    async def kill_on(self, draw: random.Random, seconds: float, stop: asyncio.Event) -> None:
        """Kill one after the other until `stop` is set; each runs again before the next is killed."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds * draw.uniform(0.5, 1.5)):
                    await stop.wait()
                    return
            name = draw.choice(sorted(self.running))
            await asyncio.to_thread(self.running[name].kill)
            self.kills[name.rstrip("01")] += 1
            self.start(name)
            await eventually(partial(self._ready, name), name)

    def end(self) -> None:
        """Kill all."""
        for running in self.running.values():
            running.kill()


async def interrupt(door: Door, servers: Settings, seconds: float, away: float) -> None:
    """After a quarter of the time shut the receiver for a while; after three quarters kill Kafka and start it again."""
    await asyncio.sleep(seconds / 4)
    await door.shut()
    await asyncio.sleep(away)
    await door.open()
    await asyncio.sleep(max(0.0, seconds / 2 - away))
    await asyncio.to_thread(stack.stop_service, servers, "kafka", kill=True)
    await asyncio.to_thread(stack.start_service, servers, "kafka")


async def run(servers: Settings, folder: Path, given: argparse.Namespace) -> bool:
    """Run everything, print the account, and return whether it is as it should be."""
    draw, seconds = random.Random(SEED), given.minutes * 60.0
    settings = alert_settings(servers, folder, "killed").model_copy(update={"session_timeout": 6.0})
    texts = articles(given.corpus, given.texts)
    found = searches(titles(given.corpus), given.searches)
    due = await asyncio.to_thread(find_due, found, texts, given.articles)
    receiver, processes = Receiver(), Processes(settings, folder)
    async with open_receiver(receiver.take) as door:
        await save(settings, found, door.urls(TARGETS))
        try:
            await processes.start_all()
            began = time.monotonic()
            stop = asyncio.Event()
            killing = asyncio.create_task(processes.kill_on(draw, given.every, stop))
            breaking = asyncio.create_task(interrupt(door, servers, seconds, given.away))
            await produce(settings, texts, given.articles, given.articles / seconds)
            await breaking
            stop.set()
            await killing
            sent = time.monotonic() - began
            await processes.all_ready()
            with suppress(SystemExit):  # what is missing is counted below
                await eventually(partial(complete, due, receiver), "all alerts", PATIENCE + given.away)
            ended = time.monotonic() - began
        finally:
            await asyncio.to_thread(processes.end)
    told = receiver.alerts
    missing = len(due - told.keys())
    surplus = len(told.keys() - due)
    twice = sum(len(ids) > 1 for ids in told.values())
    again = sum(times - 1 for times in receiver.requests.values())
    allowed = AT_ONCE * processes.kills["sender"]
    print(
        f"{given.articles} articles of {given.texts} texts in {sent:.0f} s, {given.searches} searches, "
        f"{processes.kills['matcher']} kills of a matcher, {processes.kills['sender']} of a sender, "
        f"receiver away for {given.away:.0f} s, Kafka killed once, {processes.ended} processes ended by themselves\n"
        f"alerts due {len(due)}: missing {missing}, made twice {twice}, not due {surplus}; "
        f"sent again under the same id {again} (at most {allowed}); "
        f"the last {ended - sent:.0f} s after the last article"
    )
    return not (missing or twice or surplus) and again <= allowed


def complete(due: set[Due], receiver: Receiver) -> bool:
    """Return whether all that is due was told."""
    return due <= receiver.alerts.keys()


def main() -> None:
    """Read the arguments and run, on a stack of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--texts", type=int, default=2000, help="different texts")
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=5.0, help="time in which the articles are sent")
    parser.add_argument("--every", type=float, default=12.0, help="mean time between two kills, in seconds")
    parser.add_argument("--away", type=float, default=60.0, help="time in which the receiver is away, in seconds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, temporary_stack(services=["kafka"]) as servers:
        if not asyncio.run(run(servers, Path(folder), given)):
            raise SystemExit(1)


if __name__ == "__main__":
    main()
