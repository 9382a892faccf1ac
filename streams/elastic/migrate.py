"""An index with an older mapping or analysis, renewed while articles are written and readers search.

The new index is built beside the old one and takes its place in the aliases in one step. What is copied is followed by
the old index's own sequence numbers: after a first pass over everything, each further pass copies only what was written
meanwhile. For the last pass writes to the old index are held back; the sink waits and repeats them, and finds the new
index when it asks the aliases again. So nothing is lost and nothing is written to an index that nobody reads.

Documents keep their versions, which makes every copy idempotent: a migration that was interrupted goes on at its last
checkpoint, kept in the new index's mapping. `_reindex` is not used: the local distribution has none, and it could not
tell what changed during its run.
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

# Passes before writes are held back; each copies what came during the one before, so they shrink quickly.
CATCH_UP_PASSES = 10
# What a last pass may still have to copy: a second of waiting or less.
FEW = 1000
# Documents between two notes of the checkpoint; each is a change of the cluster's state.
NOTE_EVERY = 5000

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Migrated:
    """One index that was renewed.

    Attributes:
        source, target: the old and the new index.
        documents: how many the new one has.
        copied: how many copies this run made; more than `documents` when writes went on.
        resumed: whether an earlier run had begun.
        pause: seconds for which writes to this index were held back.
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
    """Renew every index whose mapping or analysis is older than the files.

    Args:
        everything: the others, too (another number of shards, a new codec).
        remove_old: delete the old indices, those of earlier runs included; else they are kept, outside the aliases and
            closed to writes.
        report: called with the index, the documents copied so far, and how many it has.

    Raises:
        Retryable: Elasticsearch is away or too busy. Run again, it goes on at its last checkpoint.
        OperatorError: a document does not fit the new mapping, or the copies do not agree; the old index stays in use.
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
    """Give up migrations that were not finished: delete what they built and let writes go on.

    Returns:
        Names of the indices that were deleted.

    Raises:
        Retryable: Elasticsearch is away.
    """
    live = (await read_layout(client, settings)).all
    deleted = []
    async for name, source in _migrated(client, settings):
        if name not in live and source in live:
            with translate_errors(settings):
                await _hold_back(client, source, False)
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
            source = sources.get(source)  # what that one was built from, two versions ago


async def _migrated(client: AsyncElasticsearch, settings: Settings) -> AsyncIterator[tuple[str, str]]:
    """Every index that a migration built, with the one it was built from."""
    with translate_errors(settings):
        found = await client.indices.get(index=names(settings).pattern)
    for name, entry in found.items():
        source = entry["mappings"].get("_meta", {}).get("migration", {}).get("source")
        if source is not None:
            yield name, source


async def _hold_back(client: AsyncElasticsearch, index: str, held: bool) -> None:
    if held:
        # Unlike the bare setting, this answers only when no write is under way any more.
        await client.indices.add_block(index=index, block="write")
    else:
        await client.indices.put_settings(index=index, settings={"index.blocks.write": None})


class _Migration:
    """One index on its way to the next version."""

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
        """Build, catch up, switch."""
        resumed = await self._prepare()
        total = await self._copy.count(self._source)
        copied = 0

        async def one_pass(*, last: bool = False) -> int:
            nonlocal copied
            count = noted = 0
            async for stored in self._copy.copy_changes(last=last):
                count += stored
                copied += stored
                if report is not None:
                    report(self._source, copied, total)
                if count - noted >= NOTE_EVERY:
                    await self._note()
                    noted = count
            return count

        for _ in range(CATCH_UP_PASSES):
            few = await one_pass() <= FEW
            await self._note()
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
        """Make the new index, or find the one that an earlier run began. Returns whether it was found."""
        with translate_errors(self._settings):
            resumed = False
            if await self._client.indices.exists(index=self._target):
                found = (await self._client.indices.get(index=self._target))[self._target]
                resumed = self._continue(found["mappings"].get("_meta", {}))
                if not resumed:
                    # Begun for another mapping than today's, or from another index of that name.
                    await self._client.indices.delete(index=self._target)
            if not resumed:
                await self._create()
            # The template gives it the read alias. Searches find it empty, sinks leave out what is not live; filled,
            # hits would come twice.
            if await self._client.indices.exists_alias(index=self._target, name=self._names.read):
                await self._client.indices.delete_alias(index=self._target, name=self._names.read)
        return resumed

    def _continue(self, meta: Mapping[str, Any]) -> bool:
        migration = meta.get("migration", {})
        if meta.get("digest") != schema_digest() or migration.get("uuid") != self._uuid:
            return False
        self._copy.checkpoints = {int(shard): number for shard, number in migration["checkpoints"].items()}
        return True

    async def _create(self) -> None:
        own: dict[str, Any] = {"refresh_interval": "-1"}
        if self._server.lifecycle:
            own["lifecycle"] = {"name": None}  # managed only when it is in place
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

    async def _note(self, *, live: bool = False) -> None:
        with translate_errors(self._settings):
            await self._client.indices.put_mapping(index=self._target, meta=self._meta(live=live))

    async def _make_searchable(self) -> None:
        with translate_errors(self._settings):
            await self._client.indices.put_settings(
                index=self._target, settings={"index.refresh_interval": self._settings.index_refresh}
            )
            await self._client.cluster.health(index=self._target, wait_for_status="yellow", timeout="30s")
            # The first refresh takes longest; it must not fall into the time in which writes are held back.
            await self._client.indices.refresh(index=self._target)

    async def _finish(self, one_pass: Callable[..., Awaitable[int]]) -> None:
        with translate_errors(self._settings):
            await _hold_back(self._client, self._source, True)
        await one_pass(last=True)
        await self._copy.remove_deleted()
        await self._switch()

    async def _switch(self) -> None:
        await self._note(live=True)
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
                # A roll-over came in between: two indices would be written to.
                raise Retryable(f"the aliases could not be switched: {error_text(error)}") from error

    async def _hand_over_lifecycle(self, writes: bool) -> None:
        """The policy leaves the old index and goes on with the new one at the old one's age."""
        await self._client.indices.put_settings(index=self._source, settings={"index.lifecycle.name": None})
        managed = {
            "index.lifecycle.name": self._names.template,
            "index.lifecycle.origination_date": self._began,
            "index.lifecycle.indexing_complete": not writes,
        }
        await self._client.indices.put_settings(index=self._target, settings=managed)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Let writes go on if the work fails. If the server is away then, they wait until the next run."""
        try:
            await work()
        except BaseException:
            # Once switched, the old index stays closed: a worker that still knows only it must not write there.
            if self._source in (await read_layout(self._client, self._settings)).all:
                with translate_errors(self._settings):
                    await _hold_back(self._client, self._source, False)
            raise
