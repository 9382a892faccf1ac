"""A real Prometheus scrapes a real worker and a real API under load, with our rules; every panel's every query, its
variables filled in, returns data. What panels ask of Elasticsearch is asked of the index that the worker wrote."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from pydantic import HttpUrl

from deploy.demo.outlets import Outlets, open_outlets
from streams.settings import Settings
from tests.conftest import Stack
from tests.deploy.sources import RULE_FILES, dashboards, index_queries, panels, rules
from tests.support.articles import raw_record
from tests.support.bad_line import BadLine
from tests.support.corpus import records, write_lines
from tests.support.processes import Running, free_port, rasd, start, started, wait_until, worker
from tests.support.programs import debian_program

VARIABLES = {"$stage": ".*", "$instance": ".*", "$route": ".*"}
ARTICLES = 120
WINDOW = 6
"""Seconds over which the alerts of `short_windows` look: some scrapes, and some answers of the servers to the API."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The running system and who watches it.

    Attributes:
        since: when Prometheus was started, seconds since the epoch.
        loaded: when the load was in the index.
        line: the line on which the worker and the API reach Elasticsearch.
    """

    prometheus: str
    worker: Running
    api: Running
    settings: Settings
    since: float
    loaded: float
    line: BadLine

    def ask_after_load(self, expression: str) -> list[Any]:
        """The result as it is now, but not as of more than a minute after the load; ranges reach back to the start.

        So the load lies inside every range however slow the machine is and however long the tests before took.
        """
        at = min(time.time(), self.loaded + 60)
        return self.ask(expression.replace("$__rate_interval", f"{at - self.since:.0f}s"), at)

    def ask(self, expression: str, at: float | None = None) -> list[Any]:
        """The result of an instant query; nothing while Prometheus does not answer yet."""
        for name, value in VARIABLES.items():
            expression = re.sub(re.escape(name) + r"\b", value, expression)
        asked = {"query": expression} | ({} if at is None else {"time": f"{at:.3f}"})
        try:
            answer = httpx.get(f"{self.prometheus}/api/v1/query", params=asked, timeout=10)
        except httpx.ConnectError:
            return []
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return []
        result: list[Any] = answer.raise_for_status().json()["data"]["result"]
        return [series for series in result if series["value"][1] != "NaN"]

    def number(self, expression: str) -> float:
        """The one value of a query; NaN when there is none."""
        found = self.ask(expression)
        return float(found[0]["value"][1]) if len(found) == 1 else float("nan")

    def counted(self, expression: str, expected: float) -> bool:
        """Whether the one value of a query is the expected one."""
        return self.number(expression) == expected


def quick(path: Path, folder: Path) -> Path:
    """The rule file with groups evaluated every second, as everything is here."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in content["groups"]:
        group.pop("interval", None)
    (folder / path.name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / path.name


def short_windows(path: Path, folder: Path) -> Path:
    """The rule file under other names, with windows of `WINDOW` seconds and no waits, for faults of seconds."""
    text = path.read_text(encoding="utf-8")
    names = [rule["record"] for rule in rules() if "record" in rule]
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w:]){re.escape(name)}(?![\w:])", f"short:{name}", text)
    text = re.sub(r"\[\d+[mh]\]", f"[{WINDOW}s]", text)
    text = re.sub(r"offset \d+[mh]", f"offset {WINDOW}s", text)
    content = yaml.safe_load(text)
    for group in content["groups"]:
        group.pop("interval", None)
        group["name"] = f"short-{group['name']}"
        for rule in group["rules"]:
            rule.pop("for", None)
            if "alert" in rule:
                rule["alert"] = f"Short{rule['alert']}"
    (folder / f"short-{path.name}").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / f"short-{path.name}"


def load(settings: Settings, folder: Path) -> Path:
    """Articles of two outlets in two languages, copies among them, and two that are refused."""
    made = records(ARTICLES)
    fetched = datetime.now(UTC).isoformat()
    for number, record in enumerate(made):
        record["fetched_at"] = fetched
        record["source"] = "almina" if number % 3 else "aldiffatan"
        if number % 10 == 0:
            record["content"] = f"قال الرئيس محمود عباس في القاهرة إن الأمم المتحدة ستبحث الأمر. {record['content']}"
    copies = [record | {"id": f"copy-{record['id']}", "url": f"{record['url']}/copy"} for record in made[:10]]
    english = raw_record(
        id="en1",
        url="https://almina.example.com/en/1",
        title="Book fair opens in Beirut",
        content="The minister of culture opened the annual book fair in Beirut on Monday evening. " * 3,
    )
    empty = [raw_record(id=f"empty{n}", url=f"https://almina.example.com/empty/{n}", content=" ") for n in range(2)]
    return write_lines(folder / "load.jsonl", [*made, *copies, english, *empty])


@contextmanager
def watching(settings: Settings, folder: Path) -> Iterator[tuple[Running, Outlets]]:
    """`rasd watch` on the demo's outlets and on an address where nothing answers.

    It has topics of its own: what it brings is not counted with the load.
    """
    settings = settings.model_copy(
        update={
            "topic_prefix": "observed-watch.",
            "demo_web_port": free_port(),
            "watch_allow": ("127.0.0.1/32",),
            "watch_interval": 1.0,
        }
    )
    with open_outlets(settings) as outlets:
        entries = [
            source.model_dump(mode="json", include={"name", "url", "kind", "outlet"}) for source in outlets.sources()
        ]
        entries.append(
            {"name": "closed", "url": f"http://127.0.0.1:{free_port()}/rss.xml", "kind": "feed", "outlet": "closed"}
        )
        (folder / "sources.json").write_text(json.dumps(entries), encoding="utf-8")
        done = rasd("sources", "import", str(folder / "sources.json"), settings=settings)
        assert done.returncode == 0, done.stderr
        with started(settings, folder / "watch.log", "watch") as running:
            yield running, outlets


@pytest.fixture(scope="module")
def observed(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Worker, API and Prometheus, after a load has gone through."""
    program = debian_program("prometheus", "prometheus")
    folder = tmp_path_factory.mktemp("observed")
    settings = stack.settings.model_copy(
        update={
            "topic_prefix": "observed.",
            "index_prefix": "observed",
            "app_id": "observed",
            "state_dir": folder / "state",
            "session_timeout": 6.0,
            "index_refresh": "200ms",
        }
    )
    with ExitStack() as running:
        line = running.enter_context(BadLine(settings.elasticsearch_url.port or 9200))
        settings = settings.model_copy(update={"elasticsearch_url": HttpUrl(f"http://127.0.0.1:{line.port}")})
        busy = running.enter_context(worker(settings, folder / "worker.log", wait=False))
        port = free_port()
        command = ("serve", "--port", str(port))
        api = start(settings, folder / "api.log", *command, port=port, module="tests.support.quick_monitor")
        running.callback(api.stop)
        for each in (busy, api):
            wait_until(each.ready, 120, each.tail)
        added = rasd("alerts", "add", "الرئيس", "--name", "الرئيس", "--to", "log:desk", settings=settings)
        assert added.returncode == 0, added.stderr
        matcher = running.enter_context(started(settings, folder / "matcher.log", "worker", "--tap", "alerts"))
        deliver = running.enter_context(started(settings, folder / "deliver.log", "deliver"))
        watch, outlets = running.enter_context(watching(settings, folder))
        targets = {
            "rasd-worker": busy.url,
            "rasd-api": api.url,
            "rasd-tap": matcher.url,
            "rasd-deliver": deliver.url,
            "rasd-watch": watch.url,
        }
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(make(path, folder)) for path in RULE_FILES for make in (quick, short_windows)],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [url.removeprefix("http://")]}]}
                for job, url in targets.items()
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        address = f"127.0.0.1:{free_port()}"
        log = running.enter_context((folder / "prometheus.log").open("wb"))
        since = time.time()
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        running.callback(process.wait, 30)
        running.callback(process.terminate)
        system = Observed(f"http://{address}", busy, api, settings, since, loaded=float("inf"), line=line)
        # Prometheus must have seen the counters before they count.
        wait_until(lambda: system.number('count(rasd_articles_total{stage="index",outcome="ok"})') == 1, 60)
        wait_until(lambda: system.number("sum(rasd_watch_sources)") > 0, 60, watch.tail)
        outlets.begin()
        sent = rasd("ingest", str(load(settings, folder)), settings=settings)
        assert sent.returncode == 0, sent.stderr
        wait_until(
            lambda: system.number('rasd_articles_total{stage="index",outcome="ok"}') == ARTICLES + 11, 240, busy.tail
        )
        searches = 'rasd_api_seconds_count{route="/search"}'
        for seen in (1, 2, 3):
            assert httpx.get(f"{api.url}/search", params={"q": "الميناء"}, timeout=30).status_code == 200
            # A series may begin with the first search; what is counted after it has been seen is its rate.
            wait_until(partial(system.counted, searches, seen), 60)
        wait_until(lambda: system.number("sum(rasd_watch_items_total)") >= outlets.total // 2, 120, watch.tail)
        wait_until(lambda: system.number("sum(rasd_alerts_deliveries_total)") > 0, 60, deliver.tail)
        # The API asks the servers now and then: this is an answer from after the load.
        wait_until(lambda: system.number("rasd_elasticsearch_documents") == ARTICLES + 11, 120, api.tail)
        yield replace(system, loaded=time.time())


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(target["expr"], id=f"{dashboard['uid']}: {panel['title']} {target['refId']}")
        for dashboard, panel in panels()
        for target in panel["targets"]
        if "expr" in target
    ],
)
def test_every_query_returns_data(observed: Observed, expression: str) -> None:
    wait_until(lambda: observed.ask_after_load(expression), 120, lambda: expression)


def test_every_variable_has_values(observed: Observed) -> None:
    for dashboard in dashboards():
        for variable in dashboard["templating"]["list"]:
            metric, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
            found = observed.ask(f"count by ({label}) ({metric})")
            assert found
            assert all(series["metric"][label] for series in found)


def test_no_rule_fails(observed: Observed) -> None:
    groups = httpx.get(f"{observed.prometheus}/api/v1/rules", timeout=10).raise_for_status().json()["data"]["groups"]
    health = {
        rule["name"]: rule["health"]
        for group in groups
        for rule in group["rules"]
        if not group["name"].startswith("short-")
    }
    assert set(health) == {rule.get("record") or rule.get("alert") for rule in rules()}
    assert set(health.values()) == {"ok"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('rasd_dead_letters_total{stage="clean",reason="empty_body"}', 2),
        ('rasd_dead_letters_total{stage="clean",reason="poison"}', 0),
        ('rasd_bulk_documents_total{outcome="rejected"}', 0),
        ("rasd_end_to_end_seconds_count", ARTICLES + 11),
        ("rasd_fetched_to_searchable_seconds_count", ARTICLES + 10),
        ("rasd_article_places_count", ARTICLES + 11),
        ('rasd_article_entities_count{type="PER"}', ARTICLES + 11),
        ('rasd_table_keys{table="dedupe"}', ARTICLES + 11),
        # A copy that overtakes its original on another partition is counted when its cluster moves.
        ('sum(rasd_clusters_total{relation!="first"}) + sum(rasd_cluster_moves_total)', 10),
        ("sum(rasd_consumer_lag_messages)", 0),
        ("max(rasd_consumer_lag_seconds)", 0),
        ("rasd_worker_restarts", 0),
        ("rasd_elasticsearch_up", 1),
        ("rasd_kafka_up", 1),
        ("rasd_kafka_brokers", 1),
        ("rasd_kafka_under_replicated_partitions", 0),
        ('rasd_kafka_topic_records{topic="articles.raw"}', ARTICLES + 13),
        ('rasd_kafka_topic_written_total{topic="articles.dlq"}', 2),
        ("sum(rasd_kafka_group_lag_messages)", 0),
    ],
)
def test_what_was_counted_is_what_went_through(observed: Observed, expression: str, value: float) -> None:
    metric = re.search(r"rasd_\w+", expression).group()  # type: ignore[union-attr]
    job = "rasd-api" if metric.startswith(("rasd_kafka", "rasd_elasticsearch")) else "rasd-worker"
    narrowed = re.sub(
        metric + r"(\{)?", lambda m: metric + (f'{{job="{job}",' if m[1] else f'{{job="{job}"}}'), expression
    )
    wait_until(lambda: observed.number(narrowed) == value, 120, lambda: f"{narrowed} is {observed.number(narrowed)}")


def test_the_room_on_disks_is_known(observed: Observed) -> None:
    assert observed.number("rasd_elasticsearch_disk_bytes") > observed.number("rasd_elasticsearch_disk_free_bytes") > 0
    assert observed.number('rasd_state_disk_free_bytes{job="rasd-worker"}') > 0


def as_search(target: dict[str, Any]) -> dict[str, Any]:
    """A target as a search: what Grafana's Elasticsearch source makes of metrics and buckets, for the fields we use."""
    inner: dict[str, Any] = {}
    (metric,) = target["metrics"]
    if metric["type"] == "cardinality":
        inner = {metric["id"]: {"cardinality": {"field": metric["field"]}}}
    for bucket in reversed(target["bucketAggs"]):
        settings = bucket["settings"]
        if bucket["type"] == "terms":
            body = {"terms": {"field": bucket["field"], "size": int(settings["size"]), "order": {"_count": "desc"}}}
        else:
            body = {"date_histogram": {"field": bucket["field"], "fixed_interval": "10s", "min_doc_count": 1}}
        inner = {bucket["id"]: body | ({"aggs": inner} if inner else {})}
    now = datetime.now(UTC)
    window = {"gte": (now - timedelta(days=1)).isoformat(), "lte": now.isoformat()}
    range_ = {"range": {target["timeField"]: window}}
    wanted = {"query_string": {"query": target["query"]}}
    return {"size": 0, "query": {"bool": {"filter": [range_, wanted]}}, "aggs": inner}


@pytest.mark.parametrize("where, target", [pytest.param(w, t, id=w) for w, t in index_queries()])
def test_every_query_of_the_index_returns_data(observed: Observed, where: str, target: dict[str, Any]) -> None:
    url = f"{observed.settings.elasticsearch_url}{observed.settings.index_prefix}-read/_search"
    answer = httpx.post(url, json=as_search(target), timeout=30)
    assert answer.status_code == 200, answer.text
    first = target["bucketAggs"][0]["id"]
    buckets = answer.json()["aggregations"][first]["buckets"]
    assert buckets
    assert all(bucket["doc_count"] > 0 for bucket in buckets)
    last = target["bucketAggs"][-1]["id"]
    assert last == first or all(bucket[last]["buckets"] for bucket in buckets)


def test_outlets_and_languages_are_told_apart(observed: Observed) -> None:
    by_title = {where.split(": ")[1]: target for where, target in index_queries()}
    url = f"{observed.settings.elasticsearch_url}{observed.settings.index_prefix}-read/_search"

    def values(title: str) -> set[str]:
        answer = httpx.post(url, json=as_search(by_title[title]), timeout=30).json()
        return {bucket["key"] for bucket in answer["aggregations"]["2"]["buckets"]}

    assert values("Outlets") == {"almina", "aldiffatan"}
    assert {"ar", "en"} <= values("Articles by language")
    assert any("عباس" in name for name in values("People"))
    assert "EG" in values("Countries")


def test_alerts_fire_when_their_fault_is_made(observed: Observed) -> None:
    """Last in this module, as it ends the system. docs/explanation/faults.md lists the alerts."""
    settings, made = observed.settings, iter(records(ARTICLES + 1500)[ARTICLES:])

    def send(number: int, **fields: str) -> None:
        for _ in range(number):
            answer = httpx.post(f"{observed.api.url}/articles", json=next(made) | fields, timeout=30)
            assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    def fire(*names: str, while_waiting: Callable[[], None] = lambda: None) -> None:
        began, missing = time.monotonic(), set(names)

        def all_fired() -> bool:
            while_waiting()
            # Also those that fired in the meantime only.
            past = time.monotonic() - began + 1
            found = observed.ask(f'present_over_time(ALERTS{{alertstate="firing"}}[{past:.0f}s])')
            missing.difference_update(series["metric"]["alertname"].removeprefix("Short") for series in found)
            return not missing

        wait_until(all_fired, 120, lambda: f"{missing} did not fire: {observed.worker.tail()}")

    fire("RasdNoArrivals")
    send(20, content=" ")
    fire("RasdDeadLetterRate")
    os.kill(observed.worker.process.pid, signal.SIGSTOP)
    fire("RasdWorkerDown", "RasdNoWorker")  # it does not answer the scrape
    os.kill(observed.worker.process.pid, signal.SIGCONT)
    fire("RasdEventLoopBlocked", while_waiting=partial(_freeze_between_scrapes, observed))
    _block(settings, full=True)
    fire("RasdElasticsearchOverloaded", while_waiting=partial(send, 1))
    _block(settings, full=False)
    observed.line.cut()
    stopped = ("RasdElasticsearchDown", "RasdStageRetrying", "RasdStageStalled", "RasdNothingIndexed")
    fire(*stopped, while_waiting=partial(send, 1))
    observed.worker.kill()
    fire("RasdNothingFinished")
    observed.api.stop()
    fire("RasdApiDown")


def _freeze_between_scrapes(observed: Observed) -> None:
    """Stop the worker for some timers' time, but so briefly that a window has a scrape of before and one of after.

    The stop for RasdWorkerDown may be longer than a window; the late timer is then in the first value of the window,
    where nothing shows that it was counted in it.
    """
    now = time.time()
    scraped = f'timestamp(rasd_event_loop_delay_seconds_count{{job="rasd-worker"}}) > {now:.3f}'
    wait_until(lambda: observed.ask(scraped), 60, lambda: f"not scraped since {now:.0f}: {observed.worker.tail()}")
    os.kill(observed.worker.process.pid, signal.SIGSTOP)
    time.sleep(2.5)  # the fault itself
    os.kill(observed.worker.process.pid, signal.SIGCONT)


def _block(settings: Settings, *, full: bool) -> None:
    """Let Elasticsearch refuse writes, as when its disk is full."""
    url = f"{settings.elasticsearch_url!s}{settings.index_prefix}-*/_settings"
    body = {"index.blocks.read_only_allow_delete": True if full else None}
    httpx.put(url, json=body, timeout=30).raise_for_status()
