"""The generated pages: what is stale is found and named, and nothing of the code is missing from them."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

import docs.generate.__main__ as command
from deploy.grafana.dashboards import DASHBOARDS
from docs import generate
from docs.generate import FOLDER, commands, index_fields, metrics, public_api, records, settings
from docs.generate.markdown import sentence, table
from streams.alerts.alert_metrics import DeliveryMetrics, MatchMetrics
from streams.observability.metrics import Metrics, ServerMetrics
from streams.records import Article, RawArticle
from streams.settings import Settings
from streams.sources.watch.watch_metrics import WatchMetrics
from tests.support.processes import ROOT


def written(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_the_pages_are_what_the_code_makes() -> None:
    assert list(generate.stale()) == [], "run: make docs"


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the documentation that the command works on."""
    folder = tmp_path / "docs"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(command, "FOLDER", folder)
    monkeypatch.setattr(command, "stale", lambda: generate.stale(folder))
    return folder


def test_a_stale_and_a_missing_file_are_named_and_mended(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--check"]) == 0
    (copied / "reference" / "settings.md").write_text("# Settings\n")
    (copied / "openapi.json").unlink()
    assert command.main(["--check"]) == 1
    assert sorted(capsys.readouterr().err.splitlines()) == [
        "docs/openapi.json is out of date; run: make docs",
        "docs/reference/settings.md is out of date; run: make docs",
    ]
    assert not (copied / "openapi.json").exists()
    assert command.main([]) == 0
    assert sorted(capsys.readouterr().out.split()) == ["docs/openapi.json", "docs/reference/settings.md"]
    assert command.main(["--check"]) == 0


def test_the_settings_and_the_home_of_whoever_runs_it_are_not_in_the_pages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RASD_API_ORIGINS", "https://news.example.com")
    monkeypatch.setenv("RASD_INDEX_PREFIX", "mine")
    assert command.main(["--check"]) == 0


def test_every_setting_is_there_with_its_default() -> None:
    rows = [
        [cell.strip(" `") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in written("reference/settings.md").splitlines()
        if line.startswith("| `RASD_")
    ]
    assert sorted(name.removeprefix("RASD_").lower() for name, *_ in rows) == sorted(Settings.model_fields)
    defaults = {name.removeprefix("RASD_"): default for name, _, default, _ in rows}
    assert defaults["BATCH_SIZE"] == "64"
    assert defaults["STATE_DIR"] == "~/.local/state/rasd"
    assert defaults["STAGES"] == ",".join(Settings.model_fields["stages"].default)
    assert defaults["EXPLAIN"] == "false"
    assert defaults["KAFKA_PASSWORD"] == ""
    assert all(meaning for *_, meaning in rows)


def test_settings_are_grouped_as_in_the_class() -> None:
    groups = settings.groups()
    assert next(iter(groups)) == "Kafka"
    assert "kafka_bootstrap" in groups["Kafka"]
    assert "elasticsearch_url" in groups["Elasticsearch"]


def test_every_command_is_there_with_an_example_and_all_its_options() -> None:
    page = written("reference/commands.md")
    found = list(commands.contexts())
    assert len(found) > 20
    for context in found:
        _, heading, after = page.partition(f"\n### {context.command_path}\n")
        assert heading, context.command_path
        entry = re.split(r"^##", after, maxsplit=1, flags=re.MULTILINE)[0]
        assert "Example: `" in entry or "Example:\n" in entry, context.command_path
        for parameter in context.command.params:
            names = [parameter.metavar] if parameter.metavar else [*parameter.opts, *parameter.secondary_opts]
            assert all(name in entry for name in names), (context.command_path, parameter.name)


def test_every_metric_is_there() -> None:
    registries = (Metrics(CollectorRegistry()), ServerMetrics(CollectorRegistry()), MatchMetrics(CollectorRegistry()))
    holders = (*registries, WatchMetrics(), DeliveryMetrics())
    registered = [metric for holder in holders for metric in vars(holder).values()]
    wanted = {wrapper._name for wrapper in registered if isinstance(wrapper, MetricWrapperBase)}
    assert len(wanted) > 40
    headings = re.findall(r"^### (\w+)$", written("reference/metrics.md"), re.MULTILINE)
    assert sorted(re.sub("_(total|info)$", "", heading) for heading in headings) == sorted(wanted)


def test_a_metric_without_a_note_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = {heading: dict(group) for heading, group in metrics.notes().items()}
    del notes["Stages"]["rasd_articles_total"]
    monkeypatch.setattr(metrics, "notes", lambda: notes)
    with pytest.raises(ValueError, match="rasd_articles_total"):
        metrics.page()


def test_a_metric_names_the_panels_and_alerts_that_ask_for_it_themselves_or_by_way_of_a_rule() -> None:
    users = metrics.used_by(metrics.metrics())
    # By way of stage:rasd_consumer_lag_messages:sum alone.
    assert any(user.startswith("alert [RasdStageStalled]") for user in users["rasd_consumer_lag_messages"])
    # One name is the beginning of another.
    assert not any("RasdLag" in user for user in users["rasd_kafka_group_lag_messages"])
    named = {user for links in users.values() for user in links}
    rules = [
        rule
        for path in metrics.RULES.glob("*.yml")
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]
    for rule in rules:
        if "rasd_" in rule["expr"] and "alert" in rule:
            assert any(user.startswith(f"alert [{rule['alert']}]") for user in named), rule["alert"]
    for board in DASHBOARDS:
        for panel in (panel for row in board.rows for panel in row.panels):
            if "rasd_" in str(panel.queries):
                assert any(user.startswith(f"panel *{panel.title}*") for user in named), panel.title


def test_labels_have_the_values_of_the_series_that_exist_before_the_first_event() -> None:
    labels = {metric.name: metric.labels for metric in metrics.metrics()}
    assert labels["rasd_articles_total"]["outcome"] == ("ok", "rejected", "poison")
    assert {"fingerprint", "moves"} <= set(labels["rasd_articles_total"]["stage"])
    assert "near" in labels["rasd_clusters_total"]["relation"]
    assert "indexed" in labels["rasd_bulk_documents_total"]["outcome"]
    assert labels["rasd_elasticsearch_disk_bytes"] == {"node": ()}


def test_every_field_of_the_index_is_there_with_what_can_be_done_with_it() -> None:
    found = {field.path: field for field in index_fields.fields()}
    page = written("reference/index-fields.md")
    assert all(f"| `{path}` |" in page for path in found)
    done = {path: (field.searchable, field.aggregatable) for path, field in found.items()}
    assert done["body"] == (False, False)
    assert done["forms.body"] == (True, False)
    assert done["source"] == (True, True)
    assert done["url"] == (True, False)
    assert done["trace"] == (False, False)
    assert found["byline.words"].analysis == "ar_name"


def test_every_field_of_a_record_is_there_with_its_topics() -> None:
    page = written("reference/records.md")
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    for model in (RawArticle, Article):
        assert all(f"| `{name}` |" in sections[model.__name__] for name in model.model_fields)
    assert "Topic: `articles.raw`." in sections["RawArticle"]
    assert "`articles.enriched`" in sections["Article"]
    assert {"Caption", "Place", "Span", "RemovedText", "Fingerprint"} <= set(sections)
    links = set(re.findall(r"\]\(#(\w+)\)", page))
    assert links <= {name.lower() for name in sections}


@pytest.mark.parametrize(
    ("annotation", "words"),
    [(str | None, "text or null"), (list[int], "list of integer"), (dict[str, float], "object of number, by name")],
)
def test_types_are_said_as_a_reader_of_json_says_them(annotation: object, words: str) -> None:
    assert records.type_name(annotation) == words


def test_every_field_of_records_and_index_has_a_meaning() -> None:
    for name in ("reference/records.md", "reference/index-fields.md"):
        assert [line for line in written(name).splitlines() if line.endswith("|  |")] == [], (
            f"{name}: add a description"
        )


@pytest.mark.parametrize("name", public_api.MODULES)
def test_what_is_public_is_listed_exists_and_is_described(name: str) -> None:
    module = import_module(name)
    assert module.__all__ == sorted(set(module.__all__))
    assert all(public_api.described(module, listed) for listed in module.__all__)
    section = written("reference/public-api.md").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert listed == module.__all__, (
        "the public API changed; if that is meant, say so in CHANGELOG.md and run: make docs"
    )


def test_the_sample_plugin_imports_what_is_public_and_nothing_else() -> None:
    imported = [
        (node.module, alias.name)
        for path in sorted((ROOT / "tests" / "sample_plugin").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("streams", "agents", "deploy"))
        for alias in node.names
    ]
    assert len(imported) > 10
    assert [(module, name) for module, name in imported if module not in public_api.MODULES] == []
    assert [(module, name) for module, name in imported if name not in import_module(module).__all__] == []


def test_a_public_name_that_comes_or_goes_makes_its_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = import_module("streams.errors")
    page = FOLDER / "reference" / "public-api.md"
    for names in ([*errors.__all__, "StrEnum"], errors.__all__[1:]):
        monkeypatch.setattr(errors, "__all__", names)
        assert page in generate.stale()


def test_the_api_is_described() -> None:
    described = json.loads(written("openapi.json"))
    assert described["info"]["title"] == "Rasd"
    assert {"/search", "/live", "/export", "/articles/{article_id}"} <= set(described["paths"])


@pytest.mark.parametrize("make", generate.PAGES.values(), ids=generate.PAGES)
def test_a_page_is_the_same_each_time(make: Callable[[], str]) -> None:
    assert make() == make()


def test_cells_stay_on_their_line() -> None:
    assert table(("a", "b"), [("x | y", "one\ntwo")]).splitlines()[2] == "| x \\| y | one two |"
    assert sentence("host:port of `RASD_*` or <none>") == "Host:port of `RASD_*` or \\<none\\>."
