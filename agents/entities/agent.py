"""Define the stage `entities`: find the persons, places and organisations of each body, and what it quotes."""

from collections.abc import Iterator, Sequence

from agents.entities.mentions.extract import tag_articles
from agents.entities.taggers.registry import load_tagger
from streams.records import Article
from streams.stage import Arrival, BatchFunction, Context, MapStage

# Code points of text tagged at once, which memory grows with. A batch of 64 news articles has a fifth of this.
_MOST_LETTERS = 1_000_000


def _build(context: Context) -> BatchFunction:
    tagger = load_tagger(context.settings.entities_backend)
    quotes = context.settings.entities_quotes

    def entities(articles: Sequence[Article], _: Sequence[Arrival]) -> list[list[Article]]:
        tagged: list[list[Article]] = []
        for portion in _portions(articles, tagger.most_texts):
            tagged += [[article] for article in tag_articles(portion, tagger, quotes=quotes)]
            context.progress()
        return tagged

    return entities


def _portions(articles: Sequence[Article], most: int) -> Iterator[Sequence[Article]]:
    """Split articles, in their order, into groups of at most `most` and at most `_MOST_LETTERS` code points of body.

    An article with a longer body is a group of its own.
    """
    start = letters = 0
    for end, article in enumerate(articles):
        letters += len(article.body)
        if end > start and (end - start == most or letters > _MOST_LETTERS):
            yield articles[start:end]
            start, letters = end, len(article.body)
    if articles:
        yield articles[start:]


STAGE = MapStage("entities", "3", accepts=Article, build=_build, batched=True)
