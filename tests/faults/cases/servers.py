"""Faults of Kafka and Elasticsearch: killed, frozen, away, read-only."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from deploy.local import stack as native
from streams.settings import Settings
from tests.faults.cases import case
from tests.faults.trial import Trial


@case("kafka-killed", "Kafka killed (kill −9), started again after 25 s")
def kafka_killed(trial: Trial) -> None:
    """Kill the broker while articles flow."""
    _away(trial, "kafka", 25)


@case("kafka-frozen", "Kafka frozen (SIGSTOP) for 60 s")
def kafka_frozen(trial: Trial) -> None:
    """Let the broker take connections and answer nothing."""
    trial.start_worker()
    for part in trial.flow(2):
        if part == 0:
            with frozen(trial.settings, "kafka"):
                trial.wait(60)
    trial.fault_ended()


@case("kafka-away", "four minutes without Kafka, with a backlog")
def kafka_away(trial: Trial) -> None:
    """Stop the broker for longer than any timeout of a client."""
    _away(trial, "kafka", 240)


@case("elasticsearch-killed", "Elasticsearch killed (kill −9), started again after 100 s")
def elasticsearch_killed(trial: Trial) -> None:
    """Kill Elasticsearch while articles flow."""
    _away(trial, "elasticsearch", 100)


@case("index-read-only", "the index read-only for 75 s, as Elasticsearch makes it when its disk is nearly full")
def index_read_only(trial: Trial) -> None:
    """Set the block that the flood-stage watermark sets."""
    trial.start_worker()
    first, second = trial.halves()
    for _ in trial.flow(1, first):
        _block(trial.settings, full=True)
    trial.send(second)
    trial.wait(75)
    _block(trial.settings, full=False)
    trial.fault_ended()


def _away(trial: Trial, name: str, seconds: float) -> None:
    trial.start_worker()
    for _ in trial.flow(1):
        native.stop_service(trial.settings, name, kill=True)
        trial.wait(seconds)
        native.start_service(trial.settings, name)
    trial.fault_ended()


def _block(settings: Settings, *, full: bool) -> None:
    url = f"{str(settings.elasticsearch_url).rstrip('/')}/{settings.index_prefix}-*/_settings"
    value = True if full else None
    httpx.put(url, json={"index.blocks.read_only_allow_delete": value}, timeout=30).raise_for_status()


@contextmanager
def frozen(settings: Settings, name: str) -> Iterator[None]:
    """Freeze a server of the native stack within the context."""
    pid = native.status(settings)[name].pid
    if pid is None:
        raise AssertionError(f"{name} does not run")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
