"""Finds, of many searches, the few that an article may match, by an inverted index of the terms that they need."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from streams.search.live.matcher import ArticleText, LiveMatcher

# Articles after which anchors are chosen anew by how often their terms occur, the first time; then after twice as many
# each time. Counts are halved beyond KEPT_COUNTS terms, so that they follow what the news is about.
FIRST_CHOICE = 100
LONGEST_CHOICE = 16_000
KEPT_COUNTS = 2_000_000


class Candidates:
    """Searches by one of the groups of terms that they need (`LiveMatcher.anchors`).

    Of the groups of a search, the one that the fewest articles have is chosen; the article must have the others too. A
    search without any group is a candidate for each article.
    """

    def __init__(self) -> None:
        # The chosen group of each, and the others.
        self._searches: dict[str, tuple[frozenset[str], list[frozenset[str]]]] = {}
        # By a term of the chosen group: the searches, with their other groups.
        self._postings: defaultdict[str, dict[str, list[frozenset[str]]]] = defaultdict(dict)
        self._always: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._counted = 0
        self._until_choice = self._interval = FIRST_CHOICE

    def __len__(self) -> int:
        return len(self._searches)

    def put(self, key: str, matcher: LiveMatcher) -> None:
        """Add a search, or replace it."""
        self.remove(key)
        self._place(key, matcher.anchors())

    def remove(self, key: str) -> None:
        """Remove a search, if it is there."""
        chosen, _ = self._searches.pop(key, (frozenset(), []))
        self._always.discard(key)
        for term in chosen:
            postings = self._postings[term]
            postings.pop(key, None)
            if not postings:
                del self._postings[term]

    def of(self, text: ArticleText) -> set[str]:
        """Return the searches that an article may match: all those that it does, and some others."""
        terms = text.anchor_terms
        self._count(terms)
        found = {key for key in self._always if not any(map(terms.isdisjoint, self._searches[key][1]))}
        has_none_of = terms.isdisjoint
        for term in terms & self._postings.keys():
            for key, others in self._postings[term].items():
                # Asking for the other groups is much quicker than trying a search.
                for group in others:
                    if has_none_of(group):
                        break
                else:
                    found.add(key)
        return found

    def _place(self, key: str, groups: list[frozenset[str]]) -> None:
        chosen = min(groups, key=self._frequency, default=frozenset[str]())
        others = [group for group in groups if group != chosen]
        self._searches[key] = (chosen, others)
        if not chosen:
            self._always.add(key)
        for term in chosen:
            self._postings[term][key] = others

    def _frequency(self, group: Iterable[str]) -> tuple[int, bool, int]:
        terms = list(group)
        # Before anything was counted: a word of the text selects more than a country or an outlet does.
        is_filter = not terms[0].startswith(("family ", "form ", "cluster "))
        return sum(self._counts[term] for term in terms), is_filter, len(terms)

    def _count(self, terms: frozenset[str]) -> None:
        self._counts.update(terms)
        self._counted += len(terms)
        if self._counted > KEPT_COUNTS:
            self._counts = Counter({term: count // 2 for term, count in self._counts.items() if count > 1})
            self._counted //= 2
        self._until_choice -= 1
        if self._until_choice <= 0:
            self._interval = min(self._interval * 2, LONGEST_CHOICE)
            self._until_choice = self._interval
            for key, (chosen, others) in list(self._searches.items()):
                if others and self._frequency(chosen) > min(map(self._frequency, others)):
                    self.remove(key)
                    self._place(key, [chosen, *others])
