"""Define the stage `clean`: split a page into its articles and clean them."""

from datetime import UTC, datetime

from agents.clean.credits.name_tables import names
from agents.clean.language import load_languages
from agents.clean.page import STAGE as NAME
from agents.clean.page import Limits, clean_page
from agents.text.search import load_normalisers
from streams.records import Article, RawArticle
from streams.stage import Arrival, Context, MapFunction, MapStage


def _build(context: Context) -> MapFunction:
    names()
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


def _load() -> None:
    load_languages()
    load_normalisers()


STAGE = MapStage(NAME, "3", accepts=RawArticle, build=_build, load=_load)
