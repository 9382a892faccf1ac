"""How the names of a text stand to each other: in one list, at the ends of a way, or a place before its region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from agents.geotag.evidence import bare_forms
from agents.geotag.mention import Mention
from agents.geotag.name_scan import Scan
from agents.geotag.trigger_words import AWAY_WORDS, CONTAINER_LINKS, DIRECTION_WORDS
from agents.text.search import search_text

_TO = search_text("إلى")


class Neighbours:
    """The names of one text in order.

    Args:
        scan: the text.
        mentions: its names, in order.
    """

    def __init__(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        self._scan = scan
        self._mentions = mentions
        self._order = {id(mention): number for number, mention in enumerate(mentions)}

    def position(self, mention: Mention) -> int:
        """Return the number of a mention among those of its text, from 0."""
        return self._order[id(mention)]

    def pairs(self) -> Iterator[tuple[Mention, Mention]]:
        """Return each mention with the one after it."""
        return pairwise(self._mentions)

    def listed(self, previous: Mention, mention: Mention) -> bool:
        """Return whether two names are in one list: «الرقة ودير الزور», «حمص، حماة»."""
        if previous.match.last != mention.match.first:
            return False
        gap = self._scan.gap(mention.match.first).strip(" »”\"'«“")
        clitics = mention.match.hits[-1].clitics
        return gap in {"،", ",", "-", "–"} or (not gap and clitics.startswith("و"))

    def route(self, previous: Mention, mention: Mention) -> bool:
        """Return whether «إلى» alone stands between two names: «من عمان إلى مسقط»."""
        between = range(previous.match.last, mention.match.first)
        return (
            len(between) == 1
            and self._scan.facts[between[0]].normalised == _TO
            and not any(self._scan.gap(index).strip() for index in (between[0], mention.match.first))
        )

    def alone(self, mention: Mention) -> bool:
        """Return whether a name is in no list."""
        at = self.position(mention)
        pairs = ((at - 1, at), (at, at + 1))
        return not any(
            one >= 0 and other < len(self._mentions) and self.listed(self._mentions[one], self._mentions[other])
            for one, other in pairs
        )

    def leads_to(self, mention: Mention, following: Mention, *, by_direction: bool = False) -> bool:
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
