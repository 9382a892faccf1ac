"""Write articles to Elasticsearch in several concurrent requests, and count the results."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from elasticsearch import ApiError, AsyncElasticsearch

from agents.index.cluster_moves import MoveStore
from agents.index.documents import Bulk, BulkOutcome, Verdict, actions, bulk_outcomes, id_refusal, verdicts, version
from agents.index.versions import VersionStore
from streams.elastic.client import error_text, health, make_client, translate_errors
from streams.elastic.indices import find, read_layout
from streams.elastic.templates import ensure_index
from streams.errors import Reason, Rejected, Retryable
from streams.observability.metrics import ENTITY_TYPES, Metrics, at_zero
from streams.records import Article
from streams.settings import Settings

# Elasticsearch's own default of http.max_content_length.
DEFAULT_MAX_CONTENT_LENGTH = 100 * 1024 * 1024


class IndexSink:
    """Write articles.enriched to Elasticsearch.

    Args:
        settings: address, names of the indices, and limits of a request.
        metrics: counts requests and documents.
        client: Elasticsearch client; None to make one from the settings. `close` closes it either way.
    """

    def __init__(self, settings: Settings, metrics: Metrics, client: AsyncElasticsearch | None = None) -> None:
        self.settings = settings
        self.metrics = metrics
        self._client = client if client is not None else make_client(settings)
        self._moves = MoveStore(self._client, settings)
        self._versions = VersionStore(self._client, settings)
        self._slots = asyncio.Semaphore(settings.bulk_in_flight)
        self._prepared = False
        self._max_bytes = DEFAULT_MAX_CONTENT_LENGTH
        at_zero(metrics.bulk_documents, get_args(BulkOutcome))
        at_zero(metrics.bulk_requests, ("ok", "retried"))
        at_zero(metrics.entities, ENTITY_TYPES)

    async def write(self, articles: Sequence[Article]) -> list[Rejected | None]:
        """Store articles; return when each is acknowledged or refused.

        Returns:
            For each article, in order: None if it, or a version as new, is in the index, else why it never can be.

        Raises:
            Retryable: Elasticsearch is unavailable or busy for at least one article. Writing the same articles again is
                harmless: those already stored keep their version.
            OperatorError: Elasticsearch refuses our credentials or templates.
        """
        if not self._prepared:
            await self._prepare()
        refused = {article.id: refusal for article in articles if (refusal := id_refusal(article.id)) is not None}
        self.metrics.bulk_documents.labels("rejected").inc(len(refused))
        writable = [article for article in articles if article.id not in refused]
        newest = _newest(writable, self.settings)
        index_by_id = await self._index_by_id(newest)
        await self._keep_versions(writable, index_by_id)
        requests = list(actions(newest, self.settings, index_by_id))
        # return_exceptions: a failing request must not leave the others running unobserved.
        answers = await asyncio.gather(*(self._send(request) for request in requests), return_exceptions=True)
        by_id: dict[str, Rejected | None] = {**refused}
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            for article, verdict in zip(request.articles, answer, strict=True):
                if isinstance(verdict, Retryable):
                    self._prepared = False
                    raise verdict
                by_id[article.id] = verdict
        await self._moves.apply_known(index_by_id)
        answered = [by_id[article.id] for article in articles]
        now = time.time()
        for article, refusal in zip(articles, answered, strict=True):
            if refusal is None:
                self.metrics.searchable(article, now)
        return answered

    async def check(self) -> None:
        """Check Elasticsearch's health.

        Raises:
            Retryable: Elasticsearch is unavailable, or its status is red.
            OperatorError: Elasticsearch refuses our credentials.
        """
        await health(self._client, self.settings)

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.close()

    async def _prepare(self) -> None:
        await ensure_index(self._client, self.settings)
        await self._moves.prepare()
        await self._versions.prepare()
        with translate_errors(self.settings):
            answer = await self._client.nodes.info(
                metric="http", filter_path="nodes.*.http.max_content_length_in_bytes"
            )
        limits = [node["http"]["max_content_length_in_bytes"] for node in answer.get("nodes", {}).values()]
        self._max_bytes = min(limits, default=DEFAULT_MAX_CONTENT_LENGTH)
        self._prepared = True

    async def _index_by_id(self, articles: Sequence[Article]) -> dict[str, str]:
        """Return article id to index: the one that holds the article already, else its home."""
        try:
            layout = await read_layout(self._client, self.settings)
            homes = {article.id: layout.home(article.ingested_at) for article in articles}
            # The home index need not be searched: a document there is simply replaced.
            wanted = [(index, id_) for index in layout.all for id_, home in homes.items() if index != home]
            found = await find(self._client, self.settings, wanted)
        except Retryable:
            self._prepared = False
            raise
        return homes | {doc["_id"]: doc["_index"] for doc in found}

    async def _keep_versions(self, articles: Sequence[Article], index_by_id: Mapping[str, str]) -> None:
        try:
            await self._versions.keep(articles, index_by_id)
        except Retryable:
            self._prepared = False
            raise

    async def _send(self, bulk: Bulk) -> list[Verdict]:
        if bulk.size > self._max_bytes:
            return await self._too_large(bulk)
        async with self._slots:
            started = time.perf_counter()
            try:
                with translate_errors(self.settings):
                    answer = await self._client.bulk(
                        # The client's types do not include encoded lines, but its serializer accepts them.
                        operations=bulk.lines,  # type: ignore[arg-type]
                        filter_path="errors,items.*.status,items.*.error",
                    )
            except Retryable:
                self.metrics.bulk_requests.labels("retried").inc()
                raise
            except ApiError as error:
                # The whole request was refused. One document is at fault, and only that one may be rejected.
                refusal = error
            else:
                self.metrics.bulk_seconds.observe(time.perf_counter() - started)
                self.metrics.bulk_bytes.inc(bulk.size)
                return self._account(answer.body, bulk)
        if refusal.meta.status == 413:
            return await self._too_large(bulk)
        if len(bulk.articles) == 1:
            self.metrics.bulk_documents.labels("rejected").inc()
            return [Rejected(Reason.INDEX_REFUSED, error_text(refusal))]
        return await self._halve(bulk)

    def _account(self, answer: Mapping[str, Any], bulk: Bulk) -> list[Verdict]:
        for outcome in bulk_outcomes(answer):
            self.metrics.bulk_documents.labels(outcome).inc()
        result = verdicts(answer, bulk.articles)
        retried = any(isinstance(verdict, Retryable) for verdict in result)
        self.metrics.bulk_requests.labels("retried" if retried else "ok").inc()
        return result

    async def _too_large(self, bulk: Bulk) -> list[Verdict]:
        if len(bulk.articles) > 1:
            return await self._halve(bulk)
        self.metrics.bulk_documents.labels("rejected").inc()
        detail = f"the document has {bulk.size} bytes, Elasticsearch takes {self._max_bytes}"
        return [Rejected(Reason.TOO_LARGE, detail)]

    async def _halve(self, bulk: Bulk) -> list[Verdict]:
        first, second = bulk.halves()
        return [*await self._send(first), *await self._send(second)]


def _newest(articles: Sequence[Article], settings: Settings) -> list[Article]:
    """Keep the newest version of each article.

    Concurrent requests can overtake each other, so a batch must not hold two versions of one article.
    """
    newest: dict[str, Article] = {}
    for article in articles:
        known = newest.get(article.id)
        if known is None or version(article, settings.pipeline_revision) >= version(known, settings.pipeline_revision):
            newest[article.id] = article
    return list(newest.values())
