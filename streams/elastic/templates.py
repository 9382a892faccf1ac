"""Installs the index templates and creates the first index; idempotent, and safe from several processes at once.

The files in deploy/elasticsearch are complete templates for the prefix `rasd`; another RASD_INDEX_PREFIX renames them.
Each index stores the digest of the mapping and analysis that it was created with in its mapping's `_meta`, which shows
whether it is up to date (streams/elastic/migrate.py).
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
from streams.words.index import analysis_digest

log = get_logger(__name__)

# That of 0.1 was called `analysis`. Another name keeps the two apart while workers of both releases run: the server
# refuses a component without what the present index template needs.
COMPONENTS = ("terms", "settings")
# Component template that operators may add to map fields of their own, such as annotations
# (docs/guides/add-a-stage.md). Rasd never writes it, and creates indices without it while there is none.
CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of indices, aliases and templates, derived from the index prefix.

    An index is called `rasd-articles-v1-2026.11.23-000001`: its version, the day of its creation, a serial number. The
    number comes last because index lifecycle management increments it there.
    """

    prefix: str

    @property
    def read(self) -> str:
        """Alias of all indices; searches use it."""
        return f"{self.prefix}-read"

    @property
    def write(self) -> str:
        """Alias of the one index that takes new articles."""
        return f"{self.prefix}-write"

    @property
    def versions(self) -> str:
        """Index of the earlier texts of articles that came again with another one."""
        return f"{self.prefix}-versions"

    @property
    def template(self) -> str:
        """Name of the index template and of the lifecycle policy."""
        return f"{self.prefix}-articles"

    @property
    def pattern(self) -> str:
        """Pattern that all index names match."""
        return f"{self.prefix}-articles-*"

    def component(self, name: str) -> str:
        """Return the name of a component template in the cluster."""
        return f"{self.prefix}-articles-{name}"

    def dated(self, version: int, number: int) -> str:
        """Return the name of an index to create now, as date math that the server resolves (UTC).

        Successors of an index created under such a name get their own day in their names.
        """
        return f"<{self.prefix}-articles-v{version}-{{now/d}}-{number:06d}>"

    def parts(self, index: str) -> tuple[int, str, int]:
        """Split an index name into version, day and serial number.

        Raises:
            OperatorError: the name does not have this form.
        """
        match = re.fullmatch(rf"{re.escape(self.prefix)}-articles-(?:v(\d+)-)?(.*?)-?(\d{{6}})", index)
        if match is None:
            raise OperatorError(
                f"index {index} is behind the aliases, but not named like {self.prefix}-articles-v1-2026.11.23-000001",
                hint=f"remove it from the aliases {self.read} and {self.write}",
            )
        return int(match[1] or 1), match[2], int(match[3])

    def successor(self, index: str) -> str:
        """Return the name of the same index in the next version. Raises like `parts`."""
        version, day, number = self.parts(index)
        return "-".join(filter(None, (f"{self.prefix}-articles-v{version + 1}", day, f"{number:06d}")))


def names(settings: Settings) -> Names:
    """Return the names for the prefix in the settings."""
    return Names(settings.index_prefix)


def component_templates(settings: Settings, server: Capabilities | None = None) -> dict[str, dict[str, Any]]:
    """Return the component templates as sent to the server, by name in the cluster.

    Args:
        settings: prefix, shards, replicas and refresh interval.
        server: its optional features; None for none.
    """
    templates = {name: read_template(name) for name in COMPONENTS}
    own = templates["settings"]["template"]["settings"]
    own |= {
        "number_of_shards": settings.index_shards,
        "number_of_replicas": settings.index_replicas,
        "refresh_interval": settings.index_refresh,
    }
    if server is not None and server.lifecycle:
        # A server without lifecycle management rejects a template with these settings.
        own["lifecycle"] = {"name": names(settings).template, "rollover_alias": names(settings).write}
    return {names(settings).component(name): template for name, template in templates.items()}


def index_template(settings: Settings) -> dict[str, Any]:
    """Return the index template as sent to the server."""
    named = names(settings)
    template = read_template("index")
    template["template"]["mappings"]["_meta"] = {"digest": schema_digest()}
    # A roll-over gives the new index only the write alias; the template adds the read alias, so that searches find it.
    template["template"]["aliases"] = {named.read: {}}
    return template | {
        "index_patterns": [named.pattern],
        "composed_of": [named.component(name) for name in (*COMPONENTS, CUSTOM)],
        "ignore_missing_component_templates": [named.component(CUSTOM)],
    }


def lifecycle_policy(settings: Settings) -> dict[str, Any]:
    """Return the lifecycle policy as sent to the server, with the conditions of RASD_ROLLOVER_*."""
    policy = read_template("lifecycle")
    policy["policy"]["phases"]["hot"]["actions"]["rollover"] = rollover_conditions(settings)
    return policy


def rollover_conditions(settings: Settings) -> dict[str, Any]:
    """Return the conditions of a roll-over: any of the three maxima is reached, and the index is not empty."""
    return {
        "max_age": settings.rollover_age,
        "max_primary_shard_size": settings.rollover_size,
        "max_docs": settings.rollover_documents,
        "min_docs": 1,
    }


def schema_digest() -> str:
    """Return a digest of the mapping and the analysis with its word lists, which decide how a document is indexed."""
    schema = [
        read_template("index")["template"]["mappings"],
        read_template("terms")["template"]["settings"],
        analysis_digest(),
    ]
    text = json.dumps(schema, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def put_templates(client: AsyncElasticsearch, settings: Settings) -> Capabilities:
    """Install all templates, and the lifecycle policy if the server supports it. Existing indices do not change.

    Returns:
        The server's optional features.

    Raises:
        Retryable: Elasticsearch is unavailable.
        OperatorError: Elasticsearch rejects a template.
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
                hint="does another template have the same priority, or is the analysis plugin missing?",
            ) from error
    return server


async def ensure_index(client: AsyncElasticsearch, settings: Settings) -> bool:
    """Update the templates, and create the first index with its aliases unless it exists.

    Safe from several processes at once: the index is created together with its aliases in one atomic request.

    Returns:
        Whether this call created the index.

    Raises:
        Retryable: Elasticsearch is unavailable, starting or overloaded.
        OperatorError: Elasticsearch rejects the templates or the index, or an index has the name of the write alias.
    """
    named = names(settings)
    # Putting an unchanged template costs the server nothing.
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
        # Another process was first: the name is taken or, around midnight, the alias already has a write index.
        if await client.indices.exists_alias(name=named.write):
            return False
        if error.meta.status not in {400, 500}:
            raise
        hint = f"add the aliases {named.read} and {named.write} to the existing index, or delete it"
        raise OperatorError(f"Elasticsearch refuses the first index: {error_text(error)}", hint=hint) from error
    log.info("index created", index=made["index"], read=named.read, write=named.write)
    return True
