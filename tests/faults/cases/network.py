"""Faults of the network between a worker and its servers, made by a `BadLine` (tests/support/bad_line.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import HttpUrl

from tests.faults.brokers import brokers
from tests.faults.cases import case
from tests.faults.trial import Trial
from tests.support.bad_line import BadLine
from tests.support.processes import free_port

HALF_OPEN_SECONDS = 45.0


@contextmanager
def line_to_kafka(trial: Trial) -> Iterator[BadLine]:
    """Run a broker that the worker reaches through a bad line, and let the trial use it.

    The articles are sent and counted over the broker's own port. Clients are told the line's address by the broker, so
    that no connection goes round it; hence the line is good while the trial itself asks.
    """
    port = free_port()
    with brokers(trial.folder / "kafka", 1, advertised=[port]) as (broker,), BadLine(broker.port, port) as line:
        trial.settings = trial.settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{line.port}"})
        yield line
        line.mend()
        trial.finish_here()


@contextmanager
def line_to_elasticsearch(trial: Trial) -> Iterator[tuple[BadLine, dict[str, Any]]]:
    """Make a line to Elasticsearch and the settings of a worker that uses it. The trial itself does not."""
    with BadLine(trial.settings.elasticsearch_url.port or 9200) as line:
        yield line, {"elasticsearch_url": HttpUrl(f"http://127.0.0.1:{line.port}")}
        line.mend()
        trial.finish_here()


@case("kafka-line-cut", "the line to Kafka cut three times, for 5, 15 and 30 s")
def kafka_line_cut(trial: Trial) -> None:
    """Reset every connection and refuse new ones for a while."""
    with line_to_kafka(trial) as line:
        trial.start_worker()
        for part in trial.flow(4):
            if part < 3:
                line.cut()
                trial.wait((5, 15, 30)[part])
                line.mend()
        trial.fault_ended()


@case("kafka-line-half-open", f"the line to Kafka passes nothing for {HALF_OPEN_SECONDS:.0f} s and closes nothing")
def kafka_line_half_open(trial: Trial) -> None:
    """Hold all bytes back while the connections stay open."""
    with line_to_kafka(trial) as line:
        trial.start_worker()
        for part in trial.flow(2):
            if part == 0:
                line.set(frozen=True)
                trial.wait(HALF_OPEN_SECONDS)
                line.mend()
        trial.fault_ended()


@case("kafka-line-slow", "the line to Kafka late by 300 ms, then 200 kB/s wide, for 30 s each")
def kafka_line_slow(trial: Trial) -> None:
    """Make the line slow, then narrow."""
    with line_to_kafka(trial) as line:
        trial.start_worker()
        for _ in trial.flow(1):
            line.set(latency=0.3)
            trial.wait(30)
            line.set(bandwidth=200_000.0)
            trial.wait(30)
            line.set()
        trial.fault_ended()


@case("elasticsearch-line-cut", "the line to Elasticsearch cut for 20 s, then reset ten times, then half-open for 45 s")
def elasticsearch_line_cut(trial: Trial) -> None:
    """Interrupt bulk requests in every way a network can."""
    with line_to_elasticsearch(trial) as (line, changes):
        trial.start_worker(**changes)
        for part in trial.flow(3):
            if part == 0:
                line.cut()
                trial.wait(20)
                line.mend()
            elif part == 1:
                for _ in range(10):
                    line.reset()
                    trial.wait(0.5)
                line.set(frozen=True)
                trial.wait(HALF_OPEN_SECONDS)
                line.mend()
        trial.fault_ended()


@case(
    "elasticsearch-slow",
    "Elasticsearch answers after 3 s, then not within the time-out of 10 s, then only the first 200 bytes, 30 s each",
    elasticsearch_timeout=10.0,
)
def elasticsearch_slow(trial: Trial) -> None:
    """Make answers late, too late, and incomplete."""
    with line_to_elasticsearch(trial) as (line, changes):
        trial.start_worker(**changes)
        for _ in trial.flow(1):
            for condition in ({"latency": 1.5}, {"latency": 12.0}, {"answer_bytes": 200}):
                line.set(**condition)
                trial.wait(30)
            line.set()
            line.reset()
        trial.fault_ended()
