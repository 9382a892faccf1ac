"""Find small places that are not in the gazetteer but printed with their town: «حي النزهة بجدة».

They get the coordinates of the town, with less confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.geotag.evidence import Hint, bare_forms
from agents.geotag.gazetteer import Entry
from agents.geotag.mention import Mention
from agents.geotag.name_scan import Scan
from agents.geotag.trigger_words import CITY_WORDS, DIVISION_WORDS, SMALL_PLACES
from streams.records import PlaceKind, Span

#: Factor for the town's confidence.
SHARE = 0.6
_LONGEST_NAME = 2


@dataclass(slots=True)
class UnlistedPlace:
    """A place named after a word such as «حي», located at its town.

    Attributes:
        name: as printed.
        kind: city (a village) or poi (a quarter).
        town: the mention of its town.
        spans: its mentions, in code points of the text.
    """

    name: str
    kind: PlaceKind
    town: Mention
    spans: list[Span] = field(default_factory=list)


def find_unlisted_places(scan: Scan, mentions: Sequence[Mention], places: Sequence[Entry]) -> list[UnlistedPlace]:
    """Find the places between a word of SMALL_PLACES and their town, with all further mentions of them."""
    taken = {word for m in mentions if m.chosen for word in range(m.match.first, m.match.last)}
    found: dict[str, UnlistedPlace] = {}
    for mention in mentions:
        if mention.chosen is None or places[mention.chosen.place].kind != "city" or mention.contradicted:
            continue
        bounds = _before_town(scan, mention, taken)
        if bounds:
            first, last, hint = bounds
            name = scan.printed(first, last)
            found.setdefault(name, UnlistedPlace(name, "poi" if hint is Hint.POI else "city", mention))
    for place in found.values():
        place.spans = _spans(scan, place.name, taken)
    return list(found.values())


def _before_town(scan: Scan, town: Mention, taken: set[int]) -> tuple[int, int, Hint] | None:
    """Return the words of the name before «بجدة», «في جدة» or «بمحافظة جدة» (half-open) and the hint before them."""
    last = town.match.first
    joined = scan.text.startswith("ب", scan.words[last][0]) and town.chosen is not None
    linked = joined and bool(town.chosen and town.chosen.hit.clitics.endswith("ب"))
    while last > 0 and not linked and not scan.gap(last).strip():
        word = scan.facts[last - 1].normalised
        forms = bare_forms(word)
        if word == "في":
            linked = True
        elif not DIVISION_WORDS.isdisjoint(forms) or not CITY_WORDS.isdisjoint(forms):
            linked = word.startswith("ب")
        else:
            return None
        last -= 1
    if not linked or scan.gap(last).strip():
        return None
    for length in range(1, _LONGEST_NAME + 1):
        first = last - length
        if first < 1 or first in taken or scan.gap(first).strip():
            return None
        hint = next(
            (SMALL_PLACES[form] for form in bare_forms(scan.facts[first - 1].normalised) if form in SMALL_PLACES), None
        )
        if hint is not None:
            return (first, last, Hint(hint)) if scan.facts[first].normalised.startswith("ال") else None
        if scan.gap(first).strip():
            return None
    return None


def _spans(scan: Scan, name: str, taken: set[int]) -> list[Span]:
    """Return the span of every occurrence of these words after a word of SMALL_PLACES."""
    spans = []
    parts = name.split()
    for index in range(1, len(scan.words) - len(parts) + 1):
        texts = [scan.printed(word, word + 1) for word in range(index, index + len(parts))]
        if texts != parts or index in taken:
            continue
        if any(form in SMALL_PLACES for form in bare_forms(scan.facts[index - 1].normalised)):
            spans.append(Span(start=scan.words[index][0], end=scan.words[index + len(parts) - 1][1]))
    return spans
