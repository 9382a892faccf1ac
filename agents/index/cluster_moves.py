"""Apply cluster moves: articles that now belong to another cluster than the one they were indexed with.

An article and its move arrive separately, in either order. A move is stored in an index of its own before it is
applied, and that index is searched after an article is stored, so whichever comes second sees the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import AsyncElasticsearch, NotFoundError

from agents.index.documents import ALREADY_THERE, MAX_VERSION, id_refusal, moved_document
from streams.elastic.client import bulk_requests, health, make_client, translate_errors
from streams.elastic.indices import create_if_missing, find, read_layout
from streams.elastic.templates import ensure_index
from streams.errors import Reason, Rejected, Retryable
from streams.observability.metrics import Metrics
from streams.records import Cluster, ClusterMove
from streams.settings import Settings

_MAPPINGS = {"dynamic": False, "properties": {"cluster": {"type": "object", "enabled": False}}}


class MoveStore:
    """Store moves and apply them to the documents.

    Args:
        client: Elasticsearch client; the caller closes it.
        settings: names of the indices, and the address for error messages.
    """

    def __init__(self, client: AsyncElasticsearch, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._index = f"{settings.index_prefix}-moves"

    async def prepare(self) -> None:
        """Create the index of moves if it does not exist.

        Raises:
            Retryable: Elasticsearch is unavailable or busy.
        """
        await create_if_missing(self._client, self._settings, self._index, _MAPPINGS)

    async def remember(self, moves: Sequence[ClusterMove]) -> None:
        """Store moves by article id; of two for one article, the later decision is kept.

        Raises:
            Retryable: Elasticsearch is unavailable or busy.
        """
        operations: list[Mapping[str, Any]] = []
        for move in moves:
            head = {"_id": move.id, "version": move.cluster.decision, "version_type": "external_gte"}
            operations += [{"index": head}, {"cluster": move.cluster.model_dump(mode="json")}]
        await self._bulk(self._index, operations)

    async def apply_known(self, index_by_id: Mapping[str, str]) -> None:
        """Apply the stored moves of these articles.

        Args:
            index_by_id: article id to the index that holds the article.

        Raises:
            Retryable: see `remember`.
        """
        if not index_by_id:
            return
        with translate_errors(self._settings):
            try:
                found = await self._client.mget(index=self._index, ids=list(index_by_id))
            except NotFoundError as error:
                await self.prepare()
                raise Retryable(f"index {self._index} was missing and has been created again") from error
        await self.apply(
            {
                doc["_id"]: Cluster.model_validate(doc["_source"]["cluster"])
                for doc in found["docs"]
                if doc.get("found")
            },
            index_by_id,
        )

    async def apply(self, clusters: Mapping[str, Cluster], index_by_id: Mapping[str, str] | None = None) -> None:
        """Update the clusters of articles, unless a later decision is stored. Articles not indexed yet are skipped.

        Args:
            clusters: article id to its new cluster.
            index_by_id: article id to the index that holds the article; None to search all indices.

        Raises:
            Retryable: Elasticsearch is unavailable or busy, or a document changed in between.
        """
        if not clusters:
            return
        if index_by_id is None:
            indices = (await read_layout(self._client, self._settings)).all
            wanted = [(index, article_id) for index in indices for article_id in clusters]
        else:
            wanted = [(index_by_id[article_id], article_id) for article_id in clusters]
        found = await find(self._client, self._settings, wanted, source=True)
        # The whole document: Elasticsearch does not keep the terms that a partial update would need.
        moved = (
            (_action(doc), moved_document(doc["_source"], clusters[doc["_id"]]))
            for doc in found
            if clusters[doc["_id"]].decision > (doc["_source"].get("cluster") or {}).get("decision", 0)
        )
        for lines in bulk_requests(moved, self._settings.bulk_bytes):
            await self._bulk(None, lines, conflict_is_passing=True)

    async def _bulk(
        self,
        index: str | None,
        operations: Sequence[Mapping[str, Any]] | Sequence[bytes],
        *,
        conflict_is_passing: bool = False,
    ) -> None:
        if not operations:
            return
        with translate_errors(self._settings):
            answer = await self._client.bulk(
                index=index,
                # The client is not typed for serialized lines, but passes them on unchanged.
                operations=operations,  # type: ignore[arg-type]
                filter_path="items.*.status,items.*.error",
            )
        for item in answer["items"]:
            result = next(iter(item.values()))
            harmless = result["status"] == ALREADY_THERE and not conflict_is_passing
            if "error" in result and not harmless:
                raise Retryable(f"Elasticsearch answers {result['status']} to a cluster move: {result['error']}")


class MoveSink:
    """Write articles.moves to Elasticsearch.

    Args:
        settings: address and names of the indices.
        metrics: counts the moves.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._client = make_client(settings)
        self._settings = settings
        self._metrics = metrics
        self._moves = MoveStore(self._client, settings)
        self._prepared = False

    async def write(self, moves: Sequence[ClusterMove]) -> list[Rejected | None]:
        """Store and apply moves; of several for one article, only the latest decision counts.

        Returns:
            For each move, in order: None if it is stored, else why it never can be.

        Raises:
            Retryable: Elasticsearch is unavailable or busy; writing the same moves again is harmless.
        """
        if not self._prepared:
            await ensure_index(self._client, self._settings)
            await self._moves.prepare()
            self._prepared = True
        refusals = [_refusal(move) for move in moves]
        latest: dict[str, ClusterMove] = {}
        for move, refusal in zip(moves, refusals, strict=True):
            if refusal is not None:
                continue
            if move.id not in latest or move.cluster.decision >= latest[move.id].cluster.decision:
                latest[move.id] = move
        await self._moves.remember(list(latest.values()))
        await self._moves.apply({move.id: move.cluster for move in latest.values()})
        self._metrics.cluster_moves.inc(len(latest))
        return refusals

    async def check(self) -> None:
        """Check Elasticsearch's health.

        Raises:
            Retryable: Elasticsearch is unavailable, or its status is red.
            OperatorError: Elasticsearch refuses our credentials.
        """
        await health(self._client, self._settings)

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.close()


def _action(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return the action that replaces a document unless it has changed since it was read."""
    return {
        "_index": doc["_index"],
        "_id": doc["_id"],
        "if_seq_no": doc["_seq_no"],
        "if_primary_term": doc["_primary_term"],
    }


def _refusal(move: ClusterMove) -> Rejected | None:
    """Return why Elasticsearch would refuse a move, and with it the others of its request, or None."""
    if (refusal := id_refusal(move.id)) is not None:
        return refusal
    if move.cluster.decision > MAX_VERSION:
        detail = f"cluster.decision: {move.cluster.decision}, Elasticsearch takes versions up to {MAX_VERSION}"
        return Rejected(Reason.INDEX_REFUSED, detail)
    return None
