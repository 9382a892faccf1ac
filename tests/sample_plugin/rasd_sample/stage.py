"""A stage: how long an article takes to read."""

from __future__ import annotations

import math

from rasd_sample.settings import SampleSettings
from streams.records import Article
from streams.stage import Arrival, Context, MapFunction, MapStage

NAME = "reading-time"


def build(_: Context) -> MapFunction:
    """Make the stage's function. Called once in each worker, before it reads: load models here."""
    words_a_minute = SampleSettings().words_a_minute

    def add_reading_time(article: Article, _: Arrival) -> list[Article]:
        words = len(article.body.split())
        return [article.annotated(NAME, {"words": words, "minutes": math.ceil(words / words_a_minute)})]

    return add_reading_time


STAGE = MapStage(NAME, version="1", accepts=Article, build=build, after="geotag")
