"""Migrates indices to a new mapping or analysis while articles are written and searched.

Documents are copied to a new index, which then replaces the old one in the aliases in one atomic step. Changes are
found by the old index's sequence numbers: after a first pass over all documents, each further pass copies only what was
written meanwhile. During the last pass, writes to the old index are blocked; the sink retries them and finds the new
index when it reads the aliases again. So nothing is lost, and nothing is written to an index that is not searched.

Documents keep their versions, so every copy is idempotent, and an interrupted migration resumes at its last checkpoint,
which is stored in the new index's mapping. `_reindex` is not used: the native stack's distribution lacks it, and it
does not report what changed while it ran.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, AsyncElasticsearch

from streams.elastic.client import Capabilities, error_text, translate_errors
from streams.elastic.copy import Copy
from streams.elastic.indices import is_up_to_date, read_layout
from streams.elastic.templates import ensure_index, names, put_templates, schema_digest
from streams.errors import OperatorError, Retryable
from streams.observability.logs import get_logger
from streams.settings import Settings

log = get_logger(__name__)

# Passes before writes are blocked. Each copies what was written during the one before, so they shrink quickly.
CATCH_UP_PASSES = 10
# Documents that may be left to the last pass: at most about a second with writes blocked.
FEW = 1000
# Documents between two saved checkpoints; saving one is an update of the cluster state.
SAVE_EVERY = 5000

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Migrated:
    """One index that was migrated.

    Attributes:
        source, target: the old and the new index.
        documents: number of documents in the new index.
        copied: number of copies made by this run; exceeds `documents` if documents changed meanwhile.
        resumed: whether it resumed an earlier run.
        pause: seconds for which writes to the index were blocked.
    """

    source: str
    target: str
    documents: int
    copied: int
    resumed: bool
    pause: float


async def migrate(
    client: AsyncElasticsearch,
    settings: Settings,
    *,
    everything: bool = False,
    remove_old: bool = False,
    report: Report | None = None,
) -> list[Migrated]:
    """Migrate every index whose mapping or analysis differs from the template files.

    Args:
        client: the Elasticsearch client.
        settings: prefix, request sizes, retries.
        everything: migrate indices that are up to date as well (for a new number of shards or another codec).
        remove_old: delete the old indices, including those of earlier runs; else they are kept outside the aliases,
            with writes blocked.
        report: called with the old index, the documents copied so far, and the documents to copy.

    Returns:
        The migrated indices, oldest first.

    Raises:
        Retryable: Elasticsearch is unavailable or overloaded. Another run resumes at the last checkpoint.
        OperatorError: a document does not fit the new mapping, or the copy differs from the original; the old index
            stays in use.
    """
    await ensure_index(client, settings)
    server = await put_templates(client, settings)
    layout = await read_layout(client, settings)
    with translate_errors(settings):
        found = await client.indices.get(index=list(layout.all))
    done = []
    for source in layout.all:
        if everything or not is_up_to_date(found[source]["mappings"]):
            uuid = found[source]["settings"]["index"]["uuid"]
            migration = _Migration(client, settings, server, source, uuid=uuid, began=layout.began[source])
            done.append(await migration.run(report))
    if remove_old:
        await _remove_old(client, settings)
    return done


async def abandon(client: AsyncElasticsearch, settings: Settings) -> list[str]:
    """Abandon unfinished migrations: delete their target indices and unblock writes to the old ones.

    Returns:
        Names of the deleted indices.

    Raises:
        Retryable: Elasticsearch is unavailable.
    """
    live = (await read_layout(client, settings)).all
    deleted = []
    async for name, source in _migrated(client, settings):
        if name not in live and source in live:
            with translate_errors(settings):
                await _block_writes(client, source, False)
                await client.indices.delete(index=name)
            deleted.append(name)
    return deleted


async def _remove_old(client: AsyncElasticsearch, settings: Settings) -> None:
    live = (await read_layout(client, settings)).all
    sources = {name: source async for name, source in _migrated(client, settings)}
    for name in live:
        source = sources.get(name)
        while source is not None and source not in live:
            with translate_errors(settings):
                await client.indices.delete(index=source, ignore_unavailable=True)
            source = sources.get(source)  # the source of that index, two versions ago


async def _migrated(client: AsyncElasticsearch, settings: Settings) -> AsyncIterator[tuple[str, str]]:
    """Yield each index that a migration created, with the index that it was copied from."""
    with translate_errors(settings):
        found = await client.indices.get(index=names(settings).pattern)
    for name, entry in found.items():
        source = entry["mappings"].get("_meta", {}).get("migration", {}).get("source")
        if source is not None:
            yield name, source


async def _block_writes(client: AsyncElasticsearch, index: str, blocked: bool) -> None:
    if blocked:
        # Unlike the plain setting, this call returns only once no write is in flight.
        await client.indices.add_block(index=index, block="write")
    else:
        await client.indices.put_settings(index=index, settings={"index.blocks.write": None})


class _Migration:
    """The migration of one index to its next version."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        settings: Settings,
        server: Capabilities,
        source: str,
        *,
        uuid: str,
        began: int,
    ) -> None:
        self._client = client
        self._settings = settings
        self._server = server
        self._names = names(settings)
        self._source = source
        self._target = self._names.successor(source)
        self._uuid = uuid
        self._began = began
        self._copy = Copy(client, settings, source, self._target)

    async def run(self, report: Report | None) -> Migrated:
        """Copy all documents, catch up with changes, and switch the aliases to the new index."""
        resumed = await self._prepare()
        total = await self._copy.count(self._source)
        copied = 0

        async def one_pass(*, last: bool = False) -> int:
            nonlocal copied
            count = saved = 0
            async for stored in self._copy.copy_changes(last=last):
                count += stored
                copied += stored
                if report is not None:
                    report(self._source, copied, total)
                if count - saved >= SAVE_EVERY:
                    await self._save()
                    saved = count
            return count

        for _ in range(CATCH_UP_PASSES):
            few = await one_pass() <= FEW
            await self._save()
            if few:
                break
        await self._make_searchable()
        began = time.monotonic()
        await self._guarded(lambda: self._finish(one_pass))
        pause = time.monotonic() - began
        documents = await self._copy.count(self._target)
        log.info("index migrated", source=self._source, target=self._target, documents=documents, pause=round(pause, 3))
        return Migrated(self._source, self._target, documents, copied, resumed, pause)

    async def _prepare(self) -> bool:
        """Create the new index, or find the one of an earlier run. Returns whether an earlier run is resumed."""
        with translate_errors(self._settings):
            resumed = False
            if await self._client.indices.exists(index=self._target):
                found = (await self._client.indices.get(index=self._target))[self._target]
                resumed = self._resume(found["mappings"].get("_meta", {}))
                if not resumed:
                    # Created for another mapping than the current one, or from another index of the same name.
                    await self._client.indices.delete(index=self._target)
            if not resumed:
                await self._create()
            # The index template gave it the read alias. That is harmless while it is empty (the sink ignores an index
            # that is not live), but once filled, hits would come twice.
            if await self._client.indices.exists_alias(index=self._target, name=self._names.read):
                await self._client.indices.delete_alias(index=self._target, name=self._names.read)
        return resumed

    def _resume(self, meta: Mapping[str, Any]) -> bool:
        migration = meta.get("migration", {})
        if meta.get("digest") != schema_digest() or migration.get("uuid") != self._uuid:
            return False
        self._copy.checkpoints = {int(shard): number for shard, number in migration["checkpoints"].items()}
        return True

    async def _create(self) -> None:
        own: dict[str, Any] = {"refresh_interval": "-1"}
        if self._server.lifecycle:
            own["lifecycle"] = {"name": None}  # managed only from the switch on
        try:
            await self._client.indices.create(index=self._target, settings=own, mappings={"_meta": self._meta()})
        except ApiError as error:
            if error.meta.status != 400:
                raise
            raise OperatorError(f"Elasticsearch refuses index {self._target}: {error_text(error)}") from error

    def _meta(self, *, live: bool = False) -> dict[str, Any]:
        checkpoints = {str(shard): number for shard, number in self._copy.checkpoints.items()}
        return {
            "digest": schema_digest(),
            "migration": {
                "source": self._source,
                "uuid": self._uuid,
                "began": self._began,
                "live": live,
                "checkpoints": checkpoints,
            },
        }

    async def _save(self, *, live: bool = False) -> None:
        with translate_errors(self._settings):
            await self._client.indices.put_mapping(index=self._target, meta=self._meta(live=live))

    async def _make_searchable(self) -> None:
        with translate_errors(self._settings):
            await self._client.indices.put_settings(
                index=self._target, settings={"index.refresh_interval": self._settings.index_refresh}
            )
            await self._client.cluster.health(index=self._target, wait_for_status="yellow", timeout="30s")
            # The first refresh takes longest, so it is done before writes are blocked.
            await self._client.indices.refresh(index=self._target)

    async def _finish(self, one_pass: Callable[..., Awaitable[int]]) -> None:
        with translate_errors(self._settings):
            await _block_writes(self._client, self._source, True)
        await one_pass(last=True)
        await self._copy.remove_deleted()
        await self._switch()

    async def _switch(self) -> None:
        await self._save(live=True)
        layout = await read_layout(self._client, self._settings)
        writes = layout.write == self._source
        add: dict[str, Any] = {"index": self._target, "alias": self._names.write, "is_write_index": writes}
        actions: list[dict[str, Any]] = [
            {"remove": {"index": self._source, "aliases": [self._names.read, self._names.write], "must_exist": False}},
            {"add": {"index": self._target, "alias": self._names.read}},
            {"add": add},
        ]
        with translate_errors(self._settings):
            if self._server.lifecycle:
                await self._hand_over_lifecycle(writes)
            try:
                await self._client.indices.update_aliases(actions=actions)
            except ApiError as error:
                # The index was rolled over meanwhile: there would be two write indices.
                raise Retryable(f"the aliases could not be switched: {error_text(error)}") from error

    async def _hand_over_lifecycle(self, writes: bool) -> None:
        """Detach the lifecycle policy from the old index and attach it to the new one, with the old one's age."""
        await self._client.indices.put_settings(index=self._source, settings={"index.lifecycle.name": None})
        managed = {
            "index.lifecycle.name": self._names.template,
            "index.lifecycle.origination_date": self._began,
            "index.lifecycle.indexing_complete": not writes,
        }
        await self._client.indices.put_settings(index=self._target, settings=managed)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`, and unblock writes if it fails.

        If Elasticsearch is unavailable then, they stay blocked until the next run.
        """
        try:
            await work()
        except BaseException:
            # After the switch the old index stays blocked: a worker that has not read the aliases must not write there.
            if self._source in (await read_layout(self._client, self._settings)).all:
                with translate_errors(self._settings):
                    await _block_writes(self._client, self._source, False)
            raise
