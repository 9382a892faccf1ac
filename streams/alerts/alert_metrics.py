"""The metrics of matching (the tap `alerts`) and of `rasd deliver`."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from streams.alerts.matching import SearchMatcher
from streams.alerts.standing_search import KINDS
from streams.observability.metrics import at_zero

OUTCOMES = ("delivered", "failed", "dead", "cancelled")
_DELAY_BUCKETS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 21600.0, 86400.0)


class MatchMetrics:
    """The metrics of the tap.

    Args:
        registry: of the worker.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.articles = Counter(
            "rasd_alerts_articles_total", "Articles matched against the standing searches.", registry=registry
        )
        self.tried = Counter(
            "rasd_alerts_tried_total",
            "Standing searches tried on an article, as it has words of them.",
            registry=registry,
        )
        self.matches = Counter(
            "rasd_alerts_matches_total", "Matches of articles and standing searches.", registry=registry
        )
        self.seconds = Counter("rasd_alerts_matching_seconds_total", "Time spent on matching.", registry=registry)
        self.searches = Gauge("rasd_alerts_searches", "Standing searches that are matched.", registry=registry)

    def count(self, articles: int, matches: int, matcher: SearchMatcher) -> None:
        """Count a batch."""
        self.articles.inc(articles)
        self.matches.inc(matches)
        self.tried.inc(matcher.tried)
        matcher.tried = 0
        self.searches.set(len(matcher))


class DeliveryMetrics:
    """The metrics of one process of `rasd deliver`.

    Attributes:
        registry: where they are registered.
        ready: whether the process is connected to Kafka.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ready = False
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        reg = self.registry
        self.alerts = Counter("rasd_alerts_total", "Alerts that became due, by kind.", ["kind"], registry=reg)
        at_zero(self.alerts, KINDS)
        self.deliveries = Counter(
            "rasd_alerts_deliveries_total",
            "Attempts to deliver an alert, by outcome: delivered, failed, dead, cancelled.",
            ["outcome"],
            registry=reg,
        )
        at_zero(self.deliveries, OUTCOMES)
        self.delay = Histogram(
            "rasd_alerts_delay_seconds",
            "Time from the arrival of the article that caused an alert, or from its deadline, to its delivery.",
            buckets=_DELAY_BUCKETS,
            registry=reg,
        )
        self.undelivered = Gauge("rasd_alerts_undelivered", "Deliveries that wait or are tried again.", registry=reg)
        self.oldest = Gauge(
            "rasd_alerts_undelivered_seconds",
            "Age of the oldest delivery that is not done; 0 if there is none.",
            registry=reg,
        )
        self.open_targets = Gauge(
            "rasd_alerts_failing_targets", "Targets that failed several times in a row.", registry=reg
        )

    def publish(self, waiting: Mapping[str, float], failing: int) -> None:
        """Publish the state of the queue.

        Args:
            waiting: ages of the deliveries that are not done, in seconds, by id.
            failing: number of failing targets.
        """
        self.undelivered.set(len(waiting))
        self.oldest.set(max(waiting.values(), default=0.0))
        self.open_targets.set(failing)
