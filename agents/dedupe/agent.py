"""articles.clean to articles.clustered, in two steps.

`fingerprint` is stateless and shared by any number of workers. `dedupe` is the look-up: one partition, so that every
article meets every earlier one; its state is a table whose changelog is in Kafka before a result is passed on.
"""

from collections.abc import Sequence
from typing import get_args

from agents.dedupe.clusterer import LOOKUP_EVENTS, Lookup, LookupConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from streams.observability.metrics import at_zero
from streams.records import Article, Cluster, ClusterMove, FingerprintedArticle
from streams.stage import Arrival, Context, MapFunction, MapStage
from streams.topics import Topic


def _build_fingerprint(_: Context) -> MapFunction:
    config = FingerprintConfig()

    def add_fingerprint(article: Article, _: Arrival) -> list[FingerprintedArticle]:
        return [FingerprintedArticle(**dict(article), fingerprint=fingerprint(article, config))]

    return add_fingerprint


class _Assign:
    """The look-up as the runner calls it."""

    def __init__(self, context: Context) -> None:
        self._metrics = context.metrics
        config = LookupConfig(window=context.settings.dedupe_window_hours * 3600.0)
        events = context.metrics.lookup_events
        at_zero(self._metrics.clusters, get_args(Cluster.model_fields["relation"].annotation))
        at_zero(events, LOOKUP_EVENTS)
        self._lookup = Lookup(context.table("dedupe"), config, count=lambda event: events.labels(event).inc())
        self._tell_size()

    def __call__(self, article: FingerprintedArticle, arrival: Arrival, /) -> Sequence[Article | ClusterMove]:
        cluster = self._lookup.assign(article, arrival.timestamp)
        cluster = cluster.model_copy(update={"decision": self._lookup.decision})
        self._metrics.clusters.labels(cluster.relation).inc()
        self._tell_size()
        moves = [
            ClusterMove(id=move.article_id, cluster=move.cluster.model_copy(update={"decision": move.decision}))
            for move in self._lookup.moves()
        ]
        return [article.article().model_copy(update={"cluster": cluster}), *moves]

    def recovered(self) -> None:
        self._lookup.rebuild()
        self._tell_size()

    def _tell_size(self) -> None:
        # The catalogue knows how many keys there are; RocksDB would have to read them all.
        self._metrics.table_keys.labels("dedupe").set(len(self._lookup))


STAGES = (
    MapStage(
        "fingerprint", "1", reads=Topic.CLEAN, writes=Topic.FINGERPRINTED, accepts=Article, build=_build_fingerprint
    ),
    MapStage(
        "dedupe",
        "1",
        reads=Topic.FINGERPRINTED,
        writes=Topic.CLUSTERED,
        accepts=FingerprintedArticle,
        build=_Assign,
        stateful=True,
        side_outputs={ClusterMove: Topic.MOVES},
    ),
)
