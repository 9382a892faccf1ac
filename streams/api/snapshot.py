"""Reads all matching articles of one moment, page by page, with a point in time and search_after.

Concurrent writes do not affect it: no article is missing or repeated, and the order is stable.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

from elastic_transport import TransportError
from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError

from streams.elastic.client import error_text, translate_errors
from streams.elastic.templates import ensure_index, names
from streams.errors import QueryRefused, RasdError, Retryable
from streams.observability.logs import get_logger
from streams.retry import Backoff
from streams.search.query import HELPERS, build_query
from streams.search.request import Filters
from streams.settings import Settings

log = get_logger(__name__)

Order = Literal["newest", "oldest"]
Document = Mapping[str, Any]

# Renewed by each page. A client that takes longer for a page (2 MiB at 7 KB/s) loses the export, and gets an error.
KEEP_ALIVE = "5m"
# A page consists of whole articles; their number is chosen by their mean size on the page before.
PAGE_BYTES = 2 * 1024 * 1024
FIRST_PAGE, LEAST_PAGE, MOST_PAGE = 50, 10, 250
RETRIES = 3

# The event loop holds only weak references to tasks.
_CLOSING: set[asyncio.Task[None]] = set()


class SnapshotLost(RasdError):
    """The point in time is gone: Elasticsearch restarted, its index was deleted, or the client was too slow."""


class Snapshot:
    """The state of the index at one moment; created by `open_snapshot`.

    Attributes:
        total: exact number of matching articles; known after the first page.
    """

    def __init__(
        self, client: AsyncElasticsearch, settings: Settings, point: str, filters: Filters, order: Order
    ) -> None:
        self.client = client
        self.settings = settings
        self.point = point
        self.total = 0
        direction = "desc" if order == "newest" else "asc"
        self._query = build_query(filters)
        self._sort = [{"@timestamp": direction}, {"id": direction}]
        self._after: list[Any] | None = None
        self._size = FIRST_PAGE

    async def page(self) -> list[Document]:
        """Return the next articles; empty after the last one.

        Raises:
            Retryable: Elasticsearch stays unavailable over several attempts.
            SnapshotLost: the point in time no longer exists.
            QueryRefused: Elasticsearch refuses the query.
        """
        answer = await self._tried(self._search)
        if self._after is None:
            self.total = answer["hits"]["total"]["value"]
        self.point = answer.get("pit_id", self.point)
        hits = answer["hits"]["hits"]
        if hits:
            self._after = hits[-1]["sort"]
        return [hit["_source"] for hit in hits]

    def steer(self, written: int, articles: int) -> None:
        """Choose the next page's number of articles by the bytes written for this one."""
        self._size = page_size(written, articles)

    async def _search(self) -> Mapping[str, Any]:
        body: dict[str, Any] = {
            "query": self._query,
            "sort": self._sort,
            "size": self._size,
            "pit": {"id": self.point, "keep_alive": KEEP_ALIVE},
            "track_total_hits": self._after is None,
            "_source": {"excludes": list(HELPERS)},
        }
        if self._after is not None:
            body["search_after"] = self._after
        # A partial response would lack articles, so a failing shard fails the page.
        answer = await self.client.search(body=body, allow_partial_search_results=False)
        return answer.body  # type: ignore[no-any-return]

    async def _tried(self, ask: Callable[[], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
        """Retry after transient errors. That is safe, as a page of a point in time never changes."""
        backoff = Backoff(self.settings.retry_first, self.settings.retry_most)
        for _ in range(RETRIES):
            try:
                return await self._asked(ask)
            except Retryable as error:
                log.warning("an export waits for Elasticsearch", cause=str(error), seconds=backoff.seconds)
            await backoff.wait()
        return await self._asked(ask)

    async def _asked(self, ask: Callable[[], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
        with translate_errors(self.settings):
            try:
                return await ask()
            except NotFoundError as error:
                raise SnapshotLost("the point in time of this export is gone") from error
            except ApiError as error:
                if error.meta.status == 400:
                    raise QueryRefused(error_text(error)) from error
                raise


def page_size(written: int, articles: int) -> int:
    """Return the number of articles of this mean size that fill PAGE_BYTES, within LEAST_PAGE and MOST_PAGE."""
    return max(LEAST_PAGE, min(MOST_PAGE, PAGE_BYTES * articles // max(written, 1)))


@asynccontextmanager
async def open_snapshot(
    client: AsyncElasticsearch, settings: Settings, filters: Filters, order: Order
) -> AsyncIterator[Snapshot]:
    """Open a point in time on the read alias, and release it at the end.

    Raises:
        Retryable: Elasticsearch is unavailable.
    """
    snapshot = Snapshot(client, settings, await _open(client, settings), filters, order)
    try:
        yield snapshot
    finally:
        # A client that disconnects cancels this task and what it awaits; a separate task completes.
        closing = asyncio.create_task(_close(client, snapshot.point))
        _CLOSING.add(closing)
        closing.add_done_callback(_CLOSING.discard)
        await asyncio.shield(closing)


async def _close(client: AsyncElasticsearch, point: str) -> None:
    try:
        await client.close_point_in_time(id=point)
    except (ApiError, TransportError) as error:
        log.debug("a point in time was not released; it will expire", cause=str(error))


async def _open(client: AsyncElasticsearch, settings: Settings) -> str:
    alias = names(settings).read
    with translate_errors(settings):
        try:
            answer = await client.open_point_in_time(index=alias, keep_alive=KEEP_ALIVE)
        except NotFoundError:
            # Nothing was ever indexed. An empty index gives an empty export instead of an error.
            await ensure_index(client, settings)
            answer = await client.open_point_in_time(index=alias, keep_alive=KEEP_ALIVE)
    return str(answer["id"])
