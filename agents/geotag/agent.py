"""Define the stage `geotag`: resolve the places that each article names, and its main place."""

from agents.geotag.geotagger import Geotagger, geotag_article
from agents.text.search import load_normalisers
from streams.records import Article
from streams.stage import Arrival, Context, MapFunction, MapStage


def _build(_: Context) -> MapFunction:
    geotagger = Geotagger.load()

    def geotag(article: Article, _: Arrival) -> list[Article]:
        return [geotag_article(article, geotagger)]

    return geotag


STAGE = MapStage("geotag", "3", accepts=Article, build=_build, load=load_normalisers)
