"""A real Prometheus scrapes processes with our metrics, evaluates our rules, and answers every panel's every query."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry, start_http_server

from agents.index import bulk
from streams.errors import Reason
from streams.metrics import Metrics
from streams.records import Cluster
from streams.settings import STAGE_NAMES
from streams.stage import load_stages
from tests.deploy.sources import RULE_FILES, dashboards, panels, rules
from tests.support.processes import free_port, wait_until

# Scraping every second, Prometheus needs a range with at least two scrapes in it.
VARIABLES = {"$__rate_interval": "5s", "$stage": ".*", "$instance": ".*", "$route": ".*"}
STAGES = [stage.name for stage in load_stages(STAGE_NAMES)]


def work(metrics: Metrics) -> None:
    """One round of everything that a worker and the API can count."""
    for stage in STAGES:
        metrics.records_in.labels(stage).inc(10)
        metrics.records_out.labels(stage).inc(9)
        metrics.articles.labels(stage, "ok").inc(9)
        metrics.articles.labels(stage, "rejected").inc()
        metrics.dead_letters.labels(stage, Reason.EMPTY_BODY.value).inc()
        metrics.retries.labels(stage).inc()
        metrics.stage_seconds.labels(stage).observe(0.004)
        metrics.batch_records.labels(stage).observe(10)
        metrics.lag.labels(stage, "0").set(50)
    for outcome in get_args(bulk.Outcome):
        metrics.bulk_documents.labels(outcome).inc(5)
    for outcome in ("ok", "retried"):
        metrics.bulk_requests.labels(outcome).inc()
    for relation in get_args(Cluster.model_fields["relation"].annotation):
        metrics.clusters.labels(relation).inc()
    metrics.end_to_end.observe(1.2)
    metrics.loop_delay.observe(0.002)
    metrics.table_keys.labels("lookup").set(1000)
    metrics.recovery_seconds.set(2)
    metrics.api_requests.labels("/search", "200").inc()
    metrics.api_seconds.labels("/search").observe(0.02)
    metrics.live_clients.set(3)


@contextmanager
def served(metrics: Metrics) -> Iterator[str]:
    """The metrics over HTTP, with one round of work before each scrape; yields host:port."""

    class Working(CollectorRegistry):
        def collect(self) -> Any:
            work(metrics)
            return metrics.registry.collect()

    server, thread = start_http_server(0, addr="127.0.0.1", registry=Working())
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Prometheus with our rules, two workers and an API."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    with ExitStack() as stack:
        targets = [stack.enter_context(served(Metrics())) for _ in range(3)]
        jobs = {"rasd-worker": targets[:2], "rasd-api": targets[2:]}
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(quick(path, folder)) for path in RULE_FILES],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": found}]} for job, found in jobs.items()
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        url = f"http://127.0.0.1:{free_port()}"
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={url.removeprefix('http://')}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        stack.callback(log.close)
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        yield url


def quick(path: Path, folder: Path) -> Path:
    """The rule file with groups evaluated every second, as everything is here."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in content["groups"]:
        group.pop("interval", None)
    (folder / path.name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / path.name


def asked(url: str, expression: str) -> list[Any]:
    """The result of an instant query; nothing while the server does not answer."""
    for name, value in VARIABLES.items():
        expression = re.sub(re.escape(name) + r"\b", value, expression)
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": expression}, timeout=10)
    except httpx.ConnectError:
        return []
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return []
    result: list[Any] = answer.raise_for_status().json()["data"]["result"]
    return [series for series in result if series["value"][1] != "NaN"]


@pytest.fixture(scope="module")
def scraped(prometheus: str) -> str:
    """The same, when it has scraped and evaluated often enough to know rates."""
    wait_until(lambda: asked(prometheus, "rasd_end_to_end_seconds:p99_5m"), 60)
    wait_until(lambda: asked(prometheus, "sum(rate(rasd_articles_total[$__rate_interval]))"), 60)
    return prometheus


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(target["expr"], id=f"{dashboard['uid']}: {panel['title']} {target['refId']}")
        for dashboard, panel in panels()
        for target in panel["targets"]
    ],
)
def test_every_query_returns_data(scraped: str, expression: str) -> None:
    wait_until(lambda: asked(scraped, expression), 20, lambda: expression)


def test_every_variable_has_values(scraped: str) -> None:
    for dashboard in dashboards():
        for variable in dashboard["templating"]["list"]:
            metric, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
            assert all(series["metric"][label] for series in asked(scraped, f"count by ({label}) ({metric})"))
            assert asked(scraped, metric)


def test_no_rule_fails(scraped: str) -> None:
    groups = httpx.get(f"{scraped}/api/v1/rules", timeout=10).raise_for_status().json()["data"]["groups"]
    health = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert set(health) == {rule.get("record") or rule.get("alert") for rule in rules()}
    assert set(health.values()) == {"ok"}
