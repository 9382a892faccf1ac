"""Rules and alerts: they parse, ask only for what exists, and do what their promtool tests say."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import promql_parser
import pytest
import yaml

from agents.index.documents import BulkOutcome
from streams.alerts.alert_metrics import OUTCOMES
from streams.errors import Reason
from streams.pipeline import load_pipeline
from streams.records import Cluster
from streams.sources.watch.health import Verdict
from streams.sources.watch.watch_metrics import VISIT_OUTCOMES
from streams.topics import Topic
from tests.deploy.sources import (
    PROMETHEUS,
    ROOT,
    RULE_FILES,
    Expression,
    alerts,
    all_expressions,
    dashboard_expressions,
    declared_metrics,
    rule_expressions,
    rules,
)
from tests.support.programs import debian_program

SCRAPED = frozenset({"job", "instance"})
# Series that do not come from our own metrics: Prometheus makes the first two, prometheus-client's collectors the rest.
FOREIGN = {
    "up": frozenset[str](),
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "stage"}),
    "process_cpu_seconds_total": frozenset[str](),
    "process_open_fds": frozenset[str](),
    "process_resident_memory_bytes": frozenset[str](),
    "process_start_time_seconds": frozenset[str](),
}
# Declared, and looked at by hand only when something else has called.
FOR_DEBUGGING = frozenset[str]()


def recorded() -> dict[str, frozenset[str]]:
    """Names of the recording rules; the labels are what stands before the first colon."""
    names = [rule["record"] for rule in rules() if "record" in rule]
    return {name: frozenset({"stage"} if name.startswith("stage:") else ()) for name in names}


def known() -> dict[str, frozenset[str]]:
    return {name: labels | SCRAPED for name, labels in (declared_metrics() | FOREIGN).items()} | recorded()


def nodes(expression: promql_parser.Expr) -> list[Any]:
    """All nodes of a syntax tree."""
    found: list[Any] = []
    promql_parser.walk(expression, found.append)
    return found


def selectors(expression: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    return [node for node in nodes(expression) if isinstance(node, promql_parser.VectorSelector)]


def measured(expression: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    """The selectors whose series are in the result; without those that an `and` or `unless` only compares with."""
    if isinstance(expression, promql_parser.BinaryExpr) and str(expression.op) in {"and", "unless"}:
        return measured(expression.lhs)
    if isinstance(expression, promql_parser.ParenExpr):
        return measured(expression.expr)
    return selectors(expression)


def used_metrics(expressions: list[Expression]) -> Iterator[str]:
    for expression in expressions:
        for selector in selectors(expression.parsed()):
            assert selector.name, expression.where
            yield selector.name


@pytest.mark.parametrize("expression", all_expressions(), ids=lambda e: e.where)
def test_expressions_ask_for_declared_metrics_by_declared_labels(expression: Expression) -> None:
    labels_of = known()
    for selector in selectors(expression.parsed()):
        assert selector.name in labels_of
        wrong = {matcher.name for matcher in selector.matchers.matchers} - labels_of[selector.name]
        assert not wrong, f"{selector.name} has no label {sorted(wrong)}"


@pytest.mark.parametrize("expression", all_expressions(), ids=lambda e: e.where)
def test_expressions_group_by_labels_that_the_series_have(expression: Expression) -> None:
    labels_of = known()
    for node in nodes(expression.parsed()):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            for selector in measured(node.expr):
                wrong = set(node.modifier.labels) - labels_of[selector.name or ""]
                assert not wrong, f"{selector.name} has no label {sorted(wrong)}"


@pytest.mark.parametrize("expression", all_expressions(), ids=lambda e: e.where)
def test_counters_are_asked_for_their_rate_only(expression: Expression) -> None:
    """The value of a counter says nothing. `unless ... offset`, which finds new series, is the exception."""
    parsed = expression.parsed()
    inside_ranges = {
        str(node.vector_selector.name) for node in nodes(parsed) if isinstance(node, promql_parser.MatrixSelector)
    }
    for selector in selectors(parsed):
        name = selector.name or ""
        if name.endswith(("_total", "_bucket", "_sum", "_count")) and name in declared_metrics():
            assert name in inside_ranges


def values_of(metric: str, label: str) -> set[str] | None:
    """All values that a label can have; None when they are open."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    outcomes = {
        "rasd_bulk_documents_total": set(get_args(BulkOutcome)),
        "rasd_articles_total": {"ok", "rejected", "poison"},
        "rasd_alerts_deliveries_total": set(OUTCOMES),
        "rasd_watch_visits_total": set(VISIT_OUTCOMES),
    }
    closed = {
        "stage": set(load_pipeline().names),
        "reason": {reason.value for reason in Reason},
        "relation": set(get_args(Cluster.model_fields["relation"].annotation)),
        "outcome": outcomes.get(metric, set()),
        "job": {job["job_name"] for job in config["scrape_configs"]},
        "verdict": {verdict.value for verdict in Verdict},
        "alertstate": {"pending", "firing"},
    }
    return closed.get(label)


def test_labels_are_asked_for_values_that_they_can_have() -> None:
    asked = 0
    for expression in all_expressions():
        for selector in selectors(expression.parsed()):
            for matcher in selector.matchers.matchers:
                values = values_of(selector.name or "", matcher.name)
                if values is None or "$" in matcher.value:
                    continue
                patterns = matcher.value.split("|")
                missing = [p for p in patterns if not any(re.fullmatch(p, value) for value in values)]
                assert not missing, f"{expression.where}: {matcher.name} is never {missing}"
                asked += 1
    assert asked > 10


def test_the_stage_that_stands_for_arrivals_reads_what_arrives() -> None:
    (first,) = [link.stage for link in load_pipeline().links if link.reads == Topic.RAW]
    asked = {
        matcher.value
        for rule in alerts()
        for selector in selectors(Expression(rule["alert"], rule["expr"]).parsed())
        for matcher in selector.matchers.matchers
        if matcher.name == "stage"
    }
    assert asked == {first}


def test_every_metric_is_looked_at() -> None:
    """On a dashboard, in a rule, or named as one for debugging. A histogram by any of its series."""

    def family(name: str) -> str:
        return re.sub(r"_(bucket|sum|count)$", "", name)

    used = {family(name) for name in used_metrics(all_expressions())}
    assert {family(name) for name in declared_metrics()} - used == set(FOR_DEBUGGING)


def test_every_recording_rule_is_used() -> None:
    assert set(recorded()) <= set(used_metrics(dashboard_expressions() + rule_expressions()))


def test_names_are_unique() -> None:
    names = [rule.get("record") or rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_alerts_say_how_bad_it_is_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"Rasd[A-Z]\w+", rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    runbook, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor == rule["alert"].lower()
    headings = re.findall(r"^## (\w+)$", (ROOT / runbook).read_text(encoding="utf-8"), re.MULTILINE)
    assert rule["alert"] in headings


def test_the_runbook_has_no_entry_without_an_alert() -> None:
    headings = re.findall(
        r"^## (Rasd\w+)$", (ROOT / "docs/guides/runbook.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert headings == [rule["alert"] for rule in alerts()]


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_every_alert_is_seen_to_fire_in_a_promtool_test(rule: dict[str, Any]) -> None:
    fires = False
    for path in (PROMETHEUS / "tests").glob("*.yml"):
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            for check in case.get("alert_rule_test", []):
                fires |= check["alertname"] == rule["alert"] and bool(check["exp_alerts"])
            for check in case.get("promql_expr_test", []):
                fires |= rule["alert"] in check["expr"] and bool(check["exp_samples"])
    assert fires


def test_the_documentation_lists_the_alerts_that_a_real_system_makes_fire() -> None:
    text = (ROOT / "docs/explanation/faults.md").read_text(encoding="utf-8")
    listed = re.findall(r"\bRasd[A-Z]\w+", text.partition("## Alerts")[2].partition("\n## ")[0])
    test = (ROOT / "tests/pipeline/operations/test_dashboards.py").read_text(encoding="utf-8")
    assert set(listed) == set(re.findall(r'"(Rasd[A-Z]\w+)"', test)) <= {rule["alert"] for rule in alerts()}


def test_rules_are_found_where_the_configuration_looks_for_them() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    found = {path for pattern in config["rule_files"] for path in PROMETHEUS.glob(pattern)}
    assert found == set(RULE_FILES)
    assert len(found) == 2


@pytest.fixture
def promtool() -> str:
    """Prometheus' own checker."""
    return debian_program("promtool", "prometheus")


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", str(PROMETHEUS / "prometheus.yml")],
        ["check", "rules", *map(str, RULE_FILES)],
        *(["test", "rules", str(path)] for path in sorted((PROMETHEUS / "tests").glob("*.yml"))),
    ],
    ids=lambda arguments: f"{' '.join(arguments[:2])} {Path(arguments[2]).name}",
)
def test_promtool_agrees(promtool: str, arguments: list[str]) -> None:
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_agrees_with_the_configuration_for_kubernetes(promtool: str, tmp_path: Path) -> None:
    """Debian builds Prometheus without Kubernetes' service discovery, so targets stand in its place here."""
    config = yaml.safe_load((PROMETHEUS / "kubernetes.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    assert job.pop("kubernetes_sd_configs")
    job["static_configs"] = [{"targets": ["127.0.0.1:26066"]}]
    config["rule_files"] = [str(path) for path in RULE_FILES]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = subprocess.run(
        [promtool, "check", "config", str(tmp_path / "prometheus.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
