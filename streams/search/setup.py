"""The templates and the index: made when missing, left alone when there, by any number of processes at once.

The files in deploy/elasticsearch are complete templates for the prefix `rasd`; another RASD_INDEX_PREFIX renames them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from elasticsearch import AsyncElasticsearch, BadRequestError

from streams.errors import CommandError
from streams.logs import get_logger
from streams.search.analysis import TEMPLATES
from streams.search.client import error_text, passing_errors
from streams.settings import Settings

log = get_logger(__name__)

COMPONENTS = ("analysis", "settings")


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the cluster that follow from the index prefix."""

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
        """The index template."""
        return f"{self.prefix}-articles"

    @property
    def pattern(self) -> str:
        """What all indices are called."""
        return f"{self.prefix}-articles-*"

    def component(self, name: str) -> str:
        """A component template."""
        return f"{self.prefix}-articles-{name}"

    def index(self, number: int) -> str:
        """The index with this running number, from 1."""
        return f"{self.prefix}-articles-{number:06d}"


def names(settings: Settings) -> Names:
    """The names that these settings give."""
    return Names(settings.index_prefix)


def component_templates(settings: Settings) -> dict[str, dict[str, Any]]:
    """Component templates as they are sent, by name in the cluster."""
    templates = {name: _read(name) for name in COMPONENTS}
    templates["settings"]["template"]["settings"] |= {
        "number_of_shards": settings.index_shards,
        "number_of_replicas": settings.index_replicas,
        "refresh_interval": settings.index_refresh,
    }
    return {names(settings).component(name): template for name, template in templates.items()}


def index_template(settings: Settings) -> dict[str, Any]:
    """The index template as it is sent."""
    named = names(settings)
    return _read("index") | {
        "index_patterns": [named.pattern],
        "composed_of": [named.component(name) for name in COMPONENTS],
    }


def _read(name: str) -> dict[str, Any]:
    template: dict[str, Any] = json.loads((TEMPLATES / f"{name}.json").read_text(encoding="utf-8"))
    return template


async def put_templates(client: AsyncElasticsearch, settings: Settings) -> None:
    """Send all templates; they replace their former versions and change no existing index.

    Raises:
        Retryable: Elasticsearch is away.
        CommandError: it refuses a template.
    """
    with passing_errors(settings):
        try:
            for name, template in component_templates(settings).items():
                await client.cluster.put_component_template(name=name, body=template)
            await client.indices.put_index_template(name=names(settings).template, body=index_template(settings))
        except BadRequestError as error:
            raise CommandError(
                f"Elasticsearch refuses the templates: {error_text(error)}",
                hint="is another template of equal priority in the way, or the analysis plugin missing?",
            ) from error


async def ensure_index(client: AsyncElasticsearch, settings: Settings) -> bool:
    """Bring the templates up to date and make the first index with its aliases, unless they are already there.

    Safe with several workers at once: an index is created together with its aliases or not at all, and whoever comes
    second finds it made.

    Returns:
        Whether this call made the index.

    Raises:
        Retryable: Elasticsearch is away, starting, or too busy.
        CommandError: it refuses the templates, or the alias' name is taken by an index.
    """
    named = names(settings)
    with passing_errors(settings):
        # Templates that are equal already cost the server nothing.
        await put_templates(client, settings)
        if await client.indices.exists_alias(name=named.write):
            return False
        return await _create_first(client, named)


async def _create_first(client: AsyncElasticsearch, named: Names) -> bool:
    first = named.index(1)
    try:
        await client.indices.create(index=first, aliases={named.read: {}, named.write: {"is_write_index": True}})
    except BadRequestError as error:
        if error.error == "resource_already_exists_exception":
            if not await client.indices.exists_alias(name=named.write):
                raise CommandError(
                    f"index {first} exists, but no alias {named.write}", hint="put both aliases on it, or delete it"
                ) from error
            return False
        raise CommandError(f"Elasticsearch refuses index {first}: {error_text(error)}") from error
    log.info("index created", index=first, read=named.read, write=named.write)
    return True
