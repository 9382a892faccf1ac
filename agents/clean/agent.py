"""articles.raw to articles.clean: one page in, its articles out."""

from datetime import UTC, datetime

from agents.clean.page import STAGE, Limits, clean_page
from streams.records import Article, RawArticle
from streams.stage import Arrival, Context, MapFunction, MapStage
from streams.topics import Topic


def _build(context: Context) -> MapFunction:
    limits = Limits(
        max_content_bytes=context.settings.max_content_bytes,
        max_paragraphs=context.settings.max_paragraphs,
        max_articles=context.settings.max_articles,
    )

    explain = context.settings.explain

    def clean(raw: RawArticle, arrival: Arrival) -> list[Article]:
        ingested_at = datetime.fromtimestamp(arrival.timestamp, UTC)
        return clean_page(raw, ingested_at=ingested_at, limits=limits, explain=explain)

    return clean


STAGES = (MapStage(STAGE, "2", reads=Topic.RAW, writes=Topic.CLEAN, accepts=RawArticle, build=_build),)
