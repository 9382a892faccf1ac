"""All Prometheus metrics of Rasd. Times in seconds, sizes in bytes, labels from bounded sets.

A process has one `Metrics` object with a registry of its own, so that tests can create as many as they need.
"""

from __future__ import annotations

import platform
from collections import Counter as Counted
from collections.abc import Iterable
from itertools import product
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client import Info as InfoMetric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from streams import __version__
from streams.errors import Reason
from streams.records import Article, Entity

# prometheus_client would export a second series `…_created` for each counter, which no dashboard reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

ENTITY_TYPES: tuple[str, ...] = get_args(Entity.model_fields["type"].annotation)
OUTCOMES = ("ok", "rejected", "poison")
STAGE_SECONDS_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# A crawler may submit an article at once, or an archive of a whole year.
FETCHED_BUCKETS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0, 604800.0)
COUNT_BUCKETS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 100)
BULK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
END_TO_END_BUCKETS = (
    *(0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 45.0),
    *(60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 3600.0, 10800.0),
)
REBALANCE_BUCKETS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0)
LOOP_DELAY_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


def at_zero(metric: Counter | Histogram, *values: Iterable[str]) -> None:
    """Create a metric's series at zero, for each combination of label values.

    PromQL's `rate` and `increase` miss the first event of a series that does not exist before it.

    Args:
        metric: a counter or histogram with labels.
        values: all values of each label, in the order of the metric's labels.
    """
    for combination in product(*values):
        metric.labels(*combination)


class Metrics:
    """The metrics of one process.

    Args:
        registry: where to register them; if None, a new one, with the collectors of process, platform and GC.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        if registry is None:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)
        reg = self.registry
        self.build = InfoMetric("rasd_build", "Version of this process.", registry=reg)
        self.build.info({"version": __version__, "python": platform.python_version()})

        self.records_in = Counter("rasd_records_in_total", "Records consumed by a stage.", ["stage"], registry=reg)
        self.records_out = Counter("rasd_records_out_total", "Records written by a stage.", ["stage"], registry=reg)
        self.articles = Counter(
            "rasd_articles_total",
            "Records processed by a stage, by outcome: ok, rejected, poison.",
            ["stage", "outcome"],
            registry=reg,
        )
        self.stage_seconds = Histogram(
            "rasd_stage_seconds",
            "Processing time of one record.",
            ["stage"],
            buckets=STAGE_SECONDS_BUCKETS,
            registry=reg,
        )
        self.batch_records = Histogram(
            "rasd_batch_records", "Records in a batch.", ["stage"], buckets=BATCH_BUCKETS, registry=reg
        )
        self.retries = Counter(
            "rasd_stage_retries_total",
            "Retries of a stage while Kafka or Elasticsearch was unavailable.",
            ["stage"],
            registry=reg,
        )
        self.dead_letters = Counter(
            "rasd_dead_letters_total", "Records written to articles.dlq.", ["stage", "reason"], registry=reg
        )
        self.deleted_unread = Counter(
            "rasd_records_deleted_unread_total",
            "Records that Kafka deleted before the stage read them.",
            ["stage", "topic"],
            registry=reg,
        )
        self.stage_topic = Gauge(
            "rasd_stage_topic", "1: the stage of this worker reads the topic.", ["stage", "topic"], registry=reg
        )
        self.lag = Gauge(
            "rasd_consumer_lag_messages",
            "Unprocessed records in a partition assigned to this worker.",
            ["stage", "partition"],
            registry=reg,
        )
        self.lag_seconds = Gauge(
            "rasd_consumer_lag_seconds",
            "Age of the oldest unprocessed record in a partition assigned to this worker; 0 if there is none.",
            ["stage", "partition"],
            registry=reg,
        )
        self.end_to_end = Histogram(
            "rasd_end_to_end_seconds",
            "Time from arrival in articles.raw to acknowledgement by the index.",
            buckets=END_TO_END_BUCKETS,
            registry=reg,
        )
        self.fetched_to_searchable = Histogram(
            "rasd_fetched_to_searchable_seconds",
            "Time from an article's fetched_at to acknowledgement by the index; articles without it are not counted.",
            buckets=FETCHED_BUCKETS,
            registry=reg,
        )
        self.entities = Histogram(
            "rasd_article_entities",
            "Entity mentions per indexed article.",
            ["type"],
            buckets=COUNT_BUCKETS,
            registry=reg,
        )
        self.places = Histogram(
            "rasd_article_places",
            "Resolved places per indexed article.",
            buckets=COUNT_BUCKETS,
            registry=reg,
        )
        self.bulk_seconds = Histogram(
            "rasd_bulk_seconds", "Duration of a bulk request to Elasticsearch.", buckets=BULK_BUCKETS, registry=reg
        )
        self.bulk_bytes = Counter("rasd_bulk_bytes_total", "Bytes sent in bulk requests.", registry=reg)
        self.bulk_requests = Counter(
            "rasd_bulk_requests_total",
            "Bulk requests to Elasticsearch, by outcome: ok, retried.",
            ["outcome"],
            registry=reg,
        )
        self.bulk_documents = Counter(
            "rasd_bulk_documents_total",
            "Documents in bulk requests, by outcome: indexed, unchanged, rejected, retried.",
            ["outcome"],
            registry=reg,
        )
        self.clusters = Counter(
            "rasd_clusters_total", "Articles, by relation to their cluster.", ["relation"], registry=reg
        )
        self.cluster_moves = Counter(
            "rasd_cluster_moves_total", "Articles whose cluster changed after they had been passed on.", registry=reg
        )
        self.lookup_events = Counter(
            "rasd_lookup_events_total",
            "Events in the clusterer: posting_capped, candidates_capped, moves_capped, other_algorithm, forgotten.",
            ["event"],
            registry=reg,
        )
        self.table_keys = Gauge("rasd_table_keys", "Keys in a table of this worker.", ["table"], registry=reg)
        self.recovery_seconds = Gauge(
            "rasd_table_recovery_seconds",
            "Time from the last partition assignment until tables and indexes were restored.",
            registry=reg,
        )
        self.rebalance_seconds = Histogram(
            "rasd_rebalance_seconds",
            "Time from the start of a rebalance until records flow again, with tables restored.",
            buckets=REBALANCE_BUCKETS,
            registry=reg,
        )
        # Not registered before it is measured: in a process without tables its value would be 0, as of a full disk.
        self.state_free = Gauge(
            "rasd_state_disk_free_bytes", "Free space on the disk that holds this worker's tables.", registry=None
        )
        self._state_free_registered = False
        self.archive_bytes = Counter(
            "rasd_archive_bytes_total", "Bytes that the tap archive has written to its disk.", registry=reg
        )
        self.archive_files = Counter(
            "rasd_archive_files_total", "Files that the tap archive has finished.", registry=reg
        )
        # As above: a process that archives nothing has no such disk.
        self.archive_free = Gauge(
            "rasd_archive_disk_free_bytes", "Free space on the disk of the tap archive.", registry=None
        )
        self._archive_free_registered = False
        self.loop_delay = Histogram(
            "rasd_event_loop_delay_seconds",
            "Delay of a timer in the event loop.",
            buckets=LOOP_DELAY_BUCKETS,
            registry=reg,
        )
        self.stage_process_memory = Gauge(
            "rasd_stage_process_resident_memory_bytes",
            "Resident memory of the process in which map stages compute; 0 without one.",
            registry=reg,
        )
        self.stage_process_cpu = Counter(
            "rasd_stage_process_cpu_seconds_total",
            "Processor time of the processes in which map stages compute.",
            registry=reg,
        )
        self.restarts = Gauge("rasd_worker_restarts", "Restarts of this worker process after a crash.", registry=reg)
        self.api_requests = Counter(
            "rasd_api_requests_total", "Requests to the query API.", ["route", "status"], registry=reg
        )
        self.api_seconds = Histogram(
            "rasd_api_seconds",
            "Time to the first byte of a response.",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
            registry=reg,
        )
        self.api_limited = Counter(
            "rasd_api_limited_total",
            "Requests and connections that the API refused or cut off.",
            ["limit"],
            registry=reg,
        )
        self.live_clients = Gauge("rasd_live_clients", "Connected clients of the live feed.", registry=reg)
        self.live_lag = Gauge(
            "rasd_live_lag_messages",
            "Records that the live feed has not read; 0 while Kafka is unavailable.",
            registry=reg,
        )

    def start_at_zero(self, stage: str) -> None:
        """Create at zero the series that every stage has. A stage does so for its own metrics, with `at_zero`."""
        for metric in (self.records_in, self.records_out, self.retries):
            at_zero(metric, [stage])
        for histogram in (self.stage_seconds, self.batch_records):
            at_zero(histogram, [stage])
        at_zero(self.articles, [stage], OUTCOMES)
        at_zero(self.dead_letters, [stage], [reason.value for reason in Reason])

    def set_state_free(self, number: float) -> None:
        """Set `rasd_state_disk_free_bytes`, which does not exist before the first call.

        Args:
            number: free bytes on the disk that holds the tables.
        """
        self.state_free.set(number)
        if not self._state_free_registered:
            self.registry.register(self.state_free)
            self._state_free_registered = True

    def set_archive_free(self, number: float) -> None:
        """Set `rasd_archive_disk_free_bytes`, which does not exist before the first call.

        Args:
            number: free bytes on the disk that holds the archive.
        """
        self.archive_free.set(number)
        if not self._archive_free_registered:
            self.registry.register(self.archive_free)
            self._archive_free_registered = True

    def searchable(self, article: Article, now: float) -> None:
        """Record that the index acknowledged an article.

        Args:
            article: the indexed article.
            now: seconds since the epoch.
        """
        self.end_to_end.observe(max(0.0, now - article.ingested_at.timestamp()))
        if article.fetched_at is not None:
            self.fetched_to_searchable.observe(max(0.0, now - article.fetched_at.timestamp()))
        by_type: Counted[str] = Counted(entity.type for entity in article.entities)
        for kind in ENTITY_TYPES:
            self.entities.labels(kind).observe(by_type[kind])
        self.places.observe(len(article.places))


class ServerMetrics:
    """Metrics about Kafka and Elasticsearch, set by `streams.api.cluster_monitor` in the API's process alone.

    Args:
        registry: where to register them.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, labels, registry=registry)

        self.elasticsearch_up = gauge("rasd_elasticsearch_up", "1 if Elasticsearch answers, else 0.")
        self.elasticsearch_status = gauge("rasd_elasticsearch_status", "Cluster status: 0 green, 1 yellow, 2 red.")
        self.documents = gauge(
            "rasd_elasticsearch_documents", "Articles in all indices of this pipeline, replicas excluded."
        )
        self.index_bytes = gauge(
            "rasd_elasticsearch_index_bytes", "Size on disk of all indices of this pipeline, replicas included."
        )
        self.disk = gauge("rasd_elasticsearch_disk_bytes", "Size of a node's disk.", "node")
        self.disk_free = gauge("rasd_elasticsearch_disk_free_bytes", "Free space on a node's disk.", "node")
        self.heap = gauge("rasd_elasticsearch_heap_bytes", "Heap in use by a node.", "node")
        self.heap_max = gauge("rasd_elasticsearch_heap_max_bytes", "Maximum heap of a node.", "node")
        self.write_queue = gauge("rasd_elasticsearch_write_queue", "Bulk requests queued in a node.", "node")
        self.write_rejections = Counter(
            "rasd_elasticsearch_write_rejections_total",
            "Bulk requests that a node rejected because its queue was full.",
            ["node"],
            registry=registry,
        )
        self.kafka_up = gauge("rasd_kafka_up", "1 if Kafka answers, else 0.")
        self.brokers = gauge("rasd_kafka_brokers", "Brokers in the Kafka cluster.")
        self.under_replicated = gauge(
            "rasd_kafka_under_replicated_partitions",
            "Partitions of our topics with fewer in-sync replicas than configured.",
        )
        self.topic_kept = gauge("rasd_kafka_topic_records", "Records held by a topic.", "topic")
        self.topic_written = Counter(
            "rasd_kafka_topic_written_total", "Records written to a topic.", ["topic"], registry=registry
        )
        self.group_lag = gauge(
            "rasd_kafka_group_lag_messages",
            "Records of a topic that the workers have not processed; reported even when no worker runs.",
            "topic",
        )
        self.deleted_unread = gauge(
            "rasd_kafka_deleted_unread_messages",
            "Records of a topic that Kafka deleted behind the offset that the workers have committed.",
            "topic",
        )
        self.retention_left = gauge(
            "rasd_kafka_retention_left_seconds",
            "Time until retention may delete the oldest record of a topic that the workers have not processed.",
            "topic",
        )
