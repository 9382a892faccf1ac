"""The indices behind the aliases: which there are, and how a new one begins."""

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
    """Where articles stand.

    Attributes:
        write: the index that new articles go into, by its alias.
        began: when each index that searches see began, milliseconds since the epoch; oldest first. A renewed index
            began when the one did that it was made from.
    """

    write: str
    began: dict[str, int]

    @property
    def all(self) -> tuple[str, ...]:
        """Every index that searches see, oldest first."""
        return tuple(self.began)

    def home(self, ingested_at: datetime) -> str:
        """The index for an article that stands nowhere yet: the one that was written to when the article came in.

        Not the one that is written to now: a worker that dies during a roll-over and the one that repeats its work
        would see different ones, and the article could be stored by both. When it came in is the same for both.
        """
        came = ingested_at.timestamp() * 1000
        return next((name for name, began in reversed(self.began.items()) if began <= came), self.all[0])


async def read_layout(client: AsyncElasticsearch, settings: Settings) -> IndexLayout:
    """Ask the aliases.

    Raises:
        Retryable: Elasticsearch is away, or the aliases are gone and have to be made anew.
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
            raise Retryable(f"alias {named.write} is gone; it has to be made anew") from error
    writes = [name for name, entry in found.items() if entry["aliases"].get(named.write, {}).get("is_write_index")]
    if len(writes) != 1:
        raise Retryable(f"alias {named.write} has no index to write to; it has to be made anew")
    read = {name: began(entry) for name, entry in found.items() if named.read in entry["aliases"] and is_live(entry)}
    return IndexLayout(writes[0], dict(sorted(read.items(), key=lambda pair: (pair[1], pair[0]))))


def is_live(index: Mapping[str, Any]) -> bool:
    """False for what a migration has not finished: for a moment it has the read alias that the template gives it."""
    return bool(_migration(index).get("live", True))


def _migration(index: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = index.get("mappings", {}).get("_meta", {}).get("migration", {})
    return found


def began(index: Mapping[str, Any]) -> int:
    """When an index began, from its description: milliseconds since the epoch."""
    return int(_migration(index).get("began") or index["settings"]["index"]["creation_date"])


async def find(
    client: AsyncElasticsearch,
    settings: Settings,
    wanted: Sequence[tuple[str, str]],
    source: Sequence[str] | bool = False,
) -> list[Mapping[str, Any]]:
    """Look documents up by index and id, in real time: a search would miss what was stored a moment ago.

    Args:
        wanted: (index, id) pairs; ids of several indices may be the same.
        source: the fields to bring along.

    Returns:
        The documents that are there, as the server gives them.

    Raises:
        Retryable: Elasticsearch is away, or an index has gone meanwhile, so that an absence would say nothing.
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
    """What a roll-over did.

    Attributes:
        old: the index that was written to.
        new: the index that is written to now; None when no condition was met.
        met: the server's words for each condition, and whether it was met.
    """

    old: str
    new: str | None
    met: dict[str, bool]


async def roll_over(client: AsyncElasticsearch, settings: Settings, *, at_once: bool = False) -> RolledOver:
    """Begin a new index when the conditions of the settings are met; searches see both.

    Args:
        at_once: whatever the conditions say.

    Raises:
        Retryable: Elasticsearch is away, or another process rolled over in this moment.
        OperatorError: it refuses.
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
                raise Retryable(f"another process rolled {layout.write} over in this moment") from error
            raise OperatorError(f"Elasticsearch refuses the roll-over: {error_text(error)}") from error
    new = answer["new_index"] if answer["rolled_over"] else None
    return RolledOver(answer["old_index"], new, dict(answer["conditions"]))


@dataclass(frozen=True, slots=True)
class IndexState:
    """One index as an operator wants to see it.

    Attributes:
        role: `write`, `read`, or `kept` (no alias: the old one of a migration, or one that is being built).
        documents: searchable documents.
        size: bytes of the primary shards.
        up_to_date: whether its mapping and analysis are those of the files.
        blocked: whether writes are held back.
    """

    name: str
    role: str
    documents: int
    size: int
    up_to_date: bool
    blocked: bool


async def list_indices(client: AsyncElasticsearch, settings: Settings) -> list[IndexState]:
    """Every index of this prefix, by name.

    Raises:
        Retryable: Elasticsearch is away.
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
    """Whether an index was made with the mapping and analysis of the files."""
    return bool(mappings.get("_meta", {}).get("digest") == schema_digest())


def is_blocked(settings: dict[str, Any]) -> bool:
    """Whether an index refuses writes."""
    return str(settings["index"].get("blocks", {}).get("write", "false")) == "true"
