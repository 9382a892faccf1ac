"""The template files against the records."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from streams.elastic import template_files
from streams.elastic.client import Capabilities
from streams.elastic.template_files import read_template
from streams.elastic.templates import Names, component_templates, index_template, lifecycle_policy, schema_digest
from streams.errors import OperatorError
from streams.records import Article
from streams.search.analysis import definition
from streams.search.query import FACETS, FORM_FIELDS, PHRASE_FIELDS, WORD_FIELDS
from streams.settings import Settings
from streams.words.index import term_fields
from tests.support.articles import article


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
    for field in (*WORD_FIELDS, *FORM_FIELDS, *PHRASE_FIELDS, *FACETS.values()):
        assert _mapping(field)["type"] in {"text", "keyword"}


def test_analyzers_of_the_mapping_are_defined() -> None:
    def analyzers(node: Any) -> set[str]:
        if not isinstance(node, dict):
            return set()
        own = {node["analyzer"]} if isinstance(node.get("analyzer"), str) else set()
        return own.union(*(analyzers(child) for child in node.values()))

    assert analyzers(_properties()) <= set(definition()["analyzer"])


def test_no_component_of_the_last_release_is_changed() -> None:
    """A worker of 0.1 puts its component `analysis` and its index template, and may do so after one of ours has."""
    assert "rasd-articles-analysis" not in component_templates(Settings(_env_file=None))
    assert "rasd-articles-analysis" not in index_template(Settings(_env_file=None))["composed_of"]


def test_phrases_need_positions_and_words_do_not() -> None:
    assert {_mapping(field)["index_options"] for field in PHRASE_FIELDS} == {"positions"}
    assert {_mapping(field)["index_options"] for field in WORD_FIELDS} == {"freqs"}


def test_terms_of_every_text_are_mapped() -> None:
    fields = term_fields(article(subtitle="عنوان", captions=[{"text": "صورة"}]).model_dump(mode="json"))
    for kind, texts in fields.items():
        assert set(texts) == set(_mapping(kind)["properties"]), kind


def test_names_and_sizes_follow_the_settings() -> None:
    settings = _settings(index_prefix="news", index_shards=3, index_replicas=1, index_refresh="5s")
    template = index_template(settings)
    components = component_templates(settings)
    assert template["index_patterns"] == ["news-articles-*"]
    assert template["composed_of"] == [*components, "news-articles-custom"]
    assert template["ignore_missing_component_templates"] == ["news-articles-custom"]
    assert components["news-articles-settings"]["template"]["settings"]["number_of_shards"] == 3
    assert components["news-articles-settings"]["template"]["settings"]["refresh_interval"] == "5s"


def test_lifecycle_settings_go_only_to_a_server_that_knows_them() -> None:
    settings = _settings(index_prefix="news", rollover_age="7d", rollover_size="10gb", rollover_documents=1000)
    for server, expected in (
        (None, None),
        (Capabilities(lifecycle=False), None),
        (Capabilities(lifecycle=True), {"name": "news-articles", "rollover_alias": "news-write"}),
    ):
        sent = component_templates(settings, server)["news-articles-settings"]["template"]["settings"]
        assert sent.get("lifecycle") == expected
    hot = lifecycle_policy(settings)["policy"]["phases"]["hot"]
    assert hot["actions"]["rollover"] == {
        "max_age": "7d",
        "max_primary_shard_size": "10gb",
        "max_docs": 1000,
        "min_docs": 1,
    }
    assert set(lifecycle_policy(settings)["policy"]["phases"]) == {"hot"}, "nothing is deleted by itself"


def test_the_digest_changes_with_mapping_and_analysis_and_with_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema_digest()
    folder = tmp_path / "templates"
    shutil.copytree(str(template_files.TEMPLATES), folder)
    monkeypatch.setattr(template_files, "TEMPLATES", folder)

    def change(name: str, *path: str, value: Any) -> str:
        file = folder / f"{name}.json"
        original = file.read_text(encoding="utf-8")
        content = json.loads(original)
        here = content["template"]
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = value
        file.write_text(json.dumps(content), encoding="utf-8")
        digest = schema_digest()
        file.write_text(original, encoding="utf-8")
        return digest

    assert change("settings", "settings", "refresh_interval", value="9s") == before
    mapped = change("index", "mappings", "properties", "byline", "ignore_above", value=99)
    analysed = change("terms", "settings", "analysis", "filter", "word_forms", "patterns", value=["(.)"])
    assert len({before, mapped, analysed}) == 3
    assert index_template(_settings())["template"]["mappings"]["_meta"]["digest"] == before


def test_names_of_indices_are_taken_apart_and_counted_on() -> None:
    named = Names("rasd")
    assert named.dated(2, 7) == "<rasd-articles-v2-{now/d}-000007>"
    assert named.parts("rasd-articles-v2-2026.11.23-000007") == (2, "2026.11.23", 7)
    assert named.successor("rasd-articles-v2-2026.11.23-000007") == "rasd-articles-v3-2026.11.23-000007"
    assert named.successor("rasd-articles-000001") == "rasd-articles-v2-000001"
    with pytest.raises(OperatorError, match="old-stuff is behind the aliases"):
        named.successor("old-stuff")


def test_the_files_are_the_templates_of_the_default_prefix() -> None:
    template = index_template(_settings())
    assert template["index_patterns"] == ["rasd-articles-*"]
    composed = ["rasd-articles-terms", "rasd-articles-settings", "rasd-articles-custom"]
    assert template["composed_of"] == read_template("index")["composed_of"] == composed
    optional = ["rasd-articles-custom"]
    assert template["ignore_missing_component_templates"] == optional
    assert read_template("index")["ignore_missing_component_templates"] == optional
