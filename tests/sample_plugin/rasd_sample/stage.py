"""A stage: how long an article takes to read."""

from __future__ import annotations

from rasd_sample.settings import SampleSettings
from streams.records import Article
from streams.stage import Arrival, Context, MapFunction, MapStage


def build(_: Context) -> MapFunction:
    """Make the function; called once in each worker. Load models here."""
    speed = SampleSettings().words_a_minute

    def reading_time(article: Article, _: Arrival) -> list[Article]:
        words = len(article.body.split())
        return [article.annotated("reading-time", {"words": words, "minutes": -(-words // speed)})]

    return reading_time


STAGE = MapStage("reading-time", version="1", accepts=Article, build=build, after="geotag")
