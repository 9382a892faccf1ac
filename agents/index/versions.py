"""Keep the earlier texts of articles that come again with another one.

The index has one document for each article, with the text that was fetched last. Before it is replaced, its text is
written to an index of its own; so is a text that comes late, after one that was fetched later. What does not change
costs a look-up and no space.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from elasticsearch import AsyncElasticsearch

from agents.index.documents import verdict
from streams.elastic.client import translate_errors
from streams.elastic.indices import create_if_missing, find
from streams.elastic.templates import names
from streams.records import Article
from streams.settings import Settings

# Versions are found by article and sorted by time; the rest is only kept.
_MAPPINGS = {"dynamic": False, "properties": {"article": {"type": "keyword"}, "at": {"type": "date"}}}
_TEXTS = ("title", "subtitle", "body")
_FIELDS = (*_TEXTS, "url", "source", "published_at", "fetched_at", "ingested_at", "entities.text")


class VersionStore:
    """Store earlier texts.

    Args:
        client: Elasticsearch client; the caller closes it.
        settings: names of the indices, and the address for error messages.
    """

    def __init__(self, client: AsyncElasticsearch, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._index = names(settings).versions

    async def prepare(self) -> None:
        """Create the index of versions if it does not exist.

        Raises:
            Retryable: Elasticsearch is unavailable or busy.
        """
        options = {"refresh_interval": self._settings.index_refresh, "codec": "best_compression"}
        await create_if_missing(self._client, self._settings, self._index, _MAPPINGS, **options)

    async def keep(self, articles: Sequence[Article], index_by_id: Mapping[str, str]) -> None:
        """Store every text that is not, or will not remain, the one of its article's document.

        It must be called before the documents are written. Calling it again with the same articles changes nothing.

        Args:
            articles: what is about to be written; an article may be there several times.
            index_by_id: article id to the index that holds the article, or will.

        Raises:
            Retryable: Elasticsearch is unavailable or busy.
            Rejected: it can never accept one of the texts. The runner then tries the articles one by one.
        """
        wanted = [(index, article_id) for article_id, index in index_by_id.items()]
        texts: dict[str, dict[str, dict[str, Any]]] = {}
        for doc in await find(self._client, self._settings, wanted, source=_FIELDS):
            found = doc["_source"]
            seen = [entity["text"] for entity in found.pop("entities", None) or ()]
            _add(texts, doc["_id"], {**found, "names": seen})
        for article in articles:
            if article.id in index_by_id:
                fields = article.model_dump(mode="json", include=set(_FIELDS) & set(Article.model_fields))
                _add(texts, article.id, {**fields, "names": [entity.text for entity in article.entities]})
        operations: list[Mapping[str, Any]] = []
        for article_id, by_time in texts.items():
            for time, following in pairwise(sorted(by_time, key=datetime.fromisoformat)):
                text, next_text = by_time[time], by_time[following]
                if (digest := _digest(text)) != (next_digest := _digest(next_text)):
                    # By what follows, too: a text that comes back is a version again, one that is fetched again is not.
                    key = hashlib.sha256(f"{article_id}\n{digest}\n{next_digest}".encode()).hexdigest()[:32]
                    operations += [{"create": {"_id": key}}, {**text, "article": article_id, "at": time}]
        await self._write(operations)

    async def _write(self, operations: Sequence[Mapping[str, Any]]) -> None:
        if not operations:
            return
        with translate_errors(self._settings):
            answer = await self._client.bulk(
                index=self._index, operations=operations, filter_path="items.*.status,items.*.error"
            )
        for item in answer["items"]:
            if (refusal := verdict(item["create"])) is not None:
                raise refusal


def _digest(text: Mapping[str, Any]) -> str:
    parts = "\0".join(text.get(name) or "" for name in _TEXTS)
    return hashlib.sha256(parts.encode()).hexdigest()


def _add(texts: dict[str, dict[str, dict[str, Any]]], article_id: str, fields: dict[str, Any]) -> None:
    """Note a text under the time of its fetch. Of two of one time, which are of two revisions, the last one counts."""
    time = fields.get("fetched_at") or fields["ingested_at"]
    texts.setdefault(article_id, {})[time] = fields
