"""articles.enriched into Elasticsearch."""

from agents.index.sink import IndexSink
from streams.records import Article
from streams.stage import Context, SinkStage
from streams.topics import Topic


def _build(context: Context) -> IndexSink:
    return IndexSink(context.settings, context.metrics)


STAGES = (SinkStage("index", "1", reads=Topic.ENRICHED, accepts=Article, build=_build),)
