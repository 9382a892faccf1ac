"""Elasticsearch's answers as the records that readers get. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from streams.records import Article
from streams.search.query import FOLD, MARK_END, MARK_START
from streams.search.request import MAX_FOLDED, SearchRequest, write_cursor


class Highlight(BaseModel):
    """A piece of display text with the ranges of the matching words in it."""

    text: str
    marks: list[tuple[int, int]] = Field(description="[start, end) of each match, code points of `text`.")


class Highlights(BaseModel):
    """What to show of a hit."""

    title: Highlight | None = None
    subtitle: Highlight | None = None
    body: list[Highlight] = Field(default_factory=list, description="The best pieces; else the beginning.")


class Copy(BaseModel):
    """The outline of an article of a cluster."""

    id: str
    url: str
    source: str
    title: str | None = None
    published_at: str | None = None
    ingested_at: str = Field(description="When it first came in here, ISO 8601, UTC.")
    relation: str | None = None


class Story(BaseModel):
    """An article's cluster.

    Attributes:
        total: articles besides it.
        copies: those that came first, in the order in which they came.
        first: the first of all.
    """

    total: int
    copies: list[Copy]
    first: Copy


class Hit(BaseModel):
    """One article found."""

    score: float | None = Field(description="Relevance; null when the page is sorted by time.")
    article: Article
    highlights: Highlights
    stories: int = Field(1, description="Articles of the cluster that match, this one included (with fold).")
    copies: list[Copy] = Field(default_factory=list)
    first: Copy | None = Field(
        None, description="Who had the story first, perhaps this hit (with fold); it need not match the query."
    )


class SearchPage(BaseModel):
    """One page of hits."""

    total: int = Field(description="Articles that match, copies counted.")
    total_is_exact: bool = Field(description="False: at least `total`.")
    partial: bool = Field(description="True: the server ran out of time and shows what it had.")
    took_ms: int
    hits: list[Hit]
    next: str | None = Field(None, description="`cursor` of the following page; null on the last one.")


def read_folds(answer: Mapping[str, Any]) -> list[str]:
    """The stories of a folded page's hits, in order."""
    return [hit["fields"][FOLD][0] for hit in answer["hits"]["hits"]]


def read_copied_folds(answer: Mapping[str, Any]) -> list[str]:
    """The stories of those of a folded page's hits that were not the first of theirs."""
    hits = answer["hits"]["hits"]
    clusters = [hit["_source"].get("cluster") or {"canonical_id": hit["_source"]["id"]} for hit in hits]
    return [
        fold
        for fold, cluster, hit in zip(read_folds(answer), clusters, hits, strict=True)
        if cluster["canonical_id"] != hit["_source"]["id"]
    ]


def read_page(
    answer: Mapping[str, Any],
    request: SearchRequest,
    stories: Mapping[str, Any] | None = None,
    firsts: Mapping[str, Any] | None = None,
) -> SearchPage:
    """A page of hits.

    Args:
        answer: the server's answer to `build_search`.
        request: what was asked.
        stories: its answer to `build_stories`, for a folded page with hits.
        firsts: its answer to `build_firsts`, for those hits that were not the first of their story.
    """
    hits = answer["hits"]["hits"]
    total = answer["hits"]["total"]
    first = {hit["fields"][FOLD][0]: read_copy(hit) for hit in firsts["hits"]["hits"]} if firsts else {}
    counted = {bucket["key"]: bucket for bucket in stories["aggregations"]["stories"]["buckets"]} if stories else {}
    return SearchPage(
        total=total["value"],
        total_is_exact=total["relation"] == "eq",
        partial=any(part.get("timed_out") for part in (answer, stories, firsts) if part),
        took_ms=answer["took"] + (stories["took"] if stories else 0),
        hits=[
            read_hit(hit, counted.get(fold), request.copies, first.get(fold))
            for hit, fold in ((hit, hit.get("fields", {}).get(FOLD, [""])[0]) for hit in hits)
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


def read_hit(
    hit: Mapping[str, Any], story: Mapping[str, Any] | None = None, copies: int = 0, first: Copy | None = None
) -> Hit:
    """One hit; articles in the index are ours, so they are taken without a second validation.

    Args:
        story: the bucket of its story; None for an unfolded hit.
        copies: how many to list.
        first: the first article of its story, if that is another.
    """
    marked = hit.get("highlight", {})
    article = read_article(hit["_source"])
    listed = story["copies"]["hits"]["hits"] if story and "copies" in story else []
    others = [copy for copy in map(read_copy, listed) if copy.id != article.id]
    return Hit(
        score=hit.get("_score"),
        article=article,
        highlights=Highlights(
            title=_first(marked.get("title")),
            subtitle=_first(marked.get("subtitle")),
            body=[split_marks(piece) for piece in marked.get("body", [])],
        ),
        stories=story["doc_count"] if story else 1,
        copies=others[:copies],
        first=first or (read_copy(hit) if story else None),
    )


def read_article(source: Mapping[str, Any]) -> Article:
    """The article of a document, without the index's helper fields."""
    return Article.model_validate({name: value for name, value in source.items() if name in Article.model_fields})


def read_copy(hit: Mapping[str, Any]) -> Copy:
    """The outline of a hit's article."""
    source = hit["_source"]
    return Copy(**{**source, "relation": (source.get("cluster") or {}).get("relation")})


def outline(article: Article) -> Copy:
    """An article as it is listed among copies."""
    fields = article.model_dump(mode="json", include=set(Copy.model_fields))
    return Copy(**fields, relation=article.cluster.relation if article.cluster else None)


def read_story(article: Article, answer: Mapping[str, Any], copies: int) -> Story:
    """An article's cluster, from the answer to `build_copies`."""
    listed = [read_copy(hit) for hit in answer["hits"]["hits"]]
    mine = outline(article)
    first = min([mine, *listed[:1]], key=lambda copy: (datetime.fromisoformat(copy.ingested_at), copy.id))
    return Story(total=answer["hits"]["total"]["value"], copies=listed[:copies], first=first)


def _first(pieces: list[str] | None) -> Highlight | None:
    return split_marks(pieces[0]) if pieces else None


def split_marks(marked: str) -> Highlight:
    """Take the marks out of a highlighted piece and note where they were."""
    text: list[str] = []
    marks: list[tuple[int, int]] = []
    length = 0
    start: int | None = None
    for part in _parts(marked):
        if part == MARK_START:
            start = length
        elif part == MARK_END:
            if start is not None:
                marks.append((start, length))
            start = None
        else:
            text.append(part)
            length += len(part)
    return Highlight(text="".join(text), marks=marks)


def _parts(marked: str) -> Iterator[str]:
    rest = marked
    while rest:
        at = next((i for i, character in enumerate(rest) if character in {MARK_START, MARK_END}), len(rest))
        if at:
            yield rest[:at]
        if at < len(rest):
            yield rest[at]
        rest = rest[at + 1 :]
