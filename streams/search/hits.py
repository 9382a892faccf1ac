"""Converts Elasticsearch's responses to the records that the API returns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from streams.records import Article
from streams.search.explain import Explanation
from streams.search.highlight import Highlights, highlight
from streams.search.query import FOLD
from streams.search.request import MAX_FOLDED, SearchRequest, write_cursor
from streams.search.source_scope import Coverage
from streams.search.suggest import FEW, Suggestion
from streams.search.wanted import WantedText

PARTIAL = "Whether the search timed out or a part of the index did not answer, so that articles may be missing."
COVERAGE = "What the watched sources in the scope brought in the time range; null if the directory cannot be read."
RELAXED = "Whether no article has enough of the words, so that a third of them was enough, here and everywhere else."
NOTES = "What of the query was not understood, and what was done instead."
FIRST = (
    "The article of the cluster that appeared first, possibly this one: by its time of publication, where that is "
    "unknown by the time at which it was fetched, else by its arrival."
)
SURE = "Whether `first` was found by times of publication; if false, another outlet may have been first."
Marked = tuple[Article, Highlights]
READ_AS = "Arabic names that words in Latin letters were searched as, too, by the word; see `cross_script`."


class Copy(BaseModel):
    """Summary of an article in a cluster of copies."""

    id: str
    url: str
    source: str
    title: str | None = None
    published_at: str | None = Field(None, description="ISO 8601, UTC; null if unknown.")
    fetched_at: str | None = Field(
        None, description="Time at which the page was read (ISO 8601, UTC); null if unknown."
    )
    ingested_at: str = Field(description="Time of its first arrival in articles.raw (ISO 8601, UTC).")
    relation: str | None = Field(None, description="Relation to its cluster: first, exact, near, contains or update.")

    @property
    def listed_at(self) -> datetime:
        """As `Article.listed_at`: when it was published, else fetched, else ingested; never after it was ingested."""
        arrived = datetime.fromisoformat(self.ingested_at)
        known = self.published_at or self.fetched_at
        return min(datetime.fromisoformat(known), arrived) if known else arrived


class Story(BaseModel):
    """The cluster of an article.

    Attributes:
        total: number of other articles in it.
        copies: the earliest other articles, in the order in which they appeared.
        first: the article that appeared first of all.
        first_is_sure: whether `first`, and every other article that is known here, has a time of publication.
    """

    total: int
    copies: list[Copy]
    first: Copy
    first_is_sure: bool


class Hit(BaseModel):
    """An article that matches the search."""

    score: float | None = Field(description="Relevance; null if the page is sorted by time.")
    article: Article
    highlights: Highlights
    explanation: Explanation | None = Field(None, description="With `explain`: which words matched which forms.")
    stories: int = Field(1, description="With `fold`: number of matching articles in the cluster, including this one.")
    copies: list[Copy] = Field(default_factory=list, description="With `copies`: other matching articles.")
    first: Copy | None = Field(
        None,
        description=f"With `fold`: {FIRST} It need not match the query.",
    )
    first_is_sure: bool | None = Field(None, description=f"With `fold`: {SURE}")


class SearchPage(BaseModel):
    """One page of hits."""

    total: int = Field(description="Number of matching articles, copies included.")
    total_is_exact: bool = Field(description="Whether `total` is exact; if false, it is a lower bound.")
    partial: bool = Field(description=PARTIAL)
    relaxed: bool = Field(False, description=RELAXED)
    notes: list[str] = Field(default_factory=list, description=NOTES)
    read_as: dict[str, list[str]] = Field(default_factory=dict, description=READ_AS)
    took_ms: int = Field(description="Time taken by Elasticsearch, in milliseconds.")
    hits: list[Hit] = Field(description="The hits, in the requested order.")
    did_you_mean: list[Suggestion] = Field(
        default_factory=list,
        description=f"With `suggest`, and at most {FEW} articles: queries that may have been meant, the likeliest "
        "first. None is applied.",
    )
    coverage: Coverage | None = Field(None, description=COVERAGE)
    next: str | None = Field(None, description="Value of `cursor` for the next page; null on the last page.")


def is_partial(answer: Mapping[str, Any]) -> bool:
    """Return whether the server ran out of time or could not ask every shard, so that articles may be missing."""
    return bool(answer.get("timed_out") or answer.get("_shards", {}).get("failed"))


def read_folds(answer: Mapping[str, Any]) -> list[str]:
    """Return the values of `facets.fold` (the stories) of a folded page's hits, in order."""
    return [hit["fields"][FOLD][0] for hit in answer["hits"]["hits"]]


def read_marked(hit: Mapping[str, Any], wanted: WantedText) -> Marked:
    """Read the article of a hit, and mark what is searched for in it."""
    article = read_article(hit["_source"])
    return article, highlight(article, wanted)


def read_page(
    answer: Mapping[str, Any],
    request: SearchRequest,
    stories: Mapping[str, Any] | None = None,
    firsts: Mapping[str, Any] | None = None,
    marked: Sequence[Marked] | None = None,
) -> SearchPage:
    """Build a page of hits.

    Args:
        answer: the response to `build_search`.
        request: the search.
        stories: the response to `build_stories`, for a folded page with hits.
        firsts: the response to `build_firsts`, for a folded page with hits.
        marked: the articles of the hits, if they were read already.
    """
    hits = answer["hits"]["hits"]
    wanted = request.wanted()
    read = marked if marked is not None else [read_marked(hit, wanted) for hit in hits]
    folds = [hit.get("fields", {}).get(FOLD, [""])[0] for hit in hits]
    total = answer["hits"]["total"]
    first = {hit["fields"][FOLD][0]: read_copy(hit) for hit in firsts["hits"]["hits"]} if firsts else {}
    counted = {bucket["key"]: bucket for bucket in stories["aggregations"]["stories"]["buckets"]} if stories else {}
    return SearchPage(
        total=total["value"],
        total_is_exact=total["relation"] == "eq",
        partial=any(is_partial(part) for part in (answer, stories, firsts) if part),
        relaxed=request.relaxed,
        notes=list(request.notes),
        read_as=request.read_as(),
        took_ms=answer["took"] + (stories["took"] if stories else 0),
        hits=[
            _read_hit(hit, one, counted.get(fold), request.copies, first.get(fold))
            for hit, one, fold in zip(hits, read, folds, strict=True)
        ],
        next=_next(hits, request),
    )


def _next(hits: list[Mapping[str, Any]], request: SearchRequest) -> str | None:
    if len(hits) < request.size:
        return None
    if not request.fold:
        return write_cursor(hits[-1]["sort"])
    position = request.position()
    reached = (position if isinstance(position, int) else 0) + len(hits)
    return write_cursor(reached) if reached < MAX_FOLDED else None


def _read_hit(
    hit: Mapping[str, Any],
    marked: Marked,
    story: Mapping[str, Any] | None = None,
    copies: int = 0,
    first: Copy | None = None,
) -> Hit:
    """Build a hit.

    Args:
        hit: as in the response.
        marked: its article and the marks in it.
        story: the bucket of its story; None without folding.
        copies: maximum number of copies to list.
        first: the article of its cluster that appeared first; None if it is this one.
    """
    article, highlights = marked
    listed = story["copies"]["hits"]["hits"] if story and "copies" in story else []
    others = [copy for copy in map(read_copy, listed) if copy.id != article.id]
    earliest = first or (read_copy(hit) if story else None)
    return Hit(
        score=hit.get("_score"),
        article=article,
        highlights=highlights,
        stories=story["doc_count"] if story else 1,
        copies=others[:copies],
        first=earliest,
        first_is_sure=None if earliest is None else all(copy.published_at for copy in (earliest, read_copy(hit))),
    )


def read_article(source: Mapping[str, Any]) -> Article:
    """Read an article from a document's `_source`, ignoring the index's helper fields."""
    return Article.model_validate({name: value for name, value in source.items() if name in Article.model_fields})


def read_copy(hit: Mapping[str, Any]) -> Copy:
    """Read the summary of a hit's article."""
    source = hit["_source"]
    return Copy(**{**source, "relation": (source.get("cluster") or {}).get("relation")})


def outline(article: Article) -> Copy:
    """Summarise an article as in a list of copies."""
    fields = article.model_dump(mode="json", include=set(Copy.model_fields))
    return Copy(**fields, relation=article.cluster.relation if article.cluster else None)


def read_story(article: Article, answer: Mapping[str, Any], copies: int) -> Story:
    """Build the cluster of an article from the response to `build_copies`, with at most `copies` copies."""
    listed = [read_copy(hit) for hit in answer["hits"]["hits"]]
    mine = outline(article)
    first = min([mine, *listed[:1]], key=_appeared)
    sure = all(copy.published_at for copy in (mine, *listed))
    return Story(total=answer["hits"]["total"]["value"], copies=listed[:copies], first=first, first_is_sure=sure)


def _appeared(copy: Copy) -> tuple[datetime, datetime, str]:
    """Return the order of `FIRST_APPEARED`."""
    return copy.listed_at, datetime.fromisoformat(copy.ingested_at), copy.id
