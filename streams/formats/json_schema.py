"""JSON Schemas of the records on the wire. `rasd schema` writes them to docs/schemas."""

import json

from streams.records import Article, RawArticle


def schema_files() -> dict[str, str]:
    """Return the schemas' texts by file name, for all records that others may read or write."""
    models = {
        "raw-article.schema.json": (RawArticle.model_json_schema(mode="validation"), "A record of articles.raw"),
        "article.schema.json": (
            Article.model_json_schema(mode="serialization"),
            "A record of articles.enriched, and a line of `rasd enrich`",
        ),
    }
    return {
        name: json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title} | model,
            ensure_ascii=False,
            indent=2,
        )
        + "\n"
        for name, (model, title) in models.items()
    }
