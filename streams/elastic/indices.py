"""The indices behind the aliases: finding them, looking documents up in them, and rolling over to a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elasticsearch import AsyncElasticsearch, BadRequestError, NotFoundError

from streams.elastic.client import error_text, translate_errors
from streams.elastic.templates import ensure_index, names, rollover_conditions, schema_digest
from streams.errors import OperatorError, Retryable
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class IndexLayout:
    """The indices that hold articles.

    Attributes:
        write: the index behind the write alias; new articles go there.
        began: start of each index behind the read alias, in milliseconds since the epoch, oldest first. An index that
            was made by a migration has the start of the index that it was copied from.
    """

    write: str
    began: dict[str, int]

    @property
    def all(self) -> tuple[str, ...]:
        """All indices behind the read alias, oldest first."""
        return tuple(self.began)

    def home(self, ingested_at: datetime) -> str:
        """Return the index for an article that is in none yet: the write index at the time of its ingestion.

        The current write index would not do: a worker that dies during a roll-over and the worker that repeats its
        batch would see different ones, and both could store the article. The time of ingestion is the same for both.
        """
        came = ingested_at.timestamp() * 1000
        return next((name for name, began in reversed(self.began.items()) if began <= came), self.all[0])


async def read_layout(client: AsyncElasticsearch, settings: Settings) -> IndexLayout:
    """Read which indices are behind the aliases.

    Raises:
        Retryable: Elasticsearch is unavailable, or the aliases are missing and must be created again.
    """
    named = names(settings)
    with translate_errors(settings):
        try:
            found = await client.indices.get(
                index=[named.read, named.write],
                features=["aliases", "settings", "mappings"],
                filter_path="*.aliases,*.settings.index.creation_date,"
                "*.mappings._meta.migration.began,*.mappings._meta.migration.live",
            )
        except NotFoundError as error:
            raise Retryable(f"alias {named.write} is missing; it must be created again") from error
    writes = [name for name, entry in found.items() if entry["aliases"].get(named.write, {}).get("is_write_index")]
    if len(writes) != 1:
        raise Retryable(f"alias {named.write} has no write index; it must be created again")
    read = {name: began(entry) for name, entry in found.items() if named.read in entry["aliases"] and is_live(entry)}
    return IndexLayout(writes[0], dict(sorted(read.items(), key=lambda pair: (pair[1], pair[0]))))


def is_live(index: Mapping[str, Any]) -> bool:
    """Return False for an index that a migration is still filling.

    It has the read alias for a moment, as the index template gives it to every new index.
    """
    return bool(_migration(index).get("live", True))


def _migration(index: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = index.get("mappings", {}).get("_meta", {}).get("migration", {})
    return found


def began(index: Mapping[str, Any]) -> int:
    """Return the start of an index in milliseconds since the epoch, from its description by the server."""
    return int(_migration(index).get("began") or index["settings"]["index"]["creation_date"])


async def create_if_missing(
    client: AsyncElasticsearch, settings: Settings, index: str, mappings: Mapping[str, Any], **options: Any
) -> None:
    """Create an index of one shard if it does not exist.

    Args:
        client: the Elasticsearch client.
        settings: number of replicas, and the address for messages.
        index: its name.
        mappings: of its documents.
        options: further settings of the index.

    Raises:
        Retryable: Elasticsearch is unavailable or busy.
    """
    own = {"number_of_shards": 1, "number_of_replicas": settings.index_replicas, **options}
    with translate_errors(settings):
        try:
            await client.indices.create(index=index, mappings=mappings, settings=own)
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":
                raise


async def find(
    client: AsyncElasticsearch,
    settings: Settings,
    wanted: Sequence[tuple[str, str]],
    source: Sequence[str] | bool = False,
) -> list[Mapping[str, Any]]:
    """Get documents by index and id, in real time: a search would miss what was stored since the last refresh.

    Args:
        client: the Elasticsearch client.
        settings: for messages.
        wanted: (index, id) pairs; the same id may be asked of several indices.
        source: the fields to return.

    Returns:
        The documents found, as in the server's response.

    Raises:
        Retryable: Elasticsearch is unavailable, or an index was deleted meanwhile, so that its documents may be
            elsewhere.
    """
    if not wanted:
        return []
    docs = [{"_index": index, "_id": document} for index, document in wanted]
    with translate_errors(settings):
        answer = await client.mget(docs=docs, source=source)
    for doc in answer["docs"]:
        if "error" in doc:
            raise Retryable(f"index {doc['_index']} does not answer: {doc['error'].get('reason')}")
    return [doc for doc in answer["docs"] if doc["found"]]


@dataclass(frozen=True, slots=True)
class RolledOver:
    """Result of a roll-over.

    Attributes:
        old: the previous write index.
        new: the new write index; None if no condition was met.
        met: whether each condition was met, by the server's text for it.
    """

    old: str
    new: str | None
    met: dict[str, bool]


async def roll_over(client: AsyncElasticsearch, settings: Settings, *, at_once: bool = False) -> RolledOver:
    """Create a new write index if a condition of RASD_ROLLOVER_* is met. Searches cover the old one as before.

    Args:
        client: the Elasticsearch client.
        settings: prefix and conditions.
        at_once: roll over whether or not a condition is met.

    Raises:
        Retryable: Elasticsearch is unavailable, or another process rolled over at the same time.
        OperatorError: Elasticsearch refuses the request.
    """
    await ensure_index(client, settings)
    layout = await read_layout(client, settings)
    named = names(settings)
    version, _, _ = named.parts(layout.write)
    number = 1 + max(named.parts(index)[2] for index in layout.all)
    body: dict[str, Any] = {} if at_once else {"conditions": rollover_conditions(settings)}
    with translate_errors(settings):
        try:
            answer = await client.indices.rollover(alias=named.write, new_index=named.dated(version, number), body=body)
        except BadRequestError as error:
            if error.error == "resource_already_exists_exception":
                raise Retryable(f"another process rolled {layout.write} over at the same time") from error
            raise OperatorError(f"Elasticsearch refuses the roll-over: {error_text(error)}") from error
    new = answer["new_index"] if answer["rolled_over"] else None
    return RolledOver(answer["old_index"], new, dict(answer["conditions"]))


@dataclass(frozen=True, slots=True)
class IndexState:
    """State of one index, for `rasd index status`.

    Attributes:
        name: of the index.
        role: `write`, `read`, or `kept` (no alias: source of a migration, or target of an unfinished one).
        documents: number of searchable documents.
        size: bytes of the primary shards.
        up_to_date: whether its mapping and analysis equal the template files'.
        blocked: whether writes are blocked.
    """

    name: str
    role: str
    documents: int
    size: int
    up_to_date: bool
    blocked: bool


async def list_indices(client: AsyncElasticsearch, settings: Settings) -> list[IndexState]:
    """Return the state of all indices with this prefix, sorted by name.

    Raises:
        Retryable: Elasticsearch is unavailable.
    """
    named = names(settings)
    with translate_errors(settings):
        found = await client.indices.get(index=named.pattern)
        if not found.body:
            return []
        stats = await client.indices.stats(index=named.pattern, metric=["docs", "store"])
    states = []
    for name, entry in sorted(found.items()):
        primaries = stats["indices"].get(name, {}).get("primaries", {})
        states.append(
            IndexState(
                name,
                _role(entry["aliases"], settings),
                primaries.get("docs", {}).get("count", 0),
                primaries.get("store", {}).get("size_in_bytes", 0),
                is_up_to_date(entry["mappings"]),
                is_blocked(entry["settings"]),
            )
        )
    return states


def _role(aliases: dict[str, Any], settings: Settings) -> str:
    named = names(settings)
    if aliases.get(named.write, {}).get("is_write_index"):
        return "write"
    return "read" if named.read in aliases else "kept"


def is_up_to_date(mappings: dict[str, Any]) -> bool:
    """Return whether an index was created with the mapping and analysis of the template files."""
    return bool(mappings.get("_meta", {}).get("digest") == schema_digest())


def is_blocked(settings: dict[str, Any]) -> bool:
    """Return whether writes to an index are blocked."""
    return str(settings["index"].get("blocks", {}).get("write", "false")) == "true"
