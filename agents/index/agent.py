"""Define the stages `index`, which writes articles to Elasticsearch, and `moves`, which updates clusters there."""

from agents.index.cluster_moves import MoveSink
from agents.index.sink import IndexSink
from streams.records import Article, ClusterMove
from streams.stage import Context, SinkStage


def _build_index(context: Context) -> IndexSink:
    return IndexSink(context.settings, context.metrics)


def _build_moves(context: Context) -> MoveSink:
    return MoveSink(context.settings, context.metrics)


INDEX = SinkStage("index", "1", accepts=Article, build=_build_index, own_timeouts=True)
MOVES = SinkStage("moves", "1", accepts=ClusterMove, build=_build_moves, own_timeouts=True)
