"""`rasd watch` on real Kafka: two processes share the sources, one is killed, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from deploy.demo.fake_web import FakeSite, Story, fake_site
from streams.kafka.clients import open_reader, read_to_end
from streams.settings import Settings
from streams.sources.watch.store import read_directory
from streams.topics import Topic, topic_name
from tests.faults.watch_killed import kill_again_and_again
from tests.support.processes import Running, free_port, rasd, start

SITES, FIRST, SECOND = 6, 3, 8


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float, running: Running) -> None:
    """Poll until the condition holds, while the sites of this process go on answering."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, running.tail()
        await asyncio.sleep(0.2)


async def sent_urls(settings: Settings) -> Counter[str]:
    """How often each address is in articles.raw."""
    topic = topic_name(Topic.RAW, settings)
    async with open_reader(settings) as reader:
        tps = [TopicPartition(topic, number) for number in range(settings.partitions)]
        reader.assign(tps)
        await reader.seek_to_beginning(*tps)
        return Counter([json.loads(record.value)["url"] async for record in read_to_end(reader, tps)])


def open_process(settings: Settings, log: Path) -> Running:
    port = free_port()
    return start(settings, log, "watch", "--port", str(port), port=port)


def watched(running: Running) -> int:
    """Number of sources of a process, by its metrics."""
    return sum(int(float(n)) for n in re.findall(r"^rasd_watch_sources\{.*\} (\S+)$", running.metrics(), re.MULTILINE))


async def test_processes_share_the_sources_and_one_takes_over_from_another(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(
        update={"watch_allow": ("127.0.0.1/32",), "watch_host_delay": 0.05, "watch_interval": 1.0}
    )
    async with AsyncExitStack() as stack:
        sites = [await stack.enter_async_context(fake_site()) for _ in range(SITES)]
        expected = {site.publish(number) for site in sites for number in range(FIRST)}

        async def run(*arguments: str) -> str:
            done = await asyncio.to_thread(rasd, *arguments, settings=settings)
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout.decode()

        assert "rss.xml" in await run("sources", "add", sites[0].address, "--name", "site-0", "--dry-run")
        added = await run("sources", "add", sites[0].address, "--name", "site-0", "--collection", "الجسور")
        assert "saved site-0 (feed, صحيفة الجسر)" in added
        await run("sources", "import", str(_list_of(sites[1:], tmp_path)))

        logs = [tmp_path / "first.log", tmp_path / "second.log"]
        processes = [open_process(settings, log) for log in logs]
        try:

            async def all_there() -> bool:
                return set(await sent_urls(settings)) == expected

            async def shared() -> bool:
                numbers = [await asyncio.to_thread(watched, running) for running in processes]
                return sum(numbers) == SITES and min(numbers) > 0

            for running in processes:
                await eventually(lambda r=running: asyncio.to_thread(r.ready), 60, running)  # type: ignore[misc]
            await eventually(all_there, 60, processes[0])
            await eventually(shared, 60, processes[0])

            before = await sent_urls(settings)
            assert set(before.values()) == {1}, "nothing is sent twice, though the sources changed hands"
            expected |= {site.publish(FIRST + number) for site in sites for number in range(SECOND)}

            async def some_came() -> bool:
                return (await sent_urls(settings)).total() > before.total()

            await eventually(some_came, 60, processes[0])
            owned = watched(processes[0])
            await asyncio.to_thread(processes[0].kill)
            await eventually(all_there, 90, processes[1])
            repeated = [url for url, times in (await sent_urls(settings)).items() if times > 1]
            assert len(repeated) <= owned, "one item of each source may have been under way"

            directory = await read_directory(settings)
            assert sum(directory.state(name).items for name in directory.sources) == len(expected)
            listed = await run("sources", "list", "--collection", "الجسور")
            assert "site-0" in listed and "site-1" not in listed
            await run("sources", "health")

            # What the feed does not list any more comes from the sitemap, and nothing that is known comes again.
            site = sites[1]
            site.listed = 5
            old = "/news/20250001"
            site.articles = {old: Story("افتتاح الجسر القديم"), **site.articles}
            before = await sent_urls(settings)
            for _ in range(2):
                sitemap = f"{site.address}/sitemap.xml.gz"
                options = ("--from", "2025-01-01", "--to", "2026-03-01", "--undated", "--pause", "0")
                await run("backfill", "site-1", "--sitemap", sitemap, *options)
                assert await sent_urls(settings) - before == Counter({f"{site.address}{old}": 1})
            await run("sources", "remove", "site-0")
            assert "site-0" not in await run("sources", "export")
            assert await asyncio.to_thread(processes[1].stop) == 0
        finally:
            for running in processes:
                if running.process.poll() is None:
                    running.kill()


def _list_of(sites: list[FakeSite], folder: Path) -> Path:
    entries = [
        {"name": f"site-{number}", "url": f"{site.address}/rss.xml", "kind": "feed", "outlet": f"صحيفة {number}"}
        for number, site in enumerate(sites, start=1)
    ]
    file = folder / "sources.json"
    file.write_text(json.dumps(entries))
    return file


@pytest.mark.timeout(300)
async def test_killed_again_and_again_nothing_is_lost_and_only_items_under_way_are_repeated(
    settings: Settings, tmp_path: Path
) -> None:
    account = await kill_again_and_again(settings, tmp_path, 2)
    assert account.fault is None
    assert account.published > 20
    assert account.lost == 0
    assert account.repeated <= account.allowed
