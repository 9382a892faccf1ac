"""The live feed: from arrival in articles.raw to a reader, and many readers at once.

    rasd up && python -m benchmarks.search.live
    rasd up && python -m benchmarks.search.live --readers 500 --rate 5 --articles 150

The first sends raw articles through a whole worker to one reader. The second (--readers) writes enriched articles, so
that only the API is measured; it ends when every reader has every article, and counts what came twice. Both use topics
and an index of their own on the servers of the settings and take them away again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.search.running import Usage, api, ground, process, ready, spread, text
from deploy.local.service import free_port
from streams.kafka.clients import open_producer
from streams.records import Article
from streams.settings import Settings
from streams.topics import Topic, topic_name


def raw(name: str, chance: random.Random) -> bytes:
    """A raw article of about 4 KB."""
    content = "\n".join(f"{text(chance, 60)}." for _ in range(6))
    record = {"url": f"https://almina.example.com/{name}", "source": "almina", "id": name}
    return json.dumps(record | {"title": text(chance, 8), "content": content}, ensure_ascii=False).encode()


def enriched(name: str, chance: random.Random) -> bytes:
    """An article of about 4 KB as it leaves the pipeline."""
    return Article(
        id=name,
        url=f"https://almina.example.com/{name}",
        source="almina",
        language="ar",
        title=text(chance, 8),
        body="\n".join(text(chance, 60) for _ in range(6)),
        ingested_at="2024-02-03T04:05:06Z",
    ).to_json()


@dataclass
class Reader:
    """A reader of the live feed over a bare socket, so that 500 of them cost this process little."""

    seen: dict[str, float] = field(default_factory=dict)
    twice: int = 0

    async def read(self, url: str, begun: asyncio.Event, count: int) -> None:
        """Follow the feed until `count` articles have come."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**22)
        try:
            writer.write(f"GET /live HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
            status = await reader.readline()
            if b" 200 " not in status:
                raise SystemExit(f"/live answers {status.decode().strip()}")
            while len(self.seen) < count:
                line = await reader.readline()
                if not line:
                    raise SystemExit("/live ended")
                if line.startswith(b"retry:"):
                    begun.set()
                elif line.startswith(b'data: {"id":"'):
                    name = line[13 : line.index(b'"', 13)].decode()
                    self.twice += name in self.seen
                    self.seen[name] = time.perf_counter()
        finally:
            writer.close()


async def send(settings: Settings, topic: Topic, records: dict[str, bytes], rate: float) -> dict[str, float]:
    """Send records at an even pace; when each was acknowledged."""
    sent: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    async with open_producer(settings) as producer:
        start = loop.time()
        for number, (name, record) in enumerate(records.items()):
            await asyncio.sleep(max(0.0, start + number / rate - loop.time()))
            await producer.send_and_wait(topic_name(topic, settings), record, key=name.encode())
            sent[name] = time.perf_counter()
    return sent


async def follow(
    readers: list[Reader], url: str, settings: Settings, topic: Topic, *, records: dict[str, bytes], rate: float
) -> dict[str, float]:
    """Let all readers connect, send the records, wait until every reader has them; when each was acknowledged."""
    begun = [asyncio.Event() for _ in readers]
    async with asyncio.TaskGroup() as tasks:
        for reader, event in zip(readers, begun, strict=True):
            tasks.create_task(reader.read(url, event, len(records)))
        for event in begun:
            await event.wait()
        return await send(settings, topic, records, rate)


async def arrival(articles: int, rate: float) -> None:
    """Print how long an article takes from articles.raw to a reader."""
    chance = random.Random(5)
    async with AsyncExitStack() as stack:
        settings = await stack.enter_async_context(ground())
        port = free_port()
        worker = stack.enter_context(process(settings, "worker", "--port", str(port)))
        await ready(f"http://127.0.0.1:{port}", worker)
        url, _ = await stack.enter_async_context(api(settings))
        # The first articles find cold caches in every stage.
        warming = {f"w{n}": raw(f"w{n}", chance) for n in range(30)}
        await follow([Reader()], url, settings, Topic.RAW, records=warming, rate=rate)
        reader = Reader()
        records = {f"n{n}": raw(f"n{n}", chance) for n in range(articles)}
        sent = await follow([reader], url, settings, Topic.RAW, records=records, rate=rate)
        delays = [reader.seen[name] - at for name, at in sent.items()]
        print(f"arrival in articles.raw to the reader, {len(delays)} articles at {rate:g}/s: {spread(delays)}")


async def many(readers: int, articles: int, rate: float) -> None:
    """Print what many readers at once cost."""
    chance = random.Random(5)
    async with ground() as settings, api(settings) as (url, child):
        clients = [Reader() for _ in range(readers)]
        records = {f"n{n}": enriched(f"n{n}", chance) for n in range(articles)}
        with Usage(child) as usage:
            sent = await follow(clients, url, settings, Topic.ENRICHED, records=records, rate=rate)
            cores = usage.cores()
        delays = [client.seen[name] - at for client in clients for name, at in sent.items()]
        print(f"{readers} readers, {articles} articles at {rate:g}/s: every reader got every article,")
        print(f"  {sum(client.twice for client in clients)} twice; delay {spread(delays)}")
        print(f"  API: {cores:.2f} cores, {usage.before:.0f} MiB before, {usage.most:.0f} MiB at most")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=300, help="how many to send (300)")
    parser.add_argument("--rate", type=float, default=10.0, help="how many a second (10)")
    parser.add_argument("--readers", type=int, default=0, help="so many readers of the API alone")
    arguments = parser.parse_args()
    if arguments.readers:
        asyncio.run(many(arguments.readers, arguments.articles, arguments.rate))
    else:
        asyncio.run(arrival(arguments.articles, arguments.rate))


if __name__ == "__main__":
    main()
