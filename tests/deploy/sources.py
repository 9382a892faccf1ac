"""What the tests of this folder look at: the compose file as a compose implementation reads it, and all PromQL."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import promql_parser
import yaml
from prometheus_client import CollectorRegistry, Info
from prometheus_client.metrics import MetricWrapperBase

from streams.alerts.alert_metrics import DeliveryMetrics, MatchMetrics
from streams.observability.metrics import Metrics, ServerMetrics
from streams.sources.watch.watch_metrics import WatchMetrics

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))
DASHBOARD_FILES = sorted((GRAFANA / "dashboards").glob("*.json"))

# Grafana's variables, as it fills them in at the smallest: a quarter of an hour on a wide screen.
GRAFANA_VARIABLES = {"$__rate_interval": "40s", "$__interval": "10s", "$__range": "15m"}

# Ends of the names of a metric's series, by its type; a histogram has its buckets besides.
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_count", "_sum")}

Json = dict[str, Any]


def compose(environment: Mapping[str, str] | None = None) -> Json:
    """The compose file with all profiles, interpolated and merged by podman-compose, which needs no engine for it.

    Args:
        environment: variables that its user has set; none when None.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RASD_", "COMPOSE_", "PODMAN_"))}
    command = [sys.executable, "-m", "podman_compose", "--dry-run", "--env-file", os.devnull]
    done = subprocess.run(
        [*command, "--file", str(COMPOSE_FILE), "--profile", "demo", "--profile", "archive", "config"],
        cwd=ROOT,
        env=clean | dict(environment or {}),
        capture_output=True,
        text=True,
        check=True,
    )
    parsed: Json = yaml.safe_load(done.stdout)
    return parsed


@lru_cache(maxsize=1)
def default_compose() -> Json:
    """The compose file as it is without any variable set; not to be changed by its readers."""
    return compose()


def own_services() -> dict[str, Json]:
    """The services that run our image."""
    return {name: s for name, s in default_compose()["services"].items() if s["image"].startswith("rasd:")}


@dataclass(frozen=True, slots=True)
class Expression:
    """One PromQL expression and where it stands."""

    where: str
    text: str

    def parsed(self) -> promql_parser.Expr:
        """Its syntax tree, with Grafana's variables filled in.

        Raises:
            ValueError: it is not PromQL.
        """
        text = self.text
        for name, value in GRAFANA_VARIABLES.items():
            text = text.replace(name, value)
        return promql_parser.parse(text)


@lru_cache(maxsize=1)
def rules() -> list[Json]:
    """Every recording rule and alert, with the name of its file."""
    found = []
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            found += [{"file": path.name, "group": group["name"], **rule} for rule in group["rules"]]
    return found


def alerts() -> list[Json]:
    """Every alert."""
    return [rule for rule in rules() if "alert" in rule]


@lru_cache(maxsize=1)
def dashboards() -> list[Json]:
    """Every dashboard as provisioned."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARD_FILES]


def panels() -> Iterator[tuple[Json, Json]]:
    """(dashboard, panel) of every panel that is not a heading."""
    for dashboard in dashboards():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield dashboard, panel


def index_queries() -> list[tuple[str, Json]]:
    """(where it stands, target) of what panels ask of Elasticsearch."""
    return [
        (f"{dashboard['uid']}: {panel['title']}", target)
        for dashboard, panel in panels()
        for target in panel["targets"]
        if target["datasource"]["type"] == "elasticsearch"
    ]


def rule_expressions() -> list[Expression]:
    """What rules and alerts ask, in their annotations too."""
    asked = [Expression(f"{rule['file']}: {rule.get('record') or rule['alert']}", rule["expr"]) for rule in rules()]
    for rule in alerts():
        for name, text in rule["annotations"].items():
            for query in re.findall(r'printf "([^"]+)" \$labels\.\w+ \| query', text):
                asked.append(Expression(f"{rule['file']}: {rule['alert']} {name}", query.replace("%s", "clean")))
    return asked


def dashboard_expressions() -> list[Expression]:
    """What panels and annotations ask."""
    found = [
        Expression(f"{dashboard['uid']}: {panel['title']}", target["expr"])
        for dashboard, panel in panels()
        for target in panel["targets"]
        if "expr" in target
    ]
    for dashboard in dashboards():
        found += [
            Expression(f"{dashboard['uid']}: {note['name']}", note["expr"]) for note in dashboard["annotations"]["list"]
        ]
    return found


def all_expressions() -> list[Expression]:
    """Rules, alerts and dashboards together."""
    return rule_expressions() + dashboard_expressions()


@lru_cache(maxsize=1)
def declared_metrics() -> dict[str, frozenset[str]]:
    """Every series name that our processes can produce, with its labels. Without the *_created ones."""
    found: dict[str, frozenset[str]] = {}
    holders = (
        Metrics(),
        ServerMetrics(CollectorRegistry()),
        MatchMetrics(CollectorRegistry()),
        DeliveryMetrics(),
        WatchMetrics(),
    )
    for metric in (value for holder in holders for value in vars(holder).values()):
        if isinstance(metric, Info):
            found[f"{metric._name}_info"] = frozenset({"version", "python"})
        elif isinstance(metric, MetricWrapperBase):
            labels = frozenset(metric._labelnames)
            for suffix in SUFFIXES[str(metric._type)]:
                found[metric._name + suffix] = labels
            if metric._type == "histogram":
                found[f"{metric._name}_bucket"] = labels | {"le"}
    return found
