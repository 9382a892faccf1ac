"""Every series whose labels are known exists before its first event: a rate cannot see one that begins with it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import Counter, Histogram

from agents.dedupe.clusterer import CLUSTERER_EVENTS
from agents.index.documents import BulkOutcome
from streams.api.app import LIMITS, create_api
from streams.engine.faust.worker import create_worker
from streams.errors import Reason
from streams.observability.metrics import ENTITY_TYPES, OUTCOMES, Metrics
from streams.pipeline import load_pipeline
from streams.records import Cluster
from streams.settings import Settings

STAGES = list(load_pipeline().names)
# All values of the labels that a worker's counters and histograms have.
VALUES: dict[str, list[Sequence[str]]] = {
    "rasd_records_in": [STAGES],
    "rasd_records_out": [STAGES],
    "rasd_articles": [STAGES, OUTCOMES],
    "rasd_stage_seconds": [STAGES],
    "rasd_batch_records": [STAGES],
    "rasd_stage_retries": [STAGES],
    "rasd_dead_letters": [STAGES, [reason.value for reason in Reason]],
    "rasd_article_entities": [ENTITY_TYPES],
    "rasd_bulk_requests": [("ok", "retried")],
    "rasd_bulk_documents": [get_args(BulkOutcome)],
    "rasd_clusters": [get_args(Cluster.model_fields["relation"].annotation)],
    "rasd_lookup_events": [CLUSTERER_EVENTS],
}
READS = {(link.stage, link.reads) for link in load_pipeline().links}
OF_THE_API = {"rasd_api_requests", "rasd_api_seconds", "rasd_api_limited"}


def counted(metrics: Metrics) -> dict[str, Counter | Histogram]:
    """Counters and histograms with labels, by name."""
    found = [metric for metric in vars(metrics).values() if isinstance(metric, Counter | Histogram)]
    return {metric._name: metric for metric in found if metric._labelnames}


def series(metric: Counter | Histogram) -> set[tuple[str, ...]]:
    """Label values of the series that exist."""
    names = metric._labelnames
    return {
        tuple(sample.labels[name] for name in names)
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_every_metric_with_labels_is_known_here() -> None:
    assert set(counted(Metrics())) == set(VALUES) | OF_THE_API | {"rasd_records_deleted_unread"}


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    """The metrics of a worker with all stages that has done nothing yet."""
    metrics = Metrics()
    create_worker(Settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state")), metrics)
    return metrics


@pytest.mark.parametrize("name", VALUES)
def test_a_worker_begins_with_all_its_series(workers: Metrics, name: str) -> None:
    assert series(counted(workers)[name]) == set(product(*VALUES[name]))


def test_a_worker_says_which_topics_its_stages_read_and_has_lost_none_of_their_records(workers: Metrics) -> None:
    assert series(workers.deleted_unread) == READS
    assert {(s.labels["stage"], s.labels["topic"]) for f in workers.stage_topic.collect() for s in f.samples} == READS


def test_a_worker_begins_with_those_of_its_own_stages_alone(tmp_path: Path) -> None:
    metrics = Metrics()
    create_worker(Settings(_env_file=None, state_dir=tmp_path, stages=("clean",)), metrics)
    assert series(metrics.articles) == {("clean", outcome) for outcome in OUTCOMES}
    assert series(metrics.bulk_documents) == set()


def test_the_api_begins_with_its_routes_and_what_they_may_answer() -> None:
    metrics = Metrics()
    api = create_api(Settings(_env_file=None), metrics)
    routes = set(api.openapi()["paths"])
    assert {"/search", "/articles", "/live", "/export", "/livez"} <= routes
    assert {(route,) for route in routes} <= series(metrics.api_seconds)  # the others are of the desk
    requests = series(metrics.api_requests)
    assert {("/search", status) for status in ("200", "400", "422", "500", "503")} <= requests
    assert ("/articles", "202") in requests
    assert ("/articles/{article_id}", "404") in requests
    assert ("/search", "421") not in requests  # refused before the route is known
    assert series(metrics.api_limited) == {(limit,) for limit in LIMITS}


def test_the_free_space_for_tables_exists_where_it_was_measured_alone() -> None:
    """At 0, as a gauge begins, the alert about a full disk would fire on every API."""
    metrics = Metrics()
    create_api(Settings(_env_file=None), metrics)
    assert metrics.registry.get_sample_value("rasd_state_disk_free_bytes") is None
    for number in (5e9, 4e9):
        metrics.set_state_free(number)
        assert metrics.registry.get_sample_value("rasd_state_disk_free_bytes") == number
