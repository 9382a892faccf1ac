"""Articles with their copies, composed for tests: texts are random words, so that stories share nothing by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from streams.records import Article

_LETTERS = "ابتجحدرزسشصطعفقكلمنهوي"
_OUTLETS = ("almina", "alufuq", "assada", "alrasid", "alwaha", "annahr")
START = datetime(2026, 3, 1, tzinfo=UTC)

Edit = Callable[[list[str], random.Random, list[str]], list[str]]


def _same(text: list[str], _: random.Random, __: list[str]) -> list[str]:
    return text


def _edited(text: list[str], rng: random.Random, words: list[str]) -> list[str]:
    return [rng.choice(words) if rng.random() < 0.08 else word for word in text]


def _cut(text: list[str], rng: random.Random, _: list[str]) -> list[str]:
    return text[: round(rng.uniform(0.5, 0.8) * len(text))]


def _extended(text: list[str], rng: random.Random, words: list[str]) -> list[str]:
    return text + rng.choices(words, k=rng.randint(10, 60))


def _half(text: list[str], rng: random.Random, words: list[str]) -> list[str]:
    """Half the text and as much of its own: a copy of some of its relatives and not of others."""
    return text[len(text) // 2 :] + rng.choices(words, k=len(text) // 2)


_EDITS: tuple[Edit, ...] = (_same, _edited, _cut, _extended, _half)


def articles(number: int, seed: int = 5, hours: float = 48.0) -> list[Article]:
    """Articles in the order in which they came, over so many hours: stories of one to six versions."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(_LETTERS, k=rng.randint(3, 6))) for _ in range(5000)]
    made: list[Article] = []
    story = 0
    while len(made) < number:
        made.extend(_story(story, rng, words, hours))
        story += 1
    return sorted(made[:number], key=lambda article: (article.ingested_at, article.id))


def _story(story: int, rng: random.Random, words: list[str], hours: float) -> Iterator[Article]:
    text = rng.choices(words, k=rng.randint(50, 110))
    came = START + timedelta(hours=rng.random() * hours)
    first, versions = rng.choice(_OUTLETS), rng.choice((1, 1, 1, 2, 3, 6))
    for version in range(versions):
        edit = rng.choice(_EDITS) if version else _same
        # Every fourth version is an update: the first outlet again, at an address with the same number.
        outlet = first if version % 4 == 0 else rng.choice(_OUTLETS)
        yield Article(
            id=f"s{story}-{version}",
            url=f"https://{outlet}.example.com/news/{100_000 + story}/{version if outlet != first else 0}",
            source=outlet,
            language="ar",
            body=" ".join(edit(text, rng, words)),
            ingested_at=came + timedelta(seconds=round(rng.expovariate(1 / 1800), 3) if version else 0),
        )
