"""The template files against the records."""

from typing import Any

from streams.records import Article
from streams.search.analysis import definition
from streams.search.query import FACETS, WORD_FIELDS
from streams.search.setup import component_templates, index_template
from streams.settings import Settings


def _settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def _properties() -> dict[str, Any]:
    properties: dict[str, Any] = index_template(_settings())["template"]["mappings"]["properties"]
    return properties


def _mapping(path: str) -> dict[str, Any]:
    here: dict[str, Any] = {"properties": _properties()}
    for part in path.split("."):
        here = (here.get("properties") or here.get("fields") or {})[part]
    return here


def test_every_field_of_an_article_is_mapped_and_nothing_else_is_guessed() -> None:
    mappings = index_template(_settings())["template"]["mappings"]
    assert mappings["dynamic"] is False
    assert set(Article.model_fields) <= set(mappings["properties"])


def test_the_fields_of_queries_and_facets_are_mapped() -> None:
    for field in (*(name.partition("^")[0] for name in WORD_FIELDS), *FACETS.values()):
        assert _mapping(field)["type"] in {"text", "keyword"}


def test_analyzers_of_the_mapping_are_defined() -> None:
    def analyzers(node: Any) -> set[str]:
        if not isinstance(node, dict):
            return set()
        own = {node["analyzer"]} if isinstance(node.get("analyzer"), str) else set()
        return own.union(*(analyzers(child) for child in node.values()))

    assert analyzers(_properties()) <= set(definition()["analyzer"])


def test_highlighted_fields_keep_their_offsets() -> None:
    for field in ("title", "title.exact", "body", "body.exact", "subtitle"):
        assert _mapping(field)["index_options"] == "offsets"


def test_names_and_sizes_follow_the_settings() -> None:
    settings = _settings(index_prefix="news", index_shards=3, index_replicas=1, index_refresh="5s")
    template = index_template(settings)
    components = component_templates(settings)
    assert template["index_patterns"] == ["news-articles-*"]
    assert template["composed_of"] == list(components)
    assert components["news-articles-settings"]["template"]["settings"]["number_of_shards"] == 3
    assert components["news-articles-settings"]["template"]["settings"]["refresh_interval"] == "5s"


def test_the_files_are_the_templates_of_the_default_prefix() -> None:
    template = index_template(_settings())
    assert template["index_patterns"] == ["rasd-articles-*"]
    assert template["composed_of"] == ["rasd-articles-analysis", "rasd-articles-settings"]
