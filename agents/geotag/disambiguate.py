"""Decide for every name in a text whether it is a place there, and which place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from agents.geotag.country_votes import CountryVotes, distance_km, nearest_km
from agents.geotag.evidence import BASE, HINT_OF_LIST, LISTED, TRIGGER, Hint
from agents.geotag.gazetteer import Entry, Gazetteer, Strength
from agents.geotag.mention import Candidate, Mention
from agents.geotag.name_scan import Scan, contradicts, differs_in_alef, has_marks
from agents.geotag.neighbours import Neighbours
from agents.geotag.rescue import Rescue

# Parts of a candidate's score, in units of the decimal logarithm of its population.
COUNTRY_SHARE = 3.0
COUNTRY_NEAR = 0.8
FITS_HINT = 2.5
MISFITS_HINT = -2.0
DIVISION_WITHOUT_HINT = -1.2
NEARBY, NEARBY_KM = 1.2, 150.0
WEAK_SENSE = -1.0
VOWELS_DIFFER = -8.0
IN_CONTAINER, OUT_OF_CONTAINER = 2.0, -2.0
#: Temperature of the softmax that turns scores into probabilities.
TEMPERATURE = 0.8
#: A country with this share of the votes makes small or ambiguous names in it likelier, by SUPPORT (log-odds).
SUPPORT_SHARE, SUPPORT = 0.25, 1.2
#: «حي العزيزية» is a quarter of a town here, not a town of that name elsewhere, and «حي اليرموك» no camp elsewhere.
FOREIGN_QUARTER = -4.0
#: A hamza inside a word is no way to write a bare alef: «لجأوا» is not «ل» and «جاوا».
OTHER_ALEF = -6.0
#: What a name that is surely a place adds to other mentions of it.
SAME_NAME = 1.5
#: «الوزير الأردني في عمان»: what a town gains by a nisba of its country within so many words before it, and what a
#: country loses beside its own town: «بين عمان ومسقط».
NISBA_BEFORE, NISBA_WORDS = 1.5, 4
BESIDE_OWN_TOWN = -3.0
#: What a country gains over a town of its name between countries of a list: «المغرب وعمان وقطر».
AMONG_COUNTRIES = 3.0
#: What a doubtful name gains by a nisba of its country after it: «صور اللبنانية».
OWN_NISBA = 2.0
#: Candidates this near each other in km (a town and its governorate) are not alternatives.
SAME_SPOT_KM = 30.0
#: From this weight on (`Entry.weight`), a place may be printed beside a foreign region without contradiction.
WELL_KNOWN = 5.5
#: Within this many km of a town of another country, a place may be printed beside that country's name.
BORDER_KM = 30.0
#: A town farther than this from a division's seat, in km, is not in that division.
CONTAINER_KM = 400.0

_FITS: dict[Hint, frozenset[str]] = {
    Hint.DIVISION: frozenset({"division"}),
    Hint.CITY: frozenset({"city"}),
    Hint.POI: frozenset({"poi"}),
    Hint.WATER: frozenset({"water"}),
    Hint.REGION: frozenset({"region"}),
    Hint.COUNTRY: frozenset({"country"}),
}
_MISFITS: dict[Hint, frozenset[str]] = {
    Hint.CITY: frozenset({"country", "division", "region", "water"}),
    Hint.POI: frozenset({"country"}),
    Hint.WATER: frozenset({"city", "country", "division"}),
    Hint.REGION: frozenset({"country"}),
}


class Disambiguator:
    """Decide about the mentions of one text.

    Args:
        gazetteer: the places.
        scan: the text.
        mentions: the text's names, in order; `decide` fills in their decisions.
        countries: the countries that the article is about.
    """

    def __init__(self, gazetteer: Gazetteer, scan: Scan, mentions: Sequence[Mention], countries: CountryVotes) -> None:
        self._gazetteer = gazetteer
        self._places = gazetteer.places
        self._scan = scan
        self._mentions = mentions
        self._countries = countries
        self._shares: Mapping[str, float] = countries.shares()
        self._neighbours = Neighbours(scan, mentions)
        self._rescue = Rescue(self._neighbours, self._places)

    def decide(self) -> None:
        """Decide about every mention, first alone and then given the places chosen around it."""
        self._spread_hints()
        for mention in self._mentions:
            self._choose(mention, ())
        self._accept()
        self._containers()
        points = list({self._point(m.chosen) for m in self._mentions if m.chosen and self._fine(m.chosen)})
        for mention in self._mentions:
            if mention.container is not None or len({self._places[c.place].country for c in mention.candidates}) > 1:
                self._choose(mention, points)
        self._accept()

    def _spread_hints(self) -> None:
        """Apply the hint of a list's first name to the others: «محافظات حماة وحلب», «قضاء هيت والقائم»."""
        for previous, mention in self._neighbours.pairs():
            if not self._neighbours.listed(previous, mention):
                continue
            first = next(iter(previous.evidence.values()))
            for around in mention.evidence.values():
                if around.hint is not None or first.hint in {None, Hint.DIRECTION}:
                    continue
                if first.plural:
                    around.hint, around.plural = first.hint, True
                    around.odds += TRIGGER
                else:
                    around.odds += HINT_OF_LIST

    def _fine(self, candidate: Candidate) -> bool:
        return self._places[candidate.place].kind in {"city", "poi", "division"}

    def _point(self, candidate: Candidate) -> tuple[float, float]:
        entry = self._places[candidate.place]
        return entry.lat, entry.lon

    def _choose(self, mention: Mention, points: Sequence[tuple[float, float]]) -> None:
        if len(mention.candidates) == 1:
            self._settle(mention, mention.candidates[0], 1.0)
            return
        near = self._countries.near(mention.match.first, mention.match.last)
        scores = [self._score(mention, candidate, near, points) for candidate in mention.candidates]
        best = max(range(len(scores)), key=scores.__getitem__)
        chosen = mention.candidates[best]
        spot = self._point(chosen)
        total = same = 0.0
        for score, candidate in zip(scores, mention.candidates, strict=True):
            part = math.exp((score - scores[best]) / TEMPERATURE)
            total += part
            if candidate is chosen or distance_km(spot, self._point(candidate)) < SAME_SPOT_KM:
                same += part
        self._settle(mention, chosen, same / total)

    def _settle(self, mention: Mention, chosen: Candidate, probability: float) -> None:
        mention.chosen, mention.probability = chosen, probability
        mention.odds = self._odds(mention, chosen)
        mention.contradicted = (
            mention.container is not None
            and self._contradicts(chosen, mention.container)
            and not self._borders(chosen, mention.container)
        )
        if mention.contradicted and chosen.strength is Strength.WEAK and not mention.evidence[chosen.hit].hint:
            mention.odds += OUT_OF_CONTAINER

    def _score(
        self,
        mention: Mention,
        candidate: Candidate,
        near: Mapping[str, float],
        points: Sequence[tuple[float, float]],
    ) -> float:
        entry = self._places[candidate.place]
        score = entry.weight
        if entry.country:
            score += COUNTRY_SHARE * self._shares.get(entry.country, 0.0) + COUNTRY_NEAR * near.get(entry.country, 0.0)
        if candidate.strength is Strength.WEAK:
            score += WEAK_SENSE
        around = mention.evidence[candidate.hit]
        if around.plural and around.hint is Hint.CITY and self._neighbours.alone(mention):
            # «مدن عمان» are those of the country.
            score += FITS_HINT if entry.kind in {"country", "division", "region"} else MISFITS_HINT
        else:
            score += _hint_score(around.hint, entry)
        score += self._vowels(mention, candidate)
        abroad = len({self._places[other.place].country for other in mention.candidates}) > 1
        if abroad and entry.kind == "city" and entry.country in self._nisbas_before(mention):
            score += NISBA_BEFORE
        if entry.kind == "country" and entry.country in self._listed_towns(mention):
            score += BESIDE_OWN_TOWN
        if entry.kind == "country" and self._sets_out(mention, entry.country):
            score += BESIDE_OWN_TOWN
        if entry.kind == "country" and abroad and self._among_countries(mention):
            score += AMONG_COUNTRIES
        if entry.kind == "division" and self._follows_division(mention):
            score += FITS_HINT - DIVISION_WITHOUT_HINT
        if points and entry.kind != "country":
            # The points may include the candidate itself, chosen before, which is no neighbour.
            score += NEARBY * math.exp(-nearest_km((entry.lat, entry.lon), points, beyond=1.0) / NEARBY_KM)
        if mention.container is not None:
            score += OUT_OF_CONTAINER if self._contradicts(candidate, mention.container) else IN_CONTAINER
        return score + mention.evidence[candidate.hit].odds

    def _nisbas_before(self, mention: Mention) -> set[str]:
        first = mention.match.first
        return {country for word, country in self._scan.nisbas if first - NISBA_WORDS <= word < first}

    def _listed_towns(self, mention: Mention) -> set[str | None]:
        """Return the countries of sure towns beside a mention in its list, or at the other end of its way."""
        at = self._neighbours.position(mention)
        found: set[str | None] = set()
        for one, other, town in ((at - 1, at, at - 1), (at, at + 1, at + 1)):
            if one < 0 or other == len(self._mentions):
                continue
            pair = self._mentions[one], self._mentions[other]
            if self._neighbours.listed(*pair) or self._neighbours.route(*pair):
                chosen = self._mentions[town].chosen or self._only(self._mentions[town])
                if chosen and self._places[chosen.place].kind == "city":
                    found.add(self._places[chosen.place].country)
        return found

    def _among_countries(self, mention: Mention) -> bool:
        """Return whether the names before and after a mention in its list are those of countries."""
        at = self._neighbours.position(mention)
        if not 0 < at < len(self._mentions) - 1:
            return False
        before, after = self._mentions[at - 1], self._mentions[at + 1]
        return (
            self._neighbours.listed(before, mention)
            and self._neighbours.listed(mention, after)
            and self._is_country(before, after)
        )

    def _is_country(self, *mentions: Mention) -> bool:
        return all(
            any(self._places[candidate.place].kind == "country" for candidate in mention.candidates)
            for mention in mentions
        )

    def _follows_division(self, mention: Mention) -> bool:
        """Return whether a name of a division alone is printed before, and this one means a town elsewhere if any.

        «محافظة كركوك وصلاح الدين»: not the resort of that name.
        """
        at = self._neighbours.position(mention)
        if not at or not self._neighbours.listed(self._mentions[at - 1], mention):
            return False
        first = next(iter(self._mentions[at - 1].evidence.values()))
        places = [self._places[candidate.place] for candidate in mention.candidates]
        divisions = [place for place in places if place.kind == "division"]
        return first.hint is Hint.DIVISION and all(
            distance_km((one.lat, one.lon), (other.lat, other.lon)) > SAME_SPOT_KM
            for one in divisions
            for other in places
            if other.kind != "division"
        )

    def _sets_out(self, mention: Mention, country: str | None) -> bool:
        """Return whether the way from a mention leads to a town of a country, which it then cannot be itself."""
        at = self._neighbours.position(mention) + 1
        if at == len(self._mentions) or not self._neighbours.route(mention, self._mentions[at]):
            return False
        town = self._mentions[at].chosen or self._only(self._mentions[at])
        return town is not None and self._places[town.place].country == country

    def _only(self, mention: Mention) -> Candidate | None:
        """Return the town that a mention means whatever its context, if all its candidates are of one country."""
        places = {self._places[candidate.place].country for candidate in mention.candidates}
        return mention.candidates[0] if len(places) == 1 else None

    def _vowels(self, mention: Mention, candidate: Candidate) -> float:
        printed = self._scan.text[candidate.hit.start : mention.match.end]
        if not has_marks(printed):
            return 0.0
        spellings = [
            text for place, text in self._gazetteer.spelled.get(candidate.hit.name, ()) if place == candidate.place
        ]
        return VOWELS_DIFFER if any(contradicts(printed, text) for text in spellings) else 0.0

    def _odds(self, mention: Mention, candidate: Candidate) -> float:
        entry = self._places[candidate.place]
        odds = BASE[candidate.strength] + mention.evidence[candidate.hit].odds
        if differs_in_alef(self._scan.text[candidate.hit.start : mention.match.end], entry.name):
            odds += OTHER_ALEF
        if candidate.strength is not Strength.STRONG and entry.country:
            supported = self._shares.get(entry.country, 0.0) >= SUPPORT_SHARE
            odds += SUPPORT if supported else 0.0
            odds += OWN_NISBA if self._nisba_after(mention) == entry.country else 0.0
            by_alias = entry.kind == "poi" and candidate.strength is Strength.WEAK
            if (
                not supported
                and mention.evidence[candidate.hit].hint is Hint.POI
                and (entry.kind == "city" or by_alias)
            ):
                odds += FOREIGN_QUARTER
        return odds

    def _nisba_after(self, mention: Mention) -> str | None:
        """Return the country of a nisba directly after a name: «صور اللبنانية»."""
        last = mention.match.last
        joined = last < len(self._scan.facts) and not self._scan.gap(last).strip()
        return self._scan.facts[last].nisba if joined else None

    def _accept(self) -> None:
        """Reject mentions that are likely no place, after sure names have raised their repetitions and neighbours."""
        sure = {m.chosen.hit.name for m in self._mentions if m.chosen and m.sure}
        self._rescue.raise_odds(self._mentions)
        previous: Mention | None = None
        for mention in self._mentions:
            if mention.chosen is None:
                continue
            if not mention.sure and mention.chosen.hit.name in sure:
                mention.odds += SAME_NAME
            if previous and previous.chosen and self._neighbours.listed(previous, mention):
                mention.odds += LISTED
            if mention.odds <= 0:
                mention.chosen = None
            previous = mention

    def _containers(self) -> None:
        """Set each name's container, the region printed right after it: «بيت حانون بقطاع غزة», «الباب (سوريا)»."""
        for mention, following in self._neighbours.pairs():
            chosen = following.chosen
            if mention.chosen is None or chosen is None or not self._neighbours.leads_to(mention, following):
                continue
            if self._places[chosen.place].kind in {"country", "division", "region"}:
                mention.container = chosen.place

    def _borders(self, candidate: Candidate, container: int) -> bool:
        """Return whether a place lies among towns of the container's country, as exclaves do: «مليلية في المغرب»."""
        entry, country = self._places[candidate.place], self._places[container].country
        return country != entry.country and any(
            town.country == country
            and town.kind == "city"
            and abs(town.lat - entry.lat) < 1
            and distance_km((entry.lat, entry.lon), (town.lat, town.lon)) <= BORDER_KM
            for town in self._places
        )

    def _contradicts(self, candidate: Candidate, container: int) -> bool:
        entry, region = self._places[candidate.place], self._places[container]
        if entry.kind in {"country", "water"} or entry.weight >= WELL_KNOWN or entry.country is None:
            return False
        if region.country is not None and region.country != entry.country:
            return True
        return (
            region.kind == "division" and distance_km((entry.lat, entry.lon), (region.lat, region.lon)) > CONTAINER_KM
        )


def _hint_score(hint: Hint | None, entry: Entry) -> float:
    if hint is None or hint is Hint.DIRECTION:
        return DIVISION_WITHOUT_HINT if entry.kind == "division" else 0.0
    if entry.kind in _FITS[hint]:
        return FITS_HINT
    return MISFITS_HINT if entry.kind in _MISFITS.get(hint, ()) else 0.0
