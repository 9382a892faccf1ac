"""How long an article takes from articles.raw to the receiver of an alert, with many standing searches.

    python -m benchmarks.alerts.latency ../shared/corpus [--searches 1 1000 10000] [--articles 120] [--rate 2] [--hops]

A stack of its own, a worker with the stages from clean to geotag, the tap `alerts`, `rasd deliver`, and a webhook
receiver in this process. Articles of the corpus are sent to articles.raw at an even rate. The time is that from the
record's arrival in articles.raw, by Kafka's clock, to the complete request at the receiver, for every alert; both
clocks are this machine's. With --hops, the time between each two topics follows, by the times of their records.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from aiokafka import TopicPartition

from benchmarks.alerts.running import alert_settings, begin, eventually, open_receiver, sample, save
from benchmarks.alerts.searches import BEGIN, searches, titles
from benchmarks.cleaning.corpus import saudinewsnet
from benchmarks.processes import peak
from deploy.local.temporary import temporary_stack
from streams.alerts.standing_search import SearchSettings, new_search
from streams.alerts.store import ALERTS, DELIVERIES, MATCHES, PARTITIONS
from streams.kafka.clients import open_producer, open_reader, read_to_end
from streams.settings import Settings
from streams.topics import Topic, topic_name

STAGES = "clean,fingerprint,dedupe,entities,geotag"
# Addresses of the receiver: each standing search has one of them.
TARGETS = 50
# What the first search is for, so that alerts come with one search too.
COMMON = "السعودية"
# Articles that are sent first and not measured.
WARM_UP = 20
# Seconds without another matched article after which all have come.
QUIET = 5.0


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


async def read_times(settings: Settings, topic: str) -> list[tuple[float, dict[str, Any]]]:
    """Return the times of a topic's records, in seconds since the epoch, and their values."""
    name = topic_name(topic, settings)
    number = PARTITIONS if topic in {MATCHES, ALERTS, DELIVERIES} else settings.partitions
    tps = [TopicPartition(name, partition) for partition in range(number)]
    async with open_reader(settings) as reader:
        reader.assign(tps)
        await reader.seek_to_beginning(*tps)
        return [(record.timestamp / 1000, json.loads(record.value)) async for record in read_to_end(reader, tps)]


async def hops(settings: Settings, since: datetime) -> str:
    """Return rows of the time between two topics, of all alerts about one article that arrived since a moment."""
    enriched = {value["id"]: time for time, value in await read_times(settings, Topic.ENRICHED)}
    matched = {
        (found["search"], value["article"]): time
        for time, value in await read_times(settings, MATCHES)
        for found in value["searches"]
    }
    done = {
        value["alert"]: value for _, value in await read_times(settings, DELIVERIES) if value["state"] == "delivered"
    }
    seconds: dict[str, list[float]] = defaultdict(list)
    told: set[str] = set()
    for alerted, alert in await read_times(settings, ALERTS):
        moment = datetime.fromisoformat(alert["moment"])
        if alert["id"] in told or moment < since or alert["id"] not in done:
            continue
        told.add(alert["id"])
        article = alert["stories"][0]["articles"][0]["article"]
        match = matched[alert["search"], article]
        seconds["articles.raw, articles.enriched"].append(enriched[article] - moment.timestamp())
        seconds["articles.enriched, alerts.matches"].append(match - enriched[article])
        seconds["alerts.matches, alerts"].append(alerted - match)
        ended = datetime.fromisoformat(done[alert["id"]]["ended_at"])
        seconds["alerts, the receiver's answer"].append(ended.timestamp() - alerted)
    rows = ["| from, to | alerts | p50, s | p90, s | most, s |", "|---|---|---|---|---|"]
    for name, times in seconds.items():
        cuts = statistics.quantiles(times, n=10) if len(times) > 1 else times * 9
        rows.append(f"| {name} | {len(times)} | {cuts[4]:.2f} | {cuts[8]:.2f} | {max(times):.2f} |")
    return "\n".join(rows)


async def measure(servers: Settings, folder: Path, given: argparse.Namespace, count: int) -> tuple[str, str]:
    """Run everything with so many searches, and return a row of the table, and that of the hops if asked for."""
    corpus, articles, rate = given.corpus, given.articles, given.rate
    receiver = Receiver()
    settings = alert_settings(servers, folder, f"latency{count}")
    async with open_receiver(receiver.take) as door:
        common = new_search(SearchSettings.model_validate({"name": "عام", "filters": {"q": COMMON}}), now=BEGIN)
        await save(settings, [common, *searches(titles(corpus), count - 1)], door.urls(TARGETS))
        worker = begin(settings, folder, f"worker{count}", "worker", "--stages", STAGES)
        tap = begin(settings, folder, f"tap{count}", "worker", "--tap", "alerts")
        deliver = begin(settings, folder, f"deliver{count}", "deliver")
        try:
            for running in (worker, tap, deliver):
                await eventually(running.ready, running.log.name)
            raws = list(saudinewsnet(corpus, 15))[: articles + WARM_UP]
            async with open_producer(settings) as producer:
                began = time.monotonic()
                for number, raw in enumerate(raws):
                    if number == WARM_UP:
                        receiver.since = datetime.now(UTC)
                    record = raw.model_dump_json(exclude_none=True).encode()
                    await producer.send_and_wait(topic_name(Topic.RAW, settings), record, key=raw.url.encode())
                    await asyncio.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))

            matched, since = 0.0, time.monotonic()

            def done() -> bool:
                nonlocal matched, since
                if (now := sample(tap, "rasd_alerts_articles_total")) != matched:
                    matched, since = now, time.monotonic()
                # Some articles of the corpus have no text, and end as dead letters.
                return (
                    matched >= len(raws) * 0.95
                    and time.monotonic() - since > QUIET
                    and len(receiver.ids) >= sample(deliver, "rasd_alerts_total")
                    and not sample(deliver, "rasd_alerts_undelivered")
                )

            await eventually(done, "all alerts delivered")
            matches = sample(tap, "rasd_alerts_matches_total")
            cost = sample(tap, "rasd_alerts_matching_seconds_total") / sample(tap, "rasd_alerts_articles_total")
            memory = peak(tap.process.pid), peak(deliver.process.pid)
        finally:
            for running in (worker, tap, deliver):
                await asyncio.to_thread(running.kill)
    cuts = statistics.quantiles(receiver.seconds, n=100) if len(receiver.seconds) > 1 else receiver.seconds * 99
    row = (
        f"| {count} | {len(raws)} | {matches:.0f} | {len(receiver.seconds)} | {receiver.repeated} "
        f"| {cuts[49]:.2f} | {cuts[98]:.2f} | {cost * 1000:.1f} | {memory[0]:.0f} | {memory[1]:.0f} |"
    )
    return row, await hops(settings, receiver.since) if given.hops else ""


def main() -> None:
    """Read the arguments, run once for each number of searches, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--searches", type=int, nargs="+", default=[1, 1000, 10_000], help="numbers of searches")
    parser.add_argument("--articles", type=int, default=120, help="articles of each run")
    parser.add_argument("--rate", type=float, default=2.0, help="articles a second")
    parser.add_argument("--hops", action="store_true", help="print the time between each two topics, too")
    given = parser.parse_args()
    between = []
    print(
        "| searches | articles | matches | alerts measured | repeated | p50, s | p99, s | matching, ms an article "
        "| tap, MiB | `rasd deliver`, MiB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder, temporary_stack() as servers:
        for count in given.searches:
            row, of_hops = asyncio.run(measure(servers, Path(folder), given, count))
            print(row, flush=True)
            if of_hops:
                between.append(f"\nwith {count} searches\n\n{of_hops}")
    for table in between:
        print(table)


if __name__ == "__main__":
    main()
