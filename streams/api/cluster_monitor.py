"""Polls Kafka and Elasticsearch for Prometheus. Runs in the API's process, which is connected to both.

It needs no exporter, and knows which topics and indices are Rasd's. What exporters report beyond it (request times of
brokers, caches of Elasticsearch) matters to those who run these servers for other users too.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from elasticsearch import ApiError, AsyncElasticsearch

from streams.elastic.client import translate_errors
from streams.elastic.templates import names
from streams.errors import RasdError
from streams.kafka.clients import UNAVAILABLE_ERRORS, end_task, open_admin, open_reader
from streams.kafka.first_records import FIRST_BYTES, FirstRecords
from streams.kafka.flow import Look
from streams.kafka.retention import warnings
from streams.kafka.topic_offsets import read_topics
from streams.observability.logs import get_logger
from streams.observability.metrics import ServerMetrics
from streams.pipeline import load_pipeline
from streams.settings import Settings
from streams.topics import Topic

log = get_logger(__name__)

ASK_SECONDS = 10.0  # Prometheus scrapes as often
# A server that takes longer to answer counts as unavailable.
ROUND_SECONDS = 45.0
# Rates are those of about a minute.
LOOKS = 7
STATUSES = {"green": 0, "yellow": 1, "red": 2}


class ClusterMonitor:
    """Keeps `ServerMetrics` up to date.

    Args:
        settings: names of topics, consumer group and indices.
        metrics: the metrics to set.
        client: the Elasticsearch client; the caller closes it.

    Attributes:
        asked_at: monotonic time of the last poll's end; 0 before the first.
        live_ends: end offset by partition of the live feed's topic, without empty partitions; empty while Kafka is
            unavailable.
        warnings: topics of which retention may soon delete unread records, one line each.
        looks: at the topics, the latest last, of about a minute; empty while Kafka is unavailable.
    """

    def __init__(self, settings: Settings, metrics: ServerMetrics, client: AsyncElasticsearch) -> None:
        self.settings = settings
        self.metrics = metrics
        self._client = client
        self._topic_names = load_pipeline().topics
        self._rejected: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._firsts: FirstRecords = {}
        self._task: asyncio.Task[None] | None = None
        self.asked_at = 0.0
        self.live_ends: dict[int, int] = {}
        self.warnings: list[str] = []
        self.looks: deque[Look] = deque(maxlen=LOOKS)

    def start(self) -> None:
        """Start polling, every ten seconds."""
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop polling."""
        await end_task(self._task)

    async def _watch(self) -> None:
        while True:
            try:
                await asyncio.gather(self.ask_elasticsearch(), self.ask_kafka())
            except Exception:
                # A bug: the metrics go stale, and /livez fails if it persists.
                log.exception("polling Kafka and Elasticsearch failed; retrying")
            else:
                self.asked_at = time.monotonic()
            await asyncio.sleep(ASK_SECONDS)

    async def ask_elasticsearch(self) -> None:
        """Poll Elasticsearch once; set `rasd_elasticsearch_up` to whether it answered."""
        try:
            async with asyncio.timeout(ROUND_SECONDS):
                with translate_errors(self.settings):
                    health = await self._client.cluster.health()
                    stats = await self._client.indices.stats(index=names(self.settings).pattern, metric="docs,store")
                    nodes = await self._client.nodes.stats(metric="fs,jvm,thread_pool")
        except (RasdError, ApiError, TimeoutError):
            # The API's 503 responses give the reason; there is an alert on this metric.
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
        # The node counts since its start, so after its restart the whole count is new.
        before = self._rejected.get(name, pool["rejected"])
        new = pool["rejected"] - before if pool["rejected"] >= before else pool["rejected"]
        self.metrics.write_rejections.labels(name).inc(new)
        self._rejected[name] = pool["rejected"]

    async def ask_kafka(self) -> None:
        """Poll Kafka once; set `rasd_kafka_up` to whether it answered."""
        try:
            async with (
                asyncio.timeout(ROUND_SECONDS),
                open_admin(self.settings) as admin,
                open_reader(self.settings, fetch_bytes=FIRST_BYTES) as reader,
            ):
                await self._topics(admin, reader)
        except (RasdError, *UNAVAILABLE_ERRORS):
            self.metrics.kafka_up.set(0)
            self.live_ends = {}
            self.looks.clear()
            return
        self.metrics.kafka_up.set(1)

    async def _topics(self, admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer) -> None:
        self.metrics.brokers.set(len((await admin.describe_cluster())["brokers"]))
        states = await read_topics(self.settings, self._topic_names, admin, reader, self._firsts)
        self.looks.append(Look(time.monotonic(), states))
        self.metrics.under_replicated.set(sum(state.lacking for state in states.values()))
        live = states.get(Topic.ENRICHED)
        self.live_ends = {p: end for p, end in live.ends.items() if end > live.begins[p]} if live else {}
        self.warnings = warnings(states.values(), time.time())
        for topic, state in states.items():
            self.metrics.topic_kept.labels(topic).set(state.kept)
            self.metrics.topic_written.labels(topic).inc(max(0, state.end - self._ends.get(topic, state.end)))
            self._ends[topic] = state.end
            if topic != Topic.DLQ:
                self.metrics.group_lag.labels(topic).set(state.waiting)
                self.metrics.deleted_unread.labels(topic).set(sum(state.deleted_unread.values()))
                if (left := state.retention_left(time.time())) is not None:
                    self.metrics.retention_left.labels(topic).set(left)
