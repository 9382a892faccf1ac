"""The metrics of `rasd watch`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from streams.errors import Reason
from streams.observability.metrics import at_zero
from streams.sources.watch.directory import Watching
from streams.sources.watch.health import ABNORMAL, Verdict
from streams.sources.watch.web import Fault

VISIT_OUTCOMES = ("changed", "unchanged", *(fault.value for fault in Fault))
_AGE_BUCKETS = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0, 7200.0, 21600.0)
_INTERVAL_BUCKETS = (30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)


class WatchMetrics:
    """The metrics of one process that watches sources.

    Attributes:
        registry: where they are registered.
        ready: whether the process is connected to Kafka and visits its sources.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ready = False
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        reg = self.registry
        self.visits = Counter(
            "rasd_watch_visits_total",
            "Visits to sources, by outcome: changed, unchanged, or the kind of fault.",
            ["outcome"],
            registry=reg,
        )
        at_zero(self.visits, VISIT_OUTCOMES)
        self.items = Counter("rasd_watch_items_total", "Items of sources sent to articles.raw.", registry=reg)
        self.dead_letters = Counter(
            "rasd_watch_dead_letters_total", "Items of sources sent to articles.dlq.", ["reason"], registry=reg
        )
        at_zero(self.dead_letters, [reason.value for reason in Reason])
        self.requests = Counter("rasd_watch_requests_total", "HTTP requests made, robots.txt too.", registry=reg)
        self.gaps = Counter(
            "rasd_watch_gaps_total",
            "Visits that overlapped with nothing seen before, so that items may have been missed.",
            registry=reg,
        )
        self.interval = Histogram(
            "rasd_watch_interval_seconds",
            "Time between visits that the schedule chose after a successful one.",
            buckets=_INTERVAL_BUCKETS,
            registry=reg,
        )
        self.sources = Gauge("rasd_watch_sources", "Sources of this process, by verdict.", ["verdict"], registry=reg)
        self.abnormal = Gauge(
            "rasd_watch_source_abnormal",
            "1 for each source of this process that needs somebody to look after it.",
            ["name", "verdict"],
            registry=reg,
        )
        self.item_age = Histogram(
            "rasd_watch_item_age_seconds",
            "Time from the date that a list gives an item to articles.raw; of items at most six hours old.",
            buckets=_AGE_BUCKETS,
            registry=reg,
        )
        self._counted_requests = 0

    def sent(self, published: datetime | None, now: datetime) -> None:
        """Count an item that was sent, and its age if its list dates it."""
        self.items.inc()
        if published is not None and 0 <= (age := (now - published).total_seconds()) <= _AGE_BUCKETS[-1]:
            self.item_age.observe(age)

    def visited(self, before: Watching, after: Watching) -> None:
        """Count one visit, by the states before and after it."""
        if after.failures:
            self.visits.labels(after.fault_kind or Fault.NETWORK.value).inc()
            return
        self.visits.labels("unchanged" if after.unchanged > before.unchanged else "changed").inc()
        self.gaps.inc(after.gaps - before.gaps)
        self.interval.observe(after.interval)

    def publish(self, numbers: Mapping[Verdict, int], verdicts: Mapping[str, Verdict]) -> None:
        """Set the gauges of verdicts.

        Args:
            numbers: number of sources with each verdict.
            verdicts: verdict by source.
        """
        for verdict in Verdict:
            self.sources.labels(verdict.value).set(numbers.get(verdict, 0))
        self.abnormal.clear()
        for name, verdict in verdicts.items():
            if verdict in ABNORMAL:
                self.abnormal.labels(name, verdict.value).set(1)

    def count_requests(self, total: int) -> None:
        """Count the requests made since the last call; `total` starts again at zero with a new client."""
        self.requests.inc(total - self._counted_requests if total >= self._counted_requests else total)
        self._counted_requests = total
