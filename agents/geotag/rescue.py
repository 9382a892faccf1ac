"""Raise the odds of doubtful names beside sure places: a common word that is a place here because of its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from agents.geotag.country_votes import distance_km
from agents.geotag.gazetteer import Entry, Strength
from agents.geotag.mention import Candidate, Mention
from agents.geotag.neighbours import Neighbours

#: A country whose name is a common word («مالي») is likelier where a town of its is sure, and a town of a common name
#: where its neighbour within so many km stands beside it in a list («الرملة واللد»), or with two more of its country.
COUNTRY_OF_TOWN = 3.0
BESIDE_NEIGHBOUR, NEIGHBOUR_KM, LEAST_NEIGHBOUR = 4.5, 200.0, 1.0
LIST = 3


class Rescue:
    """Raises the odds of the doubtful names of one text.

    Args:
        neighbours: how its names stand to each other.
        places: those of the gazetteer.
    """

    def __init__(self, neighbours: Neighbours, places: Sequence[Entry]) -> None:
        self._neighbours = neighbours
        self._places = places

    def raise_odds(self, mentions: Sequence[Mention]) -> None:
        """Raise the odds of doubtful names beside sure places, and of several in one list.

        A country is rescued by its town («مالي» where Bamako is), a place by the region printed after it («العمارة
        جنوبي العراق»), by where the way to it begins («من الدار البيضاء إلى بركان») and by its neighbours in a list
        («الرملة واللد»).
        """
        towns = {self._country(m) for m in mentions if m.sure and self._kind(m) == "city"}
        for mention in mentions:
            if mention.doubtful and self._kind(mention) == "country" and self._country(mention) in towns:
                assert mention.chosen is not None  # noqa: S101 -- it has a kind
                around = mention.evidence[mention.chosen.hit]
                mention.odds += COUNTRY_OF_TOWN if around.tagged or around.located else 0.0
        pairs = list(self._neighbours.pairs())
        for one, other in pairs:
            located = other.chosen is not None and other.evidence[other.chosen.hit].located
            if located and other.doubtful and one.sure and self._neighbours.route(one, other):
                self._rescue_within(other, self._country(one))
            if self._neighbours.leads_to(one, other, by_direction=True) and one.doubtful and other.sure:
                self._rescue_within(one, self._country(other))
        run: list[Mention] = []
        for one, other in pairs:
            if self._neighbours.listed(one, other):
                run = [*(run or [one]), other]
            else:
                self._rescue_list(run)
                run = []
        self._rescue_list(run)

    def _rescue_list(self, run: Sequence[Mention]) -> None:
        """Rescue the doubtful names of a list: those near a sure one of their country, or three of one country."""
        known = [mention.chosen for mention in run if mention.chosen and mention.odds > LEAST_NEIGHBOUR]
        for mention in run:
            if not mention.doubtful:
                continue
            near = [candidate for candidate in mention.candidates if any(self._beside(candidate, k) for k in known)]
            if near:
                mention.chosen = near[0]
                mention.odds += BESIDE_NEIGHBOUR
            elif len(run) >= LIST and not known:
                shared = set.intersection(*({self._places[c.place].country for c in m.candidates} for m in run))
                for country in sorted(country for country in shared if country):
                    self._rescue_within(mention, country)

    def _rescue_within(self, mention: Mention, country: str | None) -> None:
        inside = [c for c in mention.candidates if country and self._places[c.place].country == country]
        if inside:
            mention.chosen = inside[0] if mention.chosen not in inside else mention.chosen
            mention.odds += BESIDE_NEIGHBOUR

    def _beside(self, candidate: Candidate, known: Candidate) -> bool:
        one, other = self._places[candidate.place], self._places[known.place]
        if one.kind not in {"city", "division"} or one.country != other.country or other.kind == "country":
            return False
        return candidate.strength is Strength.STRONG or (
            distance_km((one.lat, one.lon), (other.lat, other.lon)) <= NEIGHBOUR_KM
        )

    def _kind(self, mention: Mention) -> str | None:
        return self._places[mention.chosen.place].kind if mention.chosen else None

    def _country(self, mention: Mention) -> str | None:
        return self._places[mention.chosen.place].country if mention.chosen else None
