"""The parts of a Grafana dashboard, rendered as JSON. Fields follow Grafana 12's dashboard JSON model.

Panels are laid out in reading order on Grafana's grid of 24 columns; a row is as high as its highest panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

COLUMNS = 24
SCHEMA_VERSION = 41
PROMETHEUS = {"type": "prometheus", "uid": "rasd-prometheus"}
ELASTICSEARCH = {"type": "elasticsearch", "uid": "rasd-index"}
ARRIVED = "ingested_at"  # the field to which Grafana's time range applies in Elasticsearch

PanelType = Literal["timeseries", "stat", "heatmap", "table", "bargauge"]
QUANTILES = (0.5, 0.9, 0.99)

# (value, colour) pairs: green below the first value, and from each value on its colour.
Thresholds = Sequence[tuple[float, Literal["yellow", "orange", "red", "green"]]]


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and the legend of its series, in which {{label}} stands for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Articles:
    """Counts articles in Elasticsearch by the values of a field.

    Fields with many values, such as outlets, places and people, are counted in the index, as they must not be labels of
    a metric.

    Attributes:
        field: keyword field; None to count all articles together.
        size: number of values to show, the most frequent.
        over_time: whether to show a time series instead of one number per value.
        where: Lucene query that articles must match.
        distinct: count the distinct values of this field instead of articles.
    """

    field: str | None
    size: int = 15
    over_time: bool = False
    where: str = "*"
    distinct: str | None = None


def quantiles(metric: str, *, where: str = "", by: str = "", legend: str = "") -> list[Query]:
    """Return queries for the median, 90th and 99th percentile of a histogram over all processes.

    Args:
        metric: name without `_bucket`.
        where: label matchers, comma-separated.
        by: labels to keep, comma-separated.
        legend: prefix of the percentile's name.
    """
    labels = f"le, {by}" if by else "le"
    rate = f"rate({metric}_bucket{{{where}}}[$__rate_interval])"
    return [Query(f"histogram_quantile({q}, sum by ({labels}) ({rate}))", f"{legend}p{q * 100:g}") for q in QUANTILES]


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel, before it is laid out.

    Attributes:
        unit: Grafana's name of the unit (s, short, percentunit, bytes, cpm: counts per minute, ...).
        instant: whether to show the current value instead of a time series.
        axis_minimum: lowest value of the axis; None leaves it to Grafana.
    """

    title: str
    queries: Sequence[Query] | Articles
    unit: str
    description: str
    type: PanelType = "timeseries"
    width: int = 8
    height: int = 8
    stacked: bool = False
    instant: bool = False
    axis_minimum: float | None = 0
    thresholds: Thresholds = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """A selection at the top of the dashboard, filled from a metric's label. All matches any value."""

    name: str
    label: str
    query: str


STAGE = Variable("stage", "Stage", "label_values(rasd_records_in_total, stage)")
WORKER = Variable("instance", "Worker", 'label_values(up{job="rasd-worker"}, instance)')
ROUTE = Variable("route", "Route", "label_values(rasd_api_requests_total, route)")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard; `uid` is also the name of its file."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = field(default_factory=tuple)
    since: str = "now-30m"

    def to_json(self) -> Json:
        """Return the dashboard in the format that Grafana provisions."""
        return {
            "uid": f"rasd-{self.uid}",
            "title": self.title,
            "description": self.description,
            "tags": ["rasd"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "10s",
            "time": {"from": self.since, "to": "now"},
            "timezone": "browser",
            "links": [_links()],
            "templating": {"list": [_variable(variable) for variable in self.variables]},
            "annotations": {"list": [_alert_annotations()]},
            "panels": _laid_out(self.rows),
        }


def _links() -> Json:
    return {
        "type": "dashboards",
        "title": "Rasd",
        "tags": ["rasd"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
    }


def _variable(variable: Variable) -> Json:
    return {
        "type": "query",
        "name": variable.name,
        "label": variable.label,
        "datasource": PROMETHEUS,
        "definition": variable.query,
        "query": {"query": variable.query, "refId": "StandardVariableQuery"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _alert_annotations() -> Json:
    return {
        "name": "Alerts",
        "datasource": PROMETHEUS,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing",alertname=~"Rasd.*"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{stage}} {{instance}}",
    }


def _laid_out(rows: Sequence[Row]) -> list[Json]:
    panels: list[Json] = []
    top = 0
    for row in rows:
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
                "panels": [],
            }
        )
        top += 1
        left, height = 0, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top, height = 0, top + height, 0
            position = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            panels.append({"id": len(panels) + 1, "gridPos": position, **_panel(panel)})
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return panels


def _panel(panel: Panel) -> Json:
    return {
        "type": panel.type,
        "title": panel.title,
        "description": panel.description,
        "datasource": ELASTICSEARCH if isinstance(panel.queries, Articles) else PROMETHEUS,
        "targets": _targets(panel),
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _targets(panel: Panel) -> list[Json]:
    if isinstance(panel.queries, Articles):
        return [_articles(panel.queries)]
    return [_target(panel, number, query) for number, query in enumerate(panel.queries)]


def _articles(query: Articles) -> Json:
    """Return the target as Grafana's Elasticsearch query editor writes it: metrics and buckets share one numbering."""
    buckets: list[Json] = []
    if query.field is not None:
        order = {"order": "desc", "orderBy": "_count", "min_doc_count": "1", "size": str(query.size)}
        buckets.append({"id": "2", "type": "terms", "field": query.field, "settings": order})
    if query.over_time:
        step = {"interval": "auto", "min_doc_count": "0", "trimEdges": "0"}
        buckets.append({"id": "3", "type": "date_histogram", "field": ARRIVED, "settings": step})
    metric: Json = {"id": "1", "type": "count"}
    if query.distinct is not None:
        metric = {"id": "1", "type": "cardinality", "field": query.distinct}
    return {
        "refId": "A",
        "datasource": ELASTICSEARCH,
        "query": query.where,
        "timeField": ARRIVED,
        "metrics": [metric],
        "bucketAggs": buckets,
    }


def _target(panel: Panel, number: int, query: Query) -> Json:
    return {
        "refId": chr(ord("A") + number),
        "datasource": PROMETHEUS,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "format": {"heatmap": "heatmap", "table": "table"}.get(panel.type, "time_series"),
        "instant": panel.instant,
        "range": not panel.instant,
    }


def _defaults(panel: Panel) -> Json:
    defaults: Json = {"unit": panel.unit}
    if panel.axis_minimum is not None:
        defaults["min"] = panel.axis_minimum
    if panel.thresholds:
        steps = [{"color": "green", "value": None}, *({"color": c, "value": v} for v, c in panel.thresholds)]
        defaults |= {"thresholds": {"mode": "absolute", "steps": steps}, "color": {"mode": "thresholds"}}
    if panel.type == "timeseries":
        defaults["custom"] = {
            "drawStyle": "line",
            "fillOpacity": 30 if panel.stacked else 8,
            "showPoints": "never",
            "spanNulls": 60_000,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }
    return defaults


def _options(panel: Panel) -> Json:
    if panel.type == "timeseries":
        return {
            "legend": {
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": True,
                "calcs": ["lastNotNull", "max"],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.type == "heatmap":
        return {
            "calculate": False,
            "yAxis": {"unit": panel.unit},
            "color": {"mode": "scheme", "scheme": "Oranges"},
            "cellGap": 1,
        }
    if panel.type == "table":
        return {"showHeader": True}
    # Values of a field arrive as rows of one table, not as series.
    rows = isinstance(panel.queries, Articles) and not panel.queries.over_time
    reduced: Json = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": rows}}
    if panel.type == "bargauge":
        return reduced | {"orientation": "horizontal", "displayMode": "basic"}
    return reduced | {"graphMode": "none" if panel.instant else "area", "colorMode": "value", "textMode": "auto"}
