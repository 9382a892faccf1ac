"""The texts that one article had, one after the other. Pure.

An article that comes again with another text replaces its document; the index of versions has the earlier texts
(`agents/index/versions.py`). With another headline it is another article of the same address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from streams.records import Article
from streams.search.lineage import Piece, differences
from streams.search.query import TIMEOUT, Body

# Versions of an article that are listed, the newest. A page that is updated each minute has hundreds.
MOST = 100


class Version(BaseModel):
    """One text that an article had."""

    key: str = Field(description="Names this version in a comparison.")
    article: str = Field(description="Id of the article. Another headline at the same address is another article.")
    at: str = Field(description="Time at which this text was fetched, else arrived (ISO 8601, UTC).")
    published_at: str | None = Field(None, description="Time of publication that the page named then.")
    title: str | None = None
    subtitle: str | None = None


class VersionText(Version):
    """One text that an article had, whole."""

    body: str
    names: list[str] = Field(default_factory=list, description="Names in the body, as printed.")

    @property
    def texts(self) -> tuple[str | None, str | None, str]:
        """What makes it another version."""
        return self.title, self.subtitle, self.body

    @property
    def moment(self) -> datetime:
        """As `at`."""
        return datetime.fromisoformat(self.at)


class VersionDifferences(BaseModel):
    """What one version changed in another, word by word."""

    earlier: Version
    later: Version
    title: list[Piece] = Field(description="The headlines compared.")
    body: list[Piece] = Field(description="The bodies compared, up to 2,000 words.")


def build_earlier(article_ids: Sequence[str]) -> Body:
    """Build the search for the earlier texts of articles, the newest first."""
    return {
        "query": {"bool": {"filter": {"terms": {"article": list(article_ids)}}}},
        "sort": [{"at": "desc"}],
        "size": MOST,
        "timeout": TIMEOUT,
        "track_total_hits": True,
    }


def build_changed(article_ids: Sequence[str]) -> Body:
    """Build the search for which of these articles have earlier texts."""
    return {
        "query": {"bool": {"filter": {"terms": {"article": list(article_ids)}}}},
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "aggs": {"articles": {"terms": {"field": "article", "size": max(1, len(article_ids))}}},
    }


def read_changed(answer: Mapping[str, Any]) -> set[str]:
    """Return the ids of articles in the response to `build_changed`."""
    # Without an index of versions, there is no aggregation either.
    return {bucket["key"] for bucket in answer.get("aggregations", {}).get("articles", {}).get("buckets", ())}


def build_same_address(article: Article) -> Body:
    """Build the search for the articles of one address and story: what an outlet published there, by headline."""
    filters: list[Body] = [{"term": {"url": article.url}}]
    if article.cluster is not None:
        filters.append({"term": {"cluster.id": article.cluster.id}})
    return {
        "query": {"bool": {"filter": filters, "must_not": {"term": {"id": article.id}}}},
        "sort": [{"@timestamp": "desc"}],
        "size": MOST,
        "timeout": TIMEOUT,
        "track_total_hits": True,
    }


def present(article: Article) -> VersionText:
    """Return the text that an article has now."""
    shown = article.model_dump(mode="json", include={"published_at", "fetched_at", "ingested_at"})
    return VersionText(
        key=article.id,
        article=article.id,
        at=shown["fetched_at"] or shown["ingested_at"],
        published_at=shown["published_at"],
        title=article.title,
        subtitle=article.subtitle,
        body=article.body,
        names=list(dict.fromkeys(entity.text for entity in article.entities)),
    )


def read_earlier(answer: Mapping[str, Any]) -> list[VersionText]:
    """Read the response to `build_earlier`."""
    known = VersionText.model_fields
    return [
        VersionText(key=hit["_id"], **{name: value for name, value in hit["_source"].items() if name in known})
        for hit in answer["hits"]["hits"]
    ]


def in_order(articles: Sequence[Article], earlier: Sequence[VersionText]) -> list[VersionText]:
    """Return all texts in the order of time, the newest `MOST`.

    Args:
        articles: with the texts that they have now.
        earlier: texts that they had. A text that was fetched several times in a row counts from the first on.
    """
    found: list[VersionText] = []
    for one in sorted([*earlier, *map(present, articles)], key=lambda one: (one.moment, one.key)):
        if not found or one.texts != found[-1].texts:
            found.append(one)
    return found[-MOST:]


def compare(earlier: VersionText, later: VersionText) -> VersionDifferences:
    """Compare two versions word by word."""
    names = sorted({*earlier.names, *later.names})
    return VersionDifferences(
        earlier=earlier,
        later=later,
        title=differences(earlier.title or "", later.title or "", names),
        body=differences(earlier.body, later.body, names),
    )
