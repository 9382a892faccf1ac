"""From sent to searchable, article by article, at a steady rate."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import httpx

from streams.kafka.clients import open_producer
from streams.settings import Settings
from streams.topics import Topic, topic_name

POLL_SECONDS = 0.05
LAST_WAIT = 30.0


async def measure(settings: Settings, values: Sequence[bytes], rate: float, seconds: float) -> dict[str, Any]:
    """Send `rate` articles a second for a while, and look every 50 ms which of them a search finds.

    Returns:
        `delays` in seconds, one an article, and `missing`, how many were not found 30 s after the last was sent.
    """
    sent: dict[str, float] = {}
    delays: list[float] = []
    sending = asyncio.create_task(send_steadily(settings, values, rate, seconds, sent))
    url = f"{str(settings.elasticsearch_url).rstrip('/')}/{settings.index_prefix}-read/_search"
    ended: float | None = None
    async with httpx.AsyncClient(timeout=30) as client:
        while True:
            if sending.done():
                await sending
                ended = ended or time.perf_counter()
                if not sent or time.perf_counter() - ended > LAST_WAIT:
                    return {"delays": delays, "missing": len(sent)}
            outstanding = sorted(sent, key=sent.__getitem__)[:1000]
            body = {"size": 1000, "_source": False, "query": {"ids": {"values": outstanding}}}
            answer = await client.post(url, json=body)
            now = time.perf_counter()
            if answer.status_code == 200:
                delays += [now - sent.pop(hit["_id"]) for hit in answer.json()["hits"]["hits"]]
            await asyncio.sleep(POLL_SECONDS)


async def send_steadily(
    settings: Settings, values: Sequence[bytes], rate: float, seconds: float, sent: dict[str, float]
) -> None:
    """Send `rate` articles a second for a while, and note in `sent` when each was: m0, m1, …"""
    topic = topic_name(Topic.RAW, settings)
    started = time.perf_counter()
    async with open_producer(settings) as producer:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
            record = json.loads(values[number % len(values)])
            record["id"] = f"m{number}"
            # What comes round again is changed, so that it is not recognised as a copy at once.
            record["content"] = f"{record['content']}\n{number}"
            sent[record["id"]] = time.perf_counter()
            await producer.send(topic, json.dumps(record, ensure_ascii=False).encode())
