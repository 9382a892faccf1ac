"""docs/reference/metrics.md: every metric, from the registries, dashboards and rules."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import Info, MetricWrapperBase

from deploy.grafana.dashboards import DASHBOARDS
from deploy.grafana.panels import Articles
from docs.generate.defaults import DEFAULTS
from docs.generate.markdown import code, document, sentence
from streams.alerts.alert_metrics import DeliveryMetrics, MatchMetrics
from streams.engine.in_process import LocalContext
from streams.observability.metrics import Metrics, ServerMetrics
from streams.pipeline import BUILT_IN, Pipeline
from streams.plugins import Group, installed
from streams.sources.watch.watch_metrics import WatchMetrics
from streams.stage import SinkStage

NOTES = Path(__file__).with_name("metric_notes.toml")
RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"
_NAME = re.compile(r"[a-zA-Z_:][\w:]*")
_TEXT = re.compile(r'"[^"]*"')
INTRODUCTION = """
Workers, `rasd watch`, `rasd deliver` and the query API serve their metrics at `/metrics`;
[production.md](../guides/production.md) says where. Times are in seconds, sizes in bytes. A counter only grows, until
its process starts again: ask for its `rate` or `increase`. A histogram `x` has the series `x_bucket`, `x_count` and
`x_sum`. Workers and the API declare all metrics of this page but those of the servers, which only the API has,
`rasd_state_disk_free_bytes`, which only workers have, and those of watched sources and of alerts, which only `rasd
watch`, the tap `alerts` and `rasd deliver` have; *set by* says in which of them the value means something. The values
of a label are listed where they are a closed set; those series exist, at 0, before their first event.

Every process has prometheus-client's own `process_*` and `python_*` metrics besides.
"""


@dataclass(frozen=True, slots=True)
class Note:
    """What a metric's help line does not say.

    Attributes:
        by: the process that sets it: worker, API, watch, matcher, deliver, or both for worker and API.
        changes: when its value changes, and what a high or low one means.
    """

    by: str
    changes: str


def notes() -> dict[str, dict[str, Note]]:
    """Return the notes of all metrics, by heading, in the order of the page."""
    groups = tomllib.loads(NOTES.read_text(encoding="utf-8"))
    return {heading: {name: Note(**note) for name, note in group.items()} for heading, group in groups.items()}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is declared.

    Attributes:
        name: as PromQL asks for it; a histogram's without `_bucket`, `_count` and `_sum`.
        labels: label names, each with its values where they are a closed set, else with none.
        series: names of all its series.
    """

    name: str
    type: str
    meaning: str
    labels: Mapping[str, tuple[str, ...]]
    series: frozenset[str]


def page() -> str:
    """Return the page.

    Raises:
        ValueError: a metric has no note, or a note no metric.
    """
    declared = {metric.name: metric for metric in metrics()}
    groups = notes()
    if (noted := set(chain.from_iterable(groups.values()))) != set(declared):
        raise ValueError(f"{NOTES.name} and the metrics differ: {', '.join(sorted(noted ^ set(declared)))}")
    users = used_by(declared.values())
    return document(
        "Metrics",
        INTRODUCTION,
        (
            f"## {heading}\n\n" + "\n\n".join(_entry(declared[name], note, users[name]) for name, note in group.items())
            for heading, group in groups.items()
        ),
    )


def metrics() -> list[Metric]:
    """Return all metrics of Rasd's own, those of `Metrics` first.

    The values of labels are those of the series that exist before the first event.
    """
    values = Metrics(CollectorRegistry())
    # Not `load_pipeline`, which has the stages of installed plugins, too.
    for stage in (wired.stage for wired in Pipeline(BUILT_IN, installed(Group.STAGES)).load()):
        values.start_at_zero(stage.name)
        if isinstance(stage, SinkStage) or stage.stateful:
            # These have metrics of their own; the others only load models.
            stage.build(LocalContext(DEFAULTS, values))
    others = (
        ServerMetrics(CollectorRegistry()),
        WatchMetrics(),
        MatchMetrics(CollectorRegistry()),
        DeliveryMetrics(),
    )
    return [
        _metric(wrapper)
        for wrapper in chain(vars(values).values(), *(vars(each).values() for each in others))
        if isinstance(wrapper, MetricWrapperBase)
    ]


def _metric(wrapper: MetricWrapperBase) -> Metric:
    (family,) = wrapper.collect()
    if isinstance(wrapper, Info):
        # Its one sample carries labels that no other metric has, and their values differ from process to process.
        (sample,) = family.samples
        labels: dict[str, tuple[str, ...]] = dict.fromkeys(sample.labels, ())
        return Metric(sample.name, "info", family.documentation, labels, frozenset({sample.name}))
    labels = {
        label: tuple(dict.fromkeys(sample.labels[label] for sample in family.samples)) for label in wrapper._labelnames
    }
    name = f"{family.name}_total" if family.type == "counter" else family.name
    ends = ("_bucket", "_count", "_sum") if family.type == "histogram" else ("",)
    return Metric(name, family.type, family.documentation, labels, frozenset(f"{name}{end}" for end in ends))


def _entry(metric: Metric, note: Note, users: Sequence[str]) -> str:
    names = {"watch": "`rasd watch`", "deliver": "`rasd deliver`", "matcher": "the tap `alerts`"}
    by = names.get(note.by, "worker and API" if note.by == "both" else note.by)
    labels = "; ".join(_label(name, values) for name, values in metric.labels.items())
    facts = [f"**Type**: {metric.type}. **Set by**: {by}.", f"**Changes**: {note.changes}"]
    facts += [f"**Labels**: {labels}."] if labels else []
    facts.append(f"**Used by**: {', '.join(users) or 'no panel and no alert'}.")
    return f"### {metric.name}\n\n{sentence(metric.meaning)}\n\n" + "\n".join(f"- {fact}" for fact in facts)


def _label(name: str, values: Sequence[str]) -> str:
    return f"{code(name)} ({', '.join(map(code, values))})" if values else code(name)


@dataclass(frozen=True, slots=True)
class _Expression:
    """PromQL of a panel, alert or recording rule: what it is, the series that it asks for, and the one it records."""

    link: str
    asks: frozenset[str]
    records: str | None = None


def used_by(declared: Iterable[Metric]) -> dict[str, list[str]]:
    """Return the panels and alerts that ask for each metric, itself or by way of recording rules."""
    expressions = [*_alerts_and_recordings(), *_panels()]
    return {metric.name: list(dict.fromkeys(_users(metric.series, expressions))) for metric in declared}


def _users(series: Set[str], expressions: Sequence[_Expression]) -> Iterator[str]:
    recorded = {e.records for e in expressions if e.records and e.asks & series} - series
    if recorded:
        yield from _users(series | recorded, expressions)
    else:
        yield from (e.link for e in expressions if e.asks & series and not e.records)


def _alerts_and_recordings() -> Iterator[_Expression]:
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert", "")
                link = f"alert [{name}](../guides/runbook.md#{name.lower()})"
                yield _Expression(link, _series(rule["expr"]), rule.get("record"))


def _panels() -> Iterator[_Expression]:
    for dashboard in DASHBOARDS:
        for row in dashboard.rows:
            for panel in row.panels:
                if not isinstance(panel.queries, Articles):
                    asked = frozenset[str]().union(*(_series(query.expr) for query in panel.queries))
                    yield _Expression(f"panel *{panel.title}* ({dashboard.title.removeprefix('Rasd: ')})", asked)


def _series(promql: str) -> frozenset[str]:
    """Return the names in an expression; those of functions and labels among them, which no series has."""
    return frozenset(_NAME.findall(_TEXT.sub("", promql)))
