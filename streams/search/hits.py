"""Elasticsearch's answers as the records that readers get. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Field

from streams.records import Article
from streams.search.query import FOLD, MARK_END, MARK_START
from streams.search.request import MAX_FOLDED, SearchRequest, write_cursor


class Highlight(BaseModel):
    """A piece of display text with the places of the matching words in it."""

    text: str
    marks: list[tuple[int, int]] = Field(description="[start, end) of each match, code points of `text`.")


class Highlights(BaseModel):
    """What to show of a hit."""

    title: Highlight | None = None
    subtitle: Highlight | None = None
    body: list[Highlight] = Field(default_factory=list, description="The best pieces; else the beginning.")


class Copy(BaseModel):
    """Another article of the same cluster."""

    id: str
    url: str
    source: str
    title: str | None = None
    published_at: str | None = None
    relation: str | None = None


class Hit(BaseModel):
    """One article found."""

    score: float | None = Field(description="Relevance; null when the page is sorted by time.")
    article: Article
    highlights: Highlights
    stories: int = Field(1, description="Articles of the cluster that match, this one included (with fold).")
    copies: list[Copy] = Field(default_factory=list)


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


def read_page(
    answer: Mapping[str, Any], request: SearchRequest, stories: Mapping[str, Any] | None = None
) -> SearchPage:
    """A page of hits.

    Args:
        answer: the server's answer to `build_search`.
        request: what was asked.
        stories: its answer to `build_stories`, for a folded page with hits.
    """
    hits = answer["hits"]["hits"]
    total = answer["hits"]["total"]
    counted = {bucket["key"]: bucket for bucket in stories["aggregations"]["stories"]["buckets"]} if stories else {}
    return SearchPage(
        total=total["value"],
        total_is_exact=total["relation"] == "eq",
        partial=bool(answer.get("timed_out")) or bool(stories and stories.get("timed_out")),
        took_ms=answer["took"] + (stories["took"] if stories else 0),
        hits=[read_hit(hit, counted.get(hit.get("fields", {}).get(FOLD, [""])[0]), request.copies) for hit in hits],
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


def read_hit(hit: Mapping[str, Any], story: Mapping[str, Any] | None = None, copies: int = 0) -> Hit:
    """One hit; articles in the index are ours, so they are taken without a second validation.

    Args:
        story: the bucket of its story; None for an unfolded hit.
        copies: how many to list.
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
    )


def read_article(source: Mapping[str, Any]) -> Article:
    """The article of a document, without the index's helper fields."""
    return Article.model_validate({name: value for name, value in source.items() if name in Article.model_fields})


def read_copy(hit: Mapping[str, Any]) -> Copy:
    """A copy from a hit that holds only its outline."""
    source = hit["_source"]
    return Copy(**{**source, "relation": (source.get("cluster") or {}).get("relation")})


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
