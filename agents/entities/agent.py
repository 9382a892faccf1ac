"""articles.clustered to articles.tagged: the persons, places and organisations of the body."""

from agents.entities.article import tag_article
from agents.entities.tagger import load_tagger
from streams.records import Article
from streams.stage import Arrival, Context, MapFunction, MapStage
from streams.topics import Topic


def _build(context: Context) -> MapFunction:
    tagger = load_tagger(context.settings.entities_backend)

    def entities(article: Article, _: Arrival) -> list[Article]:
        return [tag_article(article, tagger)]

    return entities


STAGES = (MapStage("entities", "1", reads=Topic.CLUSTERED, writes=Topic.TAGGED, accepts=Article, build=_build),)
