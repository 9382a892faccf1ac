"""JSON Schemas of the records on the wire. `rasd schema` writes them to docs/schemas."""

import json
from collections.abc import Mapping

from pydantic import BaseModel

from streams.records import Article, RawArticle


def schema_files(further: Mapping[str, tuple[type[BaseModel], str]] | None = None) -> dict[str, str]:
    """Return the schemas' texts by file name, for all records that others may read or write.

    Args:
        further: records of rooms above this one, which others read: model and title by file name.
    """
    models = {
        "raw-article.schema.json": (RawArticle.model_json_schema(mode="validation"), "A record of articles.raw"),
        "article.schema.json": (
            Article.model_json_schema(mode="serialization"),
            "A record of articles.enriched, and a line of `rasd enrich`",
        ),
    }
    for name, (model, title) in (further or {}).items():
        models[name] = (model.model_json_schema(mode="serialization"), title)
    return {
        name: json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title} | schema,
            ensure_ascii=False,
            indent=2,
        )
        + "\n"
        for name, (schema, title) in models.items()
    }
