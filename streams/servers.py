"""Asks Kafka and Elasticsearch how they are, for Prometheus. Runs beside the API, which talks to both anyway.

No exporter has to be installed for it, and it knows which topics and indices are ours. What an exporter tells beyond it
(request times of brokers, caches of Elasticsearch) matters to those who run these servers for others too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from elasticsearch import ApiError, AsyncElasticsearch

from streams.errors import RasdError
from streams.kafka import AWAY, open_admin, open_reader
from streams.metrics import ServerMetrics
from streams.search.client import passing_errors
from streams.search.setup import names
from streams.settings import Settings
from streams.topics import Topic, topic_name

ASK_SECONDS = 10.0  # Prometheus scrapes as often
STATUSES = {"green": 0, "yellow": 1, "red": 2}


class ServerWatch:
    """Keeps `ServerMetrics` up to date.

    Args:
        settings: which topics, group and indices are ours.
        metrics: what it sets.
        client: of Elasticsearch; its owner closes it.
    """

    def __init__(self, settings: Settings, metrics: ServerMetrics, client: AsyncElasticsearch) -> None:
        self.settings = settings
        self.metrics = metrics
        self._client = client
        self._rejected: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask, every ten seconds."""
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop asking."""
        while self._task is not None and not self._task.done():
            # Once is not enough: aiokafka takes a cancellation that meets it while it closes for the end of its own.
            self._task.cancel()
            await asyncio.wait([self._task], timeout=0.5)

    async def _watch(self) -> None:
        while True:
            await asyncio.gather(self.ask_elasticsearch(), self.ask_kafka())
            await asyncio.sleep(ASK_SECONDS)

    async def ask_elasticsearch(self) -> None:
        """Once; `rasd_elasticsearch_up` says whether it answered."""
        try:
            with passing_errors(self.settings):
                health = await self._client.cluster.health()
                stats = await self._client.indices.stats(index=names(self.settings).pattern, metric="docs,store")
                nodes = await self._client.nodes.stats(metric="fs,jvm,thread_pool")
        except (RasdError, ApiError):
            # The API answers 503 with the reason, and the alert on this metric tells the rest.
            self.metrics.elasticsearch_up.set(0)
            return
        self.metrics.elasticsearch_status.set(STATUSES[health["status"]])
        whole = stats["_all"]
        self.metrics.documents.set(whole["primaries"].get("docs", {}).get("count", 0))
        self.metrics.index_bytes.set(whole["total"].get("store", {}).get("size_in_bytes", 0))
        for node in nodes["nodes"].values():
            self._node(node)
        self.metrics.elasticsearch_up.set(1)

    def _node(self, node: Mapping[str, Any]) -> None:
        name = node["name"]
        self.metrics.disk.labels(name).set(node["fs"]["total"]["total_in_bytes"])
        self.metrics.disk_free.labels(name).set(node["fs"]["total"]["available_in_bytes"])
        self.metrics.heap.labels(name).set(node["jvm"]["mem"]["heap_used_in_bytes"])
        self.metrics.heap_max.labels(name).set(node["jvm"]["mem"]["heap_max_in_bytes"])
        pool = node["thread_pool"]["write"]
        self.metrics.write_queue.labels(name).set(pool["queue"])
        # The node counts from its own start, so after a restart of it all that it says is new.
        before = self._rejected.get(name, pool["rejected"])
        new = pool["rejected"] - before if pool["rejected"] >= before else pool["rejected"]
        self.metrics.write_rejections.labels(name).inc(new)
        self._rejected[name] = pool["rejected"]

    async def ask_kafka(self) -> None:
        """Once; `rasd_kafka_up` says whether it answered."""
        try:
            async with open_admin(self.settings) as admin, open_reader(self.settings) as reader:
                await self._topics(admin, reader)
        except (RasdError, *AWAY):
            self.metrics.kafka_up.set(0)
            return
        self.metrics.kafka_up.set(1)

    async def _topics(self, admin: AIOKafkaAdminClient, reader: Any) -> None:
        self.metrics.brokers.set(len((await admin.describe_cluster())["brokers"]))
        described = await admin.describe_topics([topic_name(topic, self.settings) for topic in Topic])
        partitions = {t["topic"]: t["partitions"] for t in described if t["error_code"] == 0}
        self.metrics.under_replicated.set(
            sum(len(p["isr"]) < len(p["replicas"]) for group in partitions.values() for p in group)
        )
        places = [TopicPartition(name, p["partition"]) for name, group in partitions.items() for p in group]
        begins = await reader.beginning_offsets(places)
        ends = await reader.end_offsets(places)
        committed = await admin.list_consumer_group_offsets(self.settings.app_id)
        for topic in Topic:
            own = [place for place in places if place.topic == topic_name(topic, self.settings)]
            end = sum(ends[place] for place in own)
            self.metrics.topic_kept.labels(topic.value).set(end - sum(begins[place] for place in own))
            self.metrics.topic_written.labels(topic.value).inc(max(0, end - self._ends.get(topic.value, end)))
            self._ends[topic.value] = end
            if topic is not Topic.DLQ:  # nobody has to read it
                left = (ends[p] - max(begins[p], committed[p].offset if p in committed else 0) for p in own)
                self.metrics.group_lag.labels(topic.value).set(sum(max(0, waiting) for waiting in left))
