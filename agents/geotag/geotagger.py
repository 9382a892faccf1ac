"""Find and resolve the places that an article names.

There are two passes. The first turns unambiguous names, nisbas, dateline, title and outlet into votes for countries;
the second (`disambiguate`) decides for every name whether it is a place here, and which one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from agents.geotag import country_votes as context
from agents.geotag import evidence
from agents.geotag.country_votes import CountryVotes
from agents.geotag.disambiguate import Disambiguator
from agents.geotag.gazetteer import PATH, Entry, Gazetteer, Strength
from agents.geotag.homographs import named_persons
from agents.geotag.mention import Candidate, Mention
from agents.geotag.name_scan import Hit, NameScanner, Scan
from agents.geotag.tables import read_table
from agents.geotag.trigger_words import CLUB_NAMES
from agents.geotag.unlisted_places import SHARE, UnlistedPlace, find_unlisted_places
from streams.records import Article, Entity, GeoPoint, MainPlace, Place, Span

#: In the first pass a name is unambiguous if its next best country is less known by this much (`Entry.weight`).
CLEAR_MARGIN = 1.2
#: Log-odds below which a name does not vote for its country.
LEAST_ODDS = -1.0
#: The first lines say what a story is about: the weight of a mention halves every so many code points.
LEAD_HALVES = 300.0
#: Factor for the salience of a country, a vaguer answer to «where» than a town in it.
COUNTRY_FACTOR = 0.5
#: Minimum confidence of a story's main place.
LEAST_MAIN_CONFIDENCE = 0.6


class Geotagger:
    """Find and resolve places. Not thread-safe: it caches words.

    Args:
        gazetteer: the names to find.
        outlets: `source` of articles to the country of that outlet, ISO 3166-1 alpha-2.
    """

    def __init__(self, gazetteer: Gazetteer, outlets: dict[str, str] | None = None) -> None:
        self.gazetteer = gazetteer
        self._outlets = outlets or {}
        self._scanner = NameScanner(gazetteer)

    @classmethod
    def load(cls, path: Path = PATH) -> Geotagger:
        """Return a geotagger with the gazetteer that ships with the project.

        Raises:
            OSError: there is no gazetteer; `make gazetteer` makes it.
            ValueError: the gazetteer has another format.
        """
        outlets = {row["source"]: row["country"] for row in read_table("outlets.csv")}
        return cls(Gazetteer.load(path), outlets)

    def places(self, article: Article) -> list[Place]:
        """Return the places that an article's body names, the main place of the story first."""
        scan = self._scanner.scan(article.body)
        entities = article.entities if article.entities or "entities" in article.trace else None
        mentions = self._mentions(scan, entities)
        titles = [self._scanner.scan(text) for text in (article.title, article.subtitle) if text]
        countries = CountryVotes()
        countries.add(self._outlets.get(article.source), context.OUTLET)
        if article.dateline:
            self._vote(countries, self._mentions(self._scanner.scan(article.dateline), None), context.DATELINE)
        for title in titles:
            self._vote(countries, self._mentions(title, None), context.TITLE)
        self._vote_body(countries, scan, mentions)
        Disambiguator(self.gazetteer, scan, mentions, countries).decide()
        named = {hit.name for title in titles for match in title.matches for hit in match.hits}
        groups = _by_salience(_group(mentions), named, self.gazetteer.places)
        extra = find_unlisted_places(scan, mentions, self.gazetteer.places)
        return [self._place(group) for group in groups] + [self._at_town(place) for place in extra]

    def _mentions(self, scan: Scan, entities: Sequence[Entity] | None) -> list[Mention]:
        mentions = []
        clubs = any(hit.name in CLUB_NAMES for match in scan.matches for hit in match.hits)
        sport = clubs and evidence.is_match_report(scan)
        persons = named_persons(scan, scan.matches)
        for index, match in enumerate(scan.matches):
            candidates = [candidate for hit in match.hits for candidate in self._candidates(hit)]
            if candidates:
                around = {
                    hit: evidence.weigh(scan, match, hit, entities, sport=sport, person=index in persons)
                    for hit in match.hits
                }
                mentions.append(Mention(match, candidates, around))
        _keep_one_sense(mentions)
        return mentions

    def _candidates(self, hit: Hit) -> list[Candidate]:
        found = [Candidate(hit, sense.place, sense.strength) for sense in self.gazetteer.senses(hit.name)]
        if hit.clitics[-1:] in {"ف", "ك"} and not hit.name.startswith("ال"):
            # «كبري» is not «ك + بري»: before a name without an article these letters belong to the word, except for
            # countries («فإيران»).
            return [candidate for candidate in found if self.gazetteer.places[candidate.place].kind == "country"]
        return found

    def _vote(self, countries: CountryVotes, mentions: Iterable[Mention], weight: float) -> None:
        for mention in mentions:
            countries.add(self._clear_country(mention), weight)

    def _vote_body(self, countries: CountryVotes, scan: Scan, mentions: Sequence[Mention]) -> None:
        taken: set[int] = set()
        for mention in mentions:
            country = self._clear_country(mention)
            if country is None:
                continue
            entry = self.gazetteer.places[_greatest(mention, self.gazetteer.places).place]
            weight = context.COUNTRY_NAMED if entry.kind == "country" else context.TOWN
            countries.add(country, weight, mention.match.first)
            taken.update(range(mention.match.first, mention.match.last))
        for word, country in scan.nisbas:
            if word not in taken:
                countries.add(country, context.NISBA, word)

    def _clear_country(self, mention: Mention) -> str | None:
        """Return the country of an unambiguous name, else None."""
        places = self.gazetteer.places
        best = _greatest(mention, places)
        entry = places[best.place]
        if best.strength is not Strength.STRONG or mention.evidence[best.hit].odds < LEAST_ODDS:
            return None
        rivals = [places[c.place].weight for c in mention.candidates if places[c.place].country != entry.country]
        return entry.country if not rivals or entry.weight - max(rivals) >= CLEAR_MARGIN else None

    def _place(self, mentions: Sequence[Mention]) -> Place:
        best = max(mentions, key=lambda mention: mention.confidence)
        assert best.chosen is not None  # noqa: S101 -- only decided mentions are grouped
        entry = self.gazetteer.places[best.chosen.place]
        at = self.gazetteer.places[best.container] if best.contradicted and best.container is not None else entry
        return Place(
            name=entry.name,
            name_en=entry.name_en,
            country=at.country,
            division=self._division(at),
            kind=entry.kind,
            lat=at.lat,
            lon=at.lon,
            geonameid=entry.geonameid if at is entry else None,
            confidence=round(best.confidence, 3),
            mentions=[Span(start=m.chosen.hit.start, end=m.match.end) for m in mentions if m.chosen],
        )

    def _division(self, entry: Entry) -> str | None:
        return None if entry.division is None else self.gazetteer.places[entry.division].name

    def _at_town(self, place: UnlistedPlace) -> Place:
        town = self._place([place.town])
        return town.model_copy(
            update={
                "name": place.name,
                "name_en": None,
                "kind": place.kind,
                "geonameid": None,
                "confidence": round(town.confidence * SHARE, 3),
                "mentions": place.spans,
            }
        )


def _keep_one_sense(mentions: Iterable[Mention]) -> None:
    """Let a name that is somebody or something else in one mention be that in all, unless one is surely located."""
    every = [(hit.name, around) for mention in mentions for hit, around in mention.evidence.items()]
    others = {name for name, around in every if around.other} - {name for name, around in every if around.located}
    for name, around in every:
        if name in others and not around.other:
            around.odds += evidence.OTHER_WORD
            around.other = True


def _greatest(mention: Mention, places: Sequence[Entry]) -> Candidate:
    return max(mention.candidates, key=lambda candidate: (candidate.strength, places[candidate.place].weight))


def _group(mentions: Iterable[Mention]) -> list[list[Mention]]:
    """Group decided mentions by place; a contradicted mention is grouped by its place and its container."""
    groups: dict[tuple[int, int | None], list[Mention]] = {}
    for mention in mentions:
        if mention.chosen:
            container = mention.container if mention.contradicted else None
            groups.setdefault((mention.chosen.place, container), []).append(mention)
    return list(groups.values())


def _by_salience(groups: Iterable[list[Mention]], in_title: set[str], places: Sequence[Entry]) -> list[list[Mention]]:
    """Sort groups by salience, most salient first: places named often, early, in the title, and with confidence."""

    def salience(group: list[Mention]) -> float:
        total = 0.0
        for mention in group:
            total += 1 + 2 * math.exp2(-mention.match.start / LEAD_HALVES)
        chosen = group[0].chosen
        if chosen and chosen.hit.name in in_title:
            total += 2
        if chosen and places[chosen.place].kind == "country":
            total *= COUNTRY_FACTOR
        return total * max(mention.confidence for mention in group)

    return sorted(groups, key=salience, reverse=True)


def geotag_article(article: Article, geotagger: Geotagger) -> Article:
    """Return the article with `places`, `geo` and `main_place` filled in.

    The most salient place comes first. Offsets of mentions count code points of `body` and exclude clitics. An article
    in a language other than Arabic gets no places. Confidence is the probability that the name is a place here, times
    the probability that it is this one.
    """
    places = geotagger.places(article) if article.language == "ar" else []
    points = list(dict.fromkeys((place.lat, place.lon) for place in places))
    return article.model_copy(
        update={
            "places": places,
            "geo": [GeoPoint(lat=lat, lon=lon) for lat, lon in points],
            "main_place": main_place(places),
        },
    )


def main_place(places: Iterable[Place]) -> MainPlace | None:
    """Return the first place with at least `LEAST_MAIN_CONFIDENCE`, in the form of `Article.main_place`."""
    for place in places:
        if place.confidence >= LEAST_MAIN_CONFIDENCE:
            return MainPlace(
                name=place.name,
                name_en=place.name_en,
                country=place.country,
                division=place.division,
                kind=place.kind,
                point=GeoPoint(lat=place.lat, lon=place.lon),
            )
    return None
