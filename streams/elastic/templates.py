"""The templates and the first index: made when missing, left alone when there, by any number of processes at once.

The files in deploy/elasticsearch are complete templates for the prefix `rasd`; another RASD_INDEX_PREFIX renames them.
An index remembers in its mapping's `_meta` the digest of the mapping and analysis it was made with, so that anyone can
tell whether it is up to date (streams/elastic/migrate.py).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, AsyncElasticsearch, BadRequestError

from streams.elastic.client import Capabilities, capabilities, error_text, translate_errors
from streams.elastic.template_files import read_template
from streams.errors import OperatorError
from streams.observability.logs import get_logger
from streams.settings import Settings

log = get_logger(__name__)

COMPONENTS = ("analysis", "settings")


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the cluster that follow from the index prefix.

    An index is called `rasd-articles-v1-2026.11.23-000001`: its version, the day it was made, its running number. The
    number stands last because index lifecycle management counts on from there.
    """

    prefix: str

    @property
    def read(self) -> str:
        """Alias of all indices; searches go there."""
        return f"{self.prefix}-read"

    @property
    def write(self) -> str:
        """Alias of the one index that takes new documents."""
        return f"{self.prefix}-write"

    @property
    def template(self) -> str:
        """The index template, and the lifecycle policy."""
        return f"{self.prefix}-articles"

    @property
    def pattern(self) -> str:
        """What all indices are called."""
        return f"{self.prefix}-articles-*"

    def component(self, name: str) -> str:
        """A component template."""
        return f"{self.prefix}-articles-{name}"

    def dated(self, version: int, number: int) -> str:
        """Name of an index made today, as date mathematics that the server resolves (UTC).

        Made from such a name, an index gets successors with their own day in the name.
        """
        return f"<{self.prefix}-articles-v{version}-{{now/d}}-{number:06d}>"

    def parts(self, index: str) -> tuple[int, str, int]:
        """Version, what stands between (the day), and running number of an index.

        Raises:
            OperatorError: the name is not one of ours.
        """
        match = re.fullmatch(rf"{re.escape(self.prefix)}-articles-(?:v(\d+)-)?(.*?)-?(\d{{6}})", index)
        if match is None:
            raise OperatorError(
                f"index {index} is behind the aliases, but not named like {self.prefix}-articles-v1-2026.11.23-000001",
                hint=f"take it out of the aliases {self.read} and {self.write}",
            )
        return int(match[1] or 1), match[2], int(match[3])

    def successor(self, index: str) -> str:
        """The same index in the next version. Raises as `parts`."""
        version, day, number = self.parts(index)
        return "-".join(filter(None, (f"{self.prefix}-articles-v{version + 1}", day, f"{number:06d}")))


def names(settings: Settings) -> Names:
    """The names that these settings give."""
    return Names(settings.index_prefix)


def component_templates(settings: Settings, server: Capabilities | None = None) -> dict[str, dict[str, Any]]:
    """Component templates as they are sent, by name in the cluster.

    Args:
        server: what the server can do; None for what every server can.
    """
    templates = {name: read_template(name) for name in COMPONENTS}
    own = templates["settings"]["template"]["settings"]
    own |= {
        "number_of_shards": settings.index_shards,
        "number_of_replicas": settings.index_replicas,
        "refresh_interval": settings.index_refresh,
    }
    if server is not None and server.lifecycle:
        # A server without the module does not know these settings and would refuse the template.
        own["lifecycle"] = {"name": names(settings).template, "rollover_alias": names(settings).write}
    return {names(settings).component(name): template for name, template in templates.items()}


def index_template(settings: Settings) -> dict[str, Any]:
    """The index template as it is sent."""
    named = names(settings)
    template = read_template("index")
    template["template"]["mappings"]["_meta"] = {"digest": schema_digest()}
    # A roll-over gives the new index the write alias alone; whatever makes it, searches must find it.
    template["template"]["aliases"] = {named.read: {}}
    return template | {
        "index_patterns": [named.pattern],
        "composed_of": [named.component(name) for name in COMPONENTS],
    }


def lifecycle_policy(settings: Settings) -> dict[str, Any]:
    """The policy of index lifecycle management as it is sent, with the conditions of the settings."""
    policy = read_template("lifecycle")
    policy["policy"]["phases"]["hot"]["actions"]["rollover"] = rollover_conditions(settings)
    return policy


def rollover_conditions(settings: Settings) -> dict[str, Any]:
    """When the index that is written to has had enough: one of the first three is reached, and it is not empty."""
    return {
        "max_age": settings.rollover_age,
        "max_primary_shard_size": settings.rollover_size,
        "max_docs": settings.rollover_documents,
        "min_docs": 1,
    }


def schema_digest() -> str:
    """Digest of what decides how a document is indexed: the mapping and the analysis, not size or pace."""
    schema = [read_template("index")["template"]["mappings"], read_template("analysis")["template"]["settings"]]
    text = json.dumps(schema, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def put_templates(client: AsyncElasticsearch, settings: Settings) -> Capabilities:
    """Send all templates, and the lifecycle policy where the server knows such; no existing index changes.

    Returns:
        What the server can do.

    Raises:
        Retryable: Elasticsearch is away.
        OperatorError: it refuses a template.
    """
    server = await capabilities(client, settings)
    named = names(settings)
    with translate_errors(settings):
        try:
            if server.lifecycle:
                await client.ilm.put_lifecycle(name=named.template, body=lifecycle_policy(settings))
            for name, template in component_templates(settings, server).items():
                await client.cluster.put_component_template(name=name, body=template)
            await client.indices.put_index_template(name=named.template, body=index_template(settings))
        except BadRequestError as error:
            raise OperatorError(
                f"Elasticsearch refuses the templates: {error_text(error)}",
                hint="is another template of equal priority in the way, or the analysis plugin missing?",
            ) from error
    return server


async def ensure_index(client: AsyncElasticsearch, settings: Settings) -> bool:
    """Bring the templates up to date and make the first index with its aliases, unless they are already there.

    Safe with several workers at once: an index is created together with its aliases or not at all, and whoever comes
    second finds it made.

    Returns:
        Whether this call made the index.

    Raises:
        Retryable: Elasticsearch is away, starting, or too busy.
        OperatorError: it refuses the templates or the index, or the alias' name is taken by an index.
    """
    named = names(settings)
    # Templates that are equal already cost the server nothing.
    await put_templates(client, settings)
    with translate_errors(settings):
        if await client.indices.exists_alias(name=named.write):
            return False
        return await _create_first(client, named)


async def _create_first(client: AsyncElasticsearch, named: Names) -> bool:
    try:
        made = await client.indices.create(
            index=named.dated(1, 1), aliases={named.read: {}, named.write: {"is_write_index": True}}
        )
    except ApiError as error:
        # Another process was first: the name is taken, or (around midnight) the alias has its write index already.
        if await client.indices.exists_alias(name=named.write):
            return False
        if error.meta.status not in {400, 500}:
            raise
        hint = f"put the aliases {named.read} and {named.write} on the index that is there, or delete it"
        raise OperatorError(f"Elasticsearch refuses the first index: {error_text(error)}", hint=hint) from error
    log.info("index created", index=made["index"], read=named.read, write=named.write)
    return True
