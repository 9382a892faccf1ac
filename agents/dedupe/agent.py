"""Define the stages `fingerprint` and `dedupe`.

`fingerprint` is stateless, and any number of workers share its work. `dedupe` assigns articles to clusters. The topic
that it reads has one partition, so that every article is compared with every earlier one. Its state is a table; Kafka
has every change of the table before the result that it belongs to is passed on.
"""

from collections.abc import Sequence
from typing import get_args

from agents.dedupe.clusterer import CLUSTERER_EVENTS, Clusterer, ClustererConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from agents.dedupe.stock_phrases import stock_phrases
from agents.text.search import load_normalisers
from streams.observability.metrics import at_zero
from streams.records import Article, Cluster, ClusterMove, FingerprintedArticle
from streams.stage import Arrival, Context, MapFunction, MapStage


def _build_fingerprint(_: Context) -> MapFunction:
    config = FingerprintConfig()
    stock_phrases(config.table)  # read once, and not while the first record waits

    def add_fingerprint(article: Article, _: Arrival) -> list[FingerprintedArticle]:
        # An unknown field of the same name, from another producer, gives way.
        return [FingerprintedArticle(**dict(article) | {"fingerprint": fingerprint(article, config)})]

    return add_fingerprint


class _Assign:
    """Adapt the clusterer to the runner: assign a cluster, count, and emit moves."""

    def __init__(self, context: Context) -> None:
        self._metrics = context.metrics
        config = ClustererConfig(window=context.settings.dedupe_window_hours * 3600.0)
        table = context.table("dedupe", keep_seconds=2 * config.window)
        events = context.metrics.lookup_events
        at_zero(self._metrics.clusters, get_args(Cluster.model_fields["relation"].annotation))
        at_zero(events, CLUSTERER_EVENTS)
        self._clusterer = Clusterer(table, config, lambda event: events.labels(event).inc(), context.progress)
        self._report_size()

    def __call__(self, article: FingerprintedArticle, arrival: Arrival, /) -> Sequence[Article | ClusterMove]:
        cluster = self._clusterer.assign(article, arrival.timestamp)
        cluster = cluster.model_copy(update={"decision": self._clusterer.decision})
        self._metrics.clusters.labels(cluster.relation).inc()
        self._report_size()
        return [article.article().model_copy(update={"cluster": cluster}), *self._clusterer.moves()]

    def recovered(self) -> None:
        """Derive the clusterer's index from the recovered table."""
        self._clusterer.rebuild()
        self._report_size()

    def _report_size(self) -> None:
        # The clusterer knows the number of keys; RocksDB would have to read them all.
        self._metrics.table_keys.labels("dedupe").set(len(self._clusterer))


FINGERPRINT = MapStage("fingerprint", "1", accepts=Article, build=_build_fingerprint, load=load_normalisers)
DEDUPE = MapStage("dedupe", "1", accepts=FingerprintedArticle, build=_Assign, stateful=True, load=load_normalisers)
