"""The live feed over HTTP on a real Kafka."""

from __future__ import annotations

import asyncio
import random

import httpx
import pytest
from aiokafka.admin import NewPartitions

from streams.api import connection, feed, live, streaming
from streams.api.events import read_vector
from streams.kafka.clients import open_admin, open_producer
from streams.records import Article
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.articles import article
from tests.support.serving import events, live_position, publish, take, until


async def test_a_live_reader_gets_what_matches_and_nothing_else(settings: Settings, api: httpx.AsyncClient) -> None:
    start = await live_position(api)
    reading = asyncio.create_task(take(api, 2, last_event_id=start, q="زلزال أو فيضان", language="ar"))
    quake = article(id="q1", title="زلزال يضرب المدينة")
    await publish(settings, [article(id="n1"), quake, article(id="n2", title="زلزال", language="fr")])
    await publish(settings, [article(id="q2", body="حذرت السلطات من الفيضانات.")])
    found, _ = await reading
    assert sorted(found) == ["q1", "q2"]


async def test_a_reader_who_comes_back_misses_nothing_and_gets_nothing_twice(
    settings: Settings, api: httpx.AsyncClient
) -> None:
    start = await live_position(api)
    await publish(settings, [article(id=f"n{number}") for number in range(60)])
    seen: list[str] = []
    last = start
    for step in range(6):
        found, last = await take(api, 10, last_event_id=last)
        seen += found
        if step == 2:
            # Written while no client listens, and again while the reader catches up.
            await publish(settings, [article(id=f"m{number}") for number in range(30)])
    rest = asyncio.create_task(take(api, 40, last_event_id=last))
    await publish(settings, [article(id=f"l{number}") for number in range(10)])
    seen += (await rest)[0]
    expected = {f"n{n}" for n in range(60)} | {f"m{n}" for n in range(30)} | {f"l{n}" for n in range(10)}
    assert len(seen) == 100
    assert set(seen) == expected


async def test_what_kafka_never_had_is_reported_as_a_gap(settings: Settings, api: httpx.AsyncClient) -> None:
    start = read_vector(await live_position(api))
    beyond = ",".join(f"{partition}:{offset + 1000}" for partition, offset in start.items())
    async with asyncio.timeout(30), api.stream("GET", "/live", headers={"Last-Event-ID": beyond}) as response:
        async for event in events(response):
            if event.kind == "gap":
                assert read_vector(event.id) == start
                return
    raise AssertionError("no gap was reported")


async def test_a_record_that_is_no_article_does_not_end_the_feed(settings: Settings, api: httpx.AsyncClient) -> None:
    start = await live_position(api)
    async with open_producer(settings) as producer:
        for partition in range(settings.partitions):
            await producer.send_and_wait(topic_name(Topic.ENRICHED, settings), b"{", partition=partition)
    await publish(settings, [article(id="after")])
    assert (await take(api, 1, last_event_id=start))[0] == ["after"]


async def test_readers_who_come_and_go_while_articles_flow_miss_nothing(
    settings: Settings, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.02)  # ids of heartbeats are positions to resume from, too
    count = 600
    start = await live_position(api)

    async def write() -> None:
        async with open_producer(settings) as producer:
            for number in range(count):
                entry = article(id=f"n{number}", title="زلزال" if number % 2 else "فيضان")
                await producer.send_and_wait(topic_name(Topic.ENRICHED, settings), entry.to_json(), key=b"%d" % number)

    async def read(seed: int, query: str, expected: int) -> list[str]:
        chance = random.Random(seed)
        last, seen = start, list[str]()
        while len(seen) < expected:
            leave_after = chance.randint(1, 40)
            async with api.stream("GET", "/live", params={"q": query, "last_event_id": last}) as response:
                async for event in events(response):
                    last = event.id or last
                    if event.kind == "article":
                        seen.append(Article.model_validate_json("".join(event.data)).id)
                    leave_after -= 1
                    if not leave_after or len(seen) == expected:
                        break
        return seen

    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        everything = [tasks.create_task(read(seed, "", count)) for seed in range(3)]
        quakes = [tasks.create_task(read(seed, "زلزال", count // 2)) for seed in range(3, 6)]
    for reader in everything:
        assert sorted(reader.result()) == sorted(f"n{number}" for number in range(count))
    for reader in quakes:
        assert sorted(reader.result()) == sorted(f"n{number}" for number in range(1, count, 2))


async def test_partitions_that_come_later_are_followed(
    settings: Settings, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PARTITIONS_SECONDS", 0.2)
    start = await live_position(api)
    reading = asyncio.create_task(take(api, 2, last_event_id=start))
    topic = topic_name(Topic.ENRICHED, settings)
    async with open_admin(settings) as admin:
        await admin.create_partitions({topic: NewPartitions(settings.partitions + 1)})
    async with open_producer(settings) as producer:
        for partition in (settings.partitions, 0):
            entry = article(id=f"p{partition}")
            await producer.send_and_wait(topic, entry.to_json(), partition=partition)
    expected = ["p0", f"p{settings.partitions}"]
    assert sorted((await reading)[0]) == expected
    assert sorted((await take(api, 2, last_event_id=start))[0]) == expected


async def _stands_at(http: httpx.AsyncClient, count: int) -> bool:
    """Whether the feed has read so many articles."""
    return sum(read_vector(await live_position(http)).values()) >= count


def _heavy(number: int) -> Article:
    """An article of 1 MB, so that a few are more than the sockets between us hold; no search reads annotations."""
    return article(id=f"n{number}", annotations={"weight": "س" * 500_000})


async def test_a_reader_who_is_too_slow_is_dropped_and_can_come_back(
    settings: Settings, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "QUEUE_EVENTS", 5)
    # On a busy machine the feed takes longer to read these articles than a client may take to read nothing.
    monkeypatch.setattr(connection, "STEP_SECONDS", 300.0)
    await live_position(api)
    count = 20
    seen: list[str] = []
    async with asyncio.timeout(60), api.stream("GET", "/live") as response:
        stream = events(response)
        last = (await anext(stream)).id
        await publish(settings, [_heavy(number) for number in range(count)])
        await until(lambda: _stands_at(api, count))
        kinds = set()
        async for event in stream:
            kinds.add(event.kind)
            last = event.id or last
            if event.kind == "article":
                seen.append(Article.model_validate_json("".join(event.data)).id)
            if event.kind == "dropped":
                assert event.id == ""
    assert kinds == {"article", "dropped"}
    assert len(seen) < count
    rest, _ = await take(api, count - len(seen), last_event_id=last)
    assert sorted(seen + rest) == sorted(f"n{number}" for number in range(count))


async def test_a_reader_who_takes_nothing_at_all_is_sent_away(
    settings: Settings, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "STALLED_SECONDS", 0.5)
    await live_position(api)

    async def readers() -> float:
        page = (await api.get("/metrics")).text
        return float(next(line for line in page.splitlines() if line.startswith("rasd_live_clients ")).split()[1])

    async def gone() -> bool:
        return await readers() == 0

    async with api.stream("GET", "/live") as response:
        assert response.status_code == 200
        await publish(settings, [_heavy(number) for number in range(40)])
        await until(gone)
