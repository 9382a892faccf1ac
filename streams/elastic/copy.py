"""Copies the documents of one index to another, tracking changes by sequence number.

The terms of the texts are made anew, so that the copy has those of the current analysis.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from elasticsearch import AsyncElasticsearch

from streams.elastic.client import TRANSIENT_STATUSES, bulk_requests, translate_errors
from streams.errors import OperatorError, Retryable
from streams.retry import Backoff
from streams.settings import Settings
from streams.words.index import term_fields

# Attempts at a bulk request before the run fails (and can be resumed). Waits double from RASD_RETRY_FIRST to
# RASD_RETRY_MOST.
TRIES = 8
ALREADY_THERE = 409


class Copy:
    """Copies the documents of an index, and what is written to it during the copy.

    Every write in Elasticsearch has a sequence number, increasing by one within its shard. Up to the shard's global
    checkpoint, all writes are on all replicas; so after a refresh, a search by sequence number sees every document
    whose last change is at or below the checkpoint. A document that changes meanwhile gets a higher number and is
    copied by the next pass.

    Args:
        client: the Elasticsearch client.
        settings: request sizes and retries.
        source: the index to read.
        target: the index to write.

    Attributes:
        checkpoints: the last copied sequence number, by shard.
    """

    def __init__(self, client: AsyncElasticsearch, settings: Settings, source: str, target: str) -> None:
        self.checkpoints: dict[int, int] = {}
        self._client = client
        self._settings = settings
        self._source = source
        self._target = target

    async def count(self, index: str) -> int:
        """Return the number of searchable documents. Raises Retryable while Elasticsearch is unavailable."""
        with translate_errors(self._settings):
            return int((await self._client.count(index=index))["count"])

    async def copy_changes(self, *, last: bool = False) -> AsyncIterator[int]:
        """Copy all documents changed since the checkpoints, page by page.

        Args:
            last: whether writes to the source are blocked.

        Yields:
            The number of documents in each page, once it is stored and the checkpoint has advanced.

        Raises:
            Retryable: Elasticsearch is unavailable or stays overloaded.
            OperatorError: the target rejects a document.
        """
        with translate_errors(self._settings):
            tops = await self._tops(last)
            await self._client.indices.refresh(index=self._source)
        for shard, top in sorted(tops.items()):
            page = await self._page(shard, self.checkpoints.get(shard, -1), top)
            while page:
                reached = page[-1]["_seq_no"]
                # Read the next page while this one is written.
                following = asyncio.create_task(self._page(shard, reached, top))
                try:
                    await self._store(page)
                    stored = len(page)
                    page = await following
                finally:
                    following.cancel()
                self.checkpoints[shard] = reached
                yield stored
            self.checkpoints[shard] = max(top, self.checkpoints.get(shard, -1))

    async def _tops(self, last: bool) -> dict[int, int]:
        stats = await self._client.indices.stats(index=self._source, level="shards")
        name = "max_seq_no" if last else "global_checkpoint"
        return {
            int(shard): copy["seq_no"][name]
            for shard, copies in stats["indices"][self._source]["shards"].items()
            for copy in copies
            if copy["routing"]["primary"]
        }

    async def _page(self, shard: int, behind: int, top: int) -> list[Mapping[str, Any]]:
        with translate_errors(self._settings):
            answer = await self._client.search(
                index=self._source,
                preference=f"_shards:{shard}",
                query={"range": {"_seq_no": {"gt": behind, "lte": top}}},
                sort="_seq_no",
                size=self._settings.bulk_documents,
                version=True,
                seq_no_primary_term=True,
                track_total_hits=False,
            )
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise Retryable(f"shard {shard} of {self._source} does not answer")
        return list(answer["hits"]["hits"])

    async def _store(self, page: Sequence[Mapping[str, Any]]) -> None:
        copies = ((self._action(hit), hit["_source"] | term_fields(hit["_source"])) for hit in page)
        for lines in bulk_requests(copies, self._settings.bulk_bytes):
            await self._send(lines)

    def _action(self, hit: Mapping[str, Any]) -> dict[str, Any]:
        return {"_index": self._target, "_id": hit["_id"], "version": hit["_version"], "version_type": "external"}

    async def _send(self, lines: Sequence[bytes]) -> None:
        backoff = Backoff(self._settings.retry_first, self._settings.retry_most)
        for left in reversed(range(TRIES)):
            try:
                with translate_errors(self._settings):
                    answer = await self._client.bulk(
                        # The client is not typed for serialized lines, but passes them on unchanged.
                        operations=lines,  # type: ignore[arg-type]
                        filter_path="errors,items.*._id,items.*.status,items.*.error",
                    )
                _check(answer.body)
            except Retryable:
                if not left:
                    raise
                await backoff.wait()
            else:
                return

    async def remove_deleted(self) -> None:
        """Delete from the target what was deleted from the source after it was copied. Neither may be written to.

        Raises:
            Retryable: Elasticsearch is unavailable.
            OperatorError: the indices still differ in their number of documents.
        """
        with translate_errors(self._settings):
            await self._client.indices.refresh(index=self._target)
        # The target has all documents of the source, so equal counts mean equal sets.
        wanted = await self.count(self._source)
        if await self.count(self._target) > wanted:
            await self._delete_surplus()
        found = await self.count(self._target)
        if found != wanted:
            raise OperatorError(f"{self._source} has {wanted} articles, its copy {self._target} {found}")

    async def _delete_surplus(self) -> None:
        after: Sequence[Any] | None = None
        with translate_errors(self._settings):
            while True:
                answer = await self._client.search(
                    index=self._target, sort="id", size=1000, source=False, search_after=after
                )
                hits = answer["hits"]["hits"]
                if not hits:
                    break
                after = hits[-1]["sort"]
                there = await self._client.mget(index=self._source, ids=[hit["_id"] for hit in hits], source=False)
                gone = [doc["_id"] for doc in there["docs"] if not doc["found"]]
                if gone:
                    await self._client.bulk(
                        index=self._target, operations=[{"delete": {"_id": document}} for document in gone]
                    )
            await self._client.indices.refresh(index=self._target)


def _check(answer: Mapping[str, Any]) -> None:
    """Raise for the worst failure among the items of a bulk response."""
    if not answer["errors"]:
        return
    items = [next(iter(item.values())) for item in answer["items"]]
    for item in items:
        status = item["status"]
        if status >= 400 and status != ALREADY_THERE and status not in TRANSIENT_STATUSES and status < 500:
            raise OperatorError(
                f"the new index rejects article {item['_id']}: {item['error'].get('reason')}",
                hint="rasd index migrate --abandon deletes the new index; the old one is still in use",
            )
    for item in items:
        if item["status"] in TRANSIENT_STATUSES or item["status"] >= 500:
            raise Retryable(f"Elasticsearch answers {item['status']}: {item['error'].get('reason')}")
