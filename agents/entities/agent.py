"""articles.clustered to articles.tagged: the persons, places and organisations of the body."""

from collections.abc import Sequence

from agents.entities.article import tag_articles
from agents.entities.tagger import load_tagger
from streams.records import Article
from streams.stage import Arrival, BatchFunction, Context, MapStage
from streams.topics import Topic


def _build(context: Context) -> BatchFunction:
    tagger = load_tagger(context.settings.entities_backend)

    def entities(articles: Sequence[Article], _: Sequence[Arrival]) -> list[list[Article]]:
        tagged: list[list[Article]] = []
        for start in range(0, len(articles), tagger.most_texts):
            tagged += [[article] for article in tag_articles(articles[start : start + tagger.most_texts], tagger)]
            context.progress()
        return tagged

    return entities


STAGES = (
    MapStage("entities", "1", reads=Topic.CLUSTERED, writes=Topic.TAGGED, accepts=Article, build=_build, batched=True),
)
