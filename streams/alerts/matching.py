"""Match articles against all standing searches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from streams.alerts.records import ArticleMatches, is_due, match_together
from streams.alerts.standing_search import Digest, StandingSearch
from streams.records import Article
from streams.search.live.candidates import Candidates
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters
from streams.search.source_scope import SourceScope


class SearchMatcher:
    """The standing searches that match articles, compiled.

    Args:
        scope: the directory of sources, for searches that name collections.
        part: returns the part of a search by its id; the matches of an article are described by part.

    Attributes:
        tried: number of searches that were tried on an article.
    """

    def __init__(self, scope: SourceScope, part: Callable[[str], int] = lambda _: 0) -> None:
        self._scope = scope
        self._part = part
        self._searches: dict[str, tuple[StandingSearch, LiveMatcher]] = {}
        self._candidates = Candidates()
        self._digests: dict[str, StandingSearch] = {}
        self._listed_in: defaultdict[str, set[str]] = defaultdict(set)
        self.tried = 0

    def __len__(self) -> int:
        return len(self._searches)

    def put(self, search: StandingSearch) -> None:
        """Add a search, or replace it. Kinds that no article can cause, and paused searches, are left out."""
        self.remove(search.id)
        if search.paused or search.when.kind == "source-quiet":
            return
        if isinstance(search.when, Digest):
            self._digests[search.id] = search
            for listed in search.when.searches:
                self._listed_in[listed].add(search.id)
            if search.filters == Filters():
                return  # it has the stories of the others alone
        matcher = LiveMatcher(search.filters, self._scope)
        self._searches[search.id] = (search, matcher)
        self._candidates.put(search.id, matcher)

    def remove(self, search_id: str) -> None:
        """Remove a search, if it is there."""
        if self._searches.pop(search_id, None) is not None:
            self._candidates.remove(search_id)
        if self._digests.pop(search_id, None) is not None:
            for digests in self._listed_in.values():
                digests.discard(search_id)

    def update(self, changed: Iterable[str], searches: dict[str, StandingSearch]) -> None:
        """Take over changes.

        Args:
            changed: ids of the searches that were changed, added or removed.
            searches: all there are now.
        """
        for search_id in changed:
            if search_id in searches:
                self.put(searches[search_id])
            else:
                self.remove(search_id)

    def match(self, article: Article) -> list[ArticleMatches]:
        """Return the matches of an article by part, in each by the ids of the searches."""
        if not self._searches:
            return []
        text = ArticleText(article)
        return match_together(self._with_digests(text), text, self._part)

    def _with_digests(self, text: ArticleText) -> Iterator[tuple[StandingSearch, LiveMatcher, str | None]]:
        """Yield the searches that match, after each the digests that have its stories, with its name."""
        for search, matcher in self.matching(text):
            yield search, matcher, None
            for digest_id in sorted(self._listed_in.get(search.id, ())):
                digest = self._digests[digest_id]
                if digest.owner in {"", search.owner} and is_due(digest, text.article):
                    yield digest, matcher, search.name

    def matching(self, text: ArticleText) -> list[tuple[StandingSearch, LiveMatcher]]:
        """Return the searches that match an article, by their ids."""
        candidates = sorted(self._candidates.of(text))
        self.tried += len(candidates)
        found = [self._searches[search_id] for search_id in candidates]
        return [each for each in found if is_due(each[0], text.article) and each[1].matches(text)]
