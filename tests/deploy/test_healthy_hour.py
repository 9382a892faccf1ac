"""An hour of scrapes of a healthy stack, as its own metrics pages say it: no alert fires, and every alert finds series.

The pages are those of a worker with all stages, of an API, of `rasd watch` and of `rasd deliver`, read twice with work
between; counters then go on as between the two, and gauges stay.
"""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.alerts.alert_metrics import DeliveryMetrics
from streams.engine.faust.worker import create_worker
from streams.observability.metrics import Metrics, ServerMetrics
from streams.pipeline import load_pipeline
from streams.settings import Settings
from streams.sources.watch.directory import Watching
from streams.sources.watch.health import Verdict
from streams.sources.watch.watch_metrics import WatchMetrics
from streams.topics import Topic
from tests.deploy.sources import RULE_FILES, Expression, alerts
from tests.deploy.test_prometheus import selectors
from tests.support.programs import debian_program

STEP, STEPS = 15, 280  # seconds, 70 minutes
Key = tuple[str, tuple[tuple[str, str], ...]]
Series = dict[Key, float]


def page(metrics: Metrics | WatchMetrics | DeliveryMetrics, job: str) -> tuple[Series, set[str]]:
    """The series of a metrics page as Prometheus stores them, and the names of those that count."""
    series: Series = {}
    counting = set()
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        for sample in family.samples:
            labels = {**sample.labels, "job": job, "instance": "a"}
            series[sample.name, tuple(sorted(labels.items()))] = sample.value
            if family.type in {"counter", "histogram"}:
                counting.add(sample.name)
    return series, counting


def work(worker: Metrics, api: ServerMetrics, watch: WatchMetrics, deliver: DeliveryMetrics) -> None:
    """Fifteen seconds of a healthy stack: 40 pages, one without an article in it now and then."""
    for stage in load_pipeline().names:
        worker.records_in.labels(stage).inc(40)
        worker.records_out.labels(stage).inc(40)
        worker.articles.labels(stage, "ok").inc(40)
        worker.stage_seconds.labels(stage).observe(0.01)
        worker.batch_records.labels(stage).observe(40)
        worker.lag.labels(stage, "0").set(3)
        worker.lag_seconds.labels(stage, "0").set(0.4)
    worker.articles.labels("clean", "rejected").inc()
    worker.dead_letters.labels("clean", "empty_body").inc()
    worker.bulk_documents.labels("indexed").inc(39)
    worker.bulk_documents.labels("unchanged").inc(1)
    worker.bulk_requests.labels("ok").inc()
    for _ in range(40):
        worker.end_to_end.observe(1.2)
    for _ in range(STEP):
        worker.loop_delay.observe(0.002)
    worker.set_state_free(50e9)
    before = Watching(visits=1, unchanged=0, interval=30.0)
    watch.visited(before, before.model_copy(update={"unchanged": 1}))
    watch.visited(before, before.model_copy(update={"failures": 1, "fault_kind": "timeout"}))
    watch.sent(datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC))
    healthy = {f"s{number}": Verdict.HEALTHY for number in range(20)}
    watch.publish({Verdict.HEALTHY: 20, Verdict.FAILING: 1}, healthy)
    deliver.deliveries.labels("delivered").inc()
    deliver.delay.observe(1.2)
    deliver.oldest.set(3)
    for gauge in (api.kafka_up, api.elasticsearch_up, api.brokers, api.elasticsearch_status):
        gauge.set(1)
    api.under_replicated.set(0)
    api.disk.labels("n1").set(500e9)
    api.disk_free.labels("n1").set(200e9)
    for topic in Topic:
        api.group_lag.labels(topic).set(3)
        api.deleted_unread.labels(topic).set(0)
        api.retention_left.labels(topic).set(7 * 86400 - 1)


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> dict[Key, str]:
    """Every series with its values in promtool's notation."""
    worker, api = Metrics(), Metrics()
    create_worker(Settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state")), worker)
    servers, watch, deliver = ServerMetrics(api.registry), WatchMetrics(), DeliveryMetrics()
    pages = ((worker, "rasd-worker"), (api, "rasd-api"), (watch, "rasd-watch"), (deliver, "rasd-deliver"))
    work(worker, servers, watch, deliver)
    before = [page(metrics, job) for metrics, job in pages]
    work(worker, servers, watch, deliver)
    for _ in range(STEP):
        api.loop_delay.observe(0.002)
    after = [page(metrics, job) for metrics, job in pages]
    values: dict[Key, str] = {("up", (("instance", "a"), ("job", job))): f"1x{STEPS}" for _, job in pages}
    for (earlier, counting), (later, _) in zip(before, after, strict=True):
        for key, value in later.items():
            step = value - earlier.get(key, 0.0) if key[0] in counting else 0.0
            values[key] = f"{value!r}+{step!r}x{STEPS}"
    return values


def test_nothing_fires(hour: dict[Key, str], tmp_path: Path) -> None:
    promtool = debian_program("promtool", "prometheus")
    given = [
        {
            "series": f"{name}{{{','.join(f'{label}={json.dumps(value)}' for label, value in labels)}}}",
            "values": values,
        }
        for (name, labels), values in hour.items()
    ]
    unwanted = {"expr": 'count_over_time(ALERTS{alertstate="firing"}[65m:15s])', "eval_time": "65m", "exp_samples": []}
    content = {
        "rule_files": [str(path) for path in RULE_FILES],
        "evaluation_interval": f"{STEP}s",
        "tests": [{"interval": f"{STEP}s", "input_series": given, "promql_expr_test": [unwanted]}],
    }
    (tmp_path / "hour.yml").write_text(json.dumps(content), encoding="utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", str(tmp_path / "hour.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# Only in processes that the healthy stack does not have.
ELSEWHERE = {
    "rasd_archive_disk_free_bytes",
    "rasd_watch_source_abnormal",
}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_series_that_a_real_page_has(hour: dict[Key, str], rule: dict[str, str]) -> None:
    for selector in selectors(Expression(rule["alert"], rule["expr"]).parsed()):
        name = str(selector.name)
        if ":" in name or name in ELSEWHERE:
            continue
        labels = [dict(found) for metric, found in hour if metric == name]
        assert labels, f"no page has {name}"
        for matcher in selector.matchers.matchers:
            assert any(matcher.name in each for each in labels), f"{name} has no label {matcher.name}"
