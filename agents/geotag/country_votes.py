"""Which countries an article is about, so far as its names, nisbas, dateline and outlet tell."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

COUNTRY_NAMED = 1.0
NISBA = 0.5
TOWN = 0.6
DATELINE = 2.0
TITLE = 1.0
OUTLET = 0.7
#: Weight of a country that stands beside the name itself, within this many words.
NEAR, NEAR_WORDS = 1.5, 8

_EARTH_KM = 6371.0


class Countries:
    """Votes for countries."""

    def __init__(self) -> None:
        self._votes: dict[str, float] = defaultdict(float)
        self._count = 0
        # By word: the votes that stand there, each with its number.
        self._places: dict[int, list[tuple[int, str, float]]] = defaultdict(list)

    def add(self, country: str | None, weight: float, word: int | None = None) -> None:
        """Count a vote; `word` is where in the body it stands."""
        if country is None:
            return
        self._votes[country] += weight
        if word is not None:
            self._places[word].append((self._count, country, weight))
            self._count += 1

    def shares(self) -> Mapping[str, float]:
        """Each country's part of all votes; many mentions of one count for less and less."""
        damped = {country: math.sqrt(votes) for country, votes in self._votes.items()}
        total = sum(damped.values())
        return {country: votes / total for country, votes in damped.items()} if total else {}

    def near(self, first: int, last: int) -> dict[str, float]:
        """Votes within NEAR_WORDS of the words first to last, those themselves left out; nearer ones weigh more."""
        around = (*range(first - NEAR_WORDS, first), *range(last, last + NEAR_WORDS))
        votes = [(*vote, word) for word in around for vote in self._places.get(word, ())]
        found: dict[str, float] = defaultdict(float)
        for _, country, weight, word in sorted(votes):
            distance = first - word if word < first else word - last + 1
            found[country] += weight * NEAR / math.sqrt(distance)
        return found


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two points in degrees (haversine formula)."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*a, *b))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def nearest_km(point: tuple[float, float], others: Iterable[tuple[float, float]], beyond: float) -> float:
    """Distance to the nearest of the points that are farther away than `beyond` km; infinite when there is none."""
    distances = (distance_km(point, other) for other in others)
    return min((distance for distance in distances if distance > beyond), default=math.inf)
