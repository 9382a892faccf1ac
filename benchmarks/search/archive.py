"""A large archive for speed tests: real paragraphs, put together anew, with generated names, places and clusters.

Texts keep the vocabulary and lengths of news, on which the cost of a search depends; which article a paragraph came
from does not matter for it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents.text.display import display_text
from benchmarks.cleaning.corpus import saudinewsnet
from streams.records import Article

NEWEST = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 365
PERSONS, ORGANISATIONS, PLACES, OUTLETS = 20_000, 4_000, 1_500, 40
# One article in four is a copy of an earlier story.
COPIES = 0.25


class Archive:
    """An endless supply of articles, the same for the same seed.

    Args:
        corpus: folder with `saudinewsnet/`.
        seed: of the random choices.

    Attributes:
        titles: of the corpus; queries are made of their words.
        made: number of the next article.
    """

    def __init__(self, corpus: Path, seed: int = 11) -> None:
        self._chance = random.Random(seed)
        texts = [(display_text(raw.title or ""), display_text(str(raw.content))) for raw in saudinewsnet(corpus)]
        self.titles = [title for title, _ in texts if len(title.split()) >= 4]
        self._bodies = [[line for line in body.split("\n") if line] for _, body in texts if len(body) > 200]
        self._places = [self._place(number) for number in range(PLACES)]
        self.made = 0

    def articles(self, count: int) -> Iterator[Article]:
        """The next articles."""
        for _ in range(count):
            yield self._article(self.made)
            self.made += 1

    def again(self, numbers: Sequence[int], later: timedelta) -> list[Article]:
        """Known articles, fetched once more with another text."""
        return [
            self._article(number).model_copy(update={"fetched_at": NEWEST + later, "title": f"محدث {number}"})
            for number in numbers
        ]

    def queries(self, count: int, seed: int = 12) -> list[dict[str, Any]]:
        """What readers ask: two to four words of a title; some with a phrase, a place, dates, an exclusion, by time."""
        chance = random.Random(seed)
        asked = []
        for _ in range(count):
            words = [word for word in chance.choice(self.titles).split() if len(word) > 2]
            picked = chance.sample(words, min(len(words), chance.randint(2, 4)))
            wanted: dict[str, Any] = {"q": " ".join(picked)}
            kind = chance.random()
            if kind < 0.1:
                wanted["q"] = f"«{' '.join(words[:2])}» {picked[-1]}"
            elif kind < 0.2:
                wanted["place"] = [chance.choice(self._places)["name"]]
            elif kind < 0.3:
                wanted["from"] = (NEWEST - timedelta(days=chance.randint(1, 60))).isoformat()
            elif kind < 0.4:
                wanted["q"] += f" -{chance.choice(self.titles).split()[0]}"
            elif kind < 0.5:
                wanted |= {"near": f"{chance.uniform(15, 35):.2f},{chance.uniform(30, 55):.2f}", "radius": 300}
            if chance.random() < 0.25:
                wanted["sort"] = "time"
            asked.append(wanted)
        return asked

    def _article(self, number: int) -> Article:
        chance = self._chance
        # Rounded up, half of this article and half of that: no two bodies are the same.
        halves = [body[: (len(body) + 1) // 2] for body in chance.sample(self._bodies, 2)]
        places = [self._places[_often(chance, PLACES)] for _ in range(chance.randint(0, 3))]
        story = chance.randrange(number) if number and chance.random() < COPIES else number
        names = _names("PER", "شخص", PERSONS, chance, 4) + _names("ORG", "هيئة", ORGANISATIONS, chance, 3)
        when = NEWEST - timedelta(seconds=chance.randrange(DAYS * 86_400))
        return Article.model_validate(
            {
                "id": f"d{number}",
                "url": f"https://outlet.example.com/{number}",
                "source": f"outlet{_often(chance, OUTLETS)}",
                "language": "ar",
                "title": chance.choice(self.titles),
                "body": "\n".join(halves[0] + halves[1]),
                "published_at": when,
                "ingested_at": when,
                "cluster": {"id": f"c{story}", "relation": "near", "score": 1, "canonical_id": f"d{story}"},
                "entities": names,
                "places": places,
                "geo": [{"lat": place["lat"], "lon": place["lon"]} for place in places],
            }
        )

    def _place(self, number: int) -> dict[str, Any]:
        chance = self._chance
        return {
            "name": f"مدينة {number}",
            "country": chance.choice(["EG", "SA", "YE", "SY", "IQ", "MA", "TN", "JO", "LB", "AE"]),
            "kind": "city",
            "lat": round(chance.uniform(12, 37), 3),
            "lon": round(chance.uniform(-10, 58), 3),
            "geonameid": 1_000_000 + number,
            "confidence": 1,
            "mentions": [],
        }


def _often(chance: random.Random, size: int) -> int:
    """A number below `size`, small ones far more often, as names are in news."""
    return min(size - 1, int(chance.paretovariate(0.6)) - 1)


def _names(type_: str, word: str, size: int, chance: random.Random, most: int) -> list[dict[str, Any]]:
    names: Sequence[str] = [f"{word} {_often(chance, size)}" for _ in range(chance.randint(0, most))]
    return [{"text": n, "type": type_, "start": 0, "end": len(n), "score": 1, "name": n} for n in names]
