"""articles.tagged to articles.enriched: where on the map the story is."""

from agents.geotag.geotagger import Geotagger, geotag_article
from streams.records import Article
from streams.stage import Arrival, Context, MapFunction, MapStage
from streams.topics import Topic


def _build(_: Context) -> MapFunction:
    geotagger = Geotagger.load()

    def geotag(article: Article, _: Arrival) -> list[Article]:
        return [geotag_article(article, geotagger)]

    return geotag


STAGES = (MapStage("geotag", "2", reads=Topic.TAGGED, writes=Topic.ENRICHED, accepts=Article, build=_build),)
