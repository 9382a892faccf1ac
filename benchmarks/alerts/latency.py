"""How long an article takes from articles.raw to the receiver of an alert, with many standing searches.

    python -m benchmarks.alerts.latency ../shared/corpus [--searches 1 1000 10000] [--articles 120] [--rate 2]

A stack of its own, a worker with the stages from clean to geotag, the tap `alerts`, `rasd deliver`, and a webhook
receiver in this process. Articles of the corpus are sent to articles.raw at an even rate. The time is that from the
record's arrival in articles.raw, by Kafka's clock, to the complete request at the receiver, for every alert; both
clocks are this machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import HttpUrl, SecretStr

from benchmarks.alerts.searches import BEGIN, searches, titles
from benchmarks.cleaning.corpus import saudinewsnet
from deploy.local.temporary import temporary_stack
from streams.alerts.standing_search import SearchSettings, StandingSearch, Target, new_search
from streams.alerts.store import SEARCHES, alert_specs
from streams.kafka.clients import create_topics, open_producer
from streams.settings import Settings
from streams.topics import Topic, topic_name, topic_specs
from tests.support.processes import Running, free_port, start

STAGES = "clean,fingerprint,dedupe,entities,geotag"
#: Receivers: each standing search has one of these addresses.
TARGETS = 50
# What the first search is for, so that alerts come with one search too.
COMMON = "السعودية"
PATIENCE = 300.0
WARM_UP = 20


class Receiver:
    """Takes alerts, and notes how long each took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.ids: set[str] = set()
        self.repeated = 0
        self.since = datetime.max.replace(tzinfo=UTC)

    async def take(self, request: web.Request) -> web.Response:
        """Note a request."""
        alert = (await request.json())["data"]
        moment = datetime.fromisoformat(alert["moment"])
        if alert["id"] in self.ids:
            self.repeated += 1
        elif moment >= self.since:
            self.seconds.append((datetime.now(UTC) - moment).total_seconds())
        self.ids.add(alert["id"])
        return web.Response(status=204)


async def eventually(condition: Callable[[], Any], what: str) -> None:
    """Poll until a condition holds.

    Raises:
        SystemExit: it does not within PATIENCE.
    """
    deadline = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {PATIENCE:.0f} s: {what}")
        await asyncio.sleep(0.2)


def sample(running: Running, name: str) -> float:
    """Return the sum of a metric's samples on a process's page."""
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", running.metrics(), re.MULTILINE)
    return sum(map(float, found))


def peak_memory(running: Running) -> float:
    """Return the largest resident memory that a process has had, in MiB."""
    status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else 0.0


async def save(settings: Settings, found: list[StandingSearch], url: str) -> None:
    """Store standing searches, each with a target."""
    await create_topics(settings, alert_specs(settings))
    async with open_producer(settings) as producer:
        for number, search in enumerate(found):
            target = Target(to=f"{url}/{number % TARGETS}")
            record = search.model_copy(update={"targets": (target,)}).to_json()
            await producer.send(topic_name(SEARCHES, settings), record, key=search.id.encode())
        await producer.flush()


async def measure(corpus: Path, count: int, articles: int, rate: float) -> str:
    """Run everything with so many searches, and return a row of the table."""
    receiver = Receiver()
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/hook/{number}", receiver.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    with tempfile.TemporaryDirectory() as made, temporary_stack() as servers:
        folder = Path(made)
        settings = servers.model_copy(
            update={
                "state_dir": folder / "state",
                "partitions": 2,
                "alerts_allow": ("127.0.0.1/32",),
                "alerts_signing_key": SecretStr("a key of the benchmark only"),
                "alerts_url": HttpUrl("https://rasd.example.com/"),
            }
        )
        await create_topics(settings, topic_specs(settings))
        common = new_search(SearchSettings.model_validate({"name": "عام", "filters": {"q": COMMON}}), now=BEGIN)
        await save(settings, [common, *searches(titles(corpus), count - 1)], url)

        def begin(name: str, *command: str) -> Running:
            port = free_port()
            return start(settings, folder / f"{name}.log", *command, "--port", str(port), port=port)

        worker = begin("worker", "worker", "--stages", STAGES)
        tap, deliver = begin("tap", "worker", "--tap", "alerts"), begin("deliver", "deliver")
        try:
            for running in (worker, tap, deliver):
                await eventually(running.ready, running.log.name)
            began = time.monotonic()
            raws = list(saudinewsnet(corpus, 15))[: articles + WARM_UP]
            async with open_producer(settings) as producer:
                for number, raw in enumerate(raws):
                    if number == WARM_UP:
                        receiver.since = datetime.now(UTC)
                    record = raw.model_dump_json(exclude_none=True).encode()
                    await producer.send_and_wait(topic_name(Topic.RAW, settings), record, key=raw.url.encode())
                    await asyncio.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))

            def done() -> bool:
                due = sample(deliver, "rasd_alerts_total")
                return (
                    sample(tap, "rasd_alerts_articles_total") >= len(raws) * 0.95
                    and len(receiver.ids) >= due
                    and not sample(deliver, "rasd_alerts_undelivered")
                )

            await eventually(done, "all alerts delivered")
            matches = sample(tap, "rasd_alerts_matches_total")
            cost = sample(tap, "rasd_alerts_matching_seconds_total") / sample(tap, "rasd_alerts_articles_total")
            memory = peak_memory(tap), peak_memory(deliver)
        finally:
            for running in (worker, tap, deliver):
                await asyncio.to_thread(running.kill)
    await runner.cleanup()
    cuts = statistics.quantiles(receiver.seconds, n=100) if len(receiver.seconds) > 1 else receiver.seconds * 99
    return (
        f"| {count} | {len(raws)} | {matches:.0f} | {len(receiver.seconds)} | {receiver.repeated} "
        f"| {cuts[49]:.2f} | {cuts[98]:.2f} | {cost * 1000:.1f} | {memory[0]:.0f} | {memory[1]:.0f} |"
    )


def main() -> None:
    """Read the arguments, run once for each number of searches, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--searches", type=int, nargs="+", default=[1, 1000, 10_000], help="numbers of searches")
    parser.add_argument("--articles", type=int, default=120, help="articles of each run")
    parser.add_argument("--rate", type=float, default=2.0, help="articles a second")
    given = parser.parse_args()
    print(
        "| searches | articles | matches | alerts measured | repeated | p50, s | p99, s | matching, ms an article "
        "| tap, MiB | `rasd deliver`, MiB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for count in given.searches:
        print(asyncio.run(measure(given.corpus, count, given.articles, given.rate)), flush=True)


if __name__ == "__main__":
    main()
