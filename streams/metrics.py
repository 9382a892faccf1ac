"""Every metric of Rasd. Times in seconds, sizes in bytes, labels bounded.

One `Metrics` object a process, with its own registry: tests make their own, and nothing is registered behind our back.
"""

from __future__ import annotations

import platform

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client import Info as InfoMetric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from streams import __version__

# A second series for every counter, which no dashboard reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

STAGE_SECONDS_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
END_TO_END_BUCKETS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
LOOP_DELAY_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Metrics:
    """The metrics of one process.

    Args:
        registry: where they are registered; a fresh one when None.
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

        self.records_in = Counter("rasd_records_in_total", "Records that a stage took.", ["stage"], registry=reg)
        self.records_out = Counter("rasd_records_out_total", "Records that a stage wrote.", ["stage"], registry=reg)
        self.articles = Counter(
            "rasd_articles_total",
            "Records finished, by outcome: ok, rejected, poison.",
            ["stage", "outcome"],
            registry=reg,
        )
        self.stage_seconds = Histogram(
            "rasd_stage_seconds",
            "Work on one record.",
            ["stage"],
            buckets=STAGE_SECONDS_BUCKETS,
            registry=reg,
        )
        self.batch_records = Histogram(
            "rasd_batch_records", "Records taken at once.", ["stage"], buckets=BATCH_BUCKETS, registry=reg
        )
        self.retries = Counter(
            "rasd_stage_retries_total", "Waits for a broker or server that was away.", ["stage"], registry=reg
        )
        self.dead_letters = Counter(
            "rasd_dead_letters_total", "Records written to articles.dlq.", ["stage", "reason"], registry=reg
        )
        self.lag = Gauge(
            "rasd_consumer_lag_messages",
            "Records of an assigned partition that this worker has not finished.",
            ["stage", "partition"],
            registry=reg,
        )
        self.end_to_end = Histogram(
            "rasd_end_to_end_seconds",
            "From arrival in articles.raw to acknowledged by the index.",
            buckets=END_TO_END_BUCKETS,
            registry=reg,
        )
        self.bulk_requests = Counter(
            "rasd_bulk_requests_total", "Bulk requests to Elasticsearch: ok, retried.", ["outcome"], registry=reg
        )
        self.bulk_documents = Counter(
            "rasd_bulk_documents_total",
            "Documents in them: indexed, unchanged, rejected, retried.",
            ["outcome"],
            registry=reg,
        )
        self.clusters = Counter(
            "rasd_clusters_total", "Articles by relation to their cluster.", ["relation"], registry=reg
        )
        self.cluster_moves = Counter(
            "rasd_cluster_moves_total", "Articles whose cluster changed after they were passed on.", registry=reg
        )
        self.lookup_events = Counter(
            "rasd_lookup_events_total",
            "What the look-up met: posting_capped, candidates_capped, moves_capped, other_algorithm, forgotten.",
            ["event"],
            registry=reg,
        )
        self.table_keys = Gauge("rasd_table_keys", "Keys in a table of this worker.", ["table"], registry=reg)
        self.recovery_seconds = Gauge(
            "rasd_table_recovery_seconds", "Duration of the last recovery of this worker's tables.", registry=reg
        )
        self.loop_delay = Histogram(
            "rasd_event_loop_delay_seconds",
            "How late the event loop wakes a timer.",
            buckets=LOOP_DELAY_BUCKETS,
            registry=reg,
        )
        self.restarts = Gauge(
            "rasd_worker_restarts", "Times this worker process started again after a crash.", registry=reg
        )
        self.api_requests = Counter(
            "rasd_api_requests_total", "Requests to the query API.", ["route", "status"], registry=reg
        )
        self.api_seconds = Histogram(
            "rasd_api_seconds",
            "Time to answer a request.",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
            registry=reg,
        )
        self.live_clients = Gauge("rasd_live_clients", "Clients of the live feed.", registry=reg)
