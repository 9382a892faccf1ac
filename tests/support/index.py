"""What is in the index, asked of Elasticsearch itself."""

from __future__ import annotations

from typing import Any

import httpx
from elasticsearch import AsyncElasticsearch

from streams.settings import Settings


def _alias(settings: Settings) -> str:
    return f"{str(settings.elasticsearch_url).rstrip('/')}/{settings.index_prefix}-read"


def count(settings: Settings, *, refresh: bool = True) -> int:
    """Documents that a search would find now; 0 while there is no index or no server.

    Args:
        refresh: make all that was written searchable before.
    """
    try:
        if refresh:
            httpx.post(f"{_alias(settings)}/_refresh", timeout=30)
        answer = httpx.get(f"{_alias(settings)}/_count", timeout=30)
    except httpx.HTTPError:
        return 0
    return int(answer.json()["count"]) if answer.status_code == 200 else 0


def documents(settings: Settings, *fields: str) -> list[dict[str, Any]]:
    """Every document, by search_after; `_id` is added to its fields."""
    httpx.post(f"{_alias(settings)}/_refresh", timeout=30).raise_for_status()
    found: list[dict[str, Any]] = []
    after: list[Any] | None = None
    while True:
        body: dict[str, Any] = {"size": 1000, "sort": [{"id": "asc"}], "_source": list(fields) or True}
        if after:
            body["search_after"] = after
        answer = httpx.post(f"{_alias(settings)}/_search", json=body, timeout=60)
        answer.raise_for_status()
        hits = answer.json()["hits"]["hits"]
        if not hits:
            return found
        found += [{"_id": hit["_id"], **hit["_source"]} for hit in hits]
        after = hits[-1]["sort"]


async def delete_all(client: AsyncElasticsearch, settings: Settings) -> None:
    """Delete every index under these settings' prefix, each by its full name, as servers may demand."""
    found = await client.indices.get(index=f"{settings.index_prefix}-*")
    if found.body:
        await client.indices.delete(index=list(found.body))
