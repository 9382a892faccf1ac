"""Decide for every name in a text whether it is a place there, and which place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.geotag.country_votes import CountryVotes, distance_km, nearest_km
from agents.geotag.evidence import BASE, HINT_OF_LIST, LISTED, TRIGGER, Evidence, Hint, bare_forms
from agents.geotag.gazetteer import Entry, Gazetteer, Strength
from agents.geotag.name_scan import Hit, Match, Scan, contradicts, differs_in_alef, has_marks
from agents.geotag.trigger_words import AWAY_WORDS, CONTAINER_LINKS, DIRECTION_WORDS
from agents.text.search import search_text

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
#: Log-odds above which a name is surely a place, and what that adds to other mentions of the name.
SURE, SAME_NAME = 2.0, 1.5
#: A country whose name is a common word («مالي») is likelier where a town of its is sure, and a town of a common name
#: where its neighbour within so many km stands beside it in a list («الرملة واللد»), or with two more of its country.
COUNTRY_OF_TOWN = 3.0
BESIDE_NEIGHBOUR, NEIGHBOUR_KM, LEAST_NEIGHBOUR = 4.5, 200.0, 1.0
LIST = 3
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
#: Confidence in a place that contradicts the region printed beside it.
CONTRADICTED = 0.2
#: From this weight on (`Entry.weight`), a place may be printed beside a foreign region without contradiction.
WELL_KNOWN = 5.5
#: Within this many km of a town of another country, a place may be printed beside that country's name.
BORDER_KM = 30.0
#: A town farther than this from a division's seat, in km, is not in that division.
CONTAINER_KM = 400.0

_TO = search_text("إلى")
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
    def confidence(self) -> float:
        """Return the probability that this is a place and that it is `chosen`, 0 to 1."""
        if self.contradicted:
            return CONTRADICTED
        return self.probability / (1 + math.exp(-self.odds))


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
        self._order = {id(mention): number for number, mention in enumerate(mentions)}

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
        for previous, mention in zip(self._mentions, self._mentions[1:], strict=False):
            if not self._listed(previous, mention):
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
        if around.plural and around.hint is Hint.CITY and self._alone(mention):
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
        at = self._order[id(mention)]
        found: set[str | None] = set()
        for one, other, town in ((at - 1, at, at - 1), (at, at + 1, at + 1)):
            if one < 0 or other == len(self._mentions):
                continue
            pair = self._mentions[one], self._mentions[other]
            if self._listed(*pair) or self._route(*pair):
                chosen = self._mentions[town].chosen or self._only(self._mentions[town])
                if chosen and self._places[chosen.place].kind == "city":
                    found.add(self._places[chosen.place].country)
        return found

    def _among_countries(self, mention: Mention) -> bool:
        """Return whether the names before and after a mention in its list are those of countries."""
        at = self._order[id(mention)]
        if not 0 < at < len(self._mentions) - 1:
            return False
        before, after = self._mentions[at - 1], self._mentions[at + 1]
        return self._listed(before, mention) and self._listed(mention, after) and self._is_country(before, after)

    def _is_country(self, *mentions: Mention) -> bool:
        return all(
            any(self._places[candidate.place].kind == "country" for candidate in mention.candidates)
            for mention in mentions
        )

    def _follows_division(self, mention: Mention) -> bool:
        """Return whether a name of a division alone is printed before, and this one means a town elsewhere if any.

        «محافظة كركوك وصلاح الدين»: not the resort of that name.
        """
        at = self._order[id(mention)]
        if not at or not self._listed(self._mentions[at - 1], mention):
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
        at = self._order[id(mention)] + 1
        if at == len(self._mentions) or not self._route(mention, self._mentions[at]):
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
        sure = {m.chosen.hit.name for m in self._mentions if m.chosen and m.odds > SURE}
        self._rescue()
        previous: Mention | None = None
        for mention in self._mentions:
            if mention.chosen is None:
                continue
            if mention.odds <= SURE and mention.chosen.hit.name in sure:
                mention.odds += SAME_NAME
            if previous and previous.chosen and self._listed(previous, mention):
                mention.odds += LISTED
            if mention.odds <= 0:
                mention.chosen = None
            previous = mention

    def _rescue(self) -> None:
        """Raise the odds of doubtful names beside sure places, and of several in one list.

        A country is rescued by its town («مالي» where Bamako is), a place by the region printed after it («العمارة
        جنوبي العراق»), by where the way to it begins («من الدار البيضاء إلى بركان») and by its neighbours in a list
        («الرملة واللد»).
        """
        towns = {self._country(m) for m in self._mentions if m.odds > SURE and self._kind(m) == "city"}
        for mention in self._mentions:
            if self._doubtful(mention) and self._kind(mention) == "country" and self._country(mention) in towns:
                assert mention.chosen is not None  # noqa: S101 -- it has a kind
                around = mention.evidence[mention.chosen.hit]
                mention.odds += COUNTRY_OF_TOWN if around.tagged or around.located else 0.0
        pairs = list(zip(self._mentions, self._mentions[1:], strict=False))
        for one, other in pairs:
            located = other.chosen is not None and other.evidence[other.chosen.hit].located
            if located and self._doubtful(other) and one.odds > SURE and self._route(one, other):
                self._rescue_within(other, self._country(one))
            if self._leads_to(one, other, by_direction=True) and self._doubtful(one) and other.odds > SURE:
                self._rescue_within(one, self._country(other))
        run: list[Mention] = []
        for one, other in pairs:
            if self._listed(one, other):
                run = [*(run or [one]), other]
            else:
                self._rescue_list(run)
                run = []
        self._rescue_list(run)

    def _rescue_list(self, run: Sequence[Mention]) -> None:
        """Rescue the doubtful names of a list: those near a sure one of their country, or three of one country."""
        known = [mention.chosen for mention in run if mention.chosen and mention.odds > LEAST_NEIGHBOUR]
        for mention in run:
            if not self._doubtful(mention):
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
            distance_km(self._point(candidate), self._point(known)) <= NEIGHBOUR_KM
        )

    def _doubtful(self, mention: Mention) -> bool:
        return mention.odds <= 0 and not any(around.other for around in mention.evidence.values())

    def _kind(self, mention: Mention) -> str | None:
        return self._places[mention.chosen.place].kind if mention.chosen else None

    def _country(self, mention: Mention) -> str | None:
        return self._places[mention.chosen.place].country if mention.chosen else None

    def _listed(self, previous: Mention, mention: Mention) -> bool:
        """Return whether two names are in one list: «الرقة ودير الزور», «حمص، حماة»."""
        if previous.match.last != mention.match.first:
            return False
        gap = self._scan.gap(mention.match.first).strip(" »”\"'«“")
        clitics = mention.match.hits[-1].clitics
        return gap in {"،", ",", "-", "–"} or (not gap and clitics.startswith("و"))

    def _route(self, previous: Mention, mention: Mention) -> bool:
        """Return whether «إلى» alone stands between two names: «من عمان إلى مسقط»."""
        between = range(previous.match.last, mention.match.first)
        return (
            len(between) == 1
            and self._scan.facts[between[0]].normalised == _TO
            and not any(self._scan.gap(index).strip() for index in (between[0], mention.match.first))
        )

    def _alone(self, mention: Mention) -> bool:
        """Return whether a name is in no list."""
        at = self._order[id(mention)]
        pairs = ((at - 1, at), (at, at + 1))
        return not any(
            one >= 0 and other < len(self._mentions) and self._listed(self._mentions[one], self._mentions[other])
            for one, other in pairs
        )

    def _containers(self) -> None:
        """Set each name's container, the region printed right after it: «بيت حانون بقطاع غزة», «الباب (سوريا)»."""
        for mention, following in zip(self._mentions, self._mentions[1:], strict=False):
            chosen = following.chosen
            if mention.chosen is None or chosen is None or not self._leads_to(mention, following):
                continue
            if self._places[chosen.place].kind in {"country", "division", "region"}:
                mention.container = chosen.place

    def _leads_to(self, mention: Mention, following: Mention, *, by_direction: bool = False) -> bool:
        """Return whether a region is printed right after a name: «بقطاع غزة», «في سوريا», «(سوريا)».

        Args:
            by_direction: whether a direction alone links them too: «جنوبي العراق».
        """
        words = range(mention.match.last, following.match.first)
        if len(words) > 3:
            return False
        opening = self._scan.gap(mention.match.last).strip(" ،")
        if opening not in {"", "("}:
            return False
        linked = opening == "(" or (following.match.hits[-1].clitics[-1:] == "ب")
        for index in words:
            if index > mention.match.last and self._scan.gap(index).strip():
                return False
            word = self._scan.facts[index].normalised
            if word in AWAY_WORDS:
                return False
            if CONTAINER_LINKS.isdisjoint(bare_forms(word)):
                return False
            linked = linked or word == "في" or word.startswith("ب") or (by_direction and word in DIRECTION_WORDS)
        return linked

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
