"""articles.enriched into Elasticsearch, and articles.moves after them."""

from agents.index.cluster_moves import MoveSink
from agents.index.sink import IndexSink
from streams.records import Article, ClusterMove
from streams.stage import Context, SinkStage
from streams.topics import Topic


def _build(context: Context) -> IndexSink:
    return IndexSink(context.settings, context.metrics)


def _build_moves(context: Context) -> MoveSink:
    return MoveSink(context.settings, context.metrics)


STAGES = (
    SinkStage("index", "1", reads=Topic.ENRICHED, accepts=Article, build=_build),
    SinkStage("moves", "1", reads=Topic.MOVES, accepts=ClusterMove, build=_build_moves),
)
