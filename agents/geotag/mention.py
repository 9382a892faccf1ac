"""A name in a text on its way to a decision, and the places that it may mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agents.geotag.evidence import Evidence
from agents.geotag.gazetteer import Strength
from agents.geotag.name_scan import Hit, Match

#: Confidence in a place that contradicts the region printed beside it.
CONTRADICTED = 0.2
#: Log-odds above which a name is surely a place.
SURE = 2.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place that a match may mean.

    Attributes:
        hit: the reading of the match.
        place: index of the place in the gazetteer.
        strength: how much evidence the name needs.
    """

    hit: Hit
    place: int
    strength: Strength


@dataclass(slots=True)
class Mention:
    """A match on its way to a decision.

    Attributes:
        match: the words.
        candidates: the places that they may mean.
        evidence: the context of each reading.
        chosen: the place that they mean; None if they are no place here.
        odds: log-odds that they are a place.
        probability: of `chosen` among the candidates, 0 to 1.
        container: index of the region printed right after the name, in which the place should lie.
        contradicted: whether `chosen` does not lie in `container`.
    """

    match: Match
    candidates: list[Candidate]
    evidence: dict[Hit, Evidence]
    chosen: Candidate | None = None
    odds: float = 0.0
    probability: float = 0.0
    container: int | None = None
    contradicted: bool = False

    @property
    def sure(self) -> bool:
        """Return whether this is surely a place, whatever stands around it."""
        return self.odds > SURE

    @property
    def doubtful(self) -> bool:
        """Return whether this is likely no place here, though no reading of it is anything else."""
        return self.odds <= 0 and not any(around.other for around in self.evidence.values())

    @property
    def confidence(self) -> float:
        """Return the probability that this is a place and that it is `chosen`, 0 to 1."""
        if self.contradicted:
            return CONTRADICTED
        return self.probability / (1 + math.exp(-self.odds))
