"""Collect votes on which countries an article is about: from its names, nisbas, dateline, title and outlet."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from streams import geodesy

#: Weights of a vote, by what it comes from.
COUNTRY_NAMED = 1.0
NISBA = 0.5
TOWN = 0.6
DATELINE = 2.0
TITLE = 1.0
OUTLET = 0.7
#: Factor for a vote near the name in question, and how many words away that is at most.
NEAR, NEAR_WORDS = 1.5, 8

# Kept at the radius with which the weights of this stage were tuned.
_EARTH_KM = 6371.0


class CountryVotes:
    """Count weighted votes for countries, some with the word in the body that they come from."""

    def __init__(self) -> None:
        self._votes: dict[str, float] = defaultdict(float)
        self._count = 0
        # Votes by the index of their word, each with a running number.
        self._by_word: dict[int, list[tuple[int, str, float]]] = defaultdict(list)

    def add(self, country: str | None, weight: float, word: int | None = None) -> None:
        """Count a vote.

        Args:
            country: ISO 3166-1 alpha-2; a vote for None is ignored.
            weight: of the vote.
            word: index of the word in the body that the vote comes from, if any.
        """
        if country is None:
            return
        self._votes[country] += weight
        if word is not None:
            self._by_word[word].append((self._count, country, weight))
            self._count += 1

    def shares(self) -> Mapping[str, float]:
        """Return each country's share of all votes, 0 to 1; the square root damps many votes for one country."""
        damped = {country: math.sqrt(votes) for country, votes in self._votes.items()}
        total = sum(damped.values())
        return {country: votes / total for country, votes in damped.items()} if total else {}

    def near(self, first: int, last: int) -> dict[str, float]:
        """Return the votes within NEAR_WORDS of the words `first` to `last` (half-open), which are left out themselves.

        A vote weighs less with the square root of its distance in words.
        """
        around = (*range(first - NEAR_WORDS, first), *range(last, last + NEAR_WORDS))
        votes = [(*vote, word) for word in around for vote in self._by_word.get(word, ())]
        found: dict[str, float] = defaultdict(float)
        for _, country, weight, word in sorted(votes):
            distance = first - word if word < first else word - last + 1
            found[country] += weight * NEAR / math.sqrt(distance)
        return found


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance in km of two points given as (latitude, longitude) in degrees."""
    return geodesy.distance_km(a, b, _EARTH_KM)


def nearest_km(point: tuple[float, float], others: Iterable[tuple[float, float]], beyond: float) -> float:
    """Return the distance in km to the nearest point that is farther than `beyond` km; infinity if there is none."""
    distances = (distance_km(point, other) for other in others)
    return min((distance for distance in distances if distance > beyond), default=math.inf)
