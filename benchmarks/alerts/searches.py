"""Standing searches as newsrooms keep them, drawn from the headlines of a corpus."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from agents.text.display import display_text
from benchmarks.cleaning.corpus import saudinewsnet
from streams.alerts.standing_search import SearchSettings, StandingSearch, new_search
from streams.records import Article, RawArticle

BEGIN = datetime(2015, 7, 1, tzinfo=UTC)
# The days of the corpus that may be used, from 2015-07-21 on; later ones are held back.
DAYS = 15
# Every so manyth article is a copy of the one before, in its story.
COPIES = 5


@lru_cache(maxsize=1)
def _raws(corpus: Path) -> list[RawArticle]:
    """The articles that have a text."""
    return [raw for raw in saudinewsnet(corpus, DAYS) if str(raw.content).strip()]


def titles(corpus: Path) -> list[str]:
    """Return the headlines of the corpus."""
    return [display_text(raw.title or "") for raw in _raws(corpus)]


def articles(corpus: Path, count: int, seed: int = 19) -> list[Article]:
    """Return articles of the corpus in a drawn order, as they leave the pipeline, without entities and places.

    Args:
        corpus: folder with `saudinewsnet/`.
        count: number of articles; the corpus is repeated under new ids if it has fewer.
        seed: of the order.
    """
    found = list(_raws(corpus))
    random.Random(seed).shuffle(found)
    made = []
    for number in range(count):
        raw = found[number % len(found)]
        made.append(
            Article(
                id=f"n{number}",
                url=f"https://example.com/{number}",
                source=raw.source,
                language="ar",
                title=display_text(raw.title or "") or None,
                body=display_text(str(raw.content)),
                ingested_at=datetime.now(UTC),
                cluster={"id": f"n{number}", "relation": "first", "score": 1.0, "canonical_id": f"n{number}"},
            )
        )
    return made


def searches(headlines: Sequence[str], count: int, seed: int = 23) -> list[StandingSearch]:
    """Return searches from headlines: of ten, five for two words, two for a phrase, two for alternatives, one for three
    words of which one is excluded."""
    chance = random.Random(seed)
    words = [[word for word in title.split() if len(word) > 3 and word.isalpha()] for title in headlines]
    usable = [each for each in words if len(each) >= 3]
    made = []
    for number in range(count):
        first = chance.choice(usable)
        at = chance.randrange(len(first) - 2)
        one, two, three = first[at : at + 3]
        other = chance.choice(chance.choice(usable))
        query = (
            *[f"{one} {two}"] * 5,
            *[f'"{one} {two}"'] * 2,
            *[f'"{one} {two}" أو "{two} {three}"'] * 2,
            f"{one} {two} -{other}",
        )[number % 10]
        settings = SearchSettings.model_validate({"name": f"بحث {number}", "filters": {"q": query}})
        made.append(new_search(settings, now=BEGIN))
    return made


def story_of(number: int) -> str:
    """Return the story of an article, by its number: its own, or that of the one before."""
    return f"n{number - 1 if number % COPIES == COPIES - 1 else number}"


def text_of(number: int, texts: int) -> int:
    """Return the number of an article's text: a copy has that of the one before."""
    return (number - 1 if number % COPIES == COPIES - 1 else number) % texts


def article_of(number: int, texts: Sequence[Article], moment: datetime) -> Article:
    """Make the article of a number, which arrives at a moment."""
    story = story_of(number)
    relation = "first" if story == f"n{number}" else "near"
    changed = {
        "id": f"n{number}",
        "url": f"https://example.com/{number}",
        "ingested_at": moment,
        "cluster": {"id": story, "relation": relation, "score": 1.0, "canonical_id": story},
    }
    return Article.model_validate(texts[text_of(number, len(texts))].model_dump() | changed)
